"""`fastinit show`: what the tensors of a checkpoint look like."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from ..checkpoint import Checkpoint
from ..statistics import Statistics, merge, statistics
from .progress import progress_bar
from .report import AsJson, Patterns, Reverse, Source, in_order, print_json, print_rows, row, selected

_PIECE = 16 * 1024 * 1024
"""Bytes that are held together."""

FIGURES = "mean", "std", "min", "max", "zeros", "nan"


class Sort(StrEnum):
    """What the rows can be sorted by."""

    NAME = "name"
    SIZE = "size"
    MEAN = "mean"
    STD = "std"
    MIN = "min"
    MAX = "max"
    ZEROS = "zeros"
    NAN = "nan"


def show(
    path: Source,
    patterns: Patterns = None,
    sort: Annotated[
        Sort | None, typer.Option("--sort", help="Sort by this; if not given, as the files have them.")
    ] = None,
    reverse: Reverse = False,
    as_json: AsJson = False,
) -> None:
    """Print the shapes and dtypes of a checkpoint's tensors, and the statistics of their values.

    Zeros are a fraction of the values, NaN a number; the other figures are of what is not NaN.
    """
    checkpoint = Checkpoint(path)
    names = selected(checkpoint, patterns or [])
    nbytes = sum(checkpoint.tensors[name].entry.nbytes for name in names)
    with progress_bar() as progress:
        task = progress.add_task("reading", total=nbytes)

        def advance(count: int) -> None:
            progress.advance(task, count)

        rows = [row(checkpoint, name, _figures(checkpoint, name, advance)) for name in names]
    rows = in_order(rows, sort, reverse)
    numel = sum(checkpoint.tensors[name].entry.numel for name in names)
    if as_json:
        print_json(rows, {"checkpoint": checkpoint.source, "numel": numel, "nbytes": nbytes})
        return
    some = f"{len(rows)} of {len(checkpoint.tensors)}" if patterns else f"{len(rows)}"
    size = f"{some} tensors, {numel:,} values, {nbytes:,} bytes"
    print_rows(rows, FIGURES, f"{checkpoint.source}: {size}")


def _figures(checkpoint: Checkpoint, name: str, advance: Callable[[int], None]) -> dict[str, float | None]:
    """The figures of a tensor; None each where its values are no real numbers."""
    dtype = checkpoint.tensors[name].entry.numpy_dtype
    if dtype is None or dtype.kind == "c":
        advance(checkpoint.tensors[name].entry.nbytes)
        return dict.fromkeys(FIGURES)
    found = Statistics()
    for piece in checkpoint.pieces(name, _PIECE):
        found = merge(found, statistics(piece))
        advance(piece.nbytes)
    return {
        "mean": found.mean,
        "std": found.std,
        "min": found.min,
        "max": found.max,
        "zeros": found.zeros / found.count if found.count else 0.0,
        "nan": found.nan,
    }
