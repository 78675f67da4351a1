"""Several tensors into one, and one into several."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..autograd import Variable
from ..autograd.record import record, record_view
from ..autograd.variable import wrap
from ..meta import has_no_memory, refuse
from .atleast import atleast_3d
from .dims import flatten_arguments, numpy_names, wrap_dim, wrap_dims
from .indexing import getitem, index_select
from .operands import Array

if TYPE_CHECKING:
    from ..tensor import Tensor


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Returns the tensors one after the other along `dim` (torch.cat).

    Args:
        tensors: of the same shape but for `dim`; those of shape (0,) are left out.
        dim: the dimension that grows.

    Raises:
        ValueError: there is no tensor.
        RuntimeError: the shapes do not fit.
    """
    tensors = tuple(tensors)
    if not tensors:
        raise ValueError("fastinit.cat(): expected a non-empty list of Tensors")
    ndim = max(each._array.ndim for each in tensors)
    shaped = [each for each in tensors if ndim == 1 or each._array.shape != (0,)]
    for index, each in enumerate(tensors):
        if each._array.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {index}) cannot be concatenated")
    dim = wrap_dim(dim, ndim)
    first = shaped[0]._array.shape
    for index, each in enumerate(shaped):
        _check_joint(first, each._array.shape, dim, index)
    dtype = dtypes.result_type(*tensors).numpy
    array = np.concatenate([each._array.astype(dtype, copy=False) for each in shaped], axis=dim)
    ends = np.cumsum([each._array.shape[dim] for each in shaped])
    kinds = [(each._array.shape, each._array.dtype) for each in tensors]
    left_out = [shape == (0,) and ndim > 1 for shape, _ in kinds]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        parts = iter(np.split(grad, ends[:-1], axis=dim))
        return tuple(
            np.zeros(shape, kind) if left else next(parts).astype(kind, copy=False)
            for (shape, kind), left in zip(kinds, left_out, strict=True)
        )

    return record(array, "CatBackward0", tensors, backward)


def _check_joint(first: tuple[int, ...], shape: tuple[int, ...], dim: int, index: int) -> None:
    if len(shape) != len(first):
        raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
    for axis, (expected, length) in enumerate(zip(first, shape, strict=True)):
        if axis != dim and length != expected:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got "
                f"size {length} for tensor number {index} in the list."
            )


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Returns the tensors side by side along a new dimension (torch.stack).

    Args:
        tensors: of the same shape.
        dim: where the new dimension is inserted.

    Raises:
        RuntimeError: there is no tensor, or shapes differ.
    """
    tensors = tuple(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = tensors[0]._array.shape
    axis = wrap_dim(dim, len(shape) + 1)
    for index, each in enumerate(tensors):
        if each._array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(each._array.shape)} at entry {index}"
            )
    dtype = dtypes.result_type(*tensors).numpy
    array = np.stack([each._array.astype(dtype, copy=False) for each in tensors], axis=axis)
    kinds = [each._array.dtype for each in tensors]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return tuple(
            part.astype(kind, copy=False)
            for part, kind in zip(np.moveaxis(grad, axis, 0), kinds, strict=True)
        )

    return record(array, "StackBackward0", tensors, backward)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joins along the second dimension, vectors along their only one (torch.hstack)."""
    raised = [each.reshape(1) if each._array.ndim == 0 else each for each in tensors]
    return cat(raised, 0 if raised and raised[0]._array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joins along the first dimension, vectors as rows (torch.vstack)."""
    return cat(
        [
            each.reshape(1, 1)
            if each._array.ndim == 0
            else each.unsqueeze(0)
            if each._array.ndim == 1
            else each
            for each in tensors
        ],
        0,
    )


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Returns views of consecutive parts of a dimension (torch.split).

    Args:
        tensor: any shape but ().
        split_size_or_sections: the length of each part, the last one maybe shorter; or a list of lengths.
        dim: the dimension.

    Raises:
        RuntimeError: the lengths do not make up the dimension's.
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

    Raises:
        RuntimeError: `chunks` is less than 1.
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
    """Returns the view at each index of a dimension (torch.unbind)."""
    shape = input._array.shape
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = wrap_dim(dim, len(shape))
    return tuple(
        _part(input, (slice(None),) * axis + (index,), "Unbind", index) for index in range(shape[axis])
    )


def repeat(input: Tensor, *repeats: int | Sequence[int]) -> Tensor:
    """Returns copies of the tensor side by side, so many along each dimension (torch.Tensor.repeat).

    Raises:
        RuntimeError: fewer numbers than dimensions.
    """
    counts = flatten_arguments(repeats)
    shape = input._array.shape
    extra = len(counts) - len(shape)
    if extra < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    padded = (1,) * extra + shape

    def backward(grad: Array) -> tuple[Array]:
        split_shape = [length for pair in zip(counts, padded, strict=True) for length in pair]
        return (grad.reshape(split_shape).sum(axis=tuple(range(0, 2 * len(counts), 2))).reshape(shape),)

    return record(np.tile(input._array, counts), "RepeatBackward0", (input,), backward)


def tile(input: Tensor, *dims: int | Sequence[int]) -> Tensor:
    """As `repeat`, with missing leading numbers taken as 1 (torch.tile)."""
    counts = flatten_arguments(dims)
    return repeat(input, (1,) * (input._array.ndim - len(counts)) + counts)


def flip(input: Tensor, *dims: int | Sequence[int]) -> Tensor:
    """Returns a copy with the order along `dims` reversed (torch.flip).

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    named = flatten_arguments(dims)
    axes = wrap_dims(named, input._array.ndim) if named else ()
    return record(
        np.flip(input._array, axes).copy(), "FlipBackward0", (input,), lambda grad: (np.flip(grad, axes),)
    )


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Returns a copy shifted along `dims`, what leaves one end entering the other (torch.roll)."""
    steps = shifts if isinstance(shifts, int) else tuple(shifts)
    axes = dims if dims is None or isinstance(dims, int) else tuple(dims)
    back = -steps if isinstance(steps, int) else tuple(-step for step in steps)
    return record(
        np.roll(input._array, steps, axes),
        "RollBackward0",
        (input,),
        lambda grad: (np.roll(grad, back, axes),),
    )


def fliplr(input: Tensor) -> Tensor:
    """Returns a copy with the second dimension reversed (torch.fliplr)."""
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """Returns a copy with the first dimension reversed (torch.flipud)."""
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Returns a copy turned by `k` right angles, from the first of `dims` to the second (torch.rot90)."""
    first, second = dims
    if input._array.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input._array.ndim}")
    return record(
        np.rot90(input._array, k, (first, second)).copy(order="K"),
        "Rot90Backward0",
        (input,),
        lambda grad: (np.rot90(grad, -k, (first, second)),),
    )


