"""What a recipe expects of a checkpoint's tensors, and which of them are not as it says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..checkpoint import Checkpoint
from ..diagnostics.moments import Expected, expected_of
from ..recipe import Recipe, TensorSpec
from ..recipe.spec import DTYPES
from ..statistics import Statistics

_THRESHOLD = 5.0
"""Standard errors: chance takes one right tensor in about a million so far."""


@dataclass(frozen=True)
class Comparison:
    """How the figures of a tensor lie to those that it should have; NaN where nothing is known.

    Attributes:
        expected_mean: the mean of what its initialiser draws.
        expected_std: the standard deviation.
        z: how unlikely the standard deviation found is, on the scale of a standard normal.
        z_mean: how unlikely the mean is.
        flags: what is wrong, in words.
    """

    expected_mean: float
    expected_std: float
    z: float
    z_mean: float
    flags: tuple[str, ...]


def expectations(checkpoint: Checkpoint, recipe: Recipe) -> dict[str, Expected]:
    """What is expected of each tensor that the recipe initialises.

    Raises:
        RecipeError: the recipe does not fit the checkpoint's names and shapes.
    """
    keys: dict[str, str] = {}
    specs: dict[str, TensorSpec] = {}
    for name, place in checkpoint.tensors.items():
        key, dtype = recipe.key(name), place.entry.numpy_dtype
        if dtype is not None and dtype.name in DTYPES and not recipe.leaves(key):
            keys[name] = key
            specs.setdefault(key, TensorSpec(place.entry.shape, dtype.name))
    assignments = recipe.assign(specs)
    return {
        name: expected_of(assigned.initialiser, assigned.spec.shape)
        for name, key in keys.items()
        if (assigned := assignments.get(key)) is not None and assigned.spec.numel
    }


def missing(checkpoint: Checkpoint, recipe: Recipe) -> list[str]:
    """The tensors that the recipe lists and the checkpoint has under no name."""
    held = {recipe.key(name) for name in checkpoint.tensors}
    return [name for name in recipe.assignments if name not in held]


def compared(found: Statistics, dtype: str, wanted: Expected | None) -> Comparison:
    """Compares what was found in a tensor with what is expected of it, if anything is."""
    flags = [f"{found.nan:,} NaN"] if found.nan else []
    if math.isinf(found.min) or math.isinf(found.max):
        flags.append("infinite values")
    if wanted is None:
        return Comparison(math.nan, math.nan, math.nan, math.nan, tuple(flags))
    z, z_mean = wanted.z_of_std(found, dtype), wanted.z_of_mean(found, dtype)
    flags += wanted.flags(found, dtype, _THRESHOLD)
    return Comparison(wanted.mean, wanted.std, z, z_mean, tuple(flags))


def summary_of(flagged: Mapping[str, tuple[str, ...]], lacking: list[str], source: str, recipe: str) -> str:
    """One line that says in what a checkpoint is not as its recipe says; empty if it is."""
    said = []
    if flagged:
        name, flags = next(iter(flagged.items()))
        more = f" and {len(flagged) - 1:,} more" if len(flagged) > 1 else ""
        said.append(f'"{name}" ({"; ".join(flags)}){more} not as {recipe} says')
    if lacking:
        more = f" and {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
        said.append(f'"{lacking[0]}"{more} missing')
    return f"{source}: {'; '.join(said)}" if said else ""
