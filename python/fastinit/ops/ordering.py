"""Elements in order, and those that an order picks out."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .dims import numpy_names, wrap_dim
from .operands import Array, lift

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


def picked(input: Tensor, name: str, index: Array, dim: int, keepdim: bool) -> Ordered:
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


def check_not_empty(function: str, x: Array, axis: int) -> None:
    """Refuses a dimension along which there is nothing to pick.

    Raises:
        IndexError: it has no entry.
    """
    if x.ndim and x.shape[axis] == 0:
        raise IndexError(f"{function}: Expected reduction dim {axis} to have non-zero size.")


def sorting_order(x: Array, dim: int, descending: bool) -> Array:
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
    """Returns the elements in order along `dim`, and where they came from (torch.sort).

    Args:
        input: any shape and dtype; NaN counts as the largest.
        dim: the dimension.
        descending: the largest first.
        stable: changes nothing here: equal elements always keep their order.

    Returns:
        A named tuple of values and int64 indices, each of the input's shape.

    Raises:
        IndexError: the dimension is out of range.
    """
    axis = wrap_dim(dim, input._array.ndim)
    if input._array.ndim == 0:
        return returned_by("SortBackward0")(input.clone(), wrap(np.zeros((), np.int64)))
    return _reordered(input, "SortBackward0", sorting_order(input._array, axis, descending), axis)


@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """Returns the indices that sort along `dim` (torch.argsort).

    Args:
        input: any shape and dtype; NaN counts as the largest.
        dim: the dimension.
        descending: the largest first.
        stable: changes nothing here: equal elements always keep their order.

    Returns:
        int64, the input's shape.

    Raises:
        IndexError: the dimension is out of range.
    """
    return sort(input.detach(), dim, descending).indices


@numpy_names
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Ordered:
    """Returns the `k` largest (or smallest) elements along `dim`, in order, and their indices (torch.topk).

    Args:
        input: any shape and dtype; NaN counts as the largest.
        k: how many.
        dim: the dimension.
        largest: if false, the smallest.
        sorted: changes nothing here: they always are in order.

    Returns:
        A named tuple of values and int64 indices, of the input's shape but for `dim`, which has length `k`.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: there are fewer than `k`, or `k` is negative.
    """
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    if not 0 <= k <= (x.shape[axis] if x.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if x.ndim == 0:
        return returned_by("TopkBackward0")(input.clone(), wrap(np.zeros((), np.int64)))
    order = sorting_order(x, axis, largest).take(range(k), axis)
    return _reordered(input, "TopkBackward0", order, axis)


def msort(input: Tensor) -> Tensor:
    """Returns the elements in order along the first dimension (torch.msort).

    Args:
        input: any shape and dtype; NaN counts as the largest.

    Raises:
        AttributeError: `input` is no tensor.
    """
    return sort(input, 0).values


@numpy_names
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Ordered:
    """Returns the `k`-th smallest elements along `dim`, counted from 1, and their indices (torch.kthvalue).

    Args:
        input: any shape and dtype; NaN counts as the largest.
        k: which.
        dim: the dimension.
        keepdim: keep it, with length 1.

    Returns:
        A named tuple of values and int64 indices, of the input's shape without the dimension.

    Raises:
        IndexError: the dimension is out of range, or empty.
        RuntimeError: there are fewer than `k`, or `k` is not above 0.
    """
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    check_not_empty("kthvalue()", x, axis)
    if not 1 <= k <= (x.shape[axis] if x.ndim else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    index = sorting_order(x, axis, descending=False).take(k - 1, axis) if x.ndim else np.zeros((), np.int64)
    return picked(input, "KthvalueBackward0", as_array(index), axis, keepdim)


@numpy_names
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Ordered:
    """Returns the most frequent values along `dim`, and their last places (torch.mode).

    Args:
        input: any shape and dtype.
        dim: the dimension.
        keepdim: keep it, with length 1.

    Returns:
        A named tuple of values and int64 indices, of the input's shape without the dimension. Of several
        values that are as frequent, the least is returned.

    Raises:
        IndexError: the dimension is out of range, or empty.
    """
    x = input._array
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return picked(input, "ModeBackward0", np.zeros((), np.int64), axis, keepdim)
    if not x.shape[axis]:
        raise IndexError(f"mode(): Expected reduction dim {axis} to have non-zero size.")
    rows = np.moveaxis(lift(x), axis, -1)
    places = np.empty(rows.shape[:-1], np.int64)
    for index in np.ndindex(places.shape):
        values, counts = np.unique(rows[index], return_counts=True)
        places[index] = np.nonzero(rows[index] == values[np.argmax(counts)])[0][-1]
    return picked(input, "ModeBackward0", places, axis, keepdim)
