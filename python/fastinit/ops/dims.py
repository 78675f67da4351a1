"""Dimension arguments: negative ones count from the end, and none may be out of range."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

import numpy as np

__all__ = ["Dims", "flatten_arguments", "numpy_names", "wrap_dim", "wrap_dims"]

Dims: TypeAlias = int | Sequence[int] | None
P = ParamSpec("P")
R = TypeVar("R")

_NUMPY_NAMES: Final = (("axis", "dim"), ("keepdims", "keepdim"))


def numpy_names(function: Callable[P, R]) -> Callable[P, R]:
    """Lets an operation take its `dim` and `keepdim` by NumPy's names, too, as in PyTorch."""

    @functools.wraps(function)
    def named(*args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs:
            for name, meant in _NUMPY_NAMES:
                if name in kwargs:
                    kwargs[meant] = kwargs.pop(name)
        return function(*args, **kwargs)

    return named


def wrap_dim(dim: int, ndim: int) -> int:
    """Returns `dim` counted from the front; a 0-d tensor is treated as if it had one dimension.

    Raises:
        IndexError: `dim` is outside [-ndim, ndim).
        TypeError: `dim` is no integer.
    """
    limit = ndim or 1
    if not -limit <= dim < limit:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})"
        )
    return dim + limit if dim < 0 else dim


def wrap_dims(dims: Dims, ndim: int) -> tuple[int, ...]:
    """Returns a reduction's dimensions, counted from the front; None and () stand for all.

    Raises:
        IndexError: one is out of range.
        RuntimeError: one is named twice.
    """
    if dims is None:
        return tuple(range(ndim))
    if isinstance(dims, int | np.integer):
        dims = (int(dims),)
    wrapped = tuple(wrap_dim(dim, ndim) for dim in dims)
    for dim in wrapped:
        if wrapped.count(dim) > 1:
            raise RuntimeError(f"dim {dim} appears multiple times in the list of dims")
    return (wrapped or tuple(range(ndim))) if ndim else ()


def flatten_arguments(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Returns the integers of `f(2, 3)` and of `f((2, 3))` alike."""
    if len(sizes) == 1 and not isinstance(sizes[0], int) and hasattr(sizes[0], "__iter__"):
        sizes = tuple(sizes[0])
    return tuple(int(each) for each in sizes)
