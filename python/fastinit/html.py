"""How notebooks show tensors, modules and tables: HTML that stands alone, in the notebook's own colours."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from .histograms import histogram, sample
from .meta import has_no_memory
from .statistics import Statistics, statistics

__all__ = ["histogram_svg", "module_html", "table_html", "tensor_html"]

Array = npt.NDArray[Any]

_SAMPLE = 1 << 16
"""Values that are looked at, of a tensor of more."""

_MOST_ROWS = 200
"""Rows of a table, of which those in the middle are left out where there are more."""

_BINS = 32


def tensor_html(array: Array, kind: str, text: str) -> str:
    """A tensor: what it is, figures and a histogram of its values, and the values as they print.

    Args:
        array: the elements, of any dtype; they may have no memory.
        kind: what it is called, such as "Parameter".
        text: what `print` shows.
    """
    about = f"{_shape(array.shape)} {array.dtype.name}, {_counted(array.size, 'value')}"
    found = _figures(array)
    figures = ""
    if found is not None and array.size > 1:
        numbers = [_number(each) for each in (found.mean, found.std, found.min, found.max)]
        numbers += [f"{found.zeros:,}", f"{found.nan:,}"]
        drawn = histogram_svg(histogram(sample(array, _SAMPLE), _BINS).counts)
        cells = "".join(f"<td>{each}</td>" for each in [*numbers, drawn])
        heads = "".join(f"<th>{each}</th>" for each in ("mean", "std", "min", "max", "zeros", "nan", ""))
        figures = f"<table><tr>{heads}</tr><tr>{cells}</tr></table>"
        if array.size > _SAMPLE:
            figures += f"<div>of about {_SAMPLE:,} of the values</div>"
    return f"<div><div><b>{escape(kind)}</b> {about}</div>{figures}<pre>{escape(text)}</pre></div>"


def module_html(kind: str, parameters: Iterable[tuple[str, Array | None]], text: str) -> str:
    """A module: a row for each parameter, how many values there are in all, and its tree to be unfolded.

    Args:
        kind: the name of its class.
        parameters: by name; None is one whose shape is not known yet.
        text: what `print` shows.
    """
    rows, total, sampled = [], 0, False
    for name, array in parameters:
        if array is None:
            rows.append([name, "not known yet", "", "-", "-", "-"])
            continue
        found = _figures(array)
        total += array.size
        sampled |= found is not None and array.size > _SAMPLE
        figures = ["-", "-"] if found is None else [_number(found.mean), _number(found.std)]
        rows.append([name, _shape(array.shape), array.dtype.name, f"{array.size:,}", *figures])
    said = f"{_counted(len(rows), 'parameter')}, {_counted(total, 'value')}"
    if sampled:
        said += f"; mean and std are of about {_SAMPLE:,} values each"
    heads = ["name", "shape", "dtype", "count", "mean", "std"]
    tree = f"<details><summary><b>{escape(kind)}</b></summary><pre>{escape(text)}</pre></details>"
    table = table_html(heads, rows, words=(0, 1, 2)) if rows else ""
    return f"<div>{tree}{table}<div>{said}</div></div>"


def table_html(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    words: Collection[int] = (0,),
    marked: Collection[int] = (),
) -> str:
    """A table of texts, which are escaped.

    Args:
        heads: of the columns.
        rows: the cells.
        words: the columns of words, which stand at the left.
        marked: the rows that are to be seen first: bold, with a sign before them.
    """
    shown = list(range(len(rows)))
    left_out = len(rows) - _MOST_ROWS
    if left_out > 0:
        half = _MOST_ROWS // 2
        shown = [*shown[:half], *(row for row in shown[half:-half] if row in marked), *shown[-half:]]
    aligned = ["left" if column in words else "right" for column in range(len(heads))]
    lines = [_row("th", heads, aligned)]
    for place, number in enumerate(shown):
        if place and shown[place - 1] != number - 1:
            gap = number - shown[place - 1] - 1
            lines.append(f'<tr><td colspan="{len(heads)}">{gap:,} more</td></tr>')
        lines.append(_row("td", rows[number], aligned, number in marked))
    return f"<table>{''.join(lines)}</table>"


def histogram_svg(counts: npt.NDArray[Any]) -> str:
    """A histogram as a small picture in the colour of the text around it.

    Args:
        counts: of each interval, (bins,), not negative.
    """
    heights = counts * 20 / max(int(counts.max(initial=0)), 1)
    bars = "".join(
        f'<rect x="{4 * place}" y="{20 - height:.1f}" width="3" height="{height:.1f}"/>'
        for place, height in enumerate(heights.tolist())
    )
    size = f'width="{4 * len(counts)}" height="20"'
    return f'<svg {size} fill="currentColor" role="img" aria-label="histogram">{bars}</svg>'


def _row(tag: str, cells: Sequence[str], aligned: Sequence[str], marked: bool = False) -> str:
    texts = [escape(cell) for cell in cells]
    if marked:
        texts[0] = f"&#9888; {texts[0]}"
    inside = "".join(
        f'<{tag} style="text-align: {side}">{text}</{tag}>' for text, side in zip(texts, aligned, strict=True)
    )
    return f'<tr style="font-weight: bold">{inside}</tr>' if marked else f"<tr>{inside}</tr>"


def _figures(array: Array) -> Statistics | None:
    """The statistics of an array, or of a sample of it; None where it has no values, or no real ones."""
    if has_no_memory(array) or not array.size or array.dtype.kind in "cOSUMm":
        return None
    with np.errstate(all="ignore"):
        return statistics(np.ascontiguousarray(sample(array, _SAMPLE)))


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "scalar"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _number(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.4g}"
