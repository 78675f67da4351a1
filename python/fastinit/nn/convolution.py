"""Convolution layers."""

import math
from typing import Final

from .. import creation, dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from . import init
from .functional.convolution import Sizes, same_padding
from .module import Module
from .parameter import Parameter

_PADDINGS: Final = ("same", "valid")
_MODES: Final = ("zeros", "reflect", "replicate", "circular")


def _as_sizes(value: Sizes, dims: int) -> tuple[int, ...]:
    return (value,) * dims if isinstance(value, int) else tuple(value)


class _Conv(Module):
    """A convolution over some dimensions: what the layers share."""

    _dims: int

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: str | Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _as_sizes(kernel_size, self._dims)
        self.stride = _as_sizes(stride, self._dims)
        self.padding = padding if isinstance(padding, str) else _as_sizes(padding, self._dims)
        self.dilation = _as_sizes(dilation, self._dims)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check_padding()
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(creation.empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(creation.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check_padding(self) -> None:
        if isinstance(self.padding, str):
            if self.padding not in _PADDINGS:
                raise ValueError(
                    f"Invalid padding string {self.padding!r}, should be one of {{'same', 'valid'}}"
                )
            if self.padding == "same" and any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if self.padding_mode not in _MODES:
            choices = ", ".join(map(repr, _MODES))
            raise ValueError(
                f"padding_mode must be one of {{{choices}}}, but got padding_mode='{self.padding_mode}'"
            )

    def reset_parameters(self) -> None:
        """Fills weight and bias uniformly in ±1/sqrt(fan_in), fan_in the elements of a window.

        For the weight this is `kaiming_uniform_(a=sqrt(5))`: its gain sqrt(1/3) cancels sqrt(3).
        """
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the convolution of the input with the weight, plus the bias."""
        padding: str | Sizes = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._ends(), mode=self.padding_mode)
            padding = 0
        function = (F.conv1d, F.conv2d, F.conv3d)[self._dims - 1]
        return function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _ends(self) -> tuple[int, ...]:
        """The padding as `pad` takes it: the last dimension first."""
        if self.padding == "same":
            pairs = same_padding(self.kernel_size, self.dilation)
        elif self.padding == "valid":
            pairs = ((0, 0),) * self._dims
        else:
            pairs = tuple((int(each), int(each)) for each in self.padding)
        return tuple(end for pair in reversed(pairs) for end in pair)

    def extra_repr(self) -> str:
        """The sizes, and each option that differs from its default."""
        parts = [
            f"{self.in_channels}, {self.out_channels}",
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        if self.padding != (0,) * self._dims:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self._dims:
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv1d(_Conv):
    """A convolution (cross-correlation) over one dimension.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: elements of a window.
        stride: between two windows.
        padding: elements added at both ends; `'valid'` for none; `'same'` for as many as keep the length.
        dilation: between two elements of a window.
        groups: how many groups of channels have weights of their own; divides both numbers of channels.
        bias: learn an additive bias per output channel.
        padding_mode: `'zeros'`, or what `functional.pad` knows: `'reflect'`, `'replicate'`, `'circular'`.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input `(N, in_channels, L)` or `(in_channels, L)`, output `(N, out_channels, L_out)` or without N,
        `L_out = (L + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1`.

    Attributes:
        weight: Parameter of shape `(out_channels, in_channels / groups, kernel_size)`.
        bias: Parameter of shape `(out_channels,)`, or None.

    Raises:
        RuntimeError: a number is negative, or dtype not floating point; in `forward`, a shape, a dtype or a
            number does not fit.
        ValueError: the groups do not divide the channels, or there is no such padding.

    Example:
        >>> nn.Conv1d(4, 8, 3, stride=2, padding=1)(fastinit.ones(1, 4, 10)).shape
        fastinit.Size([1, 8, 5])

    Source: torch.nn.Conv1d.
    """

    _dims = 1


class Conv2d(_Conv):
    """A convolution (cross-correlation) over two dimensions.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: of a window, a number or a pair, as all sizes here.
        stride: between two windows.
        padding: elements added at both ends; `'valid'` for none; `'same'` for as many as keep height and
            width.
        dilation: between two elements of a window.
        groups: how many groups of channels have weights of their own; divides both numbers of channels.
        bias: learn an additive bias per output channel.
        padding_mode: `'zeros'`, or what `functional.pad` knows: `'reflect'`, `'replicate'`, `'circular'`.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input `(N, in_channels, H, W)` or `(in_channels, H, W)`, output `(N, out_channels, H_out, W_out)` or
        without N, each as `L_out` of `Conv1d`.

    Attributes:
        weight: Parameter of shape `(out_channels, in_channels / groups, *kernel_size)`.
        bias: Parameter of shape `(out_channels,)`, or None.

    Raises:
        RuntimeError: a number is negative, or dtype not floating point; in `forward`, a shape, a dtype or a
            number does not fit.
        ValueError: the groups do not divide the channels, or there is no such padding.

    Example:
        >>> nn.Conv2d(3, 8, 3, padding="same")(fastinit.ones(3, 5, 7)).shape
        fastinit.Size([8, 5, 7])

    Source: LeCun et al. 1998, doi:10.1109/5.726791; torch.nn.Conv2d.
    """

    _dims = 2


class Conv3d(_Conv):
    """A convolution (cross-correlation) over three dimensions.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: of a window, a number or a triple, as all sizes here.
        stride: between two windows.
        padding: elements added at both ends; `'valid'` for none; `'same'` for as many as keep the sizes.
        dilation: between two elements of a window.
        groups: how many groups of channels have weights of their own; divides both numbers of channels.
        bias: learn an additive bias per output channel.
        padding_mode: `'zeros'`, or what `functional.pad` knows: `'reflect'`, `'replicate'`, `'circular'`.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input `(N, in_channels, D, H, W)` or `(in_channels, D, H, W)`, output
        `(N, out_channels, D_out, H_out, W_out)` or without N, each as `L_out` of `Conv1d`.

    Attributes:
        weight: Parameter of shape `(out_channels, in_channels / groups, *kernel_size)`.
        bias: Parameter of shape `(out_channels,)`, or None.

    Raises:
        RuntimeError: a number is negative, or dtype not floating point; in `forward`, a shape, a dtype or a
            number does not fit.
        ValueError: the groups do not divide the channels, or there is no such padding.

    Source: torch.nn.Conv3d.
    """

    _dims = 3
