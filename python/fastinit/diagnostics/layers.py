"""The layers of a module: where signals are measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "dead_fraction",
    "has_parameters",
    "layers_of",
    "limits_of",
    "matrices_of",
    "puts_channels_first",
    "saturated_fraction",
]

Array = npt.NDArray[Any]

_RECTIFIERS = frozenset(
    {
        "CELU",
        "ELU",
        "GELU",
        "Hardswish",
        "LeakyReLU",
        "Mish",
        "PReLU",
        "RReLU",
        "ReLU",
        "ReLU6",
        "SELU",
        "SiLU",
        "Threshold",
    }
)
"""Activations that pass what is above 0, and next to nothing of what is below."""

_LIMITS = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Hardsigmoid": (0.0, 1.0)}
"""Between which limits the outputs of the activations lie that saturate; a Hardtanh has its own."""

_NEAR = 0.025
"""Which part of the way between its limits an output of a saturated unit is away from one at most. There
the slope of a sigmoid or of a tanh has fallen below a tenth of its largest; those of Hardtanh and Hardsigmoid
are as large as ever up to the limit, and 0 there."""

_CHANNELS_FIRST = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm")
"""How the types of layers begin whose outputs are (batch, channel, ...); those of others end in features."""


def layers_of(module: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The modules in a module that compute something themselves: they hold parameters, or no modules.

    What computes a parameter (`parametrizations`) belongs to its layer.
    """
    children = [(name, each) for name, each in module.named_children() if name != "parametrizations"]
    if not children or has_parameters(module):
        yield path, module
    for name, child in children:
        yield from layers_of(child, f"{path}.{name}" if path else name)


def has_parameters(layer: Any) -> bool:
    """Whether a layer has parameters of its own."""
    held = any(each is not None for each in layer._parameters.values())
    return held or hasattr(layer, "parametrizations")


def matrices_of(layer: Any) -> list[Any]:
    """The parameters of a layer that multiply its input: those of 2 dimensions or more."""
    own = [each for each in layer._parameters.values() if each is not None]
    if hasattr(layer, "parametrizations"):
        own.extend(layer.parametrizations.parameters())
    return [each for each in own if each.dim() > 1]


def dead_fraction(kind: str, output: Array, channels_first: bool) -> float:
    """Which part of a rectifier's units give nothing above 0 for any input; NaN for other layers.

    Args:
        kind: the type of the layer.
        output: what it returned. A unit is an entry of the last dimension, or a channel.
        channels_first: whether the channels are the dimension behind that of the batch.
    """
    if kind not in _RECTIFIERS or output.ndim < 2 or not output.size:
        return math.nan
    axis = 1 if channels_first or output.ndim == 2 else output.ndim - 1
    others = tuple(each for each in range(output.ndim) if each != axis)
    most = np.maximum.reduce(output, axis=others)
    return float(np.count_nonzero(most <= 0) / most.size)


def limits_of(layer: Any) -> tuple[float, float] | None:
    """Beyond which outputs next to no gradient passes a layer; None if it saturates nowhere."""
    kind = type(layer).__name__
    if kind == "Hardtanh":
        return layer.min_val, layer.max_val
    if kind not in _LIMITS:
        return None
    low, high = _LIMITS[kind]
    margin = 0.0 if kind.startswith("Hard") else _NEAR * (high - low)
    return low + margin, high - margin


def saturated_fraction(limits: tuple[float, float] | None, output: Array) -> float:
    """Which part of an activation's outputs lie at its limits or beyond; NaN if it has none."""
    if limits is None or not output.size:
        return math.nan
    low, high = limits
    return (np.count_nonzero(output <= low) + np.count_nonzero(output >= high)) / output.size


def puts_channels_first(layer: Any) -> bool | None:
    """Whether the outputs of a layer, and of activations behind it, have their channels first.

    Returns:
        None where a layer says nothing of it.
    """
    if type(layer).__name__.startswith(_CHANNELS_FIRST):
        return True
    return False if has_parameters(layer) else None
