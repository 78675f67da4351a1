"""Filling what exists from a recipe, and recomputing any slice of what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy.typing as npt

from .. import _core
from ..memory import adopt
from ..random import Generator
from .errors import RecipeError
from .index import Index
from .recipe import Recipe
from .spec import DTYPES, TensorSpec

Target = TypeVar("Target")


def initialize_(module_or_mapping: Target, recipe: Recipe, seed: int) -> Target:
    """Fills the parameters of a module, or the arrays of a mapping, in place, each from its name's stream.

    The bits are those of the checkpoint that the recipe and the seed give, whatever else the module holds.
    A tied parameter is keyed by the source that the recipe's tie names, else by the first name that it is
    registered under. Everything is checked before the first value is written. What no rule matches stays as
    it is where the recipe's `allow_unmatched` lets it.

    Args:
        module_or_mapping: what has `named_parameters()`, or a mapping from names to what `fastinit.nn.init`
            fills: Tensors, ndarrays, memory maps. Where the recipe lists its tensors, each name must be among
            them, with the same shape; the dtype may be another, and not all need be there. An array keeps
            its dtype, whatever a rule says of the one that a checkpoint stores.
        recipe: what gives each name its initialiser.
        seed: the seed of every parameter's stream, a 64-bit int.

    Returns:
        The same object.

    Raises:
        RecipeError: a name that no rule matches or that the recipe does not list, another shape, a dtype or a
            shape that the initialiser refuses, a rule without any use.
        TypeError: the mapping holds what cannot be filled in place.
        ValueError: an array is read-only.

    Draws: each parameter from position 0 of `Generator(seed=seed).fork(name)`; no other generator moves.
    """
    targets: dict[str, Any] = {}
    specs: dict[str, TensorSpec] = {}
    for name, target in _named(module_or_mapping).items():
        key = recipe.key(name)
        if recipe.leaves(key):
            continue
        spec = _spec(name, target)
        targets[name] = target
        if specs.setdefault(key, spec) != spec:
            raise RecipeError(f'"{name}" is {spec}; it is tied to "{key}", which is {specs[key]}')
    assignments = recipe.assign(specs)
    generator = Generator(seed=seed)
    for name, target in targets.items():
        key = recipe.key(name)
        if key in assignments:
            assignments[key].initialiser.fill(target, generator.fork(key))
    return module_or_mapping


def value(recipe: Recipe, name: str, index: Index | tuple[Index, ...], seed: int) -> npt.NDArray[Any]:
    """Recomputes a slice of a parameter's initial values, as `Recipe.value` does.

    Args:
        recipe: a recipe that lists its tensors.
        name: one of them, or a tied name.
        index: as `Recipe.value` takes it.
        seed: the seed of the checkpoint.

    Returns:
        A new array.

    Raises:
        RecipeError: the recipe has no such tensor, or leaves it as it is.
        IndexError: the index does not fit its shape.

    Examples:
        >>> from fastinit.recipe import Recipe, Rule, TensorSpec, value
        >>> recipe = Recipe([Rule("*", "normal_", {"std": 0.02})], tensors={"wte": TensorSpec((50257, 768))})
        >>> value(recipe, "wte", (slice(7, 9), slice(None, 4)), seed=0).shape
        (2, 4)
    """
    return recipe.value(name, index, seed)


def _named(module_or_mapping: object) -> dict[str, Any]:
    """Names to what is to be filled; an object held under several names is there once, under the first."""
    if hasattr(module_or_mapping, "named_parameters"):
        named = dict(module_or_mapping.named_parameters())
    elif isinstance(module_or_mapping, Mapping):
        named = dict(module_or_mapping)
    else:
        kind = type(module_or_mapping).__name__
        raise TypeError(f"initialize_: expected a module or a mapping from names to arrays, got {kind}")
    first = {id(each): name for name, each in reversed(named.items())}
    return {name: each for name, each in named.items() if first[id(each)] == name}


def _spec(name: str, target: Any) -> TensorSpec:
    array, shard = adopt(target)
    _core.check_writable(array)
    if array.dtype.name not in DTYPES:
        raise RecipeError(f'"{name}" is of dtype {array.dtype}; only floating-point tensors can be filled')
    return TensorSpec(array.shape if shard is None else shard.global_shape, array.dtype.name)
