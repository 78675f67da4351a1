"""Extremes, their places, and sorted order."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .arithmetic import lerp, mul, sub
from .dims import Dims, numpy_names, wrap_dim, wrap_dims
from .indexing import gather
from .operands import Array, compute, lift
from .selection import maximum, minimum

if TYPE_CHECKING:
    from ..tensor import Tensor


class Ordered(NamedTuple):
    """Values, and the places along the dimension that they came from."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"fastinit.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"


@functools.cache
def returned_by(name: str) -> type[Ordered]:
    """Returns the class of what the operation of this node returns: it shows the operation's name."""
    return type(name.partition("Backward")[0].lower(), (Ordered,), {"__slots__": ()})


def _picked(input: Tensor, name: str, index: Array, dim: int, keepdim: bool) -> Ordered:
    """Returns the elements at one index per row."""
    x = input._array
    full = np.expand_dims(index, dim) if x.ndim else index
    values = np.take_along_axis(x, full, dim) if x.ndim else x.copy()
    indices = wrap(full if keepdim else index)
    shape = x.shape

    def backward(grad: Array) -> tuple[Array]:
        spread = np.zeros(shape, grad.dtype)
        if not shape:
            return (grad,)
        np.put_along_axis(spread, full, grad if keepdim else np.expand_dims(grad, dim), dim)
        return (spread,)

    shown = values if keepdim or not x.ndim else values.squeeze(dim)
    return returned_by(name)(record(shown, name, (input,), backward, (indices,)), indices)


def _extreme(
    input: Tensor, arg: Any, word: str, name: str, dim: int | None, keepdim: bool
) -> Tensor | Ordered:
    x = input._array
    if dim is None:
        if x.size == 0:
            raise RuntimeError(
                f"{word}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                "reduction dim with the 'dim' argument."
            )
        return _whole(input, np.max if word == "max" else np.min, f"{name}Backward1")
    dim = wrap_dim(dim, x.ndim)
    _check_not_empty(f"{word}()", x, dim)
    index = as_array(arg(lift(x), axis=dim)) if x.ndim else np.zeros((), np.int64)
    return _picked(input, f"{name}Backward0", index, dim, keepdim)


def _check_not_empty(function: str, x: Array, axis: int) -> None:
    if x.ndim and x.shape[axis] == 0:
        raise IndexError(f"{function}: Expected reduction dim {axis} to have non-zero size.")


def _whole(input: Tensor, function: Any, name: str) -> Tensor:
    """Returns the extreme of all elements; those that reach it share the gradient."""
    x = input._array
    value = function(x)

    def backward(grad: Array) -> tuple[Array]:
        reached = np.isnan(x) if np.isnan(value) else x == value
        return ((grad / grad.dtype.type(np.count_nonzero(reached))).astype(x.dtype) * reached,)

    return record(value, name, (input,), backward, (input,), saves_result=True)


@numpy_names
def max(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Returns the largest element; with `dim`, those along it and their indices; with a tensor, `maximum`.

    Args:
        input: any shape.
        dim: None for all elements; a dimension; or another tensor.
        keepdim: keep the dimension, with length 1.

    Raises:
        RuntimeError: there is no element.
        IndexError: the dimension is out of range, or empty.
    """
    if isinstance(dim, Variable):
        return maximum(input, dim)
    return _extreme(input, np.argmax, "max", "Max", dim, keepdim)


@numpy_names
def min(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Returns the smallest element, or those along `dim` and their indices; arguments as those of `max`."""
    if isinstance(dim, Variable):
        return minimum(input, dim)
    return _extreme(input, np.argmin, "min", "Min", dim, keepdim)


def _amax(input: Tensor, function: Any, name: str, dim: Dims, keepdim: bool) -> Tensor:
    x = input._array
    axes = wrap_dims(dim, x.ndim)
    word = name[: name.index("Backward")].lower()
    if dim is None and x.size == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
            if word == "aminmax"
            else f"{word}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
            "reduction dim with the 'dim' argument."
        )
    for axis in axes:
        _check_not_empty(word if word == "aminmax" else f"{word}()", x, axis)
    kept = function(x, axis=axes, keepdims=True)

    def backward(grad: Array) -> tuple[Array]:
        reached = x == kept
        spread = grad if keepdim or not x.ndim else np.expand_dims(grad, axes)
        return ((spread / reached.sum(axis=axes, keepdims=True)).astype(x.dtype) * reached,)

    return record(
        kept if keepdim else np.squeeze(kept, axes), name, (input,), backward, (input,), saves_result=True
    )


