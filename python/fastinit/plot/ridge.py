"""How the distribution of activations and gradients changes from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..diagnostics import LayerRow, Propagation
from ..diagnostics.tensors import numbers_of
from ..histograms import Histogram
from ..histograms import histogram as count
from .groups import printable
from .panels import SMALL, Given, panels, say
from .theme import Theme, Themed, theme_called

__all__ = ["ridge"]

_OVERLAP = 1.7
"""How high a ridge is, in distances of two layers."""

_REACH = 4.0
"""How far the panel reaches, in standard deviations of the layer that it is made for."""

_FAR_APART = 1e3
"""The largest standard deviation over the smallest, from which on a signal vanishes or explodes."""


class _Ridge(NamedTuple):
    name: str
    counts: Histogram | None
    std: float


def ridge(
    table_or_mapping: Propagation | Mapping[str, Any], *, ax: Given = None, theme: Themed = "light"
) -> Figure:
    """Draws the distribution of each layer's activations below that of the one before, and of the gradients.

    Of a table, each layer with a matrix is a ridge, what it returns and the gradient of that. All have one
    axis, which is made for the layer in the middle; where the standard deviations are more than a
    thousandfold apart, for the layer where the signal starts, the last one for gradients. So where signals
    vanish, ridges become spikes, and where they explode, flat. The standard deviation stands beside each.

    Args:
        table_or_mapping: what `fastinit.diagnostics.propagation` gives with `histograms=True`; or names to
            tensors or to histograms, which are one panel.
        ax: the Axes to draw into; of a table with gradients, two. A new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: the first argument is something else, or `ax` is.
        ValueError: there is nothing to draw, `ax` has more or fewer Axes than panels, or `theme` is unknown.

    Source: Glorot and Bengio 2010, figures 6 and 7; Wilke 2017, *ggridges*, for ridges one below the other.

    Examples:
        >>> layers = {f"layer {k}": nn.init.normal_(np.empty(999), std=0.8**k) for k in range(9)}
        >>> len(ridge(layers).axes)
        1
    """
    colours = theme_called(theme)
    shown = _of_table(table_or_mapping) if isinstance(table_or_mapping, Propagation) else {
        "values": _of_mapping(table_or_mapping)
    }  # fmt: skip
    most = max((len(each) for each in shown.values()), default=0)
    if not most:
        raise ValueError("ridge: there is no layer to draw; a table needs propagation(..., histograms=True)")
    size = (4.4 * len(shown), 1.0 + 0.19 * max(most, 6))
    figure, axes = panels("ridge", ax, len(shown), size, colours)
    for each, (what, ridges) in zip(axes, shown.items(), strict=True):
        _draw(each, ridges, -1 if what == "gradients" else 0, colours)
        each.set_xlabel(what)
    return figure


def _of_table(table: Propagation) -> dict[str, list[_Ridge]]:
    first: dict[int, LayerRow] = {}
    for row in table:
        if row.depth:
            first.setdefault(row.depth, row)
    shown = {
        "activations": [_Ridge(row.name, getattr(row, "histogram", None), row.std) for row in first.values()],
        "gradients": [
            _Ridge(row.name, getattr(row, "gradient_histogram", None), row.gradient_std)
            for row in first.values()
        ],
    }
    return {what: ridges for what, ridges in shown.items() if any(each.counts for each in ridges)}


def _of_mapping(mapping: Mapping[str, Any]) -> list[_Ridge]:
    if not isinstance(mapping, Mapping):
        kind = type(mapping).__name__
        raise TypeError(f"ridge: expected a table of propagation or a mapping of tensors, got {kind}")
    ridges = []
    for name, each in mapping.items():
        counts = each if isinstance(each, Histogram) else count(numbers_of("ridge", each), 128)
        ridges.append(_Ridge(str(name), counts, _std(counts)))
    return ridges


def _std(counts: Histogram) -> float:
    numbers = int(counts.counts.sum())
    if not numbers:
        return math.nan
    middles = (counts.edges[1:] + counts.edges[:-1]) / 2
    mean = float(counts.counts @ middles) / numbers
    return math.sqrt(float(counts.counts @ (middles - mean) ** 2) / numbers)


def _draw(axes: Axes, ridges: Sequence[_Ridge], start: int, theme: Theme) -> None:
    reach = _reach(ridges, start)
    low, high = _limits(ridges, reach)
    axes.axvline(0, color=theme.grid, linewidth=0.8, zorder=0)
    for number, (_, counts, std) in enumerate(ridges):
        base = -number
        axes.plot([low, high], [base, base], color=theme.grid, linewidth=0.6, zorder=number)
        if counts is not None and std < math.inf:
            # What is wider than the panel is as flat there as it is thin.
            flat = min(1.0, reach / (_REACH * std)) if std > 0 else 1.0
            heights = base + _OVERLAP * flat * _heights(counts)
            edges = np.repeat(counts.edges, 2)
            line = np.concatenate([[base], np.repeat(heights, 2), [base]])
            axes.fill_between(edges, base, line, color=theme.fill, linewidth=0, zorder=number + 0.3)
            axes.plot(edges, line, color=theme.edge, linewidth=0.8, zorder=number + 0.6)
        written = "-" if math.isnan(std) else f"{std:.2g}"
        say(axes, written, (1.01, base), axes.get_yaxis_transform(), theme, size=SMALL - 1)
    say(axes, "std", (1.01, 1.2), axes.get_yaxis_transform(), theme)
    names = [printable(each.name, 30) for each in ridges]
    axes.set_yticks([-number for number in range(len(ridges))], names, parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=SMALL - 1)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(low, high)
    axes.set_ylim(0.4 - len(ridges), 0.3 + _OVERLAP)


def _heights(counts: Histogram) -> Any:
    """At most 1; one interval that holds far more than any other, such as a ReLU's zeros, is cut."""
    found = counts.counts.astype(np.float64)
    second, top = (0.0, *np.sort(found)[-2:])[-2:]
    if 0 < 4 * second < top:
        top = 1.5 * second
    return np.minimum(found / (top or 1.0), 1.0)


def _reach(ridges: Sequence[_Ridge], start: int) -> float:
    stds = [each.std for each in ridges[:: -1 if start else 1] if 0 < each.std < math.inf]
    if not stds:
        return 1.0
    apart = max(stds) / min(stds) > _FAR_APART
    return _REACH * (stds[0] if apart else float(np.median(stds)))


def _limits(ridges: Sequence[_Ridge], reach: float) -> tuple[float, float]:
    """As far as there is something, and no farther than the reach."""
    edges = [each.counts.edges for each in ridges if each.counts is not None]
    low, high = min(float(each[0]) for each in edges), max(float(each[-1]) for each in edges)
    low, high = max(-reach, min(low, 0.0)), min(reach, max(high, 0.0))
    return low, high if high > low else reach
