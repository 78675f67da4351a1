"""The parameters of a model one by one: their figures, beside what their initialisers should have given."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from .._core import get_num_threads
from ..nn.init import Layout
from ..nn.init.layout import resolve
from ..recipe import Recipe, TensorSpec
from ..recipe.spec import DTYPES
from ..recipe.wrappers import bare_names
from ..statistics import Statistics, merge, statistics
from .moments import Expected, expected_of
from .spectrum import Spectrum, spectrum, spectrum_in_pieces
from .table import Table
from .tensors import Held, Source, source_of
from .torch_defaults import torch_defaults

#: What is expected of a tensor, and which matrices it holds.
Wanted: TypeAlias = tuple[Expected, Layout | None]

__all__ = ["ParameterRow", "Parameters", "parameters"]

_LARGEST_MATRIX = 1 << 28
"""Values of a tensor that is held as a whole for its spectrum; a larger one is read in pieces."""

_PIECE = 1 << 24
"""Values of such a piece."""


@dataclass(frozen=True)
class ParameterRow:
    """The figures of a parameter, NaN where it has none.

    Attributes:
        name: the one that stands for it.
        shape: its shape.
        dtype: its dtype.
        count: the number of its values.
        mean: of the values that are not NaN, as all figures but `count`, `zeros`, `nan` and `inf`.
        std: the standard deviation, of the values as a whole population.
        min: the least value.
        max: the largest value.
        norm: the Euclidean norm.
        zeros: how many values are 0.
        nan: how many are NaN.
        inf: how many are infinite.
        spectral_norm: the largest singular value; of several matrices, that of the largest.
        condition: the largest over the smallest singular value; of several matrices, the largest.
        spectrum_exact: whether these two are meant as they stand; otherwise they are lower bounds.
        initialiser: what should have given the values; "" where nothing is known of it.
        expected_mean: the mean of its distribution.
        expected_std: its standard deviation.
        z: how unlikely `std` is, on the scale of a standard normal.
        z_mean: how unlikely `mean` is.
        flags: what is wrong, in words; empty if nothing is.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    count: int
    mean: float
    std: float
    min: float
    max: float
    norm: float
    zeros: int
    nan: int
    inf: int
    spectral_norm: float
    condition: float
    spectrum_exact: bool
    initialiser: str
    expected_mean: float
    expected_std: float
    z: float
    z_mean: float
    flags: tuple[str, ...]


class Parameters(Table[ParameterRow]):
    """A row for each parameter, in the order of the model.

    Args:
        rows: the rows.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "name",
        "shape",
        "dtype",
        "mean",
        "std",
        "expected_std",
        "z",
        "min",
        "max",
        "norm",
        "zeros",
        "nan",
        "inf",
        "spectral_norm",
        "condition",
        "flags",
    )

    @property
    def flagged(self) -> tuple[ParameterRow, ...]:
        """The rows in which something is wrong."""
        return tuple(row for row in self.rows if row.flags)

    def cell(self, row: ParameterRow, column: str) -> str:
        """As every table's, with a sign before what is but a lower bound."""
        text = super().cell(row, column)
        bound = column in ("spectral_norm", "condition") and not row.spectrum_exact
        return f">= {text}" if bound else text

    def to_dict(self) -> dict[str, Any]:
        """As every table's, with the names of the flagged rows."""
        return {**super().to_dict(), "flagged": [row.name for row in self.flagged]}


