"""The report as a page: one text that asks for nothing outside itself. Names are hostile: all is escaped."""

from __future__ import annotations

import base64
import hashlib
import io
import math
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.image import imsave

from .. import __version__
from ..diagnostics import ParameterRow
from .groups import printable
from .heatmap import reach_of, reduced
from .histogram import histogram
from .inline import PAGE, inline, variables
from .parameters import parameters
from .selection import Distribution, Matrix, distributions, matrices
from .sparkline import sparkline
from .spectrum import spectrum
from .survey import Survey
from .theme import DARK, LIGHT

__all__ = ["page"]

_MOST_DISTRIBUTIONS = 24
_MOST_MATRICES = 6
_MOST_LISTED = 200
_MOST_SPARKLINES = 3000
"""Rows of a table that have a picture of their own; a page of more would be too large to open."""

_PANEL = 3.9, 2.5
"""The size of a picture in inches: on a screen its letters are as large as those of the text."""

_PIXELS = 256
_SHADES = 48
"""Colours of a heat map: fewer make a smaller file, and no eye tells more."""

_COLUMNS: Final = {
    "name": "name",
    "flags": "flags",
    "": "histogram",
    "shape": "shape",
    "dtype": "dtype",
    "mean": "mean",
    "std": "std",
    "expected_std": "expected std",
    "z": "z",
    "min": "min",
    "max": "max",
    "zeros": "zeros",
    "nan": "NaN",
    "inf": "infinite",
    "initialiser": "initialiser",
}
_WORDS: Final = frozenset({"name", "shape", "dtype", "", "initialiser", "flags"})


def page(found: Survey) -> str:
    """The page of what was found in a checkpoint, in HTML."""
    script, style = _resource("page.js"), _style()
    # Nothing is fetched, and no other script runs, whatever a name says.
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
    )
    name = escape(printable(found.name))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name}: parameters</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p>{escape(found.summary)}.</p>
