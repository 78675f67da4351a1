"""Maxima and means of windows."""

import math
from typing import Any

import numpy as np

from ...autograd.record import record
from ...autograd.variable import wrap
from ...ops.operands import Array, lift, lower
from ...tensor import Tensor
from .operands import array_of
from .pooling_windows import Plan, Sizes, check_rows, one_size, output_size
from .windows import add_windows

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]


def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Returns the maximum of each window.

    Args:
        input: `(N, C, H, W)` or `(C, H, W)`.
        kernel_size: of a window.
        stride: between two windows; None: kernel_size, so that they do not overlap.
        padding: how far windows reach over the ends; at most half of a window.
        dilation: between two elements of a window.
        ceil_mode: keep a last window that is cut off by the end.
        return_indices: return also where in its plane of H * W elements each maximum lies, int64.

    Raises:
        RuntimeError: a shape or a number does not fit.
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.max_pool2d.
    """
    x = array_of(input, "max_pool2d")
    plan = Plan("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode)
    result, places = _maximum(input, plan)
    return (result, wrap(places)) if return_indices else result


def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Returns the maximum of each window over one dimension.

    Args:
        input: `(N, C, L)` or `(C, L)`.
        kernel_size: elements of a window.
        stride: between two windows; None: kernel_size, so that they do not overlap.
        padding: how far windows reach over the ends; at most half of a window.
        dilation: between two elements of a window.
        ceil_mode: keep a last window that is cut off by the end.
        return_indices: return also where along L each maximum lies, int64.

    Returns:
        `(N, C, L_out)` or `(C, L_out)`,
        `L_out = (L + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1`; or a pair of such tensors.

    Raises:
        RuntimeError: a shape or a number does not fit.
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.max_pool1d.
    """
    x = array_of(input, "max_pool1d")
    if x.ndim not in {2, 3}:
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{list(x.shape)}"
        )
    none = "None, an int, list of ints, or tuple of ints"
    ints = "an int, list of ints or tuple of ints"
    size = _single("kernel_size", kernel_size, ints)
    step = size if stride is None else _single("stride", stride, none)
    margin = _single("padding", padding, ints)
    spread = _single("dilation", dilation, ints)
    for name, number in (("kernel_size", size), ("stride", step)):
        if number <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {number}")
    if margin < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {margin}")
    if margin > size // 2:
        raise RuntimeError(
            "max_pool1d() padding should be at most half of kernel size, but got "
            f"padding={margin} and kernel_size={size}"
        )
    if spread <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {spread}")
    length = output_size(x.shape[-1], size, step, margin, spread, ceil_mode)
    if length <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {length}")
    sizes = (1, size), (1, step), (0, margin), (1, spread)
    result, places = max_pool2d(input.unsqueeze(-2), *sizes, ceil_mode, True)
    return (result.squeeze(-2), places.squeeze(-2)) if return_indices else result.squeeze(-2)


def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Returns the mean of each window.

    Args:
        input: `(N, C, H, W)` or `(C, H, W)`.
        kernel_size: of a window.
        stride: between two windows; None: kernel_size, so that they do not overlap.
        padding: zeros at both ends; at most half of a window.
        ceil_mode: keep a last window that is cut off by the end.
        count_include_pad: whether the zeros count for the mean.
        divisor_override: what to divide the sums by, instead of the number of elements.

    Raises:
        NotImplementedError: the input is of booleans.
        RuntimeError: a shape or a number does not fit.
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.avg_pool2d.
    """
    x = array_of(input, "avg_pool2d")
    plan = Plan("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    if x.dtype == np.bool_:
        raise NotImplementedError("\"avg_pool2d\" not implemented for 'Bool'")
    if divisor_override is None:
        rows, columns = plan.counts(count_include_pad)
        divisor: Array = rows[:, None] * columns
    else:
        divisor = np.asarray(divisor_override)
    margins = plan.margins()
    sums = plan.windows(np.pad(lift(x), margins)).sum((-2, -1))
    shares = divisor.astype(sums.dtype)
    shape, dtype = x.shape, x.dtype

    def backward(grad: Array) -> tuple[Array]:
        wide = lift(grad) / shares
        total = np.zeros([size + sum(ends) for size, ends in zip(shape, margins, strict=True)], wide.dtype)
        parts = np.broadcast_to(wide[..., None, None], (*wide.shape, *plan.kernel))
        add_windows(total, parts, plan.stride, plan.dilation)
        return (lower(total[plan.inner()], dtype),)

    return record(lower(sums / shares, dtype), "AvgPool2DBackward0", (input,), backward)


def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Returns the mean of each window over one dimension.

    Args:
        input: `(N, C, L)` or `(C, L)`.
        kernel_size: elements of a window.
        stride: between two windows; None: kernel_size, so that they do not overlap.
        padding: zeros at both ends; at most half of a window.
        ceil_mode: keep a last window that is cut off by the end.
        count_include_pad: whether the zeros count for the mean.

    Returns:
        `(N, C, L_out)` or `(C, L_out)`, `L_out = (L + 2 padding - kernel_size) // stride + 1`.

    Raises:
        NotImplementedError: the input is of booleans.
        RuntimeError: a shape or a number does not fit.
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.avg_pool1d.
    """
    x = array_of(input, "avg_pool1d")
    check_rows(x, "avg_pool1d")
    size = one_size("avg_pool1d", "kernel_size", kernel_size)
    step = size if stride is None else one_size("avg_pool1d", "stride", stride)
    margin = one_size("avg_pool1d", "padding", padding)
    pooled = avg_pool2d(input.unsqueeze(-2), (1, size), (1, step), (0, margin), ceil_mode, count_include_pad)
    return pooled.squeeze(-2)


def _maximum(input: Tensor, plan: Plan) -> tuple[Tensor, Array]:
    x = input._array
    wide = lift(x)
    least = -np.inf if wide.dtype.kind == "f" else 0 if wide.dtype == np.bool_ else np.iinfo(wide.dtype).min
    seen = plan.windows(np.pad(wide, plan.margins(), constant_values=least))
    of_window = seen.reshape(*seen.shape[:-2], math.prod(plan.kernel))
    plane = np.arange(math.prod(plan.sizes)).reshape(plan.sizes)
    known = plan.windows(np.pad(plane, plan.margins()[-2:], constant_values=-1))
    known = np.broadcast_to(known.reshape(*plan.output, -1), of_window.shape)
    places = np.take_along_axis(known, of_window.argmax(-1)[..., None], -1)[..., 0]
    # Where all elements are as small as the padding, the first that is an element.
    first = np.take_along_axis(known, (known >= 0).argmax(-1)[..., None], -1)[..., 0]
    places = np.where(places < 0, first, places)
    planes = (math.prod(x.shape[:-2]), plane.size)
    flat = places.reshape(planes[0], math.prod(plan.output))
    result = np.take_along_axis(x.reshape(planes), flat, 1).reshape(places.shape)

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(planes, lift(grad).dtype)
        np.add.at(total, (np.arange(planes[0])[:, None], flat), lift(grad).reshape(flat.shape))
        return (lower(total.reshape(x.shape), x.dtype),)

    return record(result, "MaxPool2DWithIndicesBackward0", (input,), backward), places


def _single(name: str, value: Sizes, kinds: str) -> int:
    sizes = (value,) if isinstance(value, int) else tuple(value)
    if len(sizes) != 1:
        raise RuntimeError(f"max_pool1d() {name} must be {kinds} of size 1 but got size {len(sizes)}")
    return sizes[0]
