"""Layers that normalise each sample: over its last dimensions, or over groups of its channels."""

from collections.abc import Sequence

from .. import creation, dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


def _as_shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, var the biased variance.

    Args:
        normalized_shape: the sizes of the dimensions normalised over; an int means the last one.
        eps: added to the variance.
        elementwise_affine: learn a weight (from 1) and a bias (from 0).
        bias: False leaves the bias out.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input and output `(*, *normalized_shape)`, floating point.

    Attributes:
        weight: Parameter of shape `normalized_shape`, or None.
        bias: Parameter of shape `normalized_shape`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point, and there is no weight.
        RuntimeError: a size is negative, or dtype not floating point; in `forward`, the input's shape or
            dtype does not fit, or there are no sizes.

    Source: Ba et al. 2016, arXiv:1607.06450; torch.nn.LayerNorm.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(creation.empty(self.normalized_shape, device=device, dtype=dtype))
        else:
            self.register_parameter("weight", None)
        if elementwise_affine and bias:
            self.bias = Parameter(creation.empty(self.normalized_shape, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the normalised input."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape, eps, and which parameters there are."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """x / sqrt(mean(x^2) + eps) * weight, the mean over the last dimensions.

    Args:
        normalized_shape: the sizes of the dimensions normalised over; an int means the last one.
        eps: added to the mean square; None: the machine epsilon of the precision computed in.
        elementwise_affine: learn a weight (from 1).
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input and output `(*, *normalized_shape)`, floating point.

    Attributes:
        weight: Parameter of shape `normalized_shape`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: a size is negative, or dtype not floating point; in `forward`, the input's shape does
            not fit, or there are no sizes.
        ValueError: in `forward`, the input has fewer dimensions than normalized_shape.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467; torch.nn.RMSNorm.
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(creation.empty(self.normalized_shape, device=device, dtype=dtype))
        else:
            self.register_parameter("weight", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the normalised input."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The shape, eps, and whether there is a weight."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each group of channels of a sample.

    Args:
        num_groups: how many groups the channels are parted into.
        num_channels: C, the number of channels.
        eps: added to the variance.
        affine: learn a weight (from 1) and a bias (from 0).
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C, *)`.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.

    Raises:
        ValueError: the channels cannot be parted into so many groups.

    Source: Wu and He 2018, arXiv:1803.08494; torch.nn.GroupNorm.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups == 0 or num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            values = creation.empty(num_channels, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if values is None else Parameter(values))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the normalised input."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The numbers of groups and channels, and how they are normalised."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
