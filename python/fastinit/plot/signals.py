"""How signals and gradients grow and shrink with depth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ..diagnostics import LayerRow, Propagation
from .panels import Given, legend_above, panels, say
from .theme import Theme, Themed, line_of, theme_called

__all__ = ["signals"]

_LOST = 1e3
"""A signal that has grown or shrunk by more counts as lost, as `propagation` says."""

_FARTHEST = 1e12
"""What lies beyond this factor is out of the picture: it is lost in any case."""


def signals(
    tables: Propagation | Mapping[str, Propagation], *, ax: Given = None, theme: Themed = "light"
) -> Figure:
    """Draws the standard deviation of what each layer with a matrix returns, and of its gradient, by depth.

    Activations stand in relation to the input, gradients to that of the last layer, both on a logarithmic
    axis; what lies in a hatched band, more than a thousand times larger or smaller, counts as lost.

    Args:
        tables: what `fastinit.diagnostics.propagation` gives; or names to such tables, a line each.
        ax: the Axes to draw into, two of them, the second for the gradients; one, if no table has gradients.
            A new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: a table is something else, or `ax` is.
        ValueError: there is nothing to draw, `ax` has more or fewer Axes than panels, or `theme` is unknown.

    Source: Glorot and Bengio 2010, section 4.2; He et al. 2015, arXiv:1502.01852, section 2.2.

    Examples:
        >>> net = nn.Sequential(*[nn.Linear(16, 16) for _ in range(9)])
        >>> table = fastinit.diagnostics.propagation(net, fastinit.randn(8, 16))
        >>> [each.get_xlabel() for each in signals({"default": table}).axes]
        ['depth', 'depth']
    """
    colours = theme_called(theme)
    if not isinstance(tables, Propagation | Mapping):
        kind = type(tables).__name__
        raise TypeError(f"signals: expected a table of propagation or a mapping of such, got {kind}")
    named = {"": tables} if isinstance(tables, Propagation) else dict(tables)
    for each in named.values():
        if not isinstance(each, Propagation):
            raise TypeError(f"signals: expected tables of propagation, got {type(each).__name__}")
    forward = {name: _forward(each) for name, each in named.items()}
    backward = {name: _backward(each) for name, each in named.items()}
    if not any(forward.values()):
        raise ValueError("signals: there is no layer to draw")
    shown = {"activations, std / std of the input": forward}
    if any(backward.values()):
        shown["gradients, std / std at the last layer"] = backward
    figure, axes = panels("signals", ax, len(shown), (4.6 * len(shown), 3.4), colours)
    low, high = _limits(value for lines in shown.values() for line in lines.values() for _, value in line)
    for panel, (what, lines) in zip(axes, shown.items(), strict=True):
        _draw_bands(panel, low, high, colours)
        _draw_lines(panel, lines, colours)
        panel.set_ylabel(what)
    return figure


Line = list[tuple[int, float]]


def _forward(table: Propagation) -> Line:
    found = _by_depth(table, "std")
    if not found:
        return []
    start = table.input_std
    if 0 < start < math.inf:
        return [(0, 1.0), *((depth, std / start) for depth, std in found)]
    return _in_relation(found)


def _backward(table: Propagation) -> Line:
    return _in_relation(_by_depth(table, "gradient_std")[::-1])[::-1]


def _in_relation(found: Line) -> Line:
    """In relation to the first that has a spread: the gradient of a mean, or a single value, has none."""
    to = next((value for _, value in found if value > 0), math.nan)
    return [(depth, value / to) for depth, value in found]


def _by_depth(table: Iterable[LayerRow], figure: str) -> Line:
    """The figure of the first layer at each depth, which is the one with the matrix."""
    first: dict[int, float] = {}
    for row in table:
        if row.depth:
            first.setdefault(row.depth, getattr(row, figure))
    return [(depth, value) for depth, value in first.items() if not math.isnan(value)]


def _limits(values: Iterable[float]) -> tuple[float, float]:
    told = [value for value in values if 0 < value < math.inf]
    low = max(min(told, default=1.0), 1 / _FARTHEST)
    high = min(max(told, default=1.0), _FARTHEST)
    return min(low / 3, 0.03 / _LOST), max(high * 3, 30 * _LOST)


def _draw_bands(axes: Axes, low: float, high: float, theme: Theme) -> None:
    """The axis of a panel, with what counts as lost."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    decades = 1 if high / low < 1e9 else 3
    first, last = math.ceil(math.log10(low) / decades), math.floor(math.log10(high) / decades)
    axes.yaxis.set_major_locator(FixedLocator([10.0 ** (decades * step) for step in range(first, last + 1)]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.axhline(1, color=theme.grid, linewidth=1, zorder=0)
    for edge, end, said in ((_LOST, high, "explodes"), (1 / _LOST, low, "vanishes")):
        axes.axhspan(edge, end, facecolor="none", edgecolor=theme.grid, hatch="///", linewidth=0, zorder=0)
        axes.axhline(edge, color=theme.muted, linewidth=0.8, zorder=0)
        up = end > edge
        say(
            axes, said, (0.99, end), axes.get_yaxis_transform(), theme,
            offset=(0, -3 if up else 3), ha="right", va="top" if up else "bottom", ground=True,
        )  # fmt: skip


def _draw_lines(axes: Axes, lines: Mapping[str, Line], theme: Theme) -> None:
    deepest = max((depth for line in lines.values() for depth, _ in line), default=1)
    for number, (name, line) in enumerate(lines.items()):
        told = [(depth, value if 0 < value < math.inf else math.nan) for depth, value in line]
        arrives = any(not math.isnan(value) for _, value in told)
        step = max(1, len(told) // 12)
        axes.plot(
            [depth for depth, _ in told], [value for _, value in told], **line_of(theme, number),
            markevery=(number % step, step), label=(name if arrives else f"{name} (nothing arrives)") or None,
        )  # fmt: skip
    axes.set_xlim(0, 1.02 * deepest)
    axes.set_xlabel("depth")
    if any(lines):
        legend_above(axes, theme, 2)
