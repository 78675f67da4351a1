"""What a model does to signals on their way forward and to gradients on their way back, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..random import Generator, normal
from ..statistics import Statistics, merge, statistics
from .framework import Framework, first_tensor, framework_of, unchanged
from .layers import dead_fraction, has_matrix, layers_of, matrices_of, puts_channels_first, saturated_fraction
from .table import Table
from .tensors import array_of

__all__ = ["LayerRow", "Propagation", "propagation"]

_LEAST, _MOST = 1e-3, 1e3
"""How far a standard deviation may move, in relation to where it started, before the signal counts as lost:
beyond, one step of training in a float16 network, whose gradients span about five decades, no longer sees
both ends of it."""


@dataclass(frozen=True)
class LayerRow:
    """What one call of a layer gave, and got back; NaN where something does not apply.

    Attributes:
        name: of the layer; of a layer that is called again, with the number of the call: `2 (call 3)`.
        layer: its type.
        depth: how many layers with matrices the signal has passed by now, this one included.
        shape: of the output.
        mean: of its values.
        std: their standard deviation; infinite where a value is not finite.
        dead: behind a ReLU or one of its kind, which part of the units is at most 0 for all inputs.
        saturated: behind a tanh or a sigmoid, which part of the values lies so near a limit that the slope is
            below a tenth of its largest.
        gradient_std: the standard deviation of the gradient of the output.
        weight_gradient_std: that of the gradients of the layer's matrices, over all calls; with a loss only.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    name: str
    layer: str
    depth: int
    shape: tuple[int, ...]
    mean: float
    std: float
    dead: float
    saturated: float
    gradient_std: float
    weight_gradient_std: float


class Propagation(Table[LayerRow]):
    """A row for each call of a layer, in the order of the calls.

    Args:
        rows: the rows.
        input_std: the standard deviation of the input; NaN where it is no floating-point tensor.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "name",
        "layer",
        "depth",
        "shape",
        "mean",
        "std",
        "dead",
        "saturated",
        "gradient_std",
        "weight_gradient_std",
    )

    def __init__(self, rows: Iterable[LayerRow], input_std: float = math.nan) -> None:
        super().__init__(tuple(rows))
        self.input_std = input_std

    @property
    def vanishes_at(self) -> int | None:
        """The depth at which the standard deviation falls below 10^-3 of the input's; None if nowhere.

        Of an input of whole numbers, such as tokens, the first layer's output is what counts.
        """
        return self._leaves(self.rows, "std", lambda ratio: ratio < _LEAST)

    @property
    def explodes_at(self) -> int | None:
        """The depth at which the standard deviation rises above 10^3 of the input's; None if nowhere."""
        return self._leaves(self.rows, "std", lambda ratio: ratio > _MOST)

    @property
    def gradient_vanishes_at(self) -> int | None:
        """The depth at which the gradient, on its way back, falls below 10^-3 of the last layer's."""
        return self._leaves(self.rows[::-1], "gradient_std", lambda ratio: ratio < _LEAST)

    @property
    def gradient_explodes_at(self) -> int | None:
        """The depth at which the gradient, on its way back, rises above 10^3 of the last layer's."""
        return self._leaves(self.rows[::-1], "gradient_std", lambda ratio: ratio > _MOST)

    def to_dict(self) -> dict[str, Any]:
        """As every table's, with the depths at which something is lost."""
        return {**super().to_dict(), **{name: getattr(self, name) for name in _EVENTS}}

    def __str__(self) -> str:
        """The table, and a line for each thing that is lost on the way."""
        said = [
            f"the {words} at depth {getattr(self, name)}"
            for name, words in _EVENTS.items()
            if getattr(self, name) is not None
        ]
        return "\n".join([super().__str__(), *said])

    def _leaves(self, rows: Iterable[LayerRow], figure: str, outside: Callable[[float], bool]) -> int | None:
        found = [(row.depth, getattr(row, figure)) for row in rows]
        found = [(depth, std) for depth, std in found if not math.isnan(std)]
        start = self.input_std if figure == "std" else math.nan
        if math.isnan(start) and found:
            start = found[0][1]
        for depth, std in found:
            if outside(std / start if start else 1.0 if not std else math.inf):
                return depth
        return None


_EVENTS = {
    "vanishes_at": "signal vanishes",
    "explodes_at": "signal explodes",
    "gradient_vanishes_at": "gradient vanishes",
    "gradient_explodes_at": "gradient explodes",
}


def propagation(module: Any, inputs: Any, loss: Callable[[Any], Any] | None = None) -> Propagation:
    """Sends inputs through a model and gradients back, and measures both at every layer.

    The model is left as it was: its parameters, their `grad`, its buffers (the running averages of a batch
    normalisation among them), its mode, in which it is run, and the state of the random generators; and no
    hook stays behind, also where something raises. A layer is a module that holds parameters or no modules;
    what a model computes with functions instead belongs to none, and is measured in the next layer's output.

    Args:
        module: a module of fastinit or of torch, whose parameters may lie on any device.
        inputs: what it is called with: a tensor of its framework, a tuple of arguments, or a mapping of
            keyword arguments.
        loss: is given what the module returns, and gives a scalar tensor. Without one, a gradient drawn from
            the standard normal distribution, the same one every time, is sent back from the output: what
            happens to it on the way says how the model scales gradients.

    Returns:
        The table: `table[3].std`, `table.vanishes_at`, `print(table)`, `table.to_dict()` for JSON.

    Raises:
        TypeError: `module` is no module, or `loss` gives no tensor.
        ValueError: a module is lazy and has no parameters yet, the loss is not a scalar, or nothing that it
            depends on requires grad.
        Exception: whatever the module or the loss raises.

    Source:
        Glorot and Bengio 2010, figures 6 and 7; He et al. 2015, arXiv:1502.01852, section 2.2.

    Examples:
        >>> net = nn.Sequential(*[nn.Linear(64, 64, bias=False) for _ in range(9)])
        >>> for layer in net:
        ...     _ = nn.init.normal_(layer.weight, std=0.01)
        >>> propagation(net, fastinit.randn(32, 64)).vanishes_at
        3
    """
    framework = framework_of("propagation", module)
    recorder = _Recorder(framework)
    arguments, named = _arguments(inputs)
    with ExitStack() as stack:
        stack.enter_context(unchanged(module, framework))
        stack.enter_context(framework.enable_grad())
        stack.callback(recorder.remove)
        recorder.watch(module)
        output = module(*arguments, **named)
        recorder.recording = False
        recorder.send_back(module, output, loss)
    given = first_tensor((*arguments, *named.values()), framework)
    return Propagation(recorder.rows(), math.nan if given is None else _std(statistics(array_of(given))))


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (inputs if isinstance(inputs, tuple) else (inputs,)), {}