def parameters(
    module_or_checkpoint: Any,
    *,
    recipe: Recipe | None = None,
    like: Literal["torch"] | None = None,
    spectra: bool = True,
    threshold: float = 5.0,
    names: Collection[str] | None = None,
    observe: Callable[[int], None] | None = None,
) -> Parameters:
    """Measures the parameters of a model, and says which are not what they were meant to be.

    A standard deviation or a mean counts as wrong where chance gives one as far from the expected one in a
    few of ten million right tensors. So a network of a hundred layers is found fault with without reason once
    in thousands; on the other hand, a tensor of a hundred values must be off by a third before it can be
    told. A fan that is wrong but equal to the right one changes nothing, and is not told. NaN and infinities
    are always flagged.

    Args:
        module_or_checkpoint: a module of fastinit or of torch, on any device that has memory; a mapping from
            names to arrays; a `Checkpoint`; or a path or an address of one.
        recipe: what should have given the values; every parameter must meet a rule of it, as in
            `initialize_`.
        like: "torch": the constructors of a module's layers should have, with PyTorch's defaults. Nothing is
            expected of layers of types that PyTorch has not.
        spectra: whether spectral norms and condition numbers are computed, as `spectrum` says, which are by
            far the most work. A parameter of more than 2 dimensions is one matrix, of the first by the rest,
            or those that its rule's layout says. One of more than 2^28 values is read 16 times, in pieces,
            and has no condition number if it has more columns than rows, nor a spectrum if a layout says
            which matrices it holds.
        threshold: from which z-score on a row is flagged.
        names: of which parameters the rows are, in the model's order all the same; of all if None. The recipe
            must fit all.
        observe: is called with a number of values, each time that so many have been read.

    Returns:
        The table: `table["0.weight"].std`, `table.flagged`, `print(table)`, `table.to_dict()` for JSON.

    Raises:
        TypeError: the first argument is none of these, a parameter has no values, as on the device "meta",
            `recipe` is no recipe, or `names` is one name.
        ValueError: both `recipe` and `like` are given, `like` is not "torch" or stands beside what is no
            module, the threshold is not above 0, or there is no parameter of one of the names.
        RecipeError: the recipe does not fit.
        CheckpointError, OSError: the checkpoint cannot be read.

    Source: fastinit's own; see docs/diagnostics.md.

    Examples:
        >>> net = nn.Sequential(nn.Linear(100, 300), nn.ReLU(), nn.Linear(300, 10))
        >>> _ = nn.init.normal_(net[2].weight, std=0.1)
        >>> [row.name for row in parameters(net, like="torch").flagged]
        ['2.weight']
    """
    if recipe is not None and like is not None:
        raise ValueError("parameters: expected recipe or like, got both")
    if like not in (None, "torch"):
        raise ValueError(f'parameters: expected like to be "torch", got {like!r}')
    if not threshold > 0:
        raise ValueError(f"parameters: expected a threshold above 0, got {threshold}")
    if recipe is not None and not isinstance(recipe, Recipe):
        raise TypeError(f"parameters: expected recipe to be a Recipe, got {type(recipe).__name__}")
    if isinstance(names, str):
        raise TypeError(f'parameters: expected several names, got "{names}": put it into a list')
    source = source_of("parameters", module_or_checkpoint)
    if unknown := sorted(set(names or ()) - source.tensors.keys()):
        raise ValueError(f'parameters: expected names of parameters, got "{unknown[0]}", which is none')
    wanted: dict[str, Wanted] = {}
    if recipe is not None:
        wanted = _by_recipe(source, recipe)
    elif like is not None:
        wanted = _like_torch(source)
    chosen = [name for name in source.tensors if names is None or name in names]

    def row(name: str) -> ParameterRow:
        expected, layout = wanted.get(name, (None, None))
        return _row(name, source.tensors[name], expected, layout, spectra, threshold)

    rows = []
    # Two at a time: one is read, or in a part that has but one thread, while the other keeps all busy.
    with ThreadPoolExecutor(min(2, get_num_threads())) as pool:
        for found in pool.map(row, chosen):
            rows.append(found)
            if observe is not None:
                observe(found.count)
    return Parameters(rows)


def _by_recipe(source: Source, recipe: Recipe) -> dict[str, Wanted]:
    keys: dict[str, str] = {}
    specs: dict[str, TensorSpec] = {}
    for name, held in source.tensors.items():
        key = recipe.key(name if name in recipe.ties else source.ties.get(name, name))
        if held.dtype in DTYPES and not recipe.leaves(key):
            keys[name] = key
            specs.setdefault(key, TensorSpec(held.whole_shape, held.dtype))
    assignments = recipe.assign(specs)
    return {
        name: (expected_of(assigned.initialiser, assigned.spec.shape), assigned.initialiser.layout)
        for name, key in keys.items()
        if (assigned := assignments.get(key)) is not None and assigned.spec.numel
    }


