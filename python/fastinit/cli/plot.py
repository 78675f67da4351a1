"""`fastinit plot`: a picture or a page of what a checkpoint looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..recipe import Recipe
from .progress import waiting
from .report import Patterns, Source, opened, selected

EXAMPLES = (
    "plot gpt2 -o gpt2.html",
    "plot gpt2/model.safetensors '*.c_proj.weight' -o weights.png --recipe gpt2.toml",
    "plot gpt2 --out gpt2.svg --dark",
)


def plot(
    path: Source,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="A .png, .svg or .html file.", show_default=False),
    ],
    patterns: Patterns = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe",
            metavar="RECIPE.toml",
            help="What should have given the values; if not given, what init wrote beside them.",
        ),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark; a page has both anyway.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Draw what a checkpoint looks like: distributions, spectra, and what is not as expected.

    A .html file is a page that holds all it needs, with a table of every tensor.
    """
    try:
        from ..plot.report import SUFFIXES, report
    except ModuleNotFoundError as missing:
        raise SystemExit(f"fastinit: {missing}") from None
    if out.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(f"{out.name!r} does not end in {', '.join(SUFFIXES)}", param_hint="--out")
    loaded = None if recipe is None else Recipe.from_toml(recipe)
    with waiting("reading the names") as work:
        checkpoint = opened(path)
        names = selected(checkpoint, patterns or [])
        entries = [checkpoint.tensors[name].entry for name in names]
        nbytes = sum(entry.nbytes for entry in entries)
        each = nbytes / max(sum(entry.numel for entry in entries), 1)
        work.begin("reading", nbytes)
        report(
            checkpoint,
            out,
            recipe=loaded,
            names=names,
            theme="dark" if dark else "light",
            force=force,
            observe=lambda count: work.advance(round(count * each)),
        )
