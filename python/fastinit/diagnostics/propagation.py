"""What a model does to signals on their way forward and to gradients on their way back, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from itertools import dropwhile
from typing import Any, ClassVar

import numpy as np

from ..histograms import Histogram
from ..random import Generator, normal
from ..statistics import Statistics, merge, statistics
from .framework import Framework, called_with, first_tensor, framework_of, unchanged
from .recorder import Call, Recorder
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
            below a tenth of its largest; behind a hard one, which part is at a limit.
        gradient_std: the standard deviation of the gradient of the output.
        weight_gradient_std: that of the gradients of the layer's matrices, over all calls; with a loss only.
        histogram: of the output's values, if histograms were asked for, else None.
        gradient_histogram: of those of its gradient, likewise.

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
    histogram: Histogram | None = field(default=None, repr=False, compare=False)
    gradient_histogram: Histogram | None = field(default=None, repr=False, compare=False)


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

        Of an input of whole numbers, such as tokens, or of one value many times, the first layer's output is
        what counts.
        """
        return self._leaves(self.rows, "std", lambda ratio: ratio < _LEAST)

    @property
    def explodes_at(self) -> int | None:
        """The depth at which the standard deviation rises above 10^3 of the input's; None if nowhere."""
        return self._leaves(self.rows, "std", lambda ratio: ratio > _MOST)

    @property
    def gradient_vanishes_at(self) -> int | None:
        """The depth at which the gradient, on its way back, falls below 10^-3 of the last layer's.

        Where that is one value all over, as the gradient of a mean is, the layer's before it is what counts.
        """
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
        if not start > 0:  # a constant input, the gradient of a mean, a single value: without a spread
            found = list(dropwhile(lambda each: not each[1] > 0, found))
            start = found[0][1] if found else math.nan
        return next((depth for depth, std in found if outside(std / start)), None)


_EVENTS = {
    "vanishes_at": "signal vanishes",
    "explodes_at": "signal explodes",
    "gradient_vanishes_at": "gradient vanishes",
    "gradient_explodes_at": "gradient explodes",
}


def propagation(
    module: Any, inputs: Any, loss: Callable[[Any], Any] | None = None, *, histograms: bool = False
) -> Propagation:
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
        histograms: whether each row has histograms of its output and of its gradient, as
            `fastinit.plot.ridge` draws them.

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
    recorder = Recorder(framework, histograms)
    arguments, named = called_with(inputs)
    with ExitStack() as stack:
        stack.enter_context(unchanged(module, framework))
        stack.enter_context(framework.enable_grad())
        stack.enter_context(framework.eager())
        stack.callback(recorder.remove)
        recorder.watch(module)
        output = module(*arguments, **named)
        recorder.recording = False
        of_weights = _send_back(module, output, loss, framework, recorder)
    given = first_tensor((*arguments, *named.values()), framework)
    return Propagation(
        (_row(call, of_weights) for call in recorder.calls),
        math.nan if given is None else _std(statistics(array_of(given))),
    )


def _send_back(
    module: Any,
    output: Any,
    loss: Callable[[Any], Any] | None,
    framework: Framework,
    recorder: Recorder,
) -> dict[int, float]:
    """Computes the gradients, from the loss or from a random gradient of the output.

    Returns:
        With a loss, the standard deviation of the gradients of each layer's matrices, by the layer's id.
    """
    parameters = [each for each in module.parameters() if each.requires_grad]
    start = first_tensor(output, framework) if loss is None else loss(output)
    if loss is not None:
        _check_loss(start, framework)
    if start is None or not start.requires_grad or not parameters:
        if loss is None:
            return {}
        raise ValueError("propagation: nothing that the loss depends on requires grad")
    seed = None if loss is not None else _random_gradient(start, framework)
    gradients = framework.grad(start, parameters, seed, allow_unused=True)
    if loss is None:
        return {}
    of_parameter = {id(each): grad for each, grad in zip(parameters, gradients, strict=True)}
    found: dict[int, float] = {}
    for layer in recorder.layers:
        arrived = [of_parameter.get(id(each)) for each in layer.matrices]
        measured = [statistics(array_of(each)) for each in arrived if each is not None]
        found[id(layer)] = _std(reduce(merge, measured)) if measured else math.nan
    return found


def _row(call: Call, of_weights: Mapping[int, float]) -> LayerRow:
    layer = call.layer
    return LayerRow(
        name=layer.name if call.number == 1 else f"{layer.name} (call {call.number})",
        layer=layer.kind,
        depth=call.depth,
        shape=call.shape,
        mean=call.output.mean,
        std=_std(call.output),
        dead=call.dead,
        saturated=call.saturated,
        gradient_std=math.nan if call.gradient is None else _std(call.gradient),
        weight_gradient_std=of_weights.get(id(layer), math.nan),
        histogram=call.histogram,
        gradient_histogram=call.gradient_histogram,
    )


def _check_loss(value: Any, framework: Framework) -> None:
    if not isinstance(value, framework.tensor):
        raise TypeError(f"propagation: expected loss to give a tensor, got {type(value).__name__}")
    if math.prod(value.shape) != 1:
        raise ValueError(f"propagation: expected loss to give a scalar, got the shape {tuple(value.shape)}")


def _random_gradient(output: Any, framework: Framework) -> Any:
    values = np.empty(tuple(output.shape), np.float32)
    normal(values, 0.0, 1.0, Generator(seed=0), None)
    return framework.from_numpy(values).to(output.device).to(output.dtype)


def _std(found: Statistics) -> float:
    """The standard deviation; infinite where a value is not finite."""
    if found.nan or math.isinf(found.min) or math.isinf(found.max):
        return math.inf
    return found.std