def _like_torch(source: Source) -> dict[str, Wanted]:
    if source.module is None:
        raise ValueError(
            'parameters: like="torch" asks for a module: only that knows the types of its layers'
        )
    bare = bare_names(source.module)
    return {bare(name): (each, None) for name, each in torch_defaults(source.module).items()}


def _row(
    name: str, held: Held, wanted: Expected | None, layout: Layout | None, spectra: bool, threshold: float
) -> ParameterRow:
    found, inf = _figures(held) if held.real else (Statistics(held.count), 0)
    at_ends = Spectrum(math.nan, math.nan, True)
    if spectra and held.real and not found.nan and not inf:
        at_ends = _spectrum(held, layout, max(found.max, -found.min) if found.numbers else 0.0)
    z = math.nan if wanted is None else wanted.z_of_std(found, held.dtype)
    z_mean = math.nan if wanted is None else wanted.z_of_mean(found, held.dtype)
    # A product that is too large is infinite, where a power raises.
    mean_square = found.mean * found.mean * found.numbers if found.numbers else 0.0
    return ParameterRow(
        name=name,
        shape=held.shape,
        dtype=held.dtype,
        count=held.count,
        mean=found.mean,
        std=found.std if held.real else math.nan,
        min=found.min,
        max=found.max,
        norm=math.inf if inf else math.sqrt(mean_square + found.deviations) if held.real else math.nan,
        zeros=found.zeros,
        nan=found.nan,
        inf=inf,
        spectral_norm=at_ends.norm,
        condition=at_ends.condition,
        spectrum_exact=at_ends.exact,
        initialiser="" if wanted is None else wanted.initialiser,
        expected_mean=math.nan if wanted is None else wanted.mean,
        expected_std=math.nan if wanted is None else wanted.std,
        z=z,
        z_mean=z_mean,
        flags=tuple(_flags(found, inf, held.dtype, wanted, threshold)),
    )


def _figures(held: Held) -> tuple[Statistics, int]:
    """The statistics, and how many values are infinite."""
    found, inf = Statistics(), 0
    for piece in held.pieces():
        part = statistics(piece)
        if math.isinf(part.min) or math.isinf(part.max):
            inf += int(np.isinf(piece).sum())
        with np.errstate(invalid="ignore"):
            found = merge(found, part)
    return found, inf


def _spectrum(held: Held, layout: Layout | None, largest: float) -> Spectrum:
    if len(held.shape) < 2 or not held.count:
        return Spectrum(math.nan, math.nan, True)
    if held.count > _LARGEST_MATRIX:
        return _in_pieces(held, largest) if layout is None else Spectrum(math.nan, math.nan, True)
    whole = held.read(0, held.count).reshape(held.shape)
    if layout is None or held.shape != held.whole_shape:
        return spectrum(whole)
    axes = resolve(layout, held.shape)
    found = [
        spectrum(whole[box].transpose(*axes.experts, *axes.matrix).reshape(_sizes(box, axes.matrix)))
        for box in layout.matrices(held.shape)
    ]
    return Spectrum(
        max(each.norm for each in found),
        max(each.condition for each in found),
        all(each.exact for each in found),
    )


def _in_pieces(held: Held, largest: float) -> Spectrum:
    rows, columns = held.shape[0], held.count // held.shape[0]
    together = max(1, _PIECE // columns)

    def read() -> Iterator[np.ndarray[Any, Any]]:
        for start in range(0, rows, together):
            end = min(start + together, rows)
            yield held.read(start * columns, end * columns).reshape(-1, columns)

    return spectrum_in_pieces(read, (rows, columns), largest)


def _sizes(box: tuple[slice, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(box[axis].stop - box[axis].start for axis in axes)


def _flags(found: Statistics, inf: int, dtype: str, wanted: Expected | None, threshold: float) -> list[str]:
    flags = [f"{found.nan:,} NaN"] if found.nan else []
    if inf:
        flags.append(f"{inf:,} infinite")
    return flags if wanted is None else flags + wanted.flags(found, dtype, threshold)
