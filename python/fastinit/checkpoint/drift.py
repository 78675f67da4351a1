"""How far training has moved a checkpoint from its initial values, which are computed again."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..recipe import Recipe, TensorSpec
from ..statistics import Statistics, merge, statistics
from .errors import CheckpointError
from .header import CODES, Entry
from .reader import Checkpoint
from .values import Values

_PIECE = 8 << 20
"""Bytes that are read at a time."""

_CHUNK = 1 << 16
"""Values that are compared together: as float64 they stay in a core's own cache."""

_NAMES = 8
"""Names in a message; of more, the number is said."""

_RECIPE_DTYPES: Mapping[str, str] = {code: dtype for dtype, code in CODES.items()}


@dataclass(frozen=True)
class Drift:
    """How a tensor w differs from its initial values w0, which are first rounded to its dtype.

    Args:
        relative: `|w - w0| / |w0|`, in the Euclidean norm; 0 where nothing has changed, infinite where w0
            is 0.
        rms: the root of the mean of (w - w0)^2.
        largest: the largest `|w - w0|` of one value.
        cosine: that of the angle between w and w0; NaN where one of them is 0.
        std_then: the standard deviation of w0.
        std_now: that of w.
        unchanged: which part of the values are what they were.

    Source: fastinit's own; see docs/checkpoints.md.
    """

    relative: float
    rms: float
    largest: float
    cosine: float
    std_then: float
    std_now: float
    unchanged: float


def drift(
    checkpoint: Checkpoint | str | os.PathLike[str],
    recipe: Recipe,
    seed: int,
    *,
    names: Collection[str] | None = None,
    only_common: bool = False,
    observe: Callable[[int], None] | None = None,
) -> dict[str, Drift]:
    """Compares a checkpoint with the initial values that a recipe and a seed give, in bounded memory.

    Args:
        checkpoint: the checkpoint, or where it is.
        recipe: the recipe of its initial values. One that lists no tensors is applied to the checkpoint's.
        seed: the seed that they had.
        names: the tensors to compare; if not given, all.
        only_common: whether tensors that only one of the two has, or that have another shape or are not of
            floating point, are left out; otherwise they are an error.
        observe: called with the bytes that have been compared since the last call.

    Returns:
        The drift of each tensor, in the order of the checkpoint; of both names of a tie, if it holds both.

    Raises:
        CheckpointError: the two do not fit; the message lists in what.
        RecipeError: the recipe cannot be applied to the checkpoint's tensors.
        OSError: a file cannot be read.

    Source: fastinit's own; see docs/checkpoints.md.
    """
    if not isinstance(checkpoint, Checkpoint):
        checkpoint = Checkpoint(checkpoint)
    if not recipe.tensors:
        recipe = _applied(recipe, checkpoint)
    common = _common(checkpoint, recipe, only_common)
    wanted = common if names is None else [name for name in common if name in set(names)]
    report = observe or (lambda nbytes: None)
    return {name: _drift(checkpoint, recipe, seed, name, report) for name in wanted}


def _applied(recipe: Recipe, checkpoint: Checkpoint) -> Recipe:
    """The recipe for the tensors of a checkpoint, those that no recipe fills left out."""
    specs = {
        name: TensorSpec(place.entry.shape, _RECIPE_DTYPES[place.entry.dtype])
        for name, place in checkpoint.tensors.items()
        if place.entry.dtype in _RECIPE_DTYPES
    }
    for name, source in recipe.ties.items():
        if name in specs:  # the checkpoint may hold a tied tensor under either name alone
            specs.setdefault(source, specs[name])
    return recipe.with_tensors(specs)


def _common(checkpoint: Checkpoint, recipe: Recipe, only_common: bool) -> list[str]:
    """The tensors that both have.

    Raises:
        CheckpointError: there are others, and `only_common` was not given.
    """
    common, foreign, reshaped, others = [], [], [], []
    for name, place in checkpoint.tensors.items():
        assignment = recipe.assignments.get(recipe.key(name))
        if assignment is None:
            foreign.append(f'"{name}"')
        elif assignment.spec.shape != place.entry.shape:
            shapes = f"{list(place.entry.shape)} here, {list(assignment.spec.shape)} in the recipe"
            reshaped.append(f'"{name}" ({shapes})')
        elif not _is_floating(place.entry):
            others.append(f'"{name}" ({place.entry.dtype})')
        else:
            common.append(name)
    held = {recipe.key(name) for name in checkpoint.tensors}
    lacking = [f'"{name}"' for name in recipe.assignments if name not in held]
    faults = {
        "only in the checkpoint": foreign,
        "only in the recipe": lacking,
        "of another shape": reshaped,
        "not of floating point": others,
    }
    said = [f"{fault}: {_some(names)}" for fault, names in faults.items() if names]
    if said and not only_common:
        raise CheckpointError(f"{checkpoint.source}: {'; '.join(said)}")
    return common


def _some(names: Collection[str]) -> str:
    rest = len(names) - _NAMES
    return ", ".join([*names][:_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _is_floating(entry: Entry) -> bool:
    return entry.numpy_dtype is not None and entry.dtype.startswith(("F", "BF"))


def _drift(
    checkpoint: Checkpoint, recipe: Recipe, seed: int, name: str, report: Callable[[int], None]
) -> Drift:
    sums = Sums()
    tensor = recipe.assignments[recipe.key(name)]
    values = Values(tensor, seed)
    start = 0
    for now in checkpoint.pieces(name, _PIECE):
        then = np.empty(now.size, tensor.spec.numpy_dtype)
        values.fill(then, start)
        with np.errstate(over="ignore"):
            sums.add(now, then.astype(now.dtype, copy=False))
        start += now.size
        report(now.nbytes)
    return sums.drift()


class Sums:
    """What the figures of a tensor are made of, from pieces in order."""

    def __init__(self) -> None:
        self.then = self.now = Statistics()
        self.changes = self.squares_then = self.squares_now = self.products = 0.0
        self.largest = 0.0
        self.unchanged = 0

    def add(self, now: npt.NDArray[Any], then: npt.NDArray[Any]) -> None:
        """Takes in the next piece of both, vectors of one size."""
        self.now, self.then = merge(self.now, statistics(now)), merge(self.then, statistics(then))
        with np.errstate(all="ignore"):
            for start in range(0, now.size, _CHUNK):
                w = now[start : start + _CHUNK].astype(np.float64)
                w0 = then[start : start + _CHUNK].astype(np.float64)
                self.unchanged += int(np.count_nonzero(w == w0))
                self.squares_then += _sum_of_product(w0, w0)
                self.squares_now += _sum_of_product(w, w)
                self.products += _sum_of_product(w, w0)
                w -= w0
                self.changes += _sum_of_product(w, w)
                self.largest = float(np.maximum(self.largest, np.abs(w, out=w).max()))

    def drift(self) -> Drift:
        """The figures of all that was taken in."""
        count = self.now.count
        norms = math.sqrt(self.squares_then * self.squares_now)
        return Drift(
            relative=_ratio(math.sqrt(self.changes), math.sqrt(self.squares_then)),
            rms=math.sqrt(self.changes / count) if count else 0.0,
            largest=self.largest,
            cosine=self.products / norms if norms else math.nan,
            std_then=self.then.std,
            std_now=self.now.std,
            unchanged=self.unchanged / count if count else 1.0,
        )


def _ratio(change: float, norm: float) -> float:
    if norm:
        return change / norm
    return math.inf if change else 0.0


def _sum_of_product(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Not a BLAS's dot product, whose bits differ from machine to machine."""
    return float(np.multiply(a, b).sum())
