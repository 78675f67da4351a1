"""Quantiles and medians."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .arithmetic import mul, sub
from .dims import numpy_names, wrap_dim
from .gathering import gather
from .operands import Array, compute, lift
from .ordering import Ordered, check_not_empty, picked, returned_by, sort, sorting_order
from .ternary import lerp

if TYPE_CHECKING:
    from ..tensor import Tensor


@numpy_names
def quantile(
    input: Tensor,
    q: float | Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """Returns the values below which the parts `q` of the elements lie (torch.quantile).

    Args:
        input: any shape; float32 or float64.
        q: a number, or a vector of them, in [0, 1]; a vector gives the result a first dimension.
        dim: the dimension; all elements by default.
        keepdim: keep it, with length 1.
        interpolation: between two elements: "linear", "lower", "higher", "midpoint" or "nearest".

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: a part is outside [0, 1], the input is empty or of another dtype, or the word is
            another.
    """
    return _quantile(input, q, dim, keepdim, interpolation, skips_nan=False)


def nanquantile(
    input: Tensor,
    q: float | Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """Returns what `quantile` does, of the elements that are not NaN (torch.nanquantile).

    Args:
        input: any shape; float32 or float64.
        q: a number, or a vector of them, in [0, 1]; a vector gives the result a first dimension.
        dim: the dimension; all elements by default.
        keepdim: keep it, with length 1.
        interpolation: between two elements: "linear", "lower", "higher", "midpoint" or "nearest".

    Returns:
        The quantiles, in the input's dtype; NaN where all elements are.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: a part is outside [0, 1], the input is empty or of another dtype, or the word is
            another.
    """
    return _quantile(input, q, dim, keepdim, interpolation, skips_nan=True)


def _quantile(
    input: Tensor,
    q: float | Tensor,
    dim: int | None,
    keepdim: bool,
    interpolation: str,
    *,
    skips_nan: bool,
) -> Tensor:
    x = input._array
    if x.size == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if x.dtype not in (np.float32, np.float64):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if interpolation not in {"linear", "lower", "higher", "midpoint", "nearest"}:
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got "
            + interpolation
        )
    parts = q._array if isinstance(q, Variable) else np.asarray(q, x.dtype)
    if parts.ndim > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    if parts.size and not (parts.min() >= 0 and parts.max() <= 1):
        if isinstance(q, Variable):
            raise RuntimeError("quantile() q values must be in the range [0, 1]")
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    axis = wrap_dim(dim or 0, x.ndim)
    rows = input.reshape(-1) if dim is None or not x.ndim else input.movedim(axis, -1)
    values = sort(rows, -1).values
    missing = np.isnan(values._array)
    last = np.asarray(values.shape[-1] - 1)
    if skips_nan:
        last = np.maximum(last - np.count_nonzero(missing, axis=-1), 0)[..., None]
    rank = parts.astype(x.dtype).reshape(-1) * last.astype(x.dtype)
    below, above = np.floor(rank), np.ceil(rank)
    weight = {
        "linear": rank - below,
        "lower": np.zeros_like(rank),
        "higher": above - below,
        "midpoint": np.where(rank == below, 0, 0.5),
        "nearest": np.round(rank) - below,
    }[interpolation].astype(x.dtype)
    factor = wrap(weight)
    if isinstance(q, Variable) and interpolation == "linear":
        factor = sub(mul(q.reshape(-1), wrap(last.astype(x.dtype))), wrap(below))
    places = (np.broadcast_to(place, (*values.shape[:-1], place.shape[-1])) for place in (below, above))
    first, second = (gather(values, -1, wrap(place.astype(np.int64))) for place in places)
    result = lerp(first, second, factor)
    if not skips_nan and missing.any():
        result = result.masked_fill(wrap(np.broadcast_to(missing[..., -1:], result.shape)), np.nan)
    if keepdim:
        result = result.unsqueeze(axis if dim is not None else 0)
        if dim is None:
            result = result.reshape((1,) * x.ndim + (-1,))
    return result.movedim(-1, 0) if parts.ndim else result.squeeze(-1)


@numpy_names
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Returns the lower median of all elements, or along `dim` with its index (torch.median).

    Args:
        input: any shape and dtype.
        dim: the dimension; None for all elements.
        keepdim: keep the dimension, with length 1.

    Returns:
        Without `dim`, one element, NaN if one is or there is none, whose gradient equal ones share; with it,
        a named tuple of values and int64 indices, of the input's shape without the dimension.

    Raises:
        IndexError: the dimension is out of range, or empty.
    """
    x = input._array
    if dim is not None:
        axis = wrap_dim(dim, x.ndim)
        if x.ndim == 0:
            return returned_by("MedianBackward1")(input.clone(), wrap(np.zeros((), np.int64)))
        check_not_empty("median()", x, axis)
        return picked(input, "MedianBackward1", as_array(_middle(x, axis)), axis, keepdim)
    if x.size == 0:
        return wrap(compute(np.asarray(np.nan).astype, x.dtype))
    flat = x.reshape(-1)
    return _shared(input, as_array(flat[_middle(flat, 0)]), "MedianBackward0")


def _middle(x: Array, axis: int) -> Any:
    """Returns the place of the lower median; of the first NaN, where there is one."""
    place = sorting_order(x, axis, descending=False).take((x.shape[axis] - 1) // 2, axis)
    missing = np.isnan(lift(x))
    return np.where(missing.any(axis=axis), missing.argmax(axis=axis), place)


@numpy_names
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Returns what `median` does, of the elements that are not NaN (torch.nanmedian).

    Args:
        input: any shape and dtype.
        dim: the dimension; None for all elements.
        keepdim: keep the dimension, with length 1.

    Returns:
        Without `dim`, one element; with it, a named tuple of values and int64 indices, of the input's shape
        without the dimension. NaN where all elements are.

    Raises:
        IndexError: the dimension is out of range, or empty.
    """
    x = input._array
    if dim is None or not x.ndim:
        if not x.size:
            return wrap(np.asarray(np.nan, x.dtype))
        return _shared(
            input, _middle_known(input.detach().reshape(-1), 0, "", False).values._array, "NanmedianBackward0"
        )
    return _middle_known(input, wrap_dim(dim, x.ndim), "NanmedianBackward1", keepdim)


def _shared(input: Tensor, value: Array, name: str) -> Tensor:
    """Returns a value of the tensor; all elements that have it share the gradient."""
    x = input._array
    reached = np.isnan(x) if np.isnan(value) else x == value

    def backward(grad: Array) -> tuple[Array]:
        share = lift(grad) / np.count_nonzero(reached)
        return (np.where(reached, share, 0).astype(grad.dtype),)

    return record(value, name, (input,), backward, (input,))


def _middle_known(input: Tensor, axis: int, name: str, keepdim: bool) -> Ordered:
    x = lift(input._array)
    known = x.shape[axis] - np.count_nonzero(np.isnan(x), axis=axis, keepdims=True)
    order = sorting_order(input._array, axis, descending=False)
    middle = np.take_along_axis(order, np.maximum(known - 1, 0) // 2, axis).squeeze(axis)
    return picked(input, name, as_array(middle), axis, keepdim)