@numpy_names
def repeat_interleave(
    input: Tensor,
    repeats: int | Tensor | None = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Returns a copy with each element, or each entry of `dim`, repeated (torch.repeat_interleave).

    Args:
        input: any shape; without `repeats`, the numbers of repeats themselves, to repeat 0, 1, 2 and so on.
        repeats: how often, one number or one per entry.
        dim: the dimension; None joins all first.
        output_size: changes nothing here.

    Raises:
        RuntimeError: the numbers do not fit the dimension, or one is negative.
    """
    how_often = input if repeats is None else repeats
    if isinstance(how_often, Variable) and has_no_memory(how_often._array):
        refuse("repeat_interleave")
    if repeats is None:
        counts = input._array
        return wrap(np.repeat(np.arange(counts.size), counts))
    if dim is None:
        input, dim = input.reshape(-1), 0
    axis = wrap_dim(dim, input._array.ndim)
    length = input._array.shape[axis] if input._array.ndim else 1
    number = np.asarray(repeats._array if isinstance(repeats, Variable) else repeats)
    if number.ndim and number.size not in (1, length):
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {number.size} "
            f"and input.size({axis}) = {length}"
        )
    if number.size and number.min() < 0:
        raise RuntimeError("repeats can not be negative")
    place = wrap(np.repeat(np.arange(length), number))
    return index_select(input, axis, place)


@numpy_names
def tensor_split(
    input: Tensor, indices_or_sections: int | Sequence[int] | Tensor, dim: int = 0
) -> tuple[Tensor, ...]:
    """Returns views of parts of a dimension: so many, or cut at these indices (torch.tensor_split).

    Raises:
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

    Raises:
        RuntimeError: there is no dimension, or the parts are not equal.
    """
    return _split_along("hsplit", input, indices_or_sections, 1, min(input._array.ndim - 1, 1))


def vsplit(input: Tensor, *indices_or_sections: Any) -> tuple[Tensor, ...]:
    """As `hsplit`, of the rows (torch.vsplit)."""
    return _split_along("vsplit", input, indices_or_sections, 2, 0)


def dsplit(input: Tensor, *indices_or_sections: Any) -> tuple[Tensor, ...]:
    """As `hsplit`, of the third dimension (torch.dsplit)."""
    return _split_along("dsplit", input, indices_or_sections, 3, 2)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joins along the third dimension, matrices as sheets of it (torch.dstack)."""
    return cat([atleast_3d(each) for each in tensors], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Joins along the second dimension, vectors as columns (torch.column_stack)."""
    return cat([each.reshape(each.numel(), 1) if each._array.ndim <= 1 else each for each in tensors], 1)


def block_diag(*tensors: Tensor) -> Tensor:
    """Returns a matrix with the given ones along its diagonal, zeros elsewhere (torch.block_diag)."""
    blocks = [each._array.reshape(1, -1) if each._array.ndim < 2 else each._array for each in tensors]
    corners = np.cumsum([(0, 0), *(each.shape for each in blocks)], axis=0)
    kind = dtypes.result_type(*tensors).numpy
    result = np.zeros_like(tensors[0]._array, kind, shape=corners[-1], order="C")
    keys = [
        (slice(top, bottom), slice(left, right))
        for (top, left), (bottom, right) in itertools.pairwise(corners)
    ]
    for key, block in zip(keys, blocks, strict=True):
        result[key] = block
    arrays = [each._array for each in tensors]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return tuple(
            grad[key].reshape(each.shape).astype(each.dtype, copy=False)
            for key, each in zip(keys, arrays, strict=True)
        )

    return record(result, "BlockDiagBackward0", tensors, backward)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Returns the matrix with zeros above a diagonal (torch.tril)."""
    _check_matrix("tril", input)
    return record(
        np.tril(input._array, diagonal), "TrilBackward0", (input,), lambda grad: (np.tril(grad, diagonal),)
    )


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Returns the matrix with zeros below a diagonal (torch.triu)."""
    _check_matrix("triu", input)
    return record(
        np.triu(input._array, diagonal), "TriuBackward0", (input,), lambda grad: (np.triu(grad, diagonal),)
    )


def _check_matrix(name: str, input: Tensor) -> None:
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")


row_stack = vstack
concat = concatenate = cat
