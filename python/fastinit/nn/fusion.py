"""Layers that run together: a Linear and the activation after it, as one compiled call each way."""

from collections.abc import Iterable
from typing import Any

from ..tensor import Tensor
from .activation import ReLU, Sigmoid, Tanh
from .functional.linear import linear, linear_activation
from .linear import Linear
from .module import Module

__all__ = ["run_in_a_row"]

_ACTIVATIONS: dict[type[Module], str] = {ReLU: "relu", Sigmoid: "sigmoid", Tanh: "tanh"}


def run_in_a_row(modules: Iterable[Module], input: Any) -> Any:
    """Returns what the last module makes of what the one before it made, from `input` on.

    A Linear and the activation after it run as one if nobody could tell: if they are of these classes
    themselves, not of derived ones, without hooks, and without a `forward` of the object's own. Then only the
    activation sees what the Linear returns.
    """
    waiting: tuple[Tensor, Tensor | None] | None = (
        None  # the operands of a Linear that the next module may join
    )
    for module in modules:
        kind = type(module)
        unwatched = not (module._hooked or "forward" in module.__dict__)
        if waiting is not None:
            if unwatched and kind in _ACTIVATIONS:
                input = linear_activation(input, *waiting, _ACTIVATIONS[kind])
                waiting = None
                continue
            input = linear(input, *waiting)
            waiting = None
        if unwatched and kind is Linear:
            waiting = Linear._operands(module)  # type: ignore[arg-type]  # a Linear
        else:
            input = module(input)
    return input if waiting is None else linear(input, *waiting)
