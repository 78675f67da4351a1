"""Filling what exists from a recipe, and recomputing any slice of what it gives."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from types import EllipsisType
from typing import Any, SupportsIndex, TypeVar

import numpy as np
import numpy.typing as npt

from .. import _core
from ..memory import adopt
from ..random import Generator
from ..shard import Shard
from .errors import RecipeError, unknown
from .recipe import Recipe
from .spec import DTYPES, TensorSpec

Target = TypeVar("Target")
Index = SupportsIndex | slice | EllipsisType


def initialize_(module_or_mapping: Target, recipe: Recipe, seed: int) -> Target:
    """Fills the parameters of a module, or the arrays of a mapping, in place, each from its name's stream.

    The bits are those of the checkpoint that the recipe and the seed give, whatever else the module holds.
    A tied parameter is keyed by the source that the recipe's tie names, else by the first name that it is
    registered under. Everything is checked before the first value is written.

    Args:
        module_or_mapping: what has `named_parameters()`, or a mapping from names to what `fastinit.nn.init`
            fills: Tensors, ndarrays, memory maps. Where the recipe lists its tensors, each name must be among
            them, with the same shape; the dtype may be another, and not all need be there.
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
        key, spec = recipe.key(name), _spec(name, target)
        targets[name] = target
        if specs.setdefault(key, spec) != spec:
            raise RecipeError(f'"{name}" is {spec}; it is tied to "{key}", which is {specs[key]}')
    assignments = recipe.assign(specs)
    generator = Generator(seed=seed)
    for name, target in targets.items():
        key = recipe.key(name)
        assignments[key].initialiser.fill(target, generator.fork(key))
    return module_or_mapping


def value(recipe: Recipe, name: str, index: Index | tuple[Index, ...], seed: int) -> npt.NDArray[Any]:
    """Recomputes a slice of a parameter's initial values: the bits that a checkpoint holds there.

    Only the smallest box that holds the slice is computed, so a row of a huge matrix costs a row (for an
    initialiser that is not elementwise, what its docstring says).

    Args:
        recipe: a recipe that lists its tensors.
        name: one of them, or a tied name.
        index: ints, slices of any step and at most one `...`, as NumPy's basic indexing; `...` is the whole.
        seed: the seed of the checkpoint.

    Returns:
        A new array of the parameter's dtype and of the shape that the index gives.

    Raises:
        RecipeError: the recipe has no such tensor.
        IndexError: the index does not fit its shape.

    Examples:
        >>> from fastinit.recipe import Recipe, Rule, TensorSpec, value
        >>> recipe = Recipe([Rule("*", "normal_", {"std": 0.02})], tensors={"wte": TensorSpec((50257, 768))})
        >>> value(recipe, "wte", (slice(7, 9), slice(None, 4)), seed=0).shape
        (2, 4)
    """
    key = recipe.key(name)
    if key not in recipe.assignments:
        raise unknown("tensor", name, [*recipe.tensors, *recipe.ties])
    assignment = recipe.assignments[key]
    shape = assignment.spec.shape
    box, view = _box(index if isinstance(index, tuple) else (index,), shape)
    shard = Shard(shape, box)
    values = np.empty(shard.shape, assignment.spec.numpy_dtype)
    assignment.initialiser.fill(values, Generator(seed=seed).fork(key), shard)
    found: npt.NDArray[Any] = values[(*view, ...)]
    return found


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
    array = adopt(target)
    _core.check_writable(array)
    if array.dtype.name not in DTYPES:
        raise RecipeError(f'"{name}" is of dtype {array.dtype}; only floating-point tensors can be filled')
    return TensorSpec(array.shape, array.dtype.name)


def _box(
    index: tuple[Index, ...], shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice | int, ...]]:
    """The smallest box that holds what `index` names, and the index of that inside the box."""
    dots = sum(each is ... for each in index)
    if dots > 1 or len(index) - dots > len(shape):
        raise IndexError(f"the index {index} does not fit the shape {shape}")
    cut = next((place for place, each in enumerate(index) if each is ...), len(index))
    filler = (slice(None),) * (len(shape) - (len(index) - dots))
    full = (*index[:cut], *filler, *index[cut + dots :])
    bounds = [_bounds(each, size) for each, size in zip(full, shape, strict=True)]
    return tuple(box for box, _ in bounds), tuple(view for _, view in bounds)


def _bounds(index: Index, size: int) -> tuple[slice, slice | int]:
    if isinstance(index, slice):
        places = range(*index.indices(size))
        low, high = (min(places), max(places) + 1) if places else (0, 0)
        return slice(low, high), slice(None, None, places.step)
    place = operator.index(index)  # type: ignore[arg-type]  # an ellipsis has been replaced
    if not -size <= place < size:
        raise IndexError(f"index {place} is out of bounds for a dimension of size {size}")
    return slice(place % size, place % size + 1), 0
