"""One tensor into several: views of parts of a dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..autograd import Variable
from ..autograd.record import record_view
from .dims import numpy_names, wrap_dim
from .indexing import getitem

if TYPE_CHECKING:
    from ..tensor import Tensor


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Returns views of consecutive parts of a dimension (torch.split).

    Args:
        tensor: any shape but ().
        split_size_or_sections: the length of each part, the last one maybe shorter; or a list of lengths.
        dim: the dimension.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the lengths do not make up the dimension's, or there is no dimension.
    """
    if tensor._array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    length = tensor._array.shape[wrap_dim(dim, tensor._array.ndim)]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        if size == 0 and length != 0:
            raise RuntimeError(
                f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
            )
        sizes = [min(size, length - start) for start in range(0, length, size or 1)] or [0]
        return _parts(tensor, sizes, dim, "Split")
    sizes = list(split_size_or_sections)
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at "
            f"dimension {dim}), but got split_sizes={sizes}"
        )
    return _parts(tensor, sizes, dim, "SplitWithSizes")


@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Returns at most `chunks` views of equal parts of a dimension, the last maybe shorter (torch.chunk).

    Args:
        input: any shape but ().
        chunks: how many.
        dim: the dimension.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: `chunks` is less than 1, or there is no dimension.
    """
    if input._array.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = input._array.shape[wrap_dim(dim, input._array.ndim)]
    if length == 0:
        return split(input, [0] * chunks, dim)
    return split(input, math.ceil(length / chunks), dim)


def _parts(tensor: Tensor, sizes: list[int], dim: int, name: str) -> tuple[Tensor, ...]:
    axis = wrap_dim(dim, tensor._array.ndim)
    parts = []
    start = 0
    for index, size in enumerate(sizes):
        key = (slice(None),) * axis + (slice(start, start + size),)
        parts.append(_part(tensor, key, name, index))
        start += size
    return tuple(parts)


def _part(tensor: Tensor, key: tuple[slice | int, ...], name: str, index: int) -> Tensor:
    return record_view(
        tensor,
        tensor._array[(*key, ...)],
        f"{name}Backward0",
        lambda base: base[(*key, ...)],
        output=index,
    )


@numpy_names
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Returns the view at each index of a dimension (torch.unbind).

    Args:
        input: any shape but ().
        dim: the dimension, which the views do not have.

    Raises:
        IndexError: the dimension is out of range, or there is none.
    """
    shape = input._array.shape
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = wrap_dim(dim, len(shape))
    return tuple(
        _part(input, (slice(None),) * axis + (index,), "Unbind", index) for index in range(shape[axis])
    )


@numpy_names
def tensor_split(
    input: Tensor, indices_or_sections: int | Sequence[int] | Tensor, dim: int = 0
) -> tuple[Tensor, ...]:
    """Returns views of parts of a dimension: so many, or cut at these indices (torch.tensor_split).

    Args:
        input: any shape but ().
        indices_or_sections: how many parts, whose lengths differ by 1 at most; or the indices before which to
            cut;
            a sequence, or a tensor of no or one dimension.
        dim: the dimension.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the input has no dimension, or the number is not above 0.
    """
    if input._array.ndim == 0:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    axis = wrap_dim(dim, input._array.ndim)
    length = input._array.shape[axis]
    where = indices_or_sections.tolist() if isinstance(indices_or_sections, Variable) else indices_or_sections
    if isinstance(where, int):
        if where <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {where}")
        size, larger = divmod(length, where)
        ends = [size * number + min(number, larger) for number in range(1, where + 1)]
    else:
        ends = [*where, length]
    starts = [0, *ends[:-1]]
    return tuple(
        getitem(input, (slice(None),) * axis + (slice(start, end),))
        for start, end in zip(starts, ends, strict=True)
    )


def _split_along(
    name: str, input: Tensor, where: tuple[Any, ...], least: int, axis: int
) -> tuple[Tensor, ...]:
    ndim = input._array.ndim
    if ndim < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {ndim} "
            "dimensions!"
        )
    parts = where[0] if len(where) == 1 else where
    length = input._array.shape[axis]
    if isinstance(parts, int) and (parts == 0 or length % parts):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {axis}, but the size of the dimension {length} "
            f"is not divisible by the split_size {parts}!"
        )
    return tensor_split(input, parts, axis)


def hsplit(input: Tensor, *indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Returns views of equal parts of the columns, or cut at these indices (torch.hsplit).

    Args:
        input: any shape but (); a vector is split along its only dimension.
        *indices_or_sections: into how many equal parts; or the indices before which to cut, one by one or as
            a sequence.

    Returns:
        A tuple of views.

    Raises:
        RuntimeError: there is no dimension, or the dimension is not divisible into so many parts.
    """
    return _split_along("hsplit", input, indices_or_sections, 1, min(input._array.ndim - 1, 1))


def vsplit(input: Tensor, *indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Returns views of equal parts of the rows, or cut at these indices (torch.vsplit).

    Args:
        input: at least 2 dimensions.
        *indices_or_sections: into how many equal parts; or the indices before which to cut, one by one or as
            a sequence.

    Returns:
        A tuple of views.

    Raises:
        RuntimeError: there are fewer than 2 dimensions, or the dimension is not divisible into so many parts.
    """
    return _split_along("vsplit", input, indices_or_sections, 2, 0)


def dsplit(input: Tensor, *indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Returns views of equal parts of the third dimension, or cut at these indices (torch.dsplit).

    Args:
        input: at least 3 dimensions.
        *indices_or_sections: into how many equal parts; or the indices before which to cut, one by one or as
            a sequence.

    Returns:
        A tuple of views.

    Raises:
        RuntimeError: there are fewer than 3 dimensions, or the dimension is not divisible into so many parts.
    """
    return _split_along("dsplit", input, indices_or_sections, 3, 2)
