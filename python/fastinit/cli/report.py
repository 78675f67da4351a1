"""Figures of many tensors: which are wanted, in which order, as a table or as JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from ..checkpoint import Checkpoint, CheckpointError
from .tables import print_table, table

Source = Annotated[
    str,
    typer.Argument(
        metavar="CHECKPOINT",
        help="A .safetensors file, an index, a directory, or the URL of one.",
        show_default=False,
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATTERN]...", help='Names of tensors, such as "h.*.bias".', show_default=False),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="Turn the order round.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object; NaN is null in it.")]


@dataclass(frozen=True)
class Row:
    """A tensor and its figures; those are None where its values have none."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    figures: Mapping[str, float | None]


def row(checkpoint: Checkpoint, name: str, figures: Mapping[str, float | None]) -> Row:
    """The row of a checkpoint's tensor."""
    entry = checkpoint.tensors[name].entry
    dtype = entry.dtype if entry.numpy_dtype is None else entry.numpy_dtype.name
    return Row(name, entry.shape, dtype, entry.nbytes, figures)


def selected(checkpoint: Checkpoint, patterns: Collection[str]) -> list[str]:
    """The names that fit one of the patterns, each of which must fit one; without patterns, all.

    Raises:
        CheckpointError: a pattern fits no name.
    """
    names = list(checkpoint.tensors)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = _nearest(pattern, names)
            hint = f"; did you mean {near}?" if near else ""
            raise CheckpointError(f'{checkpoint.source}: no tensor fits "{pattern}"{hint}')
    return [name for name in names if not patterns or any(fnmatchcase(name, each) for each in patterns)]


def in_order(rows: Iterable[Row], key: str | None, reverse: bool) -> list[Row]:
    """Sorts by name (numbers in it by their value), size or a figure; without a key, leaves the order.

    What has no figure comes last, whatever the direction.
    """
    rows = list(rows)
    if key is None:
        return rows[::-1] if reverse else rows
    if key in ("name", "size"):
        order = _natural if key == "name" else _size
        return sorted(rows, key=order, reverse=reverse)
    found = [row for row in rows if _number(row, key) is not None]
    rest = [row for row in rows if _number(row, key) is None]
    return [*sorted(found, key=lambda row: row.figures[key] or 0.0, reverse=reverse), *rest]


def print_rows(rows: Sequence[Row], figures: Iterable[str], summary: str) -> None:
    """Prints a table of the figures of these names, and a line of summary."""
    figures = list(figures)
    filled = table(("name", "shape", "dtype"), figures)
    for each in rows:
        numbers = (_text(each.figures.get(figure)) for figure in figures)
        filled.add_row(_printable(each.name), str(list(each.shape)), each.dtype, *numbers)
    print_table(filled, summary)


def print_json(rows: Sequence[Row], about: Mapping[str, Any]) -> None:
    """Prints one object. NaN, for which JSON has no number, is null; infinities are "inf" and "-inf"."""
    tensors = [
        {
            "name": each.name,
            "shape": list(each.shape),
            "dtype": each.dtype,
            "nbytes": each.nbytes,
            **{figure: _json(number) for figure, number in each.figures.items()},
        }
        for each in rows
    ]
    print(json.dumps({**about, "tensors": tensors}))


def _nearest(pattern: str, names: Collection[str]) -> str:
    """The names nearest to a pattern that fits none: those of which it fits a part, else those alike."""
    parts = [name for name in names if fnmatchcase(name, f"*{pattern}*")]
    nearest = parts[:3] or get_close_matches(pattern, names, n=3, cutoff=0.0)
    return " or ".join(f'"{_printable(name)}"' for name in nearest)


def _natural(row: Row) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", row.name)
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def _size(row: Row) -> int:
    return row.nbytes


def _number(row: Row, key: str) -> float | None:
    figure = row.figures.get(key)
    return None if figure is None or math.isnan(figure) else figure


def _text(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,}" if isinstance(figure, int) else f"{figure:.4g}"


def _json(figure: float | None) -> float | str | None:
    if figure is None or math.isnan(figure):
        return None
    return str(figure) if math.isinf(figure) else figure


def _printable(name: str) -> str:
    """The name, with what would steer a terminal written out."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