@numpy_names
def amax(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Returns the largest elements over `dim`, equal ones sharing the gradient (torch.amax)."""
    return _amax(input, np.max, "AmaxBackward0", dim, keepdim)


@numpy_names
def amin(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Returns the smallest elements over `dim`, equal ones sharing the gradient (torch.amin)."""
    return _amax(input, np.min, "AminBackward0", dim, keepdim)


class Extremes(NamedTuple):
    """The smallest and the largest."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return f"fastinit.return_types.aminmax(\nmin={self.min!r},\nmax={self.max!r})"


Extremes.__name__ = "aminmax"


@numpy_names
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Extremes:
    """Returns the smallest and the largest elements, of all or along `dim` (torch.aminmax)."""
    dims = None if dim is None else (dim,)
    return Extremes(
        _amax(input, np.min, "AminmaxBackward0", dims, keepdim),
        _amax(input, np.max, "AminmaxBackward0", dims, keepdim),
    )


def _place(input: Tensor, function: Any, name: str, dim: int | None, keepdim: bool) -> Tensor:
    x = lift(input._array)
    if x.dtype == np.bool_:
        raise RuntimeError(f"{name}(): does not support bool input")
    if x.size == 0 and dim is None:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    if dim is None:
        index = as_array(function(x))
        return wrap(index.reshape((1,) * x.ndim) if keepdim else index)
    axis = wrap_dim(dim, x.ndim)
    if x.ndim == 0:
        return wrap(np.zeros((), np.int64))
    _check_not_empty(f"{name}()", x, axis)
    return wrap(function(x, axis=axis, keepdims=keepdim))


@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Returns the index of the (first) largest element, along `dim` or among all (torch.argmax)."""
    return _place(input, np.argmax, "argmax", dim, keepdim)


@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Returns the index of the (first) smallest element, along `dim` or among all (torch.argmin)."""
    return _place(input, np.argmin, "argmin", dim, keepdim)


def _order(x: Array, dim: int, descending: bool) -> Array:
    """Returns the stable sorting order, NaNs as the largest."""
    x = lift(x)
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    # Reversed before and after, so that equal elements keep their order.
    backwards = np.argsort(np.flip(x, dim), axis=dim, kind="stable")
    return as_array(x.shape[dim] - 1 - np.flip(backwards, dim))


def _reordered(input: Tensor, name: str, index: Array, dim: int) -> Ordered:
    shape = input._array.shape
    indices = wrap(index)

    def backward(grad: Array) -> tuple[Array]:
        spread = np.zeros(shape, grad.dtype)
        np.put_along_axis(spread, index, grad, dim)
        return (spread,)

    values = record(np.take_along_axis(input._array, index, dim), name, (input,), backward, (indices,))
    return returned_by(name)(values, indices)


@numpy_names
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Ordered:
    """Returns the elements in order along `dim`, and where they came from (torch.sort); always stable."""
    axis = wrap_dim(dim, input._array.ndim)
    if input._array.ndim == 0:
        return returned_by("SortBackward0")(input.clone(), wrap(np.zeros((), np.int64)))
    return _reordered(input, "SortBackward0", _order(input._array, axis, descending), axis)


@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """Returns the indices that sort along `dim` (torch.argsort)."""
    return sort(input.detach(), dim, descending).indices


@numpy_names
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Ordered:
    """Returns the `k` largest (or smallest) elements along `dim`, in order, and their indices (torch.topk).

    Raises:
        RuntimeError: there are fewer than `k`.
    """
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    if not 0 <= k <= (x.shape[axis] if x.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if x.ndim == 0:
        return returned_by("TopkBackward0")(input.clone(), wrap(np.zeros((), np.int64)))
    order = _order(x, axis, largest).take(range(k), axis)
    return _reordered(input, "TopkBackward0", order, axis)


def msort(input: Tensor) -> Tensor:
    """Returns the elements in order along the first dimension (torch.msort)."""
    return sort(input, 0).values


@numpy_names
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Ordered:
    """Returns the `k`-th smallest elements along `dim`, counted from 1, and their indices (torch.kthvalue).

    Raises:
        RuntimeError: there are fewer than `k`.
    """
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    _check_not_empty("kthvalue()", x, axis)
    if not 1 <= k <= (x.shape[axis] if x.ndim else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    index = _order(x, axis, descending=False).take(k - 1, axis) if x.ndim else np.zeros((), np.int64)
    return _picked(input, "KthvalueBackward0", as_array(index), axis, keepdim)


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
        input: float32 or float64.
        q: a number, or a vector of them, in [0, 1]; a vector gives the result a first dimension.
        dim: the dimension; all elements by default.
        keepdim: keep it, with length 1.
        interpolation: between two elements: "linear", "lower", "higher", "midpoint" or "nearest".

    Raises:
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
    """As `quantile`, of the elements that are not NaN; NaN where there are none (torch.nanquantile)."""
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
    """Returns the lower median of all elements, or along `dim` with its index (torch.median)."""
    x = input._array
    if dim is not None:
        axis = wrap_dim(dim, x.ndim)
        if x.ndim == 0:
            return returned_by("MedianBackward1")(input.clone(), wrap(np.zeros((), np.int64)))
        _check_not_empty("median()", x, axis)
        return _picked(input, "MedianBackward1", as_array(_middle(x, axis)), axis, keepdim)
    if x.size == 0:
        return wrap(compute(np.asarray(np.nan).astype, x.dtype))
    flat = x.reshape(-1)
    return _shared(input, as_array(flat[_middle(flat, 0)]), "MedianBackward0")


def _middle(x: Array, axis: int) -> Any:
    """Returns the place of the lower median; of the first NaN, where there is one."""
    place = _order(x, axis, descending=False).take((x.shape[axis] - 1) // 2, axis)
    missing = np.isnan(lift(x))
    return np.where(missing.any(axis=axis), missing.argmax(axis=axis), place)


@numpy_names
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """As `median`, of the elements that are not NaN; NaN where there are none (torch.nanmedian)."""
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
    order = _order(input._array, axis, descending=False)
    middle = np.take_along_axis(order, np.maximum(known - 1, 0) // 2, axis).squeeze(axis)
    return _picked(input, name, as_array(middle), axis, keepdim)


@numpy_names
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Ordered:
    """Returns the most frequent values along `dim`, and their last places (torch.mode).

    Of several values that are as frequent, the least is returned.

    Raises:
        IndexError: the dimension is out of range, or empty.
    """
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return _picked(input, "ModeBackward0", np.zeros((), np.int64), axis, keepdim)
    if not x.shape[axis]:
        raise IndexError(f"mode(): Expected reduction dim {axis} to have non-zero size.")
    rows = np.moveaxis(lift(x), axis, -1)
    places = np.empty(rows.shape[:-1], np.int64)
    for index in np.ndindex(places.shape):
        values, counts = np.unique(rows[index], return_counts=True)
        places[index] = np.nonzero(rows[index] == values[np.argmax(counts)])[0][-1]
    return _picked(input, "ModeBackward0", places, axis, keepdim)
