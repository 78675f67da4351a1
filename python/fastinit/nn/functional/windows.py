"""The windows that a kernel sees as it moves over its input: what convolution and pooling have in common."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from numpy.lib.stride_tricks import sliding_window_view

from ...ops.operands import Array

__all__ = ["add_windows", "span", "windows"]


def span(size: int, dilation: int) -> int:
    """Returns how far a kernel of `size` elements reaches."""
    return dilation * (size - 1) + 1


def windows(x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Array:
    """Returns a view of all windows over the last dimensions.

    Args:
        x: `(*, *sizes)`, already padded; no size below the kernel's span.
        kernel: the sizes of a window, of at least 1.
        stride: between two windows.
        dilation: between two elements of a window.

    Returns:
        `(*, *positions, *kernel)`, read-only.
    """
    count = len(kernel)
    reach = tuple(map(span, kernel, dilation))
    everywhere = sliding_window_view(x, reach, tuple(range(x.ndim - count, x.ndim)))
    index: Any = (..., *(slice(None, None, step) for step in (*stride, *dilation)))
    view: Array = everywhere[index]
    return view


def add_windows(total: Array, parts: Array, stride: Sequence[int], dilation: Sequence[int]) -> None:
    """Adds to each element what the windows that contain it hold for it: the transpose of `windows`.

    Args:
        total: `(*, *sizes)`, added to in place.
        parts: `(*, *positions, *kernel)`.
        stride: as in `windows`.
        dilation: as in `windows`.
    """
    count = len(stride)
    positions, kernel = parts.shape[-2 * count : -count], parts.shape[-count:]
    for offsets in itertools.product(*map(range, kernel)):
        seen: Any = (..., *_steps(offsets, positions, stride, dilation))
        part: Any = (..., *offsets)
        total[seen] += parts[part]


def _steps(
    offsets: Sequence[int], positions: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Iterator[slice]:
    for offset, length, step, spread in zip(offsets, positions, stride, dilation, strict=True):
        start = offset * spread
        yield slice(start, start + (length - 1) * step + 1, step)