</header>
<main>
{"".join(_sections(found))}</main>
<footer>
<p>Written by fastinit {escape(__version__)}. Histograms are of samples, figures of all values.</p>
</footer>
<script>{script}</script>
</body>
</html>
"""


def _style() -> str:
    shades = ", ".join(mpl.colors.to_hex(colormaps["cividis"](shade)) for shade in np.linspace(0, 1, 9))
    dark = f"@media (prefers-color-scheme: dark){{:root{{{variables(DARK)}}}}}"
    return f":root{{{variables(LIGHT)}}}{dark}\n" + _resource("page.css").replace("SCALE", shades)


def _resource(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _sections(found: Survey) -> Iterator[str]:
    yield _section("Flags", _flags(found))
    if found.groups:
        label = "Standard deviations of the parameters, and those that are expected"
        size = 6.6, 1.3 + 0.2 * min(len(found.groups), 80)
        svg = inline(lambda ax: parameters(found.table, ax=ax, theme=PAGE), size, label, "parameters")
        scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{svg}</div>'
        yield _section("Standard deviations", f'<figure class="wide">{scroll}</figure>')
    shown = distributions(found, _MOST_DISTRIBUTIONS)
    if shown:
        drawn = "".join(_distribution(found, each, number) for number, each in enumerate(shown))
        yield _section("Distributions", f'<div class="grid">{drawn}</div>')
    drawn = "".join(_matrix(each, number) for number, each in enumerate(matrices(found, _MOST_MATRICES)))
    if drawn:
        yield _section("Matrices", f'<div class="grid">{drawn}</div>')
    yield _section("Parameters", _table(found))


def _section(title: str, inside: str) -> str:
    key = title.lower().replace(" ", "-")
    return f'<section aria-labelledby="{key}">\n<h2 id="{key}">{title}</h2>\n{inside}\n</section>\n'


def _flags(found: Survey) -> str:
    flagged = found.table.flagged
    if flagged:
        items = "".join(_flag(row) for row in flagged[:_MOST_LISTED])
        more = len(flagged) - _MOST_LISTED
        return f"<ul>{items}</ul>" + (f"<p>And {more:,} more, in the table.</p>" if more > 0 else "")
    if found.recipe is None:
        return "<p>No recipe says what is expected of the values; there is no NaN and no infinity.</p>"
    return "<p>Every tensor is as its initialiser gives it.</p>"


def _flag(row: ParameterRow) -> str:
    said = escape("; ".join(row.flags))
    return f'<li><code>{escape(printable(row.name, 200))}</code>: <span class="flag">{said}</span></li>'


def _distribution(found: Survey, shown: Distribution, number: int) -> str:
    values = found.sample(shown.rows)
    wanted = "" if shown.wanted is None else f", expected: {shown.wanted.initialiser}"
    label = f"Histogram of {shown.title}{wanted}"
    svg = inline(
        lambda ax: histogram(values, expected=shown.wanted, ax=ax, theme=PAGE),
        _PANEL,
        label,
        f"distribution {number}",
    )
    count = f" ({len(shown.rows):,} tensors)" if len(shown.rows) > 1 else ""
    call = (
        "" if shown.wanted is None else f'<br><span class="muted">{escape(shown.wanted.initialiser)}</span>'
    )
    return f"<figure><figcaption><code>{escape(shown.title)}</code>{count}{call}</figcaption>{svg}</figure>\n"


def _matrix(matrix: Matrix, number: int) -> str:
    title = f"<code>{escape(matrix.title)}</code>"
    label = f"Singular values of {matrix.title}"
    svg = inline(
        lambda ax: spectrum(matrix.values, at_most=512, ax=ax, theme=PAGE), _PANEL, label, f"matrix {number}"
    )
    rows, columns = matrix.values.shape
    blocks = reduced(matrix.values, _PIXELS)
    reach = reach_of(np.abs(blocks))
    file = io.BytesIO()
    shades = colormaps["cividis"].resampled(_SHADES)
    imsave(file, blocks, vmin=-reach, vmax=reach, cmap=shades, format="png")
    data = base64.b64encode(_palette(file.getvalue())).decode()
    size = f'width="{blocks.shape[1]}" height="{blocks.shape[0]}"'
    alt = f"Heat map of {matrix.title}, {rows} rows, {columns} columns"
    scale = f'<div class="scale"><span>{-reach:.3g}</span><i></i><span>{reach:.3g}</span></div>'
    return (
        f"<figure><figcaption>{title}: singular values</figcaption>{svg}</figure>\n"
        f"<figure><figcaption>{title}: {rows:,} rows, {columns:,} columns</figcaption>"
        f'<img alt="{escape(alt)}" {size} src="data:image/png;base64,{data}">{scale}</figure>\n'
    )


def _palette(png: bytes) -> bytes:
    """The same picture with a byte for each pixel instead of four."""
    from PIL import Image

    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(_SHADES).save(file, "PNG", optimize=True)
    return file.getvalue()


def _table(found: Survey) -> str:
    # What is empty in every row needs no column.
    columns = {
        key: title
        for key, title in _COLUMNS.items()
        if key in ("", "name") or any(found.table.cell(row, key) not in ("", "-", "0") for row in found.table)
    }
    headings = "".join(
        f'<th scope="col"{_class(key)}>' + (f"<button>{title}</button>" if key else title) + "</th>"
        for key, title in columns.items()
    )
    pictured = len(found.table) <= _MOST_SPARKLINES
    rows = "".join(
        f"<tr>{''.join(_cell(found, row, key, pictured) for key in columns)}</tr>\n" for row in found.table
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table of the parameters">\n<table>\n'
        f'<caption class="muted">{len(found.table):,} tensors; a click on a heading sorts.</caption>\n'
        f"<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>"
    )


def _class(key: str) -> str:
    return ' class="words"' if key in _WORDS else ""


def _cell(found: Survey, row: ParameterRow, key: str, pictured: bool) -> str:
    if not key:
        counted = found.histograms.get(row.name) if pictured else None
        label = f"Histogram of {printable(row.name)}"
        drawn = "" if counted is None else sparkline(label, counted, found.densities.get(row.name))
        return f"<td{_class(key)}>{drawn}</td>"
    value = getattr(row, key)
    if key == "name":
        whole = escape(printable(value, 400))
        shown = escape(printable(value))
        return f'<th scope="row" class="words" data-key="{whole}" title="{whole}"><code>{shown}</code></th>'
    text = escape(found.table.cell(row, key))
    if key == "flags":
        flag = f'<span class="flag">{text}</span>' if value else ""
        return f'<td class="words" data-key="{len(value) or ""}">{flag}</td>'
    if key in _WORDS:
        return f'<td class="words" data-key="{math.prod(value) if key == "shape" else text}">{text}</td>'
    order = "" if isinstance(value, float) and math.isnan(value) else repr(value).replace("inf", "Infinity")
    return f'<td data-key="{order}">{text}</td>'
