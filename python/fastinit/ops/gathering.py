"""What index tensors and masks name: read, and written to."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import check_index, has_no_memory
from .dims import numpy_names, wrap_dim
from .indexing import added_at
from .operands import Array, Operand, broadcast, lift, lower, reduce_to, target

if TYPE_CHECKING:
    from ..tensor import Tensor


@numpy_names
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Returns the entries of a dimension that `index` names, in its order (torch.index_select).

    Args:
        input: any shape but ().
        dim: the dimension.
        index: int32 or int64, of 1 dimension or none.

    Returns:
        A copy, as long in that dimension as `index`.

    Raises:
        IndexError: `index` has more than one dimension, or names what is out of range; or `dim` is.
        RuntimeError: it is neither int32 nor int64.
    """
    x = input._array
    check_index(x, index._array)
    if index._array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index._array.dtype not in (np.int32, np.int64):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if not has_no_memory(index._array) and np.any(np.less(index._array, 0)):
        raise IndexError("index out of range in self")
    dim = wrap_dim(dim, x.ndim)
    key = (slice(None),) * dim + (np.atleast_1d(index._array) if x.ndim else index._array,)
    try:
        array = x[key]
    except IndexError:
        raise IndexError("index out of range in self") from None
    return record(
        array, "IndexSelectBackward0", (input,), lambda grad: (added_at(x.shape, key, grad),), (index,)
    )


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Returns the elements where `mask` holds, in a row (torch.masked_select).

    Args:
        input: any shape and dtype.
        mask: boolean; the shapes broadcast.

    Returns:
        A copy of 1 dimension.

    Raises:
        RuntimeError: `mask` is not boolean, or does not broadcast with the tensor.
    """
    if mask._array.dtype != np.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    test, x = broadcast(np.broadcast_arrays, mask._array, input._array)
    to = target(input)

    def backward(grad: Array) -> tuple[Array | None]:
        spread = np.zeros(test.shape, grad.dtype)
        spread[test] = grad
        return (reduce_to(spread, to),)

    return record(x[test], "MaskedSelectBackward0", (input,), backward, (mask,))


def along(
    function: str, shape: tuple[int, ...], index: Array, dim: int, src: object = None
) -> tuple[Array, ...]:
    """Returns the full index that gather and scatter mean: `index` along `dim`, its own place elsewhere.

    Raises:
        RuntimeError: an index is out of range, or `index` has another number of dimensions, another dtype, or
            a dimension that is longer than that of the tensor, or of `src`.
    """
    if index.dtype not in (np.int32, np.int64):
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    if index.ndim != len(shape) and index.size:
        owner = "input" if function == "gather" else "self"
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {owner} tensor")
    _check_lengths(function, shape, index.shape, dim, src._array.shape if isinstance(src, Variable) else None)
    grid = list(np.ogrid[tuple(slice(length) for length in index.shape)])
    if index.size and (index.min() < 0 or index.max() >= shape[dim]):
        bad = index[(index < 0) | (index >= shape[dim])].flat[0]
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {shape[dim]}")
    grid[dim] = index
    return tuple(grid)


def _check_lengths(
    function: str, shape: tuple[int, ...], index: tuple[int, ...], dim: int, src: tuple[int, ...] | None
) -> None:
    """Checks that an index for gather or scatter is nowhere longer than what it reads and writes."""
    apart = [at for at, (n, length) in enumerate(zip(index, shape, strict=False)) if at != dim and n > length]
    if function == "gather" and apart:
        raise RuntimeError(
            f"Size does not match at dimension {apart[0]} expected index {list(index)} to be no larger than "
            f"self {list(shape)} apart from dimension {dim}"
        )
    if apart or (src is not None and any(n > length for n, length in zip(index, src, strict=False))):
        beside = "" if src is None else f" and to be no larger size than src {list(src)}"
        raise RuntimeError(
            f"Expected index {list(index)} to be no larger than self {list(shape)} apart from dimension {dim}"
            + beside
        )


@numpy_names
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Returns the elements that `index` names along `dim`, each in its own row (torch.gather).

    Args:
        input: any shape and dtype.
        dim: the dimension that `index` counts along.
        index: int32 or int64, at least 0; as many dimensions as `input`, and no longer but for `dim`.

    Returns:
        A copy, of the shape of `index`.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: an index is out of range, or `index` is of another dtype or does not fit in shape.
    """
    x, where = input._array, index._array
    dim = wrap_dim(dim, x.ndim)
    key = along("gather", x.shape, where, dim)
    return record(x[key], "GatherBackward0", (input,), lambda grad: (added_at(x.shape, key, grad),), (index,))


