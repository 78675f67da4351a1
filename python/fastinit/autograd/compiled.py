"""What the compiled tape calls of Python: it is told once, when the class of tensors is defined."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from .. import _core
from ..floating_point import compute
from ..meta import as_array
from .engine import call_hooks
from .graph import Array, node_class
from .variable import Variable, add_grad

__all__ = ["result_class"]

T = TypeVar("T", bound="type[Variable]")


def result_class(cls: T) -> T:
    """Decorates the class of what operations return: this package knows none of those that build on it."""
    _core.set_python_side(cls, as_array, node_class, _add, add_grad, call_hooks, compute)
    return cls


def _add(grad: Array, other: Array) -> Array:
    return as_array(compute(np.add, grad, other))
