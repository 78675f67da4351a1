"""Writes to elements that an index, a mask or a position names; and the reads that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..meta import check_index
from .dims import numpy_names, wrap_dim
from .gathering import gather, index_add, scatter, scatter_add
from .indexing import added_at
from .operands import Array, Operand, in_place, lift, lower, mismatch, reduce_to, scalar, target

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = [
    "index_add_",
    "index_copy",
    "index_copy_",
    "index_fill",
    "index_fill_",
    "index_put",
    "index_put_",
    "masked_scatter",
    "masked_scatter_",
    "put",
    "put_",
    "scatter_",
    "scatter_add_",
    "take",
    "take_along_dim",
]


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Returns `input` with the elements of `source`, in a row, where `mask` holds (torch.masked_scatter).

    Args:
        input: any shape and dtype.
        mask: boolean; the shapes broadcast.
        source: any shape, of the same dtype, with at least as many elements as the mask holds.

    Raises:
        RuntimeError: the mask is not boolean, dtypes differ, or `source` has too few elements.
        ValueError: the shapes do not broadcast.
    """
    x, test = np.broadcast_arrays(input._array, mask._array)
    values = source._array
    if test.dtype != np.bool_:
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype " + str(mask.dtype)
        )
    if values.dtype != x.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{input.dtype.type_name} and {source.dtype.type_name}"
        )
    count = int(np.count_nonzero(test))
    if count > values.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    result = x.copy()
    result[test] = values.reshape(-1)[:count]
    a, b = target(input), target(source)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        if b is None:
            return (reduce_to(np.where(test, grad.dtype.type(0), grad), a), None)
        part = np.zeros(values.size, grad.dtype)
        part[:count] = grad[test]
        return a and reduce_to(np.where(test, grad.dtype.type(0), grad), a), part.reshape(values.shape)

    return record(result, "MaskedScatterBackward0", (input, source), backward, (mask,))


def _key(input: Tensor, dim: int, index: Tensor) -> tuple[Any, ...]:
    x, where = input._array, index._array
    axis = wrap_dim(dim, x.ndim)
    length = x.shape[axis] if x.ndim else 1
    if where.size and (where.min() < -length or where.max() >= length):
        bad = where[(where < -length) | (where >= length)].flat[0]
        raise IndexError(f"index {bad} is out of bounds for dimension {axis} with size {length}")
    if x.ndim == 0:
        return () if where.size else (np.zeros((), np.bool_),)
    return (slice(None),) * axis + (where,)


@numpy_names
def index_fill(input: Tensor, dim: int, index: Tensor, value: Operand) -> Tensor:
    """Returns `input` with `value` in the entries of a dimension that `index` names (torch.index_fill).

    Args:
        input: any shape and dtype.
        dim: the dimension.
        index: (n,), int64.
        value: number, or tensor of no dimension.

    Raises:
        IndexError: the dimension or an index is out of range, or `index` is not int64.
        RuntimeError: `value` is a tensor of more than 0 dimensions, or a number that the dtype cannot hold.
        TypeError: `value` is neither tensor nor number.
    """
    if index._array.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if isinstance(value, Variable) and value._array.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    key = _key(input, dim, index)
    result = input._array.copy()
    result[key] = value._array if isinstance(value, Variable) else scalar(value, result.dtype)
    to = target(value)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = grad.copy()
        rest[key] = 0
        return (rest, to and reduce_to(grad[key], to)) if isinstance(value, Variable) else (rest,)

    if isinstance(value, Variable):
        return record(result, "IndexFillBackward1", (input, value), backward, (index,))
    return record(result, "IndexFillBackward0", (input,), backward, (index,))


def _lengths(shape: list[int], axis: int) -> str:
    return " ".join(str(length) for dim, length in enumerate(shape) if dim != axis)


