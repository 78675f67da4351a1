"""Reverse-mode differentiation: operations leave nodes in a graph, and `backward` walks it."""

import importlib
from typing import TYPE_CHECKING, Any

from .compiled import result_class
from .engine import accumulation_buffer, backward, check_replacement, grad
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .graph import AccumulateGrad, Node
from .record import (
    before_write,
    bump,
    check_history,
    check_writable,
    rebase,
    record,
    record_view,
    take_shape,
    write,
)
from .variable import Variable, wrap

if TYPE_CHECKING:
    from .function import Function
    from .gradcheck import gradcheck

__all__ = [
    "AccumulateGrad",
    "Function",
    "Node",
    "Variable",
    "accumulation_buffer",
    "backward",
    "before_write",
    "bump",
    "check_history",
    "check_replacement",
    "check_writable",
    "enable_grad",
    "grad",
    "gradcheck",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "rebase",
    "record",
    "record_view",
    "result_class",
    "set_grad_enabled",
    "take_shape",
    "wrap",
    "write",
]


def __getattr__(name: str) -> Any:
    # These come when they are asked for: most programs need neither.
    if name in {"Function", "gradcheck"}:
        globals()[name] = value = getattr(importlib.import_module(f".{name.lower()}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