@numpy_names
def scatter(input: Tensor, dim: int, index: Tensor, src: Operand, *, reduce: str | None = None) -> Tensor:
    """Returns `input` with `src` written where `index` says along `dim` (torch.scatter).

    Args:
        input: any shape.
        dim: the dimension that `index` counts along.
        index: int32 or int64, at least 0; as many dimensions as `input`, and no longer but for `dim`.
        src: a tensor no smaller than `index`, or a number.
        reduce: "add" or "multiply" what is there instead of overwriting it; not differentiable.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: `reduce` is another string, an index is out of range, or `index` is of another dtype or
            does not fit in shape.
    """
    if reduce is not None:
        return _scatter_with(input, dim, index, src, reduce)
    x, where = input._array, index._array
    dim = wrap_dim(dim, x.ndim)
    key = along("scatter", x.shape, where, dim, src)
    result = x.copy()
    own = tuple(slice(length) for length in where.shape)
    to = target(src)
    result[key] = src._array[own] if isinstance(src, Variable) else src

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = grad.copy()
        rest[key] = 0
        if not isinstance(src, Variable):
            return (rest,)
        if to is None:
            return rest, None
        part = np.zeros(to[0], grad.dtype)
        part[own] = grad[key]
        return rest, part

    if isinstance(src, Variable):
        return record(result, "ScatterBackward0", (input, src), backward, (index,))
    return record(result, "ScatterBackward1", (input,), backward, (index,))


def _scatter_with(input: Tensor, dim: int, index: Tensor, src: Operand, reduce: str) -> Tensor:
    if reduce not in {"add", "multiply"}:
        raise RuntimeError("reduce argument must be either add or multiply.")
    if isinstance(src, Variable):
        warnings.warn(
            "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a "
            "future PyTorch release. Use torch.scatter_reduce instead for more reduction options.",
            UserWarning,
            stacklevel=3,
        )
    x, where = input._array, index._array
    key = along("scatter", x.shape, where, wrap_dim(dim, x.ndim), src)
    own = tuple(slice(length) for length in where.shape)
    result = lift(x).copy()
    values = src._array[own] if isinstance(src, Variable) else src
    function = np.add if reduce == "add" else np.multiply
    function.at(result, key, np.asarray(values).astype(result.dtype))

    def backward(grad: Array) -> tuple[Array, ...]:
        raise RuntimeError("derivative for aten::scatter is not implemented")

    operands = (input, src) if isinstance(src, Variable) else (input,)
    return record(lower(result, x.dtype), "NotImplemented", operands, backward)


@numpy_names
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Returns `input` with `src` added where `index` says along `dim` (torch.scatter_add).

    Args:
        input: any shape and dtype.
        dim: the dimension that `index` counts along.
        index: int32 or int64, at least 0; as many dimensions as `input`, and no longer but for `dim`.
        src: no smaller than `index`, of the input's dtype.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: an index is out of range, dtypes differ, or `index` is of another dtype or does not fit
            in shape.
    """
    x, where = input._array, index._array
    dim = wrap_dim(dim, x.ndim)
    if src._array.dtype != x.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    key = along("scatter_add", x.shape, where, dim, src)
    own = tuple(slice(length) for length in where.shape)
    result = lift(x).copy()
    np.add.at(result, key, lift(src._array[own]))

    def backward(grad: Array) -> tuple[Array | None, ...]:
        part = np.zeros(src_shape, grad.dtype)
        part[own] = grad[key]
        return grad, part

    src_shape = src._array.shape
    return record(lower(result, x.dtype), "ScatterAddBackward0", (input, src), backward, (index,))


@numpy_names
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """Returns `input` with the entries of `source` added at `index` along `dim` (torch.index_add).

    Args:
        input: any shape but ().
        dim: the dimension.
        index: (n,), int32 or int64; an entry may be named more than once.
        source: the input's shape and dtype, but of length n in that dimension.
        alpha: factor of what is added.

    Raises:
        IndexError: the dimension or an index is out of range, or `index` is not of integers.
        RuntimeError: dtypes differ, or shapes do not fit.
    """
    x = input._array
    if source._array.dtype != x.dtype:
        raise RuntimeError(
            f"index_add_(): self ({input.dtype.type_name}) and source ({source.dtype.type_name}) must have "
            "the same scalar type"
        )
    check_index(x, index._array)
    axis = wrap_dim(dim, x.ndim)
    own, shape = list(x.shape), list(source._array.shape)
    if len(own) == len(shape) and own[:axis] + own[axis + 1 :] != shape[:axis] + shape[axis + 1 :]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got "
            f"self.shape = {own} source.shape = {shape}"
        )
    if shape and index._array.size != shape[min(axis, len(shape) - 1)]:
        raise RuntimeError(
            f"index_add_(): Number of indices ({index._array.size}) should be equal to source.size(dim): "
            f"({shape[min(axis, len(shape) - 1)]}), for dim: {axis}"
        )
    key: Any = (slice(None),) * axis + (index._array,)
    result = lift(x).copy()
    np.add.at(result, key, alpha * lift(source._array))
    return record(
        lower(result, x.dtype),
        "IndexAddBackward0",
        (input, source),
        lambda grad: (grad, grad[key] * grad.dtype.type(alpha)),
        (index,),
    )


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Returns the indices of what is not 0, a row each, or a tensor per dimension (torch.nonzero).

    Args:
        input: any shape and dtype.
        as_tuple: return a tensor per dimension, which can stand in square brackets.

    Returns:
        int64, (n, number of dimensions); or a tuple of (n,).

    Raises:
        AttributeError: `input` is no tensor.
    """
    indices = np.nonzero(np.atleast_1d(input._array))
    if as_tuple:
        return tuple(wrap(index) for index in indices)
    return wrap(np.stack(indices, axis=-1)[:, : input._array.ndim])
