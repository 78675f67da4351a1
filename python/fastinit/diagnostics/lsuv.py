"""Initialisation that looks at data: each layer's scale is set by what it gives for a batch."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

from ..nn.init import orthogonal_
from ..random import Generator, default_generator
from ..statistics import statistics
from .framework import Framework, called_with, first_tensor, framework_of, unchanged
from .layers import layers_of
from .tensors import array_of

__all__ = ["lsuv_"]

Module = TypeVar("Module")


def lsuv_(
    module: Module,
    batch: Any,
    *,
    tolerance: float = 0.1,
    most_steps: int = 10,
    orthogonal: bool = True,
    generator: Generator | None = None,
) -> Module:
    """Fills the weights of linear and convolutional layers so that each layer's outputs have variance 1.

    Layer-sequential unit-variance initialisation: layer after layer, in the order of the calls, a weight is
    made orthonormal, and divided by the standard deviation of what the layer returns for the batch until that
    is 1. All of it takes one pass through the model, since a layer passes on what it returns after its last
    step. Biases, embeddings and other layers stay as they are. A weight that is used several times follows
    its first use. Buffers, and what the model itself draws, are as before; where something raises, so are
    the weights.

    Args:
        module: one of fastinit or of torch, on the CPU.
        batch: what it is called with: a tensor, a tuple of arguments, or a mapping of keyword arguments.
        tolerance: how far the variance may stay from 1.
        most_steps: how often a weight is divided at most; one step is enough where there is no bias.
        orthogonal: whether weights are made orthonormal first; else the present ones are scaled.
        generator: where those come from; the default generator if None.

    Returns:
        The same object.

    Raises:
        TypeError: `module` is no module.
        ValueError: the module is lazy, `tolerance` is not above 0, `most_steps` is below 1, or a layer
            returns values of no variance, that are not finite, or that its weight does not change.

    Draws:
        As `orthogonal_`, weight after weight in the order of the calls.

    Source:
        Mishkin and Matas 2015, *All you need is a good init*, arXiv:1511.06422, algorithm 1.

    Examples:
        >>> net = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
        >>> inputs = fastinit.randn(100, 20)
        >>> bool(abs(lsuv_(net, inputs)(inputs).var() - 1) < 0.1)
        True
    """
    if not tolerance > 0:
        raise ValueError(f"lsuv_: expected a tolerance above 0, got {tolerance}")
    if most_steps < 1:
        raise ValueError(f"lsuv_: expected most_steps of at least 1, got {most_steps}")
    framework = framework_of("lsuv_", module)
    source = default_generator if generator is None else generator
    draws = source.clone_state()
    scaler = _Scaler(framework, tolerance, most_steps, draws if orthogonal else None)
    with ExitStack() as stack:
        stack.enter_context(unchanged(module, framework))
        stack.enter_context(framework.no_grad())
        stack.callback(scaler.remove)
        scaler.watch(module)
        try:
            forward: Any = module
            arguments, named = called_with(batch)
            forward(*arguments, **named)
        except BaseException:
            scaler.bring_back()
            raise
    if orthogonal:
        source.set_state(draws.get_state())
    return module


class _Scaler:
    """Scales each weight when its layer is called for the first time."""

    def __init__(
        self, framework: Framework, tolerance: float, most_steps: int, draws: Generator | None
    ) -> None:
        self._framework = framework
        self._tolerance = tolerance
        self._most_steps = most_steps
        self._draws = draws
        self._handles: list[Any] = []
        self._before: dict[int, tuple[Any, Any]] = {}

    def watch(self, module: Any) -> None:
        """Puts a hook on every layer that multiplies its input by a weight."""
        for name, layer in {id(layer): (name, layer) for name, layer in layers_of(module)}.values():
            weight = dict(layer.named_parameters(recurse=False)).get("weight")
            if weight is not None and weight.dim() > 1 and not type(layer).__name__.startswith("Embedding"):
                hook = partial(self._scale, name)
                self._handles.append(layer.register_forward_hook(hook, with_kwargs=True))

    def remove(self) -> None:
        """Takes every hook away."""
        for handle in self._handles:
            handle.remove()

    def bring_back(self) -> None:
        """Gives the weights the values that they had."""
        for weight, values in self._before.values():
            weight.copy_(values)

    def _scale(self, name: str, layer: Any, args: Any, kwargs: Any, output: Any) -> Any:
        weight = layer.weight
        if id(weight) in self._before:
            return output
        self._before[id(weight)] = weight, weight.detach().clone()
        if self._draws is not None:
            orthogonal_(weight, generator=self._draws)
            output = layer.forward(*args, **kwargs)
        before = 0.0
        for _ in range(self._most_steps):
            std = self._std(name, output)
            if abs(std**2 - 1) < self._tolerance:
                break
            if std == before:  # a batch of zeros, or dead units before it: the bias is all there is
                raise ValueError(f'lsuv_: the weight of "{name}" changes nothing of what the layer returns')
            before = std
            weight.div_(std)
            output = layer.forward(*args, **kwargs)
        return output

    def _std(self, name: str, output: Any) -> float:
        values = first_tensor(output, self._framework)
        std = statistics(array_of(values)).std if values is not None else 0.0
        if not 0 < std < float("inf"):
            raise ValueError(f'lsuv_: "{name}" returns values whose standard deviation is {std}')
        return std
