"""Arithmetic under IEEE's rules: infinities and NaNs are results, not warnings; rounding is to nearest."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from . import _core

__all__ = ["compute", "rounding_to_nearest"]

P = ParamSpec("P")
R = TypeVar("R")


class _Quiet(threading.local):
    """A thread's context in which NumPy warns of nothing.

    NumPy keeps in a context variable what to do on overflow, division by zero and so on. Entering a context
    that says "nothing" costs a small part of what np.errstate does, but one can only be entered once.
    """

    def __init__(self) -> None:
        context = contextvars.copy_context()
        context.run(np.seterr, all="ignore")
        self.run = context.run
        self.entered = False


_quiet = _Quiet()


def compute(function: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
    """Calls a function, of NumPy or of whole backward passes, with NumPy's warnings off."""
    quiet = _quiet
    if quiet.entered:
        return function(*args, **kwargs)
    quiet.entered = True
    try:
        return quiet.run(function, *args, **kwargs)
    finally:
        quiet.entered = False


def rounding_to_nearest(function: Callable[P, R]) -> Callable[P, R]:
    """Has a function round to nearest and keep subnormals, whatever its thread has set.

    For what goes into a fill: the fills themselves set the rounding mode, but a scale that is computed in
    Python would follow the caller's.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return _core.in_default_float_environment(function, args, kwargs)

    return wrapped
