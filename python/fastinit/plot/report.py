"""A report of a checkpoint: a picture, or a page that holds all it needs."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Collection
from pathlib import Path

import matplotlib as mpl

from ..checkpoint import Checkpoint
from ..checkpoint.store import open_store
from ..diagnostics import Parameters
from ..recipe import Recipe
from .overview import overview
from .page import page
from .survey import Survey, survey
from .theme import Theme, Themed, theme_called

__all__ = ["SUFFIXES", "report"]

SUFFIXES = ".png", ".svg", ".html"


def report(
    checkpoint: Checkpoint | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    recipe: Recipe | None = None,
    names: Collection[str] | None = None,
    theme: Themed = "light",
    force: bool = False,
    observe: Callable[[int], None] | None = None,
) -> Parameters:
    """Writes what a checkpoint looks like: a picture (`.png`, `.svg`), or a page (`.html`).

    Each tensor is read once, piece by piece, for its figures, and a sample of it for its histogram; of the
    largest matrices spectra and heat maps are drawn. A page asks for nothing outside itself, and is light or
    dark as its reader's system is. The file appears when it is whole.

    Args:
        checkpoint: a `.safetensors` file, an index, a directory, or the address of one; or what
            `Checkpoint` has made of it.
        out: the file.
        recipe: what should have given the values; if None, that of the manifest which `checkpoint.write` puts
            beside a checkpoint, if there is one that fits.
        names: of the tensors that are shown; all if None.
        theme: of a picture: "light", "dark", or a `Theme`. A page has both.
        force: whether an existing file may be replaced.
        observe: is called with a number of values, each time that so many have been read.

    Raises:
        ValueError: `out` has another suffix, `theme` is unknown, or there is no tensor of one of the names.
        FileExistsError: `out` exists, and `force` is not given.
        CheckpointError: what is there is no checkpoint.
        RecipeError: the recipe does not fit it.
        OSError: something cannot be read or written.

    Returns:
        The figures of the tensors, without their spectra: `report(...).flagged` says what is not as expected.

    Source: WCAG 2.2 for what can be read; Okabe and Ito 2008, *Color Universal Design*.
    """
    target = Path(out)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"report: expected a file called .png, .svg or .html, got {target.name!r}")
    colours = theme_called(theme)
    if target.exists() and not force:
        raise FileExistsError(f"{target} exists, and is kept without force (--force)")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent} is no directory")
    opened = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)
    found = survey(opened, recipe=recipe, names=names, observe=observe)
    data = page(found).encode() if suffix == ".html" else _picture(found, suffix[1:], colours)
    open_store(target.parent).write(target.name, data)
    return found.table


def _picture(found: Survey, form: str, theme: Theme) -> bytes:
    file = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {}
    with mpl.rc_context({"svg.hashsalt": "fastinit"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        overview(found, theme).savefig(file, format=form, dpi=110, metadata=metadata)
    return file.getvalue()
