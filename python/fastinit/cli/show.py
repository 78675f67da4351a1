"""`fastinit show`: what the tensors of a checkpoint look like, and whether that is what a recipe gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..checkpoint import Checkpoint, CheckpointError, Manifest
from ..checkpoint.store import open_store
from ..diagnostics.moments import Expected
from ..histograms import Histogram, histogram, sample
from ..recipe import Recipe
from ..statistics import Statistics, merge, statistics
from .completion import recipe_files
from .expectation import compared, expectations, missing, summary_of
from .progress import waiting
from .report import (
    AsJson,
    Patterns,
    Reverse,
    Row,
    Source,
    as_document,
    in_order,
    opened,
    print_rows,
    row,
    selected,
)
from .sparkline import levels_of_stdout, sparkline
from .tables import on_terminal, print_json

EXAMPLES = (
    "show gpt2",
    "show gpt2 '*.c_proj.weight' --sort std",
    "show gpt2 transformer.wte.weight --histogram",
    "show gpt2 --check",
    "show gpt2/model.safetensors --recipe gpt2.toml --json",
)

_PIECE = 16 * 1024 * 1024
"""Bytes that are held together."""

_SAMPLE = 1 << 16
"""Values of a tensor that its histogram counts, about."""

_BINS = 16

FIGURES = "mean", "std", "min", "max", "zeros", "nan"
EXPECTED = "expected_std", "z", "z_mean"
SPARE = "dtype", "zeros", "nan", "min", "max"
"""What a terminal that is too narrow does without, rather than without the histogram."""


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
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe",
            metavar="RECIPE.toml",
            help="Put beside each standard deviation the one that this recipe gives.",
            autocompletion=recipe_files,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Fail if a tensor is not as the recipe says, or else that of the checkpoint's manifest.",
        ),
    ] = False,
    drawn: Annotated[
        bool | None,
        typer.Option("--histogram/--no-histogram", help="Draw how the values lie; else only on a terminal."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print statistics of a checkpoint's tensors.

    Zeros are a fraction of the values, NaN a number; the other figures are of
    what is not NaN. z and z_mean say how unlikely the standard deviation and the
    mean are, on the scale of a standard normal.
    """
    draws = (on_terminal() and not as_json) if drawn is None else drawn
    with waiting("reading the names") as work:
        checkpoint = opened(path)
        names = selected(checkpoint, patterns or [])
        loaded = _recipe(checkpoint, recipe, check)
        wanted = None if loaded is None else expectations(checkpoint, loaded)
        lacking = [] if loaded is None or patterns else missing(checkpoint, loaded)
        nbytes = sum(checkpoint.tensors[name].entry.nbytes for name in names)
        work.begin("reading", nbytes)
        rows = [_row(checkpoint, name, wanted, draws, work.advance) for name in names]
    rows = in_order(rows, sort, reverse)
    flagged = {each.name: tuple(each.document["flags"]) for each in rows if each.document.get("flags")}
    numel = sum(checkpoint.tensors[name].entry.numel for name in names)
    source = "its manifest" if recipe is None else str(recipe)
    if as_json:
        about: dict[str, Any] = {"checkpoint": checkpoint.source, "numel": numel, "nbytes": nbytes}
        if loaded is not None:
            about |= {"recipe": source, "flagged": list(flagged), "missing": lacking}
        print_json(as_document(rows, about))
    else:
        some = f"{len(rows)} of {len(checkpoint.tensors)}" if patterns else f"{len(rows)}"
        size = f"{some} tensors, {numel:,} values, {nbytes:,} bytes"
        figures = FIGURES if loaded is None else (*FIGURES, *EXPECTED)
        remarks = ["histogram"] * draws + ["flags"] * (loaded is not None)
        spare = [each for each in SPARE if each != "nan" or not any(row.figures["nan"] for row in rows)]
        print_rows(
            rows, figures, f"{checkpoint.source}: {size}", remarks, spare if drawn is None and draws else ()
        )
    if check and (flagged or lacking):
        raise CheckpointError(summary_of(flagged, lacking, checkpoint.source, source))


def _recipe(checkpoint: Checkpoint, path: Path | None, check: bool) -> Recipe | None:
    """The recipe that was given, or that of the manifest if there is to be one."""
    if path is not None:
        return Recipe.from_toml(path)
    if not check:
        return None
    try:
        return Manifest.read(open_store(checkpoint.directory)).job.recipe
    except FileNotFoundError as error:
        raise CheckpointError(f"{error}; --recipe says what else to check against") from None


def _row(
    checkpoint: Checkpoint,
    name: str,
    wanted: dict[str, Expected] | None,
    draws: bool,
    advance: Callable[[int], None],
) -> Row:
    found, counted = _read(checkpoint, name, draws, advance)
    if found is None:
        figures: dict[str, float | None] = dict.fromkeys(FIGURES if wanted is None else (*FIGURES, *EXPECTED))
        return row(checkpoint, name, figures)
    figures = {
        "mean": found.mean,
        "std": found.std,
        "min": found.min,
        "max": found.max,
        "zeros": found.zeros / found.count if found.count else 0.0,
        "nan": found.nan,
    }
    remarks: dict[str, str] = {}
    document: dict[str, Any] = {}
    if counted is not None:
        remarks["histogram"] = sparkline(counted.counts, levels_of_stdout())
        edges = {"low": float(counted.edges[0]), "high": float(counted.edges[-1])}
        document["histogram"] = {**edges, "counts": counted.counts.tolist()}
    if wanted is not None:
        against = asdict(compared(found, checkpoint.dtype(name).name, wanted.get(name)))
        flags = against.pop("flags")
        figures |= against
        remarks["flags"] = "; ".join(flags)
        document["flags"] = list(flags)
    return row(checkpoint, name, figures, remarks, document)


def _read(
    checkpoint: Checkpoint, name: str, draws: bool, advance: Callable[[int], None]
) -> tuple[Statistics | None, Histogram | None]:
    """The statistics of a tensor, None where its values are no real numbers; a histogram of some of them."""
    entry = checkpoint.tensors[name].entry
    if entry.numpy_dtype is None or entry.numpy_dtype.kind == "c":
        advance(entry.nbytes)
        return None, None
    found = Statistics()
    some = []
    for piece in checkpoint.pieces(name, _PIECE):
        found = merge(found, statistics(piece))
        if draws:
            some.append(sample(piece, max(1, _SAMPLE * piece.size // entry.numel)).copy())
        advance(piece.nbytes)
    return found, histogram(np.concatenate(some), _BINS) if some else None
