"""Variances and standard deviations over some or all dimensions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..autograd.record import record
from ..meta import as_array
from .dims import Dims, numpy_names, wrap_dims
from .operands import Array, compute, lift, lower
from .reduction import mean, spread_over

if TYPE_CHECKING:
    from ..tensor import Tensor


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
        input: any shape, floating point; 16-bit floats are computed in float32.
        dim: the dimensions; all by default. A bool stands for `unbiased`.
        unbiased: False is correction 0.
        keepdim: keep them, with length 1.
        correction: what is subtracted from the number of elements; 1 by default.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dtype is not a floating-point one, or a dimension is named twice.

    Warns:
        UserWarning: there are not more elements than `correction`; the result is NaN or infinite.
    """
    return _var("var", input, *_correction(dim, unbiased, correction), keepdim)


def _var(function: str, input: Tensor, dim: Dims, correction: float, keepdim: bool) -> Tensor:
    centred, axes, value, x, divisor = _variance(function, input, dim, correction, keepdim)

    def backward(grad: Array) -> tuple[Array]:
        spread = spread_over(lift(grad), x.shape, axes, keepdim)
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
    """Returns the standard deviation over `dim` (torch.std).

    Args:
        input: any shape, floating point; 16-bit floats are computed in float32.
        dim: the dimensions; all by default. A bool stands for `unbiased`.
        unbiased: False is correction 0.
        keepdim: keep them, with length 1.
        correction: what is subtracted from the number of elements; 1 by default.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dtype is not a floating-point one, or a dimension is named twice.

    Warns:
        UserWarning: there are not more elements than `correction`; the result is NaN or infinite.
    """
    return _std("std", input, *_correction(dim, unbiased, correction), keepdim)


def _std(function: str, input: Tensor, dim: Dims, correction: float, keepdim: bool) -> Tensor:
    centred, axes, value, x, divisor = _variance(function, input, dim, correction, keepdim)
    result = as_array(compute(np.sqrt, value))

    def backward(grad: Array) -> tuple[Array]:
        scaled = lift(grad) / (result * result.dtype.type(divisor))
        # Where all elements are equal, no direction is steepest.
        scaled = np.where(result == 0, 0, scaled).astype(result.dtype)
        return (lower(spread_over(scaled, x.shape, axes, keepdim) * centred, x.dtype),)

    return record(lower(result, x.dtype), "StdBackward0", (input,), backward, (input,), saves_result=True)


def _correction(dim: Dims | bool, unbiased: bool | None, correction: float | None) -> tuple[Dims, float]:
    if isinstance(dim, bool):  # var(unbiased), PyTorch's oldest form
        dim, unbiased = None, dim
    return dim, float(unbiased is not False) if correction is None else correction


@numpy_names
def var_mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, correction: float = 1
) -> tuple[Tensor, Tensor]:
    """Returns the variance and the mean over `dim` (torch.var_mean).

    Args:
        input: any shape, floating point; 16-bit floats are computed in float32.
        dim: the dimensions; all by default.
        keepdim: keep them, with length 1.
        correction: what is subtracted from the number of elements; 1 by default.

    Returns:
        A tuple of both, of the input's shape without these dimensions.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dtype is not a floating-point one, or a dimension is named twice.

    Warns:
        UserWarning: there are not more elements than `correction`; the result is NaN or infinite.
    """
    return _var("var_mean", input, dim, correction, keepdim), mean(input, dim, keepdim)


@numpy_names
def std_mean(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, correction: float = 1
) -> tuple[Tensor, Tensor]:
    """Returns the standard deviation and the mean over `dim` (torch.std_mean).

    Args:
        input: any shape, floating point; 16-bit floats are computed in float32.
        dim: the dimensions; all by default.
        keepdim: keep them, with length 1.
        correction: what is subtracted from the number of elements; 1 by default.

    Returns:
        A tuple of both, of the input's shape without these dimensions.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dtype is not a floating-point one, or a dimension is named twice.

    Warns:
        UserWarning: there are not more elements than `correction`; the result is NaN or infinite.
    """
    return _std("std_mean", input, dim, correction, keepdim), mean(input, dim, keepdim)
