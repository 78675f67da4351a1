"""Layers that run together: a Linear and the activation after it, as one compiled call each way."""

from ..tensor import Tensor
from .activation import ReLU, Sigmoid, Tanh
from .functional.linear import linear_activation
from .linear import Linear
from .module import Module

__all__ = ["run_together"]

_ACTIVATIONS: dict[type[Module], str] = {ReLU: "relu", Sigmoid: "sigmoid", Tanh: "tanh"}


def run_together(layer: Module, following: Module | None, input: Tensor) -> Tensor | None:
    """Returns `following(layer(input))` if the two may run as one: if nobody could tell.

    That is so for the classes themselves, not for those derived from them, without hooks, and without a
    `forward` of the object's own: then only the activation sees what the Linear returns.

    Returns:
        The result, or None if the two have to be called one after the other.
    """
    if type(layer) is not Linear:
        return None
    activation = None if following is None else _ACTIVATIONS.get(type(following))
    if activation is None or following is None or _is_watched(layer) or _is_watched(following):
        return None
    return linear_activation(input, *layer.operands(), activation)


def _is_watched(module: Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks) or "forward" in module.__dict__