class _Recorder:
    """Measures what passes: hooks on the layers for the outputs, hooks on those for their gradients."""

    def __init__(self, framework: Framework) -> None:
        self.recording = True  # a checkpointed layer is called again on the way back
        self._framework = framework
        self._handles: list[Any] = []
        self._rows: list[LayerRow] = []
        self._layers: list[Any] = []
        self._gradients: dict[int, Statistics] = {}
        self._of_weights: dict[int, float] = {}
        self._calls: dict[int, int] = {}
        self._depth = 0
        self._channels_first = False

    def watch(self, module: Any) -> None:
        """Puts a hook on every layer."""
        seen: set[int] = set()
        for name, layer in layers_of(module):
            if id(layer) not in seen:
                seen.add(id(layer))
                self._handles.append(layer.register_forward_hook(partial(self._receive, name)))

    def remove(self) -> None:
        """Takes every hook away."""
        for handle in self._handles:
            handle.remove()

    def send_back(self, module: Any, output: Any, loss: Callable[[Any], Any] | None) -> None:
        """Computes the gradients, from the loss or from a random gradient of the output."""
        parameters = [each for each in module.parameters() if each.requires_grad]
        start = first_tensor(output, self._framework) if loss is None else loss(output)
        if loss is not None:
            self._check_loss(start)
        if start is None or not start.requires_grad or not parameters:
            if loss is None:
                return
            raise ValueError("propagation: nothing that the loss depends on requires grad")
        seed = None if loss is not None else self._random_gradient(start)
        gradients = self._framework.grad(start, parameters, seed, allow_unused=True)
        if loss is None:
            return
        of_parameter = {id(each): grad for each, grad in zip(parameters, gradients, strict=True)}
        for layer in self._layers:
            found = [of_parameter.get(id(each)) for each in matrices_of(layer)]
            arrived = [statistics(array_of(each)) for each in found if each is not None]
            self._of_weights[id(layer)] = _std(_together(arrived)) if arrived else math.nan

    def rows(self) -> list[LayerRow]:
        """What was measured."""
        return [
            replace(
                row,
                gradient_std=_std(self._gradients[place]) if place in self._gradients else math.nan,
                weight_gradient_std=self._of_weights.get(id(layer), math.nan),
            )
            for place, (row, layer) in enumerate(zip(self._rows, self._layers, strict=True))
        ]

    def _receive(self, name: str, layer: Any, _: Any, output: Any) -> None:
        tensor = first_tensor(output, self._framework)
        if not self.recording or tensor is None:
            return
        self._depth += has_matrix(layer)
        says = puts_channels_first(layer)
        self._channels_first = self._channels_first if says is None else says
        call = self._calls[id(layer)] = self._calls.get(id(layer), 0) + 1
        kind = type(layer).__name__
        values = array_of(tensor)
        found = statistics(values)
        place = len(self._rows)
        self._layers.append(layer)
        self._rows.append(
            LayerRow(
                name=name if call == 1 else f"{name} (call {call})",
                layer=kind,
                depth=self._depth,
                shape=values.shape,
                mean=found.mean,
                std=_std(found),
                dead=dead_fraction(kind, values, self._channels_first),
                saturated=saturated_fraction(kind, values),
                gradient_std=math.nan,
                weight_gradient_std=math.nan,
            )
        )
        if tensor.requires_grad:
            self._handles.append(tensor.register_hook(partial(self._receive_gradient, place)))

    def _receive_gradient(self, place: int, gradient: Any) -> None:
        self._gradients[place] = statistics(array_of(gradient))

    def _check_loss(self, value: Any) -> None:
        if not isinstance(value, self._framework.tensor):
            raise TypeError(f"propagation: expected loss to give a tensor, got {type(value).__name__}")
        if math.prod(value.shape) != 1:
            raise ValueError(
                f"propagation: expected loss to give a scalar, got the shape {tuple(value.shape)}"
            )

    def _random_gradient(self, output: Any) -> Any:
        values = np.empty(tuple(output.shape), np.float32)
        normal(values, 0.0, 1.0, Generator(seed=0), None)
        return self._framework.from_numpy(values).to(output.device).to(output.dtype)


def _together(found: Iterable[Statistics]) -> Statistics:
    whole = Statistics()
    for each in found:
        whole = merge(whole, each)
    return whole


def _std(found: Statistics) -> float:
    """The standard deviation; infinite where a value is not finite."""
    if found.nan or math.isinf(found.min) or math.isinf(found.max):
        return math.inf
    return found.std
