"""Arithmetic under IEEE's rules: infinities and NaNs are results, not warnings."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["compute"]

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
