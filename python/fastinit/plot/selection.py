"""Which tensors of a checkpoint are worth a picture: what is flagged first, then the largest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy.typing as npt

from ..diagnostics import Density, ParameterRow
from .groups import printable
from .survey import Survey

__all__ = ["Distribution", "Matrix", "distributions", "matrices"]

_MOST_FLAGGED = 12


class Distribution(NamedTuple):
    """Tensors whose values are shown together.

    Attributes:
        title: their names, as a picture shows them.
        rows: their figures.
        wanted: what is expected of each, if of all the same.
    """

    title: str
    rows: list[ParameterRow]
    wanted: Density | None


class Matrix(NamedTuple):
    """A matrix whose spectrum and values are shown.

    Attributes:
        title: its name, as a picture shows it, and of how many rows there are how many where not all are.
        row: its figures.
        values: all of its rows, or some that lie evenly.
    """

    title: str
    row: ParameterRow
    values: npt.NDArray[Any]


def distributions(found: Survey, most: int) -> list[Distribution]:
    """Each flagged tensor for itself, a dozen at most, and those that repeat together."""
    flagged = [row for row in found.table.flagged if row.name in found.histograms and row.count]
    alone = [(row.name, [row]) for row in flagged[:_MOST_FLAGGED]]
    together = [group for group in found.groups if len(group[1]) > 1 or not group[1][0].flags]
    shown = []
    for name, rows in [*alone, *together][:most]:
        wanted = {id(density): density for row in rows if (density := found.densities.get(row.name))}
        shown.append(Distribution(printable(name), rows, wanted.popitem()[1] if len(wanted) == 1 else None))
    return shown


def matrices(found: Survey, most: int) -> Iterator[Matrix]:
    """Of each group of matrices one: one that is flagged, or the first. One is held at a time."""
    count = 0
    for _, rows in found.groups:
        row = next((each for each in rows if each.flags), rows[0])
        if count == most:
            return
        if (values := found.matrix(row)) is not None:
            count += 1
            part = "" if len(values) == row.shape[0] else f" ({len(values):,} of {row.shape[0]:,} rows)"
            yield Matrix(printable(row.name) + part, row, values)
