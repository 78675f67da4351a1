"""What a report shows of a checkpoint: figures of all tensors, and which of them are worth a picture."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checkpoint import Checkpoint, CheckpointError, Manifest
from ..checkpoint.store import open_store
from ..diagnostics import Density, ParameterRow, Parameters
from ..diagnostics import parameters as measured
from ..diagnostics.density import density_of
from ..diagnostics.tensors import Held, source_of
from ..recipe import Recipe, RecipeError, TensorSpec
from ..recipe.spec import DTYPES
from .groups import Group, grouped, natural
from .histogram import Counted, counted

__all__ = ["Survey", "survey"]

_RUN = 1024
"""Consecutive values of a sample, which are read together."""

_OF_A_TENSOR = 1 << 15
_OF_A_GROUP = 1 << 18
"""Values that are looked at for a histogram."""

_LARGEST_MATRIX = 1 << 24
"""Values of a matrix that is held as a whole; of a larger one, so many rows are."""

_LEAST_SIDE = 16
"""A matrix that is narrower has no spectrum to speak of."""


@dataclass(frozen=True)
class Survey:
    """A checkpoint, looked at.

    Attributes:
        name: of the checkpoint.
        table: the figures of the tensors, and what is expected of them.
        nbytes: how large they are.
        recipe: what says what is expected; None if nothing does.
        histograms: of each tensor of real numbers.
        densities: of each tensor of which something is expected.
        groups: tensors that repeat, together, those of the most values first; without what is constant.
    """

    name: str
    table: Parameters
    nbytes: int
    recipe: Recipe | None
    histograms: Mapping[str, Counted]
    densities: Mapping[str, Density]
    groups: list[Group[ParameterRow]]
    _held: Mapping[str, Held]

    @property
    def summary(self) -> str:
        """How large it is, and whether something is flagged, in a line."""
        count = sum(row.count for row in self.table)
        size = f"{len(self.table):,} tensors, {count:,} values, {self.nbytes:,} bytes"
        flagged = len(self.table.flagged)
        if self.recipe is None and not flagged:
            return f"{size}; no recipe says what is expected"
        return f"{size}; {flagged or 'nothing'} flagged"

    def sample(self, rows: Collection[ParameterRow]) -> npt.NDArray[np.float64]:
        """About 2^18 values of some tensors together."""
        each = max(_RUN, _OF_A_GROUP // len(rows))
        return np.concatenate([_sampled(self._held[row.name], each).astype(np.float64) for row in rows])

    def matrix(self, row: ParameterRow) -> npt.NDArray[Any] | None:
        """A tensor as a matrix, of which evenly spread rows are taken if it is large; None if it is none."""
        held = self._held[row.name]
        rows, columns = row.shape[0] if row.shape else 0, held.count // max(1, *row.shape[:1])
        if len(row.shape) < 2 or not held.real or row.nan or row.inf or min(rows, columns) < _LEAST_SIDE:
            return None
        taken = min(rows, _LARGEST_MATRIX // columns)
        if taken < _LEAST_SIDE:
            return None
        if taken == rows:
            return held.read(0, held.count).reshape(rows, columns)
        places = np.linspace(0, rows - 1, taken).astype(np.int64)
        return np.stack([held.read(place * columns, (place + 1) * columns) for place in places.tolist()])


def survey(
    checkpoint: Checkpoint,
    *,
    recipe: Recipe | None = None,
    names: Collection[str] | None = None,
    observe: Callable[[int], None] | None = None,
) -> Survey:
    """Reads a checkpoint once for the figures, piece by piece, and a sample of it for the histograms.

    Args:
        checkpoint: which.
        recipe: what should have given the values; if None, that of the manifest which `checkpoint.write` puts
            beside a checkpoint, if there is one that fits.
        names: of the tensors that are looked at; all if None.
        observe: is called with a number of values, each time that so many have been read.

    Raises:
        RecipeError: the recipe does not fit it.
        ValueError: there is no tensor of one of the names.
        OSError: it cannot be read.
    """
    held = source_of("report", checkpoint).tensors
    if recipe is None:
        recipe = _recipe_beside(checkpoint, held)
    densities = {} if recipe is None else _densities(recipe, held)
    table = measured(checkpoint, recipe=recipe, spectra=False, names=names, observe=observe)
    table = Parameters(sorted(table, key=lambda row: natural(row.name)))
    histograms = {
        row.name: counted(_sampled(held[row.name], _OF_A_TENSOR), densities.get(row.name), 40)
        for row in table
        if held[row.name].real
    }
    varied = [row for row in table if row.flags or row.std > 0 or row.expected_std > 0]
    groups = grouped((row.name, (row.shape, row.dtype, row.initialiser), row) for row in varied)
    groups.sort(key=lambda group: -sum(row.count for row in group[1]))
    nbytes = sum(checkpoint.tensors[row.name].entry.nbytes for row in table)
    name = Path(checkpoint.source.rstrip("/")).name or checkpoint.source
    return Survey(name, table, nbytes, recipe, histograms, densities, groups, held)


def _sampled(held: Held, at_most: int) -> npt.NDArray[Any]:
    """About so many of the values, as runs that lie evenly spread; nothing else is read."""
    if held.count <= at_most:
        return held.read(0, held.count)
    starts = np.linspace(0, held.count - _RUN, at_most // _RUN).astype(np.int64).tolist()
    return np.concatenate([held.read(start, start + _RUN) for start in starts])


def _densities(recipe: Recipe, tensors: Mapping[str, Held]) -> dict[str, Density]:
    specs = {
        name: TensorSpec(each.shape, each.dtype)
        for name, each in tensors.items()
        if each.dtype in DTYPES and each.count and not recipe.leaves(recipe.key(name))
    }
    assigned = recipe.assign({recipe.key(name): spec for name, spec in specs.items()})
    of_call: dict[tuple[str, tuple[int, ...]], Density] = {}
    found = {}
    for name, spec in specs.items():
        if (decided := assigned.get(recipe.key(name))) is None:
            continue
        call = str(decided.initialiser), spec.shape
        if call not in of_call:
            of_call[call] = density_of(decided.initialiser, spec.shape)
        found[name] = of_call[call]
    return found


def _recipe_beside(checkpoint: Checkpoint, tensors: Mapping[str, Held]) -> Recipe | None:
    """The recipe of the checkpoint's manifest, if it has one, and is still of those tensors."""
    source = checkpoint.source
    directory = source
    if source.endswith((".safetensors", ".json")) and not Path(source).is_dir():
        directory = source.replace(os.sep, "/").rpartition("/")[0] or "."
    try:
        recipe = Manifest.read(open_store(directory)).job.recipe
        _densities(recipe, tensors)
    except FileNotFoundError:
        return None
    except (CheckpointError, RecipeError) as error:
        warnings.warn(f"nothing is expected of the values: {error}", stacklevel=3)
        return None
    return recipe
