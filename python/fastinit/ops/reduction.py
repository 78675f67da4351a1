"""Sums, means and the like over some or all dimensions."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, dtypes
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .dims import Dims, flatten_arguments, numpy_names, wrap_dim, wrap_dims
from .operands import Array, compute, floating, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor


def converted(array: Array, dtype: dtypes.dtype | None) -> Array:
    """Returns an array in the dtype that a reduction is to compute in; None is its own."""
    return array if dtype is None else compute(array.astype, dtypes.as_dtype(dtype).numpy, copy=False)


def spread_over(grad: Array, shape: tuple[int, ...], axes: tuple[int, ...], keepdim: bool) -> Array:
    """Returns the gradient of a sum, or a part that was kept, as seen from every summand."""
    if grad.ndim == 0 and grad.dtype.kind == "f":
        # As broadcast_to, at a fraction of its cost.
        return np.ndarray(shape, grad.dtype, grad, 0, (0,) * len(shape))
    if not keepdim and grad.ndim:
        grad = np.expand_dims(grad, axes)
    return np.broadcast_to(grad, shape)


# Its NumPy names are its own: a small sum takes less time than a call through numpy_names.
def sum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: dtypes.dtype | None = None,
    axis: Dims = None,
    keepdims: bool = False,
) -> Tensor:
    """Returns the sum over `dim`, integers and booleans as int64 (torch.sum).

    Args:
        input: any shape; 16-bit floats are added up in float32.
        dim: the dimensions to sum over; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.
        axis: as `dim`.
        keepdims: as `keepdim`.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    if axis is not None or keepdims:
        return sum(input, dim if axis is None else axis, keepdim or keepdims, dtype=dtype)
    if dim is None and dtype is None and not keepdim:
        result: Tensor | None = _core.sum_of_all(input)
        if result is not None:
            return result
    x = input._array
    shape, own = x.shape, x.dtype
    if dtype is not None:
        x = converted(x, dtype)
    elif own.kind in "biu":
        x = x.astype(np.int64)
    if dim is None and not keepdim:
        total = compute(np.add.reduce, lift(x), axis=None)
        return record(
            lower(total, x.dtype),
            "SumBackward0",
            (input,),
            lambda grad: (spread_over(grad.astype(own, copy=False), shape, (), keepdim),),
        )
    axes = wrap_dims(dim, x.ndim)
    total = compute(np.add.reduce, lift(x), axis=axes, keepdims=keepdim)
    return record(
        lower(total, x.dtype),
        "SumBackward1",
        (input,),
        lambda grad: (spread_over(grad.astype(own, copy=False), shape, axes, keepdim),),
    )


@numpy_names
def mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the mean over `dim` (torch.mean).

    Args:
        input: any shape, floating point; 16-bit floats are added up in float32.
        dim: the dimensions to average over; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the input (or `dtype`) is not a floating-point one, or a dimension is named twice.
    """
    kind = dtypes.as_dtype(input._array.dtype if dtype is None else dtype)
    if not kind.is_floating_point:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be "
            f"either a floating point or complex dtype. Got: {kind.type_name}"
        )
    own, shape = input._array.dtype, input._array.shape
    x = converted(input._array, dtype)
    whole = dim is None and not keepdim
    axes = wrap_dims(dim, x.ndim)
    count = 1
    for axis in axes:
        count *= shape[axis]
    total = compute(np.add.reduce, lift(x), axis=axes, keepdims=keepdim)
    return record(
        lower(compute(np.true_divide, total, total.dtype.type(count)), x.dtype),
        "MeanBackward0" if whole else "MeanBackward1",
        (input,),
        lambda grad: (
            spread_over((grad / grad.dtype.type(count)).astype(own, copy=False), shape, axes, keepdim),
        ),
    )


@numpy_names
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the product over one dimension or all, integers and booleans as int64 (torch.prod).

    Args:
        input: any shape; 16-bit floats are multiplied in float32.
        dim: the dimension; all by default.
        keepdim: keep the dimension, with length 1.
        dtype: convert the input to this first.

    Raises:
        IndexError: the dimension is out of range.
    """
    own = input._array.dtype
    x = converted(input._array, dtype)
    if dtype is None and own.kind in "biu":
        x = x.astype(np.int64)
    working = lift(x)
    axis = None if dim is None else wrap_dim(dim, x.ndim) if x.ndim else None
    value = compute(np.multiply.reduce, working, axis=axis, keepdims=keepdim and dim is not None)

    def backward(grad: Array) -> tuple[Array]:
        flat = working.reshape(-1) if axis is None else working
        along = axis or 0
        spread = grad if axis is None or keepdim else np.expand_dims(grad, axis)
        return (lower((_product_of_others(flat, along) * spread).reshape(x.shape), own),)

    name = "ProdBackward0" if dim is None else "ProdBackward1"
    return record(lower(value, x.dtype), name, (input,), backward, (input,), saves_result=True)


