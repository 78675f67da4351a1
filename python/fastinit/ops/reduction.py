"""Sums, means and the like over some or all dimensions."""

from __future__ import annotations

import builtins
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, dtypes
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array, has_no_memory
from .dims import Dims, flatten_arguments, numpy_names, wrap_dim, wrap_dims
from .operands import Array, compute, floating, in_place, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor


def _converted(array: Array, dtype: dtypes.dtype | None) -> Array:
    return array if dtype is None else compute(array.astype, dtypes.as_dtype(dtype).numpy, copy=False)


def _spread(grad: Array, shape: tuple[int, ...], axes: tuple[int, ...], keepdim: bool) -> Array:
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
        x = _converted(x, dtype)
    elif own.kind in "biu":
        x = x.astype(np.int64)
    if dim is None and not keepdim:
        total = compute(np.add.reduce, lift(x), axis=None)
        return record(
            lower(total, x.dtype),
            "SumBackward0",
            (input,),
            lambda grad: (_spread(grad.astype(own, copy=False), shape, (), keepdim),),
        )
    axes = wrap_dims(dim, x.ndim)
    total = compute(np.add.reduce, lift(x), axis=axes, keepdims=keepdim)
    return record(
        lower(total, x.dtype),
        "SumBackward1",
        (input,),
        lambda grad: (_spread(grad.astype(own, copy=False), shape, axes, keepdim),),
    )


@numpy_names
def mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the mean over `dim` (torch.mean).

    Args:
        input: a floating-point tensor; 16-bit floats are added up in float32.
        dim: the dimensions to average over; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        RuntimeError: the input (or `dtype`) is not a floating-point one.
    """
    kind = dtypes.as_dtype(input._array.dtype if dtype is None else dtype)
    if not kind.is_floating_point:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be "
            f"either a floating point or complex dtype. Got: {kind.type_name}"
        )
    own, shape = input._array.dtype, input._array.shape
    x = _converted(input._array, dtype)
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
            _spread((grad / grad.dtype.type(count)).astype(own, copy=False), shape, axes, keepdim),
        ),
    )


def _variance(
    function: str, input: Tensor, dim: Dims, correction: float, keepdim: bool
) -> tuple[Array, tuple[int, ...], Any, Array, float]:
    x = input._array
    if not dtypes.as_dtype(x.dtype).is_floating_point:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    axes = wrap_dims(dim, x.ndim)
    working = lift(x)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    # Too few elements for the correction: 0 / 0, which is NaN, as PyTorch has it.
    divisor = max(count - correction, 0)
    if not divisor or 0 in (length for axis, length in enumerate(x.shape) if axis not in axes):
        warnings.warn(
            f"{function}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=5,
        )
    total = compute(np.add.reduce, working, axis=axes, keepdims=True)
    centred = compute(np.subtract, working, compute(np.true_divide, total, working.dtype.type(count)))
    value = compute(
        np.true_divide,
        np.sum(centred * centred, axis=axes, keepdims=keepdim),
        working.dtype.type(divisor),
    )
    return centred, axes, value, x, divisor


@numpy_names
def var(
    input: Tensor,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Returns the variance over `dim` (torch.var).

    Args:
        input: a floating-point tensor.
        dim: the dimensions; all by default.
        unbiased: False is correction 0.
        keepdim: keep them, with length 1.
        correction: what is subtracted from the number of elements; 1 by default.

    Raises:
        RuntimeError: the dtype is not a floating-point one.
    """
    return _var("var", input, *_correction(dim, unbiased, correction), keepdim)


def _var(function: str, input: Tensor, dim: Dims, correction: float, keepdim: bool) -> Tensor:
    centred, axes, value, x, divisor = _variance(function, input, dim, correction, keepdim)

    def backward(grad: Array) -> tuple[Array]:
        spread = _spread(lift(grad), x.shape, axes, keepdim)
        return (lower(spread * centred * (centred.dtype.type(2) / centred.dtype.type(divisor)), x.dtype),)

    return record(lower(value, x.dtype), "VarBackward0", (input,), backward, (input,))


