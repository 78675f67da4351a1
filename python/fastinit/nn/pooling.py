"""Layers that keep the maximum or the mean of each window."""

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from . import functional as F
from .functional.pooling_windows import Sizes
from .module import Module


class _MaxPool(Module):
    """The maximum of each window: what the layers share."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """The sizes of the windows."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The maximum of each window over one dimension.

    Args:
        kernel_size: elements of a window.
        stride: between two windows; None: kernel_size.
        padding: how far windows reach over the ends; at most half of a window.
        dilation: between two elements of a window.
        return_indices: return also where each maximum lies.
        ceil_mode: keep a last window that is cut off by the end.

    Shape:
        input `(N, C, L)` or `(C, L)`, output `(N, C, L_out)` or `(C, L_out)`,
        `L_out = (L + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1`; indices likewise, int64.

    Raises:
        RuntimeError: in `forward`, a shape or a number does not fit.

    Source: torch.nn.MaxPool1d.
    """

    def forward(self, input: Tensor) -> Any:
        """Returns the maxima, and with return_indices where they lie."""
        sizes = self.kernel_size, self.stride, self.padding, self.dilation
        return F.max_pool1d(input, *sizes, self.ceil_mode, self.return_indices)


class MaxPool2d(_MaxPool):
    """The maximum of each window over two dimensions.

    Args:
        kernel_size: of a window, a number or a pair, as all sizes here.
        stride: between two windows; None: kernel_size.
        padding: how far windows reach over the ends; at most half of a window.
        dilation: between two elements of a window.
        return_indices: return also where in its plane of H * W elements each maximum lies.
        ceil_mode: keep a last window that is cut off by the end.

    Shape:
        input `(N, C, H, W)` or `(C, H, W)`, output `(N, C, H_out, W_out)` or `(C, H_out, W_out)`, each as
        `L_out` of `MaxPool1d`; indices likewise, int64.

    Raises:
        RuntimeError: in `forward`, a shape or a number does not fit.

    Source: torch.nn.MaxPool2d.
    """

    def forward(self, input: Tensor) -> Any:
        """Returns the maxima, and with return_indices where they lie."""
        sizes = self.kernel_size, self.stride, self.padding, self.dilation
        return F.max_pool2d(input, *sizes, self.ceil_mode, self.return_indices)


class _AvgPool(Module):
    """What the printed forms of the layers share."""

    kernel_size: Sizes
    stride: Sizes
    padding: Sizes

    def extra_repr(self) -> str:
        """The sizes of the windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """The mean of each window over one dimension.

    Args:
        kernel_size: elements of a window.
        stride: between two windows; None: kernel_size.
        padding: zeros at both ends; at most half of a window.
        ceil_mode: keep a last window that is cut off by the end.
        count_include_pad: whether the zeros count for the mean.

    Shape:
        input `(N, C, L)` or `(C, L)`, output `(N, C, L_out)` or `(C, L_out)`,
        `L_out = (L + 2 padding - kernel_size) // stride + 1`.

    Raises:
        NotImplementedError: in `forward`, the input is bool.
        RuntimeError: in `forward`, a shape or a number does not fit.

    Source: torch.nn.AvgPool1d.
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _as_single(kernel_size)
        self.stride = _as_single(kernel_size if stride is None else stride)
        self.padding = _as_single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Returns the means."""
        sizes = self.kernel_size, self.stride, self.padding
        return F.avg_pool1d(input, *sizes, self.ceil_mode, self.count_include_pad)


class AvgPool2d(_AvgPool):
    """The mean of each window over two dimensions.

    Args:
        kernel_size: of a window, a number or a pair, as all sizes here.
        stride: between two windows; None: kernel_size.
        padding: zeros at both ends; at most half of a window.
        ceil_mode: keep a last window that is cut off by the end.
        count_include_pad: whether the zeros count for the mean.
        divisor_override: what to divide the sums by, instead of the number of elements; not 0.

    Shape:
        input `(N, C, H, W)` or `(C, H, W)`, output `(N, C, H_out, W_out)` or `(C, H_out, W_out)`, each as
        `L_out` of `AvgPool1d`.

    Raises:
        IndexError: in `forward`, the input has fewer than 3 dimensions.
        NotImplementedError: in `forward`, the input is bool.
        RuntimeError: in `forward`, a shape or a number does not fit.

    Source: torch.nn.AvgPool2d.
    """

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Returns the means."""
        sizes = self.kernel_size, self.stride, self.padding
        return F.avg_pool2d(input, *sizes, self.ceil_mode, self.count_include_pad, self.divisor_override)


class AdaptiveAvgPool1d(Module):
    """The means of as many windows as asked for, which part one dimension evenly.

    Args:
        output_size: how many windows.

    Shape:
        input `(N, C, L)` or `(C, L)`, floating point; output `(N, C, output_size)` or `(C, output_size)`.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point, or a meta tensor.
        RuntimeError: in `forward`, a shape or a number does not fit.
        TypeError: in `forward`, output_size is None.

    Source: torch.nn.AdaptiveAvgPool1d.
    """

    def __init__(self, output_size: Sizes) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Returns the means."""
        return F.adaptive_avg_pool1d(input, self.output_size)

    def extra_repr(self) -> str:
        """How many windows."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool2d(Module):
    """The means of as many windows as asked for, which part two dimensions evenly.

    Args:
        output_size: how many windows, of both dimensions or of each; None keeps a dimension's size.

    Shape:
        input `(N, C, H, W)` or `(C, H, W)`, floating point; output `(N, C, *output_size)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point, or a meta tensor.
        RuntimeError: in `forward`, a shape or a number does not fit.

    Source: torch.nn.AdaptiveAvgPool2d.
    """

    def __init__(self, output_size: int | Sequence[int | None]) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """Returns the means."""
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        """How many windows."""
        return f"output_size={self.output_size}"


def _as_single(value: Sizes) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)
