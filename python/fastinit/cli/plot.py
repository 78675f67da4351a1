"""`fastinit plot`: a picture or a page of what a checkpoint looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..checkpoint import Checkpoint
from ..recipe import Recipe
from .progress import progress_bar
from .report import Patterns, Source, selected


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

    A .html file is a page that holds all it needs, with a table of every tensor. For instance:

    fastinit plot gpt2 -o gpt2.html

    fastinit plot model.safetensors 'h.*.weight' -o weights.png --recipe gpt2.toml
    """
    try:
        from ..plot.report import SUFFIXES, report
    except ModuleNotFoundError as missing:
        raise SystemExit(f"fastinit: {missing}") from None
    if out.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(f"{out.name!r} does not end in {', '.join(SUFFIXES)}", param_hint="--out")
    loaded = None if recipe is None else Recipe.from_toml(recipe)
    checkpoint = Checkpoint(path)
    names = selected(checkpoint, patterns or [])
    with progress_bar() as progress:
        total = sum(checkpoint.tensors[name].entry.numel for name in names)
        task = progress.add_task("reading", total=total)
        report(
            checkpoint,
            out,
            recipe=loaded,
            names=names,
            theme="dark" if dark else "light",
            force=force,
            observe=lambda count: progress.advance(task, count),
        )
