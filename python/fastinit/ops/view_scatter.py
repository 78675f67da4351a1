"""Copies of a tensor with a part of them replaced: a view of it, had it been written to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.record import record
from ..storage import UntypedStorage, window
from .dims import wrap_dim
from .indexing import narrow
from .operands import Array, reduce_to, target

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["as_strided_scatter", "diagonal_scatter", "narrow_copy", "select_scatter", "slice_scatter"]


def _replaced(input: Tensor, src: Tensor, name: str, part: Callable[[Array], Array]) -> Tensor:
    """Returns a copy of `input` with `src` in the part of it that `part` shows."""
    result = np.empty_like(input._array, subok=False)
    result[...] = input._array
    shown = part(result)
    if shown.shape != src._array.shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._array.shape)}, slice size = {list(shown.shape)}"
        )
    shown[...] = src._array
    to = target(src)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = np.empty_like(result)
        rest[...] = grad
        window = part(rest)
        into = to and reduce_to(window.copy(), to)
        window[...] = 0
        return rest, into

    return record(result, name, (input, src), backward)


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Returns `input` with `src` on its diagonal (torch.diagonal_scatter).

    Args:
        input: at least 2 dimensions.
        src: of the shape of `diagonal(input, offset, dim1, dim2)`; it is converted.
        offset: which diagonal: above the main one if positive.
        dim1: the first of its dimensions.
        dim2: the second.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: `src` has another size.
        ValueError: both are the same dimension.
    """

    def part(array: Array) -> Array:
        diagonal = np.diagonal(array, offset, wrap_dim(dim1, array.ndim), wrap_dim(dim2, array.ndim))
        diagonal.flags.writeable = True
        return diagonal

    return _replaced(input, src, "DiagonalScatterBackward0", part)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Returns `input` with `src` at one index of a dimension (torch.select_scatter).

    Args:
        input: any shape but ().
        src: of the shape of `input` without that dimension; it is converted.
        dim: the dimension.
        index: counted from the end if negative.

    Raises:
        IndexError: the dimension or the index is out of range.
        RuntimeError: `src` has another size.
    """
    axis = wrap_dim(dim, input._array.ndim)
    length = input._array.shape[axis]
    if not -length <= index < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._array.shape)} at "
            f"dimension {axis}"
        )
    key: Any = (slice(None),) * axis + (index, ...)
    return _replaced(input, src, "SelectScatterBackward0", lambda array: array[key])


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """Returns `input` with `src` in a slice of a dimension (torch.slice_scatter).

    Args:
        input: any shape but ().
        src: of the shape of that slice; it is converted.
        dim: the dimension.
        start: the first index; None for the first of all.
        end: the index behind the last; None for the length.
        step: from one to the next, above 0.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: `src` has another size.
        ValueError: `step` is 0.
    """
    key: Any = (slice(None),) * wrap_dim(dim, input._array.ndim) + (slice(start, end, step), ...)
    return _replaced(input, src, "SliceScatterBackward0", lambda array: array[key])


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Returns `input` with `src` where `as_strided` would look (torch.as_strided_scatter).

    Args:
        input: any shape and dtype.
        src: of the shape `size`; it is converted.
        size: the lengths.
        stride: the steps, in elements.
        storage_offset: where the memory that the tensor looks into is to be entered, in elements; by default
            where the tensor does.

    Raises:
        RuntimeError: `src` has another size, or the place leads out of the tensor.
        ValueError: lengths and strides differ in number.
    """
    reach = 0 if 0 in size else 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    own = UntypedStorage(input._array).offset_of(input._array)
    entry = 0 if storage_offset is None else storage_offset - own
    if entry < 0 or entry + reach > input._array.size:
        raise RuntimeError(
            f"as_strided_scatter: sizes {list(size)}, strides {list(stride)}, storage offset "
            f"{storage_offset} lead out of a tensor of {input._array.size} elements"
        )

    def part(array: Array) -> Array:
        return window(array, entry, tuple(size), tuple(stride))

    return _replaced(input, src, "AsStridedScatterBackward0", part)


def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """Returns a copy of what `narrow` shows (torch.narrow_copy).

    Args:
        input: any shape but ().
        dim: the dimension.
        start: the first index, counted from the end if negative.
        length: how many, at least 0.

    Raises:
        IndexError: the dimension or `start` is out of range.
        RuntimeError: start + length is, `length` is negative, or there is no dimension.
    """
    part = narrow(input.detach(), dim, start, length)._array
    axis = wrap_dim(dim, input._array.ndim)
    begin = start if start >= 0 else start + input._array.shape[axis]
    shape = input._array.shape

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(shape, grad.dtype)
        total[(slice(None),) * axis + (slice(begin, begin + length),)] = grad
        return (total,)

    return record(part.copy(), "NarrowCopyBackward0", (input,), backward)
