"""Reverse-mode differentiation: operations leave nodes in a graph, and `backward` walks it."""

from .compiled import result_class
from .engine import accumulation_buffer, backward, check_replacement, grad
from .function import Function
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .gradcheck import gradcheck
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
