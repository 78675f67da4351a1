"""Reverse-mode differentiation: operations leave nodes in a graph, and `backward` walks it."""

import importlib
from typing import TYPE_CHECKING, Any

from . import graph
from .engine import backward, grad
from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .variable import Variable

if TYPE_CHECKING:
    from .function import Function
    from .gradcheck import gradcheck

__all__ = [
    "Function",
    "Variable",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    # These come when they are asked for: most programs need neither.
    if name in {"Function", "gradcheck"}:
        globals()[name] = value = getattr(importlib.import_module(f".{name.lower()}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
