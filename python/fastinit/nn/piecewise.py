"""Activations in pieces, as layers; the formulas stand at the functions in `nn.functional`."""

from __future__ import annotations

import warnings

from .. import creation
from ..devices import DeviceLike
from ..dtypes import dtype as element_type
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter

__all__ = [
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "PReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
]


class Hardtanh(Module):
    """x, clipped to [min_val, max_val].

    Args:
        min_val: the least value.
        max_val: the largest.
        inplace: write the result over the input.
        min_value: deprecated: `min_val`.
        max_value: deprecated: `max_val`.

    Shape:
        input and output: any shape and dtype.

    Raises:
        AssertionError: min_val is not below max_val.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Warns:
        FutureWarning: `min_value` or `max_value` is given.

    Source: torch.nn.Hardtanh.
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for name, given in (("min", min_value), ("max", max_value)):
            if given is not None:
                warnings.warn(
                    f"keyword argument `{name}_value` is deprecated and renamed to `{name}_val`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input: Tensor) -> Tensor:
        """Returns the clipped input."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The bounds, and `inplace=True` where it is."""
        ending = ", inplace=True" if self.inplace else ""
        return f"min_val={self.min_val}, max_val={self.max_val}{ending}"


class ReLU6(Hardtanh):
    """x, clipped to [0, 6].

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape and dtype.

    Raises:
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: torch.nn.ReLU6.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """`inplace=True`, where it is."""
        return "inplace=True" if self.inplace else ""


class Inplace(Module):
    """An activation that may write over its input.

    Args:
        inplace: write the result over the input.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class Hardswish(Inplace):
    """x * clip(x + 3, 0, 6) / 6.

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: Howard et al. 2019, arXiv:1905.02244; torch.nn.Hardswish.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.hardswish(input, self.inplace)


class Hardsigmoid(Inplace):
    """clip(x + 3, 0, 6) / 6.

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: torch.nn.Hardsigmoid.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.hardsigmoid(input, self.inplace)


class Threshold(Module):
    """x where x > threshold, else value.

    Args:
        threshold: what x is compared with.
        value: what replaces the others.
        inplace: write the result over the input.

    Shape:
        input and output: any shape and dtype.

    Raises:
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: torch.nn.Threshold.
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The numbers, and `inplace=True` where it is."""
        return f"threshold={self.threshold}, value={self.value}{', inplace=True' if self.inplace else ''}"


class _Shrink(Module):
    """An activation that is 0 around 0.

    Args:
        lambd: where that ends.
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """The bound."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """x where `|x| > lambd`, else 0.

    Args:
        lambd: where the zeros end.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.

    Source: torch.nn.Hardshrink.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """x moved towards 0 by lambd; 0 where `|x| <= lambd`.

    Args:
        lambd: how far; at least 0.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, lambd is negative.

    Source: Donoho 1995, doi:10.1109/18.382009; torch.nn.Softshrink.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.softshrink(input, self.lambd)


class PReLU(Module):
    """x where x > 0, else weight * x; the weights are learned.

    Args:
        num_parameters: 1, or as many as the input has channels.
        init: their first value.
        device: where they live; only the CPU exists.
        dtype: of the weights; default: the default dtype.

    Shape:
        input and output `(N, C, *)`, or any shape for one weight; of the weights' dtype.

    Attributes:
        weight: Parameter of shape `(num_parameters,)`.

    Raises:
        RuntimeError: num_parameters is negative, or dtype not floating point; in `forward`, the input has
            another number of channels or another dtype.

    Source: He et al. 2015, arXiv:1502.01852; torch.nn.PReLU.
    """

    weight: Parameter

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: DeviceLike = None,
        dtype: element_type | None = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(creation.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Fills the weights with their first value."""
        self.weight.detach().fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"
