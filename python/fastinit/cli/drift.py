"""`fastinit drift`: how far training has moved a checkpoint from its initial values."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .. import checkpoint as checkpoints
from ..recipe import Recipe
from .completion import recipe_files
from .progress import waiting
from .report import (
    AsJson,
    Patterns,
    Reverse,
    Source,
    as_document,
    in_order,
    opened,
    print_rows,
    row,
    selected,
)
from .tables import print_json

EXAMPLES = (
    "drift gpt2 gpt2.toml --seed 0",
    "drift gpt2 gpt2.toml '*.c_proj.weight' --sort relative --reverse",
)

FIGURES = "relative", "rms", "largest", "cosine", "std_then", "std_now", "unchanged"


class Sort(StrEnum):
    """What the rows can be sorted by."""

    NAME = "name"
    SIZE = "size"
    RELATIVE = "relative"
    RMS = "rms"
    LARGEST = "largest"
    COSINE = "cosine"
    STD_THEN = "std_then"
    STD_NOW = "std_now"
    UNCHANGED = "unchanged"


def drift(
    path: Source,
    recipe: Annotated[
        Path,
        typer.Argument(
            metavar="RECIPE.toml",
            help="The recipe of its initial values.",
            show_default=False,
            autocompletion=recipe_files,
        ),
    ],
    patterns: Patterns = None,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, max=2**64 - 1, metavar="N", help="The seed of its initial values."),
    ] = 0,
    only_common: Annotated[
        bool,
        typer.Option("--only-common", help="Leave out what only one of the two has, or in another shape."),
    ] = False,
    sort: Annotated[
        Sort | None, typer.Option("--sort", help="Sort by this; if not given, as the files have them.")
    ] = None,
    reverse: Reverse = False,
    as_json: AsJson = False,
) -> None:
    """Compare a checkpoint with its initial values.

    They need not be stored: a recipe and a seed give them again.

    For a tensor w that began as w0: |w - w0| / |w0|, the root mean square and
    the largest of w - w0, the cosine between the two, their standard deviations,
    and which part of the values are what they were.
    """
    with waiting("reading the names") as work:
        loaded = Recipe.from_toml(recipe)
        checkpoint = opened(path)
        names = selected(checkpoint, patterns or [])
        work.begin("comparing", sum(checkpoint.tensors[name].entry.nbytes for name in names))
        drifts = checkpoints.drift(
            checkpoint, loaded, seed, names=names, only_common=only_common, observe=work.advance
        )
    rows = in_order((row(checkpoint, name, asdict(found)) for name, found in drifts.items()), sort, reverse)
    numel = sum(checkpoint.tensors[name].entry.numel for name in drifts)
    nbytes = sum(checkpoint.tensors[name].entry.nbytes for name in drifts)
    if as_json:
        about = {"checkpoint": checkpoint.source, "recipe": str(recipe), "seed": seed}
        print_json(as_document(rows, {**about, "numel": numel, "nbytes": nbytes}))
        return
    some = f"{len(rows)} of {len(checkpoint.tensors)} tensors, {numel:,} values, {nbytes:,} bytes"
    print_rows(rows, FIGURES, f"{checkpoint.source}: {some}, since {recipe} with seed {seed}")