@numpy_names
def std(
    input: Tensor,
    dim: Dims | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Returns the standard deviation over `dim`; arguments as those of `var` (torch.std)."""
    return _std("std", input, *_correction(dim, unbiased, correction), keepdim)


def _std(function: str, input: Tensor, dim: Dims, correction: float, keepdim: bool) -> Tensor:
    centred, axes, value, x, divisor = _variance(function, input, dim, correction, keepdim)
    result = as_array(compute(np.sqrt, value))

    def backward(grad: Array) -> tuple[Array]:
        scaled = lift(grad) / (result * result.dtype.type(divisor))
        # Where all elements are equal, no direction is steepest.
        scaled = np.where(result == 0, 0, scaled).astype(result.dtype)
        return (lower(_spread(scaled, x.shape, axes, keepdim) * centred, x.dtype),)

    return record(lower(result, x.dtype), "StdBackward0", (input,), backward, (input,), saves_result=True)


def _correction(dim: Dims | bool, unbiased: bool | None, correction: float | None) -> tuple[Dims, float]:
    if isinstance(dim, bool):  # var(unbiased), PyTorch's oldest form
        dim, unbiased = None, dim
    return dim, float(unbiased is not False) if correction is None else correction


@numpy_names
def var_mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, correction: float = 1
) -> tuple[Tensor, Tensor]:
    """Returns the variance and the mean over `dim` (torch.var_mean)."""
    return _var("var_mean", input, dim, correction, keepdim), mean(input, dim, keepdim)


@numpy_names
def std_mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, correction: float = 1
) -> tuple[Tensor, Tensor]:
    """Returns the standard deviation and the mean over `dim` (torch.std_mean)."""
    return _std("std_mean", input, dim, correction, keepdim), mean(input, dim, keepdim)


@numpy_names
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the product over one dimension or all, integers and booleans as int64 (torch.prod)."""
    own = input._array.dtype
    x = _converted(input._array, dtype)
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
def cumsum(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """Returns the running sum along `dim`, integers and booleans as int64 (torch.cumsum)."""
    own = input._array.dtype
    x = _converted(input._array, dtype)
    if dtype is None and own.kind in "biu":
        x = x.astype(np.int64)
    axis = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return record(x.copy(), "CumsumBackward0", (input,), lambda grad: (grad.astype(own, copy=False),))

    def backward(grad: Array) -> tuple[Array]:
        return (lower(np.flip(np.cumsum(np.flip(lift(grad), axis), axis), axis), own),)

    return record(lower(compute(np.cumsum, lift(x), axis), x.dtype), "CumsumBackward0", (input,), backward)


@numpy_names
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """Returns log(sum(exp(x))) over `dim` without overflow (torch.logsumexp)."""
    x = floating(input._array)
    working = lift(x)
    axes = wrap_dims(dim, x.ndim)
    peak = np.max(working, axis=axes, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, 0).astype(working.dtype)
    whole = compute(np.log, compute(np.sum, compute(np.exp, working - peak), axis=axes, keepdims=True)) + peak
    result = whole if keepdim else np.squeeze(whole, axes)

    def backward(grad: Array) -> tuple[Array]:
        return (lower(_spread(lift(grad), x.shape, axes, keepdim) * np.exp(working - whole), x.dtype),)

    return record(
        lower(as_array(result), x.dtype),
        "LogsumexpBackward0",
        (input,),
        backward,
        (input,),
        saves_result=True,
    )


def _check_extreme(order: float, x: Array, axes: tuple[int, ...] | None) -> None:
    """Refuses the largest or smallest of no elements, which there is not."""
    text = f"linalg.vector_norm cannot compute the {order} norm on "
    if axes is None and x.size == 0:
        raise RuntimeError(text + "an empty tensor because the operation does not have an identity")
    for axis in axes or ():
        if x.ndim and x.shape[axis] == 0:
            raise RuntimeError(
                text
                + f"the dimension {axis}because this dimension is empty and the operation does not have an "
                "identity"
            )


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """Returns the vector norm of order `p` over `dim` (torch.norm).

    Args:
        input: a floating-point tensor.
        p: the order: any number, `inf`, `-inf`; "fro" is 2.
        dim: the dimensions; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        RuntimeError: the dtype is not a floating-point one.
    """
    order = 2.0 if p in {None, "fro"} else float(p or 0)
    own = input._array.dtype
    x = _converted(input._array, dtype)
    if not dtypes.as_dtype(x.dtype).is_floating_point:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + dtypes.as_dtype(x.dtype).type_name
        )
    working = lift(x)
    axes = wrap_dims(dim, x.ndim)
    size = working if order == 2.0 else compute(np.abs, working)
    if order == 2.0:
        value = compute(_euclidean, working, axes)
    elif order == 0:
        value = np.add.reduce((size != 0).astype(working.dtype), axis=axes, keepdims=True)
    elif order == 1:
        value = compute(np.add.reduce, size, axis=axes, keepdims=True)
    elif np.isinf(order):
        _check_extreme(order, x, None if dim is None else axes)
        value = (np.max if order > 0 else np.min)(size, axis=axes, keepdims=True)
    else:
        value = compute(lambda: np.add.reduce(size**order, axis=axes, keepdims=True) ** (1 / order))
    value = as_array(value).astype(working.dtype, copy=False)

    def backward(grad: Array) -> tuple[Array]:
        spread = _spread(lift(grad), x.shape, axes, keepdim)
        if order == 0:
            slope = np.zeros_like(working)
        elif order == 1:
            slope = np.sign(working)
        elif np.isinf(order):
            reached = size == value
            slope = np.sign(working) * reached / reached.sum(axis=axes, keepdims=True)
        elif order == 2.0:
            slope = np.where(value == 0, 0, working / value)
        else:
            slope = np.where(value == 0, 0, np.sign(working) * size ** (order - 1) / value ** (order - 1))
        return (lower((spread * slope).astype(working.dtype, copy=False), own),)

    result = value if keepdim else np.squeeze(value, axes)
    return record(
        lower(as_array(result), x.dtype),
        "LinalgVectorNormBackward0",
        (input,),
        backward,
        (input,),
        saves_result=True,
    )


def _euclidean(array: Array, axes: tuple[int, ...]) -> Array:
    """The square root of the sum of squares over some dimensions, which are kept."""
    if len(axes) == array.ndim and not has_no_memory(array):
        # The product of a vector with itself needs no memory for the squares.
        flat = array.ravel(order="K")
        return np.full((1,) * array.ndim, np.sqrt(np.vdot(flat, flat)), array.dtype)
    return as_array(np.sqrt(np.add.reduce(array * array, axis=axes, keepdims=True)))


@numpy_names
def nansum(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the sum over `dim` of what is not NaN; arguments as those of `sum` (torch.nansum)."""
    own = input._array.dtype
    x = _converted(input._array, dtype)
    if dtype is None and own.kind in "biu":
        x = x.astype(np.int64)
    working = lift(x)
    missing = np.isnan(working)
    axes = wrap_dims(dim, x.ndim)
    total = np.sum(np.where(missing, working.dtype.type(0), working), axis=axes, keepdims=keepdim)

    def backward(grad: Array) -> tuple[Array]:
        return (_spread(grad, x.shape, axes, keepdim).astype(own) * ~missing,)

    return record(lower(total, x.dtype), "NansumBackward0", (input,), backward, (input,))


@numpy_names
def nanmean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns the mean over `dim` of what is not NaN; arguments as those of `mean` (torch.nanmean).

    Raises:
        RuntimeError: the dtype is not a floating-point one.
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
    """Tells whether an element is not 0, over `dim` or all (torch.any)."""
    x = input._array
    return _truth(np.any(x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim), x)


@numpy_names
def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Tells whether no element is 0, over `dim` or all (torch.all)."""
    x = input._array
    return _truth(np.all(x, axis=wrap_dims(dim, x.ndim), keepdims=keepdim), x)


@numpy_names
def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """Counts the elements that are not 0, over `dim` or all (torch.count_nonzero)."""
    x = input._array
    return wrap(np.count_nonzero(x, axis=wrap_dims(dim, x.ndim)))


cumsum_ = in_place(cumsum)