def _product_of_others(x: Array, axis: int) -> Array:
    if x.size == 0:
        return x
    """Returns the product of all other elements: of those before and those after, since one may be 0."""
    one = np.ones_like(x.take([0], axis))
    before = np.cumprod(np.concatenate([one, x], axis), axis).take(range(x.shape[axis]), axis)
    mirrored = np.cumprod(np.concatenate([one, np.flip(x, axis)], axis), axis).take(
        range(x.shape[axis]), axis
    )
    return np.asarray(before * np.flip(mirrored, axis))


@numpy_names
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """Returns log(sum(exp(x))) over `dim` without overflow (torch.logsumexp).

    Args:
        input: any shape; integers and booleans are taken in the default dtype.
        dim: a dimension or several.
        keepdim: keep them, with length 1.

    Returns:
        The input's shape without these dimensions; minus infinity over no elements.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    x = floating(input._array)
    working = lift(x)
    axes = wrap_dims(dim, x.ndim)
    peak = np.max(working, axis=axes, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, 0).astype(working.dtype)
    whole = compute(np.log, compute(np.sum, compute(np.exp, working - peak), axis=axes, keepdims=True)) + peak
    result = whole if keepdim else np.squeeze(whole, axes)

    def backward(grad: Array) -> tuple[Array]:
        return (lower(spread_over(lift(grad), x.shape, axes, keepdim) * np.exp(working - whole), x.dtype),)

    return record(
        lower(as_array(result), x.dtype),
        "LogsumexpBackward0",
        (input,),
        backward,
        (input,),
        saves_result=True,
    )


@numpy_names
def nansum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the sum over `dim` of what is not NaN, integers and booleans as int64 (torch.nansum).

    Args:
        input: any shape; 16-bit floats are added up in float32.
        dim: the dimensions to sum over; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    own = input._array.dtype
    x = converted(input._array, dtype)
    if dtype is None and own.kind in "biu":
        x = x.astype(np.int64)
    working = lift(x)
    missing = np.isnan(working)
    axes = wrap_dims(dim, x.ndim)
    total = np.sum(np.where(missing, working.dtype.type(0), working), axis=axes, keepdims=keepdim)

    def backward(grad: Array) -> tuple[Array]:
        return (spread_over(grad, x.shape, axes, keepdim).astype(own) * ~missing,)

    return record(lower(total, x.dtype), "NansumBackward0", (input,), backward, (input,))


@numpy_names
def nanmean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the mean over `dim` of what is not NaN (torch.nanmean).

    Args:
        input: any shape, floating point; 16-bit floats are added up in float32.
        dim: the dimensions to average over; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this before it is summed.

    Returns:
        The input's shape without these dimensions; NaN where all elements are.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the input is not a floating-point one, or a dimension is named twice.
    """
    own = dtypes.as_dtype(input._array.dtype)
    if not own.is_floating_point:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got " + own.type_name
        )
    axes = wrap_dims(dim, input._array.ndim)
    count = wrap(np.sum(~np.isnan(lift(input._array)), axis=axes, keepdims=keepdim))
    return nansum(input, dim, keepdim, dtype=dtype) / count


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Returns the sum over what broadcasting to the tensor's shape would repeat (torch.Tensor.sum_to_size).

    Raises:
        RuntimeError: `size` does not broadcast to the tensor's shape.
    """
    shape, wanted = input._array.shape, flatten_arguments(size)
    extra = len(shape) - len(wanted)
    if extra < 0 or not builtins.all(
        own in (1, length) for own, length in zip(wanted, shape[extra:], strict=True)
    ):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    axes = [dim for dim in range(len(shape)) if dim < extra or wanted[dim - extra] != shape[dim]]
    result = sum(input, axes, True) if axes else input
    return result.view(wanted) if extra else result


def _truth(result: Any, x: Array) -> Tensor:
    """Returns truth values: as uint8 for uint8, which once stood for bool, else as bool."""
    return wrap(result.astype(np.uint8) if x.dtype == np.uint8 else result)


@numpy_names
def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Tells whether an element is not 0, over `dim` or all (torch.any).

    Args:
        input: any shape and dtype.
        dim: a dimension or several; all if None or ().
        keepdim: keep them, with length 1.

    Returns:
        bool, or uint8 if the input is, of the input's shape without these dimensions; False over no elements.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    x = input._array
    return _truth(np.any(x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim), x)


@numpy_names
def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Tells whether no element is 0, over `dim` or all (torch.all).

    Args:
        input: any shape and dtype.
        dim: a dimension or several; all if None or ().
        keepdim: keep them, with length 1.

    Returns:
        bool, or uint8 if the input is, of the input's shape without these dimensions; True over no elements.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    x = input._array
    return _truth(np.all(x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim), x)


@numpy_names
def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """Returns how many elements are not 0, over `dim` or all (torch.count_nonzero).

    Args:
        input: any shape and dtype.
        dim: a dimension or several; all if None or ().

    Returns:
        int64, of the input's shape without these dimensions.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    x = input._array
    return wrap(np.count_nonzero(x, axis=wrap_dims(dim, x.ndim)))
