"""Running sums, products, extremes and logarithms of sums along a dimension, and differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .dims import numpy_names, wrap_dim
from .indexing import narrow
from .joining import cat
from .operands import Array, compute, in_place, lift, lower, refuse_integers
from .ordering import Ordered, returned_by
from .reduction import converted

if TYPE_CHECKING:
    from ..tensor import Tensor


@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """Returns the running sum along `dim`, integers and booleans as int64 (torch.cumsum).

    Args:
        input: any shape and dtype.
        dim: the dimension.
        dtype: convert the input to this first.

    Returns:
        The input's shape; int64 of integers and booleans, unless `dtype` is another.

    Raises:
        IndexError: the dimension is out of range.
    """
    own = input._array.dtype
    x = converted(input._array, dtype)
    if dtype is None and own.kind in "biu":
        x = x.astype(np.int64)
    axis = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return record(x.copy(), "CumsumBackward0", (input,), lambda grad: (grad.astype(own, copy=False),))

    def backward(grad: Array) -> tuple[Array]:
        return (lower(np.flip(np.cumsum(np.flip(lift(grad), axis), axis), axis), own),)

    return record(lower(compute(np.cumsum, lift(x), axis), x.dtype), "CumsumBackward0", (input,), backward)


@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """Returns the running product along `dim`, integers and booleans as int64 (torch.cumprod).

    Args:
        input: any shape and dtype.
        dim: the dimension.
        dtype: convert the input to this first.

    Returns:
        The input's shape; int64 of integers and booleans, unless `dtype` is another.

    Raises:
        IndexError: the dimension is out of range.
    """
    own = input._array.dtype
    x = input._array if dtype is None else input._array.astype(dtypes.as_dtype(dtype).numpy)
    if dtype is None and own.kind in "biu":
        x = x.astype(np.int64)
    axis = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return record(x.copy(), "CumprodBackward0", (input,), lambda grad: (grad.astype(own, copy=False),))
    working = lift(x)
    result = as_array(compute(np.cumprod, working, axis=axis))

    def backward(grad: Array) -> tuple[Array]:
        total = _cumprod_gradient(working, result, lift(grad), axis)
        return (lower(total, own),)

    return record(lower(result, x.dtype), "CumprodBackward0", (input,), backward, (input,))


def _cumprod_gradient(x: Array, result: Array, grad: Array, axis: int) -> Any:
    if np.all(x):
        return np.flip(np.cumsum(np.flip(grad * result, axis), axis), axis) / x
    # Where an element is 0, its part cannot be divided out: each one's share is computed without it.
    x, grad = np.moveaxis(x, axis, 0), np.moveaxis(grad, axis, 0)
    total = np.empty_like(x)
    for index in range(len(x)):
        others = x.copy()
        others[index] = 1
        total[index] = np.sum((np.cumprod(others, 0) * grad)[index:], 0)
    return np.moveaxis(total, 0, axis)


def _running(input: Tensor, function: Any, dim: int, name: str) -> Ordered:
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        values, index = x.copy(), np.zeros((), np.int64)
    else:
        working = lift(x)
        extreme = function.accumulate(working, axis)
        place = np.arange(x.shape[axis]).reshape([-1 if each == axis else 1 for each in range(x.ndim)])
        reached = (working == extreme) | (np.isnan(working))
        index = np.maximum.accumulate(np.where(reached, place, 0), axis)
        values = lower(extreme, x.dtype)
    shape = x.shape

    def backward(grad: Array) -> tuple[Array]:
        if not shape:
            return (grad,)
        total = np.zeros(shape, lift(grad).dtype)
        grid = list(np.ogrid[tuple(slice(length) for length in shape)])
        grid[axis] = index
        np.add.at(total, tuple(grid), lift(grad))
        return (lower(total, grad.dtype),)

    indices = wrap(index)
    return returned_by(name)(record(values, name, (input,), backward, (indices,)), indices)


@numpy_names
def cummax(input: Tensor, dim: int) -> Ordered:
    """Returns the running maximum along `dim`, and where it was reached (torch.cummax).

    Args:
        input: any shape and dtype.
        dim: the dimension.

    Returns:
        A named tuple of values and int64 indices, of the input's shape; the indices are those of the last of
        equal elements. From a NaN on, all values are NaN.

    Raises:
        IndexError: the dimension is out of range.
    """
    return _running(input, np.maximum, dim, "CummaxBackward0")


@numpy_names
def cummin(input: Tensor, dim: int) -> Ordered:
    """Returns the running minimum along `dim`, and where it was reached (torch.cummin).

    Args:
        input: any shape and dtype.
        dim: the dimension.

    Returns:
        A named tuple of values and int64 indices, of the input's shape; the indices are those of the last of
        equal elements. From a NaN on, all values are NaN.

    Raises:
        IndexError: the dimension is out of range.
    """
    return _running(input, np.minimum, dim, "CumminBackward0")


@numpy_names
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """Returns the logarithm of the running sum of exponentials along `dim` (torch.logcumsumexp).

    Args:
        input: any shape, floating point.
        dim: the dimension.

    Raises:
        IndexError: the dimension is out of range.
        NotImplementedError: the input is of integers or boolean.
    """
    x = input._array
    refuse_integers(x.dtype, "logcumsumexp_out_cpu")
    axis = wrap_dim(dim, x.ndim)
    working = lift(x)
    result = as_array(compute(np.logaddexp.accumulate, working, axis) if x.ndim else working.copy())

    def backward(grad: Array) -> tuple[Array]:
        if not x.ndim:
            return (grad,)
        weighted = np.flip(np.cumsum(np.flip(lift(grad) * np.exp(-result), axis), axis), axis)
        return (lower(weighted * np.exp(working), x.dtype),)

    return record(
        lower(result, x.dtype), "LogcumsumexpBackward0", (input,), backward, (input,), saves_result=True
    )


@numpy_names
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Returns the differences of neighbours along `dim`, `n` times over (torch.diff).

    Args:
        input: at least 1 dimension.
        n: how often.
        dim: the dimension.
        prepend: what stands before the input.
        append: what stands behind it.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the input has no dimension, or `n` is negative.
    """
    if input._array.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    parts = [each for each in (prepend, input, append) if each is not None]
    result = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(n):
        length = max(result._array.shape[dim] - 1, 0)
        first, second = narrow(result, dim, 0, length), narrow(result, dim, min(1, length), length)
        result = second.logical_xor(first) if result._array.dtype == np.bool_ else second - first
    return result


cumsum_ = in_place(cumsum)
cumprod_ = in_place(cumprod)
