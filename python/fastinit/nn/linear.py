"""Layers that are a product with a weight: Linear, Bilinear, and the Identity that stands in for one."""

import math
from typing import Any

from .. import creation, dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class Identity(Module):
    """Returns its input; accepts any arguments, so that it can take another layer's place.

    Args:
        *args: ignored.
        **kwargs: ignored.

    Shape:
        input and output: any shape, the same object.

    Raises:
        TypeError: in `forward`, there is not just one input.

    Source: torch.nn.Identity.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Returns `input` itself."""
        return input


class Linear(Module):
    """An affine map of the last dimension: y = x A^T + b.

    Args:
        in_features: size of each input sample.
        out_features: size of each output sample.
        bias: learn an additive bias.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input `(*, in_features)`, output `(*, out_features)`.

    Attributes:
        weight: Parameter of shape `(out_features, in_features)`.
        bias: Parameter of shape `(out_features,)`, or None.

    Raises:
        RuntimeError: a number is negative, or dtype not floating point; in `forward`, the input's shape or
            dtype does not fit.

    Source: torch.nn.Linear.
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(creation.empty((out_features, in_features), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(creation.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fills weight and bias uniformly in ±1/sqrt(in_features).

        For the weight this is `kaiming_uniform_(a=sqrt(5))`: its gain sqrt(1/3) cancels sqrt(3).
        """
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Returns `input @ weight.T + bias`."""
        return F.linear(input, *self._operands())

    def _operands(self) -> tuple[Tensor, Tensor | None]:
        """Returns the weight and the bias."""
        # As attributes, parameters are found last, after all else has failed: their table is quicker.
        held = self._parameters
        try:
            return held["weight"], held["bias"]  # type: ignore[return-value]  # a Linear has a weight
        except KeyError:
            return self.weight, self.bias

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Bilinear(Module):
    """A bilinear map of two inputs: y_k = x1^T A_k x2 + b_k.

    Args:
        in1_features: size of each first input sample; at least 1.
        in2_features: size of each second input sample.
        out_features: size of each output sample.
        bias: learn an additive bias.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input1 `(*, in1_features)`, input2 `(*, in2_features)` with the same `*`, output `(*, out_features)`.

    Attributes:
        weight: Parameter of shape `(out_features, in1_features, in2_features)`.
        bias: Parameter of shape `(out_features,)`, or None.

    Raises:
        RuntimeError: a number is negative, or dtype not floating point; in `forward`, an input's shape or
            dtype does not fit.
        ValueError: in1_features is not positive.

    Source: torch.nn.Bilinear.
    """

    in1_features: int
    in2_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(creation.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(creation.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fills weight and bias uniformly in ±1/sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Returns the bilinear form of the two inputs."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