@numpy_names
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Returns `input` with the entries of `source` in those that `index` names (torch.index_copy).

    Args:
        input: any shape and dtype.
        dim: the dimension.
        index: (n,), int64.
        source: the input's shape and dtype, but of length n in that dimension.

    Raises:
        IndexError: the dimension or an index is out of range, or `source` has more or fewer entries or
            dimensions.
        RuntimeError: dtypes differ, or other lengths do.
    """
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.type_name} and (source) {source.dtype.type_name}"
        )
    key = _key(input, dim, index)
    shape, own = list(source._array.shape), list(input._array.shape)
    if shape and own and len(shape) != len(own):
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. "
            f"Source dimensionality ({len(shape)}), destination dimensionality ({len(own)})"
        )
    axis = len(key) - 1
    if shape and own and shape[:axis] + shape[axis + 1 :] != own[:axis] + own[axis + 1 :]:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{_lengths(own, axis)} at dimension {axis} and source slice shape: {_lengths(shape, axis)} at "
            "dimension 0."
        )
    if shape and index._array.size != shape[axis]:
        raise IndexError(
            f"index_copy_(): Number of indices ({index._array.size}) should be equal to source.size(dim) "
            f"({shape[axis]})"
        )
    result = input._array.copy()
    result[key] = source._array
    to = target(source)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = grad.copy()
        rest[key] = 0
        return rest, to and reduce_to(grad[key], to)

    return record(result, "IndexCopyBackward0", (input, source), backward, (index,))


def index_put(
    input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Returns `input` with `values`, broadcast, at input[indices] (torch.index_put).

    Args:
        input: any shape.
        indices: an index tensor or a mask per dimension; None is all of one.
        values: of the same dtype.
        accumulate: add them to what is there, also where an element is named more than once.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: dtypes differ, or the shapes do not fit.
    """
    if values._array.dtype != input._array.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype.type_name} for the destination and {values.dtype.type_name} for the source."
        )
    key: Any = tuple(slice(None) if each is None else each._array for each in indices)
    result = lift(input._array).copy()
    try:
        if accumulate:
            np.add.at(result, key, lift(values._array))
        else:
            result[key] = lift(values._array)
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing "
            f"result of shape {list(result[key].shape)}"
        ) from None
    to = target(values)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = grad.copy()
        if not accumulate:
            rest[key] = 0
        return rest, to and reduce_to(grad[key], to)

    array = lower(result, input._array.dtype)
    return record(array, "IndexPutBackward0", (input, values), backward)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Returns `input` with `source` at these positions, as if it had one dimension (torch.put).

    Args:
        input: any shape.
        index: positions.
        source: as many values, of the same dtype.
        accumulate: add them to what is there.

    Raises:
        IndexError: a position is out of range, or there are more or fewer values.
        RuntimeError: dtypes do not fit.
    """
    x, where, values = input._array, index._array, source._array
    if where.dtype != np.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {index.dtype.type_name}")
    if values.dtype != x.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype.type_name} and source.dtype = {source.dtype.type_name}"
        )
    if where.size != values.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{values.size}, index.numel() = {where.size}"
        )
    out = where[(where < -x.size) | (where >= x.size)]
    if out.size:
        raise IndexError(f"out of range: tried to access index {out[0]} on a tensor of {x.size} elements.")
    places, result = where.reshape(-1), lift(x).reshape(-1).copy()
    if accumulate:
        np.add.at(result, places, lift(values).reshape(-1))
    else:
        result[places] = lift(values).reshape(-1)
    to = target(source)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = grad.reshape(-1).copy()
        into = to and rest[places].reshape(to[0])
        if not accumulate:
            rest[places] = 0
        return rest.reshape(x.shape), into

    return record(
        lower(result, x.dtype).reshape(x.shape), "PutBackward0", (input, source), backward, (index,)
    )


def take(input: Tensor, index: Tensor) -> Tensor:
    """Returns the elements at these positions, as if `input` had one dimension (torch.take).

    Args:
        input: any shape and dtype.
        index: int64, any shape; counted from the end where negative.

    Returns:
        A copy, of the shape of `index`.

    Raises:
        IndexError: a position is out of range.
        RuntimeError: `index` is not int64.
    """
    x, where = input._array, index._array
    if where.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype.type_name}")
    check_index(x, where)
    try:
        array = x.reshape(-1)[where]
    except IndexError:
        raise IndexError(
            f"out of range: tried to access index {where.max()} on a tensor of {x.size} elements."
        ) from None
    shape = x.shape

    def backward(grad: Array) -> tuple[Array]:
        return (added_at((x.size,), (where,), grad).reshape(shape),)

    return record(array, "TakeBackward0", (input,), backward, (index,))


@numpy_names
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Returns the elements that `indices` names along `dim`, both broadcast (torch.take_along_dim).

    Args:
        input: any shape and dtype.
        indices: int32 or int64, at least 0, of as many dimensions; but for `dim`, the shapes broadcast.
        dim: the dimension; None joins all of both first.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the numbers of dimensions differ, the shapes do not fit, or an index is out of range or
            of another dtype.
    """
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    x, where = input._array, indices._array
    if x.ndim != where.ndim:
        raise RuntimeError(
            "fastinit.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{x.ndim} dimensions for input, and {where.ndim} dimensions for indices"
        )
    axis = wrap_dim(dim, x.ndim)
    apart = [tuple(1 if at == axis else n for at, n in enumerate(each.shape)) for each in (x, where)]
    try:
        joint = np.broadcast_shapes(*apart)
    except ValueError:
        raise mismatch(*apart) from None

    def lengths(own: int) -> tuple[int, ...]:
        return (*joint[:axis], own, *joint[axis + 1 :])

    wide = input.expand(lengths(x.shape[axis]))
    return gather(wide, axis, indices.expand(lengths(where.shape[axis])))


masked_scatter_ = in_place(masked_scatter)
index_fill_ = in_place(index_fill)
index_copy_ = in_place(index_copy)
index_put_ = in_place(index_put)
index_add_ = in_place(index_add)
scatter_ = in_place(scatter)
scatter_add_ = in_place(scatter_add)
put_ = in_place(put)
