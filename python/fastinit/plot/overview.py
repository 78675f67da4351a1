"""A checkpoint in one picture: standard deviations, distributions, spectra, heat maps."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .groups import printable
from .heatmap import heatmap
from .histogram import histogram
from .panels import SMALL
from .parameters import parameters
from .selection import distributions, matrices
from .spectrum import spectrum
from .survey import Survey
from .theme import Theme

__all__ = ["overview"]

_COLUMNS = 3
_HEIGHT = 3.1


def overview(found: Survey, theme: Theme) -> Figure:
    """Draws what was found in a checkpoint.

    Args:
        found: the checkpoint, looked at.
        theme: the theme.
    """
    shown = distributions(found, 2 * _COLUMNS)
    of_matrices = list(matrices(found, _COLUMNS))
    heights = [1.3 + 0.22 * max(3, len(found.groups))]
    heights += [_HEIGHT] * (math.ceil(len(shown) / _COLUMNS) + (2 if of_matrices else 0))
    figure = Figure((13, sum(heights) + 0.4), layout="constrained", facecolor=theme.ground)
    headline = f"{printable(found.name)}: {found.summary}"
    figure.suptitle(headline, color=theme.ink, fontsize=12, x=0.01, ha="left", parse_math=False)
    # Each row for itself: the names at the left of one should not narrow the others.
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for each in rows:
        each.set_facecolor(theme.ground)
    parameters(found.table, ax=rows[0].add_subplot(), theme=theme)
    for number, each in enumerate(shown):
        ax = rows[1 + number // _COLUMNS].add_subplot(1, _COLUMNS, 1 + number % _COLUMNS)
        histogram(found.sample(each.rows), expected=each.wanted, ax=ax, theme=theme)
        _entitle(ax, each.title, theme)
    for number, matrix in enumerate(of_matrices):
        ax = rows[-2].add_subplot(1, _COLUMNS, 1 + number)
        spectrum(matrix.values, at_most=512, ax=ax, theme=theme)
        _entitle(ax, matrix.title, theme)
        ax = rows[-1].add_subplot(1, _COLUMNS, 1 + number)
        heatmap(matrix.values, ax=ax, theme=theme)
        _entitle(ax, matrix.title, theme, 6)
    return figure


def _entitle(ax: Axes, title: str, theme: Theme, pad: float = 20) -> None:
    """Puts a title above Axes, and above their legend."""
    ax.set_title(title, color=theme.ink, fontsize=SMALL + 1, loc="left", pad=pad, parse_math=False)
