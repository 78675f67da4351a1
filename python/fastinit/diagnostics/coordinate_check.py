"""How large activations are in models of several widths, while they begin to be trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .framework import Framework, called_with, first_tensor, framework_of, seeded
from .layers import layers_of
from .table import Table
from .tensors import array_of

__all__ = ["CoordinateCheck", "CoordinateRow", "coordinate_check"]


@dataclass(frozen=True)
class CoordinateRow:
    """What a layer of the model of one width returned after some steps of training.

    Attributes:
        name: of the layer; of a layer that is called again, with the number of the call: `2 (call 3)`; of
            what the model makes of its last layer's output, `(output)`.
        width: of the model.
        step: how many steps of training the model has made.
        size: the mean of the absolute values, over all seeds; NaN or infinite if one is.

    Source: Yang et al. 2022, arXiv:2203.03466, appendix D.1.
    """

    name: str
    width: int
    step: int
    size: float


class CoordinateCheck(Table[CoordinateRow]):
    """A row for each layer, width and step.

    Args:
        rows: the rows.

    Source: Yang et al. 2022, arXiv:2203.03466, appendix D.1.
    """

    columns: ClassVar[tuple[str, ...]] = ("name", "width", "step", "size")

    def slopes(self) -> dict[str, tuple[float, ...]]:
        """How each layer's output grows with the width: the exponent p in size ~ width^p, by least squares.

        Under muP it is about 0 at each step, but for the output, which may begin with -1/2; where it is above
        0 after a step, a model of some width diverges.

        Returns:
            For each layer its exponents, that at the start first; infinite where a size is not finite, NaN
            where fewer than two sizes are above 0.
        """
        points: dict[str, dict[int, list[tuple[int, float]]]] = {}
        for row in self.rows:
            points.setdefault(row.name, {}).setdefault(row.step, []).append((row.width, row.size))
        return {
            name: tuple(_exponent(steps[step]) for step in sorted(steps)) for name, steps in points.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """As every table's, with the slopes: NaN is None, an infinity "inf"."""
        slopes = {
            name: [None if math.isnan(each) else each if math.isfinite(each) else str(each) for each in row]
            for name, row in self.slopes().items()
        }
        return {**super().to_dict(), "slopes": slopes}


def coordinate_check(
    make: Callable[[int, int], Any],
    widths: Iterable[int],
    inputs: Any,
    *,
    loss: Callable[[Any], Any],
    optimizer: Callable[[Any], Any] | None = None,
    steps: int = 3,
    seeds: Sequence[int] = (0, 1, 2),
) -> CoordinateCheck:
    """Trains models of several widths for some steps, and measures how large their activations are.

    The coordinate check: in a parametrisation that fits, the mean absolute value of what each layer returns
    does not depend on the width, neither at the start nor after a few steps; in PyTorch's, with one learning
    rate, it grows. The default generators of fastinit and of torch start from each seed for each model, and
    are as before afterwards.

    Args:
        make: is given a width and a seed, and gives a module of fastinit or of torch, already initialised; or
            the module and its optimiser.
        widths: the widths, two at least, each above 0.
        inputs: what each model is called with, and trained on: a tensor of its framework, a tuple of
            arguments, or a mapping of keyword arguments.
        loss: is given what the module returns, and gives a scalar tensor.
        optimizer: is given the module, and gives its optimiser, where `make` does not.
        steps: how many steps of training.
        seeds: for each, a model of each width is made; the sizes are means over them.

    Returns:
        The table: `table.slopes()["2"][3]` is the exponent of the width in layer "2" after three steps.

    Raises:
        TypeError: `make` gives no module, or `loss` no tensor.
        ValueError: there are fewer than two widths or no seeds, one width is not above 0, `steps` is
            negative, there is no optimiser or there are two, the loss is no scalar, or layers differ with the
            width.
        Exception: whatever `make`, the module, the loss or the optimiser raises.

    Source:
        Yang et al. 2022, *Tensor Programs V*, arXiv:2203.03466, appendix D.1.

    Examples:
        >>> def make(width, seed):
        ...     return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 1))
        >>> found = coordinate_check(
        ...     make,
        ...     [64, 256, 1024],
        ...     fastinit.ones(8, 4),
        ...     loss=lambda output: (output - 1).square().mean(),
        ...     optimizer=lambda net: fastinit.optim.Adam(net.parameters(), lr=0.01),
        ... )
        >>> abs(found.slopes()["0"][0]) < 0.1, found.slopes()["2"][1] > 0.5
        (True, True)
    """
    widths, seeds = list(widths), list(seeds)
    if len(set(widths)) < 2 or min(widths) <= 0:
        raise ValueError(f"coordinate_check: expected two widths or more, each above 0, got {widths}")
    if not seeds:
        raise ValueError("coordinate_check: expected one seed at least")
    if steps < 0:
        raise ValueError(f"coordinate_check: expected steps of at least 0, got {steps}")
    rows = []
    names: list[str] = []
    for width in widths:
        found = [_sizes(partial(make, width, seed), seed, inputs, loss, optimizer, steps) for seed in seeds]
        for sizes in (each for seed in found for each in seed):
            names = names or list(sizes)
            if list(sizes) != names:
                differing = sorted(set(names) ^ set(sizes))
                raise ValueError(f"coordinate_check: not every model calls the layers {differing}")
        rows += [
            CoordinateRow(name, width, step, float(np.mean([seed[step][name] for seed in found])))
            for step in range(steps + 1)
            for name in names
        ]
    return CoordinateCheck(rows)


