"""The largest and the least elements, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..docstrings import documented
from ..meta import as_array
from .dims import Dims, numpy_names, wrap_dim, wrap_dims
from .operands import Array, lift
from .ordering import Ordered, check_not_empty, picked
from .selection import maximum, minimum

if TYPE_CHECKING:
    from ..tensor import Tensor

_of_all_or_one = documented(
    """
    Args:
        input: any shape and dtype.
        dim: None for all elements; a dimension; or a second tensor, for what `maximum` or `minimum` gives.
        keepdim: keep the dimension, with length 1.

    Returns:
        Without `dim`, one element, whose gradient equal ones share; with it, a named tuple of values and
        int64 indices, the first of equal elements. NaN wins.

    Raises:
        IndexError: the dimension is out of range, or empty.
        RuntimeError: there is no element, or the shapes of two tensors do not broadcast.
    """
)
_over_dims = documented(
    """
    Args:
        input: any shape and dtype.
        dim: a dimension or several; all if None or ().
        keepdim: keep them, with length 1.

    Returns:
        The input's shape without these dimensions, in its dtype; equal elements share the gradient. NaN wins.

    Raises:
        IndexError: a dimension is out of range, or empty.
        RuntimeError: there is no element, or a dimension is named twice.
    """
)
_places = documented(
    """
    Args:
        input: any shape, any dtype but bool.
        dim: the dimension; None for the index among all elements, in the order of rows.
        keepdim: keep the dimension, or all, with length 1.

    Returns:
        int64, the input's shape without the dimension; the first of equal elements. NaN wins.

    Raises:
        IndexError: the dimension is out of range or empty, or there is no element.
        RuntimeError: `input` is boolean.
    """
)


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
    check_not_empty(f"{word}()", x, dim)
    index = as_array(arg(lift(x), axis=dim)) if x.ndim else np.zeros((), np.int64)
    return picked(input, f"{name}Backward0", index, dim, keepdim)


def _whole(input: Tensor, function: Any, name: str) -> Tensor:
    """Returns the extreme of all elements; those that reach it share the gradient."""
    x = input._array
    value = function(x)

    def backward(grad: Array) -> tuple[Array]:
        reached = np.isnan(x) if np.isnan(value) else x == value
        return ((grad / grad.dtype.type(np.count_nonzero(reached))).astype(x.dtype) * reached,)

    return record(value, name, (input,), backward, (input,), saves_result=True)


@_of_all_or_one
@numpy_names
def max(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Returns the largest element, or those along `dim` and their indices (torch.max)."""
    if isinstance(dim, Variable):
        return maximum(input, dim)
    return _extreme(input, np.argmax, "max", "Max", dim, keepdim)


@_of_all_or_one
@numpy_names
def min(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Ordered:
    """Returns the smallest element, or those along `dim` and their indices (torch.min)."""
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
        check_not_empty(word if word == "aminmax" else f"{word}()", x, axis)
    kept = function(x, axis=axes, keepdims=True)

    def backward(grad: Array) -> tuple[Array]:
        reached = x == kept
        spread = grad if keepdim or not x.ndim else np.expand_dims(grad, axes)
        return ((spread / reached.sum(axis=axes, keepdims=True)).astype(x.dtype) * reached,)

    return record(
        kept if keepdim else np.squeeze(kept, axes), name, (input,), backward, (input,), saves_result=True
    )


@_over_dims
@numpy_names
def amax(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Returns the largest elements over `dim` (torch.amax)."""
    return _amax(input, np.max, "AmaxBackward0", dim, keepdim)


@_over_dims
@numpy_names
def amin(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Returns the smallest elements over `dim` (torch.amin)."""
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
    """Returns the smallest and the largest elements, of all or along `dim` (torch.aminmax).

    Args:
        input: any shape and dtype.
        dim: the dimension; all if None.
        keepdim: keep it, with length 1.

    Returns:
        A named tuple of min and max, in the input's dtype; equal elements share the gradient.

    Raises:
        IndexError: the dimension is out of range, or empty.
        RuntimeError: there is no element.
    """
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
    check_not_empty(f"{name}()", x, axis)
    return wrap(function(x, axis=axis, keepdims=keepdim))


@_places
@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Returns the index of the largest element, along `dim` or among all (torch.argmax)."""
    return _place(input, np.argmax, "argmax", dim, keepdim)


@_places
@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Returns the index of the smallest element, along `dim` or among all (torch.argmin)."""
    return _place(input, np.argmin, "argmin", dim, keepdim)
