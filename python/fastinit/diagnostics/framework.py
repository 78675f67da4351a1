"""What a module's framework is asked for, fastinit's or PyTorch's, under one name each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from ..autograd import enable_grad, grad, no_grad
from ..conversion import from_numpy
from ..nn import Module
from ..random import default_generator, manual_seed
from ..tensor import Tensor

__all__ = ["Framework", "called_with", "first_tensor", "framework_of", "seeded", "unchanged"]


class Framework(NamedTuple):
    """The functions of a framework.

    Attributes:
        tensor: the class of its tensors.
        enable_grad: a context in which what happens is recorded for gradients.
        no_grad: one in which it is not.
        eager: one in which nothing runs that `torch.compile` made, which sees no hooks.
        grad: gives gradients without touching any `grad`.
        from_numpy: makes a tensor of an array.
        random_state: the state of its random generators, and what brings it back.
    """

    tensor: Any
    enable_grad: Callable[[], AbstractContextManager[Any]]
    no_grad: Callable[[], AbstractContextManager[Any]]
    eager: Callable[[], AbstractContextManager[Any]]
    grad: Callable[..., tuple[Any, ...]]
    from_numpy: Callable[[np.ndarray[Any, Any]], Any]
    random_state: Callable[[], Callable[[], None]]


def framework_of(what: str, module: Any) -> Framework:
    """The framework that a module is of.

    Args:
        what: the function that asks, for messages.
        module: one of fastinit or of torch.

    Raises:
        TypeError: it is no module.
        ValueError: a parameter has no shape yet.
    """
    torch: Any = sys.modules.get("torch")
    if isinstance(module, Module):
        found = Framework(Tensor, enable_grad, no_grad, nullcontext, grad, from_numpy, _fastinit_state)
    elif torch is not None and isinstance(module, torch.nn.Module):
        found = Framework(
            torch.Tensor,
            torch.enable_grad,
            torch.no_grad,
            lambda: _eager(torch),
            torch.autograd.grad,
            torch.from_numpy,
            lambda: _torch_state(torch),
        )
    else:
        raise TypeError(f"{what}: expected a module of fastinit or of torch, got {type(module).__name__}")
    for name, layer in module.named_modules():
        if hasattr(layer, "has_uninitialized_params") and layer.has_uninitialized_params():
            raise ValueError(f'{what}: "{name}" is lazy, and has no parameters before its first call')
    return found


@contextmanager
def unchanged(module: Any, framework: Framework) -> Iterator[None]:
    """Brings the buffers of a module, and the state of the random generators, back to what they were."""
    bring_back = framework.random_state()
    kept = [
        (layer, key, buffer, buffer.detach().clone())
        for layer in module.modules()
        for key, buffer in layer._buffers.items()
        if buffer is not None
    ]
    try:
        yield
    finally:
        bring_back()
        with framework.no_grad():
            for layer, key, buffer, values in kept:
                layer._buffers[key] = buffer
                # Not by its version: PyTorch's batch normalisation changes what no version counts.
                if not bool((buffer == values).all()):
                    buffer.copy_(values)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Starts the default generators from a seed, torch's too where it is imported; then brings them back."""
    torch: Any = sys.modules.get("torch")
    bring_back = _fastinit_state() if torch is None else _torch_state(torch)
    manual_seed(seed)
    if torch is not None:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        bring_back()


def called_with(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a module's call: a tensor alone, a tuple of arguments, or a mapping of keywords."""
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (inputs if isinstance(inputs, tuple) else (inputs,)), {}


def first_tensor(found: Any, framework: Framework) -> Any:
    """The first tensor of real numbers in what a layer is given or returns; None if there is none."""
    if isinstance(found, framework.tensor):
        return found if found.is_floating_point() else None
    if isinstance(found, Mapping):
        found = tuple(found.values())
    if isinstance(found, tuple | list):
        tensors = (first_tensor(each, framework) for each in found)
        return next((each for each in tensors if each is not None), None)
    return None


def _eager(torch: Any) -> AbstractContextManager[Any]:
    if "torch._dynamo" not in sys.modules:  # whose import takes seconds
        return nullcontext()
    stance: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return stance


def _fastinit_state() -> Callable[[], None]:
    state = default_generator.get_state()

    def restore() -> None:
        default_generator.set_state(state)

    return restore


def _torch_state(torch: Any) -> Callable[[], None]:
    # A module of torch's may draw from fastinit's generator too, within fast_init.
    bring_back = _fastinit_state()
    state = torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None

    def restore() -> None:
        bring_back()
        torch.set_rng_state(state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    return restore
