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

    Raises:
        RuntimeError: `src` has another size.
    """

    def part(array: Array) -> Array:
        diagonal = np.diagonal(array, offset, wrap_dim(dim1, array.ndim), wrap_dim(dim2, array.ndim))
        diagonal.flags.writeable = True
        return diagonal

    return _replaced(input, src, "DiagonalScatterBackward0", part)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Returns `input` with `src` at one index of a dimension (torch.select_scatter).

    Raises:
        IndexError: the index is out of range.
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

    Raises:
        RuntimeError: `src` has another size.
    """
    key: Any = (slice(None),) * wrap_dim(dim, input._array.ndim) + (slice(start, end, step), ...)
    return _replaced(input, src, "SliceScatterBackward0", lambda array: array[key])


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Returns `input` with `src` where `as_strided` would look (torch.as_strided_scatter).

    Raises:
        RuntimeError: `src` has another size, or the place leads out of the tensor.
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
    """As `narrow`, a copy (torch.narrow_copy)."""
    part = narrow(input.detach(), dim, start, length)._array
    axis = wrap_dim(dim, input._array.ndim)
    begin = start if start >= 0 else start + input._array.shape[axis]
    shape = input._array.shape

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(shape, grad.dtype)
        total[(slice(None),) * axis + (slice(begin, begin + length),)] = grad
        return (total,)

    return record(part.copy(), "NarrowCopyBackward0", (input,), backward)