def _sizes(
    make: Callable[[], Any],
    seed: int,
    inputs: Any,
    loss: Callable[[Any], Any],
    optimizer: Callable[[Any], Any] | None,
    steps: int,
) -> list[dict[str, float]]:
    """The sizes of what one model's layers return, by name, at the start and after each step."""
    with seeded(seed):
        made = make()
        module, trainer = made if isinstance(made, tuple) else (made, None)
        framework = framework_of("coordinate_check", module)
        if (trainer is None) == (optimizer is None):
            how = "neither" if trainer is None else "both"
            raise ValueError(
                f"coordinate_check: expected an optimiser from make or from optimizer, got {how}"
            )
        if optimizer is not None:
            trainer = optimizer(module)
        recorder = _Recorder(framework)
        found = []
        with ExitStack() as stack:
            stack.enter_context(framework.enable_grad())
            stack.callback(recorder.remove)
            recorder.watch(module)
            for step in range(steps + 1):
                sizes, output = recorder.call(module, inputs)
                found.append(sizes)
                if step < steps:
                    trainer.zero_grad()
                    _scalar(loss(output), framework).backward()
                    trainer.step()
    return found


class _Recorder:
    """Hooks that measure what layers return."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self._handles: list[Any] = []
        self._sizes: dict[str, float] = {}
        self._calls: dict[str, int] = {}
        self._last: Any = None
        self._recording = False

    def watch(self, module: Any) -> None:
        """Puts a hook on every layer."""
        for layer, name in {layer: name for name, layer in reversed(list(layers_of(module)))}.items():
            self._handles.append(layer.register_forward_hook(partial(self._receive, name)))

    def remove(self) -> None:
        """Takes every hook away."""
        for handle in self._handles:
            handle.remove()

    def call(self, module: Any, inputs: Any) -> tuple[dict[str, float], Any]:
        """Calls the module, and gives the sizes by name, in the order of the calls, and what it returned."""
        self._sizes, self._calls, self._last = {}, {}, None
        self._recording = True
        arguments, named = called_with(inputs)
        output = module(*arguments, **named)
        self._recording = False
        final = first_tensor(output, self._framework)
        if final is not None and final is not self._last:
            self._sizes["(output)"] = _size(final)
        return self._sizes, output

    def _receive(self, name: str, layer: Any, _: Any, output: Any) -> None:
        tensor = first_tensor(output, self._framework)
        if not self._recording or tensor is None:  # a checkpointed layer is called again on the way back
            return
        call = self._calls[name] = self._calls.get(name, 0) + 1
        self._sizes[name if call == 1 else f"{name} (call {call})"] = _size(tensor)
        self._last = tensor


def _size(tensor: Any) -> float:
    values = array_of(tensor)
    return float(np.abs(values).mean(dtype=np.float64)) if values.size else math.nan


def _scalar(value: Any, framework: Framework) -> Any:
    if not isinstance(value, framework.tensor):
        raise TypeError(f"coordinate_check: expected loss to give a tensor, got {type(value).__name__}")
    if math.prod(value.shape) != 1:
        raise ValueError(
            f"coordinate_check: expected loss to give a scalar, got the shape {tuple(value.shape)}"
        )
    return value


def _exponent(points: Sequence[tuple[int, float]]) -> float:
    """The slope of the line through the logarithms."""
    if not all(math.isfinite(size) for _, size in points):
        return math.inf
    above = [(math.log(width), math.log(size)) for width, size in points if size > 0]
    if len({width for width, _ in above}) < 2:
        return math.nan
    x, y = np.array(above).T
    x = x - x.mean()
    return float(x @ y / (x @ x))
