"""Filling what exists from a recipe, and recomputing any slice of what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy.typing as npt

from .. import _core
from ..memory import adopt
from ..random import Generator
from ..shard import Shard
from .errors import RecipeError, unknown
from .index import Index
from .named import Named, named_in_mapping, named_in_module
from .recipe import Recipe
from .spec import DTYPES, TensorSpec
from .wrappers import reach_parameters

Target = TypeVar("Target")


def initialize_(
    module_or_mapping: Target, recipe: Recipe, seed: int, *, shards: Mapping[str, Shard] | None = None
) -> Target:
    """Fills the parameters of a module, or the arrays of a mapping, in place, each from its name's stream.

    The bits are those of the checkpoint that the recipe and the seed give, whatever else the module holds.
    A tied parameter is keyed by the source that the recipe's tie names, else by the first name that it is
    registered under and that the module does not list in transformers' `_tied_weights_keys`; what those say
    to be tied gets the same bits, though `to_empty` has made tensors of its own of it. Everything is checked
    before the first value is written. What no rule matches stays as it is where the recipe's
    `allow_unmatched` lets it.

    A wrapped module gets the values of the bare one: what PyTorch's wrappers add to names is left out
    (`module.` of DataParallel and DistributedDataParallel, `_orig_mod.` of `torch.compile`,
    `_checkpoint_wrapped_module.`, `_fsdp_wrapped_module.`). Of DTensors, as `fully_shard` and
    `parallelize_module` make them, each rank fills its own part with the values that the whole tensor has
    there, and asks nothing of the others.

    Args:
        module_or_mapping: a module of fastinit or of torch, or a mapping from names to what
            `fastinit.nn.init` fills: Tensors, ndarrays, memory maps, tensors of PyTorch's. Where the recipe
            lists its tensors, each name must be among them, with the same shape; the dtype may be another,
            and not all need be there. An array keeps its dtype, whatever a rule says of the one that a
            checkpoint stores.
        recipe: what gives each name its initialiser.
        seed: the seed of every parameter's stream, a 64-bit int.
        shards: of names whose tensor is a box of a larger one, which box of which shape. DTensors need none.

    Returns:
        The same object.

    Raises:
        RecipeError: a name that no rule matches or that the recipe does not list, another shape, a dtype or a
            shape that the initialiser refuses, a rule without any use, a shard of no tensor or of another
            shape than its tensor's, a module whose parameters FSDP1 keeps in a flat tensor.
        TypeError: what cannot be filled in place, or is no Shard.
        ValueError: an array is read-only.

    Draws: each parameter from position 0 of `Generator(seed=seed).fork(name)`; no other generator moves.

    Source: fastinit's own; see docs/recipes.md.
    """
    named = _named(module_or_mapping)
    boxes = _boxes(shards or {}, named)
    keys: dict[str, str] = {}
    specs: dict[str, TensorSpec] = {}
    for name, target in named.tensors.items():
        key = recipe.key(name if name in recipe.ties else named.ties.get(name, name))
        if recipe.leaves(key):
            continue
        spec = _spec(name, target, boxes.get(name))
        keys[name] = key
        if specs.setdefault(key, spec) != spec:
            raise RecipeError(f'"{name}" is {spec}; it is tied to "{key}", which is {specs[key]}')
    assignments = recipe.assign(specs)
    generator = Generator(seed=seed)
    for name, key in keys.items():
        if key in assignments:
            assignments[key].initialiser.fill(named.tensors[name], generator.fork(key), boxes.get(name))
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

    Source: fastinit's own; see docs/checkpoints.md.

    Examples:
        >>> from fastinit.recipe import Recipe, Rule, TensorSpec, value
        >>> recipe = Recipe([Rule("*", "normal_", {"std": 0.02})], tensors={"wte": TensorSpec((50257, 768))})
        >>> value(recipe, "wte", (slice(7, 9), slice(None, 4)), seed=0).shape
        (2, 4)
    """
    return recipe.value(name, index, seed)


def _named(module_or_mapping: object) -> Named:
    """Names to what is to be filled; an object held under several names is there once."""
    if hasattr(module_or_mapping, "named_parameters"):
        reach_parameters(module_or_mapping)
        return named_in_module(module_or_mapping, module_or_mapping.named_parameters(remove_duplicate=False))
    if isinstance(module_or_mapping, Mapping):
        return named_in_mapping(module_or_mapping)
    kind = type(module_or_mapping).__name__
    raise TypeError(f"initialize_: expected a module or a mapping from names to arrays, got {kind}")


def _boxes(shards: Mapping[str, Shard], named: Named) -> dict[str, Shard]:
    """Which boxes the tensors are, by the names that stand for them."""
    boxes: dict[str, Shard] = {}
    for given, shard in shards.items():
        name = named.second_names.get(given, given)
        if name not in named.tensors:
            raise unknown("tensor", given, {*named.tensors, *named.second_names})
        if not isinstance(shard, Shard):
            kind = type(shard).__name__
            raise TypeError(f'initialize_: expected a fastinit.Shard in shards, got {kind} for "{given}"')
        if boxes.setdefault(name, shard) != shard:
            raise RecipeError(f'"{given}" is {shard}, but "{name}", the same tensor, is {boxes[name]}')
    return boxes


def _spec(name: str, target: Any, shard: Shard | None) -> TensorSpec:
    """What the whole tensor is."""
    try:
        array, shard = adopt(target, shard)
        if shard is not None:
            shard.check(array.shape)
    except ValueError as error:
        raise RecipeError(f'"{name}": {error}') from None
    except TypeError as error:
        raise TypeError(f'"{name}": {error}') from None
    _core.check_writable(array)
    if array.dtype.name not in DTYPES:
        raise RecipeError(f'"{name}" is of dtype {array.dtype}; only floating-point tensors can be filled')
    return TensorSpec(array.shape if shard is None else shard.global_shape, array.dtype.name)
