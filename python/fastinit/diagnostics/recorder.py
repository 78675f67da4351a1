"""Hooks that measure what a model's layers return, and the gradients of that, while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy.typing as npt

from ..histograms import Histogram, histogram
from ..recipe.wrappers import bare_names
from ..statistics import Statistics, statistics
from .framework import Framework, first_tensor
from .layers import (
    dead_fraction,
    has_parameters,
    layers_of,
    limits_of,
    matrices_of,
    puts_channels_first,
    saturated_fraction,
)
from .tensors import array_of

__all__ = ["Call", "Layer", "Recorder"]


class Layer:
    """What is asked of a layer once, however often it is called.

    Args:
        name: its name.
        module: the module.
    """

    __slots__ = ("calls", "channels_first", "kind", "limits", "matrices", "name")

    def __init__(self, name: str, module: Any) -> None:
        self.name = name
        self.kind = type(module).__name__
        self.matrices = matrices_of(module) if has_parameters(module) else []
        self.channels_first = puts_channels_first(module)
        self.limits = limits_of(module)
        self.calls = 0


@dataclass(slots=True)
class Call:
    """What one call of a layer gave, and got back.

    Attributes:
        layer: which was called.
        number: the how many-th of its calls this was, 1 being the first.
        depth: how many layers with matrices the signal has passed by now, this one included.
        shape: of the output.
        output: the statistics of its values.
        dead: which part of a rectifier's units gives nothing, NaN for other layers.
        saturated: which part of a saturating activation's values lies near a limit.
        histogram: of the output, if asked for.
        gradient: the statistics of the output's gradient; None where none came.
        gradient_histogram: of that gradient, if asked for.
    """

    layer: Layer
    number: int
    depth: int
    shape: tuple[int, ...]
    output: Statistics
    dead: float
    saturated: float
    histogram: Histogram | None
    gradient: Statistics | None = None
    gradient_histogram: Histogram | None = None


class Recorder:
    """Measures what passes: hooks on the layers for the outputs, hooks on those for their gradients.

    What passes may be written over right after, so that each is measured at once, and none is kept.

    Args:
        framework: of the module.
        histograms: whether histograms are counted.
    """

    def __init__(self, framework: Framework, histograms: bool) -> None:
        self.recording = True  # a checkpointed layer is called again on the way back
        self.calls: list[Call] = []
        self.layers: list[Layer] = []
        self._framework = framework
        self._histograms = histograms
        self._handles: list[Any] = []
        self._depth = 0
        self._channels_first = False

    def watch(self, module: Any) -> None:
        """Puts a hook on every layer."""
        seen: set[int] = set()
        bare = bare_names(module)
        for name, each in layers_of(module):
            if id(each) not in seen:
                seen.add(id(each))
                layer = Layer(bare(name), each)
                self.layers.append(layer)
                self._handles.append(each.register_forward_hook(partial(self._receive, layer)))

    def remove(self) -> None:
        """Takes every hook away."""
        for handle in self._handles:
            handle.remove()

    def _receive(self, layer: Layer, _module: Any, _arguments: Any, output: Any) -> None:
        tensor = first_tensor(output, self._framework)
        if not self.recording or tensor is None:
            return
        self._depth += bool(layer.matrices)
        if layer.channels_first is not None:
            self._channels_first = layer.channels_first
        layer.calls += 1
        values = array_of(tensor)
        call = Call(
            layer,
            layer.calls,
            self._depth,
            values.shape,
            statistics(values),
            dead_fraction(layer.kind, values, self._channels_first),
            saturated_fraction(layer.limits, values),
            self._histogram(values),
        )
        self.calls.append(call)
        if tensor.requires_grad:
            self._handles.append(tensor.register_hook(partial(self._receive_gradient, call)))

    def _receive_gradient(self, call: Call, gradient: Any) -> None:
        values = array_of(gradient)
        call.gradient = statistics(values)
        call.gradient_histogram = self._histogram(values)

    def _histogram(self, values: npt.NDArray[Any]) -> Histogram | None:
        return histogram(values) if self._histograms else None
