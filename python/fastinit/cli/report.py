"""Figures of many tensors: which are wanted, in which order, as a table or as JSON."""

from __future__ import annotations

import errno
import math
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..checkpoint import Checkpoint, CheckpointError
from .completion import tensor_names
from .nearest import did_you_mean, near_names, printable
from .tables import fits, print_table, table

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
    typer.Argument(
        metavar="PATTERN",
        help='Names of tensors, such as "h.*.bias".',
        show_default=False,
        autocompletion=tensor_names,
    ),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="Turn the order round.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object; NaN is null in it.")]


@dataclass(frozen=True)
class Row:
    """A tensor and what is said of it, as `row` takes it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    figures: Mapping[str, float | None]
    remarks: Mapping[str, str]
    document: Mapping[str, Any]


def row(
    checkpoint: Checkpoint,
    name: str,
    figures: Mapping[str, float | None],
    remarks: Mapping[str, str] | None = None,
    document: Mapping[str, Any] | None = None,
) -> Row:
    """The row of a checkpoint's tensor.

    Args:
        checkpoint: the checkpoint.
        name: the tensor.
        figures: by name; None where its values have none.
        remarks: words that stand behind the figures in a table, by heading.
        document: what stands behind them in JSON.
    """
    entry = checkpoint.tensors[name].entry
    dtype = entry.dtype if entry.numpy_dtype is None else entry.numpy_dtype.name
    return Row(name, entry.shape, dtype, entry.nbytes, figures, remarks or {}, document or {})


def opened(path: str) -> Checkpoint:
    """The checkpoint at a path or an address.

    Raises:
        CheckpointError: there is none; the message says so of a recipe, too.
        OSError: it is not there, or cannot be read.
    """
    if "://" not in path and not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if path.endswith(".toml"):
        raise CheckpointError(f"{path} is a recipe, not a checkpoint: fastinit init writes one from it")
    return Checkpoint(path)


def selected(checkpoint: Checkpoint, patterns: Collection[str]) -> list[str]:
    """The names that fit one of the patterns, each of which must fit one; without patterns, all.

    Raises:
        CheckpointError: a pattern fits no name.
    """
    names = list(checkpoint.tensors)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = did_you_mean(near_names(pattern, names))
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


def print_rows(
    rows: Sequence[Row],
    figures: Iterable[str],
    summary: str,
    remarks: Sequence[str] = (),
    spare: Sequence[str] = (),
) -> None:
    """Prints a table of the figures of these names, and a line of summary.

    Args:
        rows: the tensors.
        figures: which of their figures.
        summary: the last line.
        remarks: which of their remarks.
        spare: columns that are left out, one after another, while the table is wider than the terminal.
    """
    words, numbers = ["name", "shape", "dtype"], list(figures)
    filled = _filled(rows, words, numbers, remarks)
    for heading in spare:
        if fits(filled):
            break
        words, numbers = ([each for each in some if each != heading] for some in (words, numbers))
        filled = _filled(rows, words, numbers, remarks)
    print_table(filled, printable(summary))


def _filled(
    rows: Iterable[Row], words: Sequence[str], figures: Sequence[str], remarks: Sequence[str]
) -> Table:
    filled = table(words, figures, remarks)
    for each in rows:
        about = {"name": printable(each.name), "shape": str(list(each.shape)), "dtype": each.dtype}
        numbers = (_text(each.figures.get(figure)) for figure in figures)
        said = (each.remarks.get(remark, "") or "-" for remark in remarks)
        style = "bold" if each.remarks.get("flags") else None
        filled.add_row(*(about[word] for word in words), *numbers, *said, style=style)
    return filled


def as_document(rows: Sequence[Row], about: Mapping[str, Any]) -> dict[str, Any]:
    """What `--json` prints. NaN, for which JSON has no number, is null; infinities are "inf" and "-inf"."""
    tensors = [
        {
            "name": each.name,
            "shape": list(each.shape),
            "dtype": each.dtype,
            "nbytes": each.nbytes,
            **{figure: _json(number) for figure, number in each.figures.items()},
            **each.document,
        }
        for each in rows
    ]
    return {**about, "tensors": tensors}


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
