"""PyTorch's own initial values of each layer, from the streams of the parameters' names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from ...memory import adopt
from ...random import Generator
from ...random.bounds import check_floating
from ...recipe import RecipeError
from ...recipe.named import named_in_module
from ...recipe.wrappers import bare_names, reach_parameters
from .context import fast_init

__all__ = ["like_torch"]

# Hooks that compute a parameter of the layer, which its reset_parameters fills, from others, which it leaves.
_COMPUTING = (BasePruningMethod, SpectralNorm, WeightNorm)


def like_torch(module: torch.nn.Module, seed: int) -> None:
    """Gives every layer of a module PyTorch's own initial values, those of its constructor, keyed by name.

    Each submodule's `reset_parameters()` (`_reset_parameters()` of MultiheadAttention and Transformer) is
    called once, in the order in which constructors end: children first. What it draws into other tensors than
    the module's, as into one that it copies from, is from the stream of the layer's name. A parameter that
    several layers share has the values of the layer that its name belongs to, the first one.

    Args:
        module: a module whose parameters have memory on the CPU.
        seed: the seed of every parameter's stream, a 64-bit int.

    Raises:
        RecipeError: a layer has parameters of its own and no such method, or one that does not reach them;
            a parameter cannot be filled. Then nothing has been written.
    """
    reach_parameters(module)
    root = Generator(seed=seed)
    context = fast_init(root.initial_seed(), module=module)
    _check_parameters(module)
    resets = list(_resets(module))
    with context as generator:
        for name, reset, borrowed in resets:
            generator.set_state(root.fork(name).get_state())
            kept = [each.detach().clone() for each in borrowed]
            reset()
            for each, values in zip(borrowed, kept, strict=True):
                each.detach().copy_(values)


def _check_parameters(module: torch.nn.Module) -> None:
    for name, parameter in module.named_parameters():
        try:
            check_floating(adopt(parameter)[0], "reset_parameters")
        except (TypeError, ValueError, RuntimeError) as error:
            raise RecipeError(f'"like-torch": "{name}": {error}') from error


def _resets(module: torch.nn.Module) -> Iterator[tuple[str, Callable[[], Any], list[torch.nn.Parameter]]]:
    """Each layer's name, what resets it, and which of its parameters are others'; children come first.

    A layer that is held several times is there once.
    """
    owners = _owners(module)
    bare = bare_names(module)
    for name, layer in _children_first(module, "", set()):
        own = [key for key, _ in layer.named_parameters(recurse=False)]
        reset: Any = getattr(layer, "reset_parameters", None) or getattr(layer, "_reset_parameters", None)
        if reset is None and not own:
            continue
        problem = _problem(layer, reset)
        if problem is not None:
            raise RecipeError(
                f'"like-torch": "{name}", a {type(layer).__name__} with parameters of its own '
                f"({', '.join(own)}), {problem}: "
                "give a recipe, or wrap its own initialisation in fast_init(seed, module=...)"
            )
        borrowed = [each for each in layer.parameters(recurse=False) if owners[id(each)] is not layer]
        yield bare(name), reset, borrowed


def _owners(module: torch.nn.Module) -> dict[int, torch.nn.Module]:
    """The layer that the name of each parameter belongs to, which of a shared one is the first."""
    parameters = list(module.named_parameters(remove_duplicate=False))
    first = named_in_module(module, parameters).second_names
    bare = bare_names(module)
    layers = {bare(name): module.get_submodule(name.rpartition(".")[0]) for name, _ in parameters}
    names = {id(parameter): bare(name) for name, parameter in parameters}
    return {number: layers[first.get(name, name)] for number, name in names.items()}


def _problem(layer: torch.nn.Module, reset: Any) -> str | None:
    """Why a layer's values cannot be had by `reset()`, if so."""
    if reset is None:
        return "has no reset_parameters()"
    if any(isinstance(hook, _COMPUTING) for hook in layer._forward_pre_hooks.values()):
        return "computes what its reset_parameters() fills from others"
    try:
        inspect.signature(reset).bind()
    except TypeError as error:
        return f"has a reset_parameters() that needs arguments ({error})"
    return None


def _children_first(
    layer: torch.nn.Module, name: str, seen: set[torch.nn.Module]
) -> Iterator[tuple[str, torch.nn.Module]]:
    if layer in seen:
        return
    seen.add(layer)
    for key, child in layer.named_children():
        yield from _children_first(child, f"{name}.{key}" if name else key, seen)
    yield name, layer
