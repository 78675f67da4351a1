"""`fastinit plot`: a picture or a page of what a checkpoint looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..recipe import Recipe
from .progress import waiting
from .report import AsJson, Patterns, Source, opened, selected
from .tables import print_json

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
    as_json: AsJson = False,
) -> None:
    """Draw what a checkpoint looks like.

    Distributions, spectra, and what is not as expected, in a picture or on a page: a .html file holds all
    that it needs, with a table of every tensor.
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
        table = report(
            checkpoint,
            out,
            recipe=loaded,
            names=names,
            theme="dark" if dark else "light",
            force=force,
            observe=lambda count: work.advance(round(count * each)),
        )
    flagged = [row.name for row in table.flagged]
    numel = sum(row.count for row in table)
    if as_json:
        about = {"checkpoint": checkpoint.source, "out": str(out), "numel": numel, "nbytes": nbytes}
        print_json({**about, "flagged": flagged})
        return
    print(f"{out}: {len(table)} tensors, {numel:,} values, {nbytes:,} bytes, {len(flagged)} flagged")
