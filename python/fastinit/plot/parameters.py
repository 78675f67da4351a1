"""The standard deviations of a model's parameters beside those that were expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..diagnostics import ParameterRow, Parameters
from .groups import Group, grouped, numbers_in, printable
from .panels import SMALL, legend_above, panels, say
from .theme import Theme, Themed, theme_called

__all__ = ["parameters"]

_MOST = 80
"""Lines of a picture that can still be read."""


def parameters(table: Parameters, *, ax: Axes | None = None, theme: Themed = "light") -> Figure:
    """Draws the standard deviation of each parameter, and the one that was expected.

    Layers that repeat are one line, `h.{0..11}.mlp.weight`, with a point for each. What is flagged is a
    triangle, with the factor by which it is off. What is constant, as biases of zeros and gains of ones are,
    is left out where nothing is wrong with it, and counted. Above 80 lines, those of the most values are
    shown, and those with something flagged.

    Args:
        table: what `fastinit.diagnostics.parameters` gives.
        ax: the Axes to draw into; a new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: `table` is no such table, or `ax` is something else.
        ValueError: `theme` is unknown.

    Source: Cleveland 1985, *The Elements of Graphing Data*, dot plots.

    Examples:
        >>> net = nn.Sequential(*[nn.Linear(64, 64) for _ in range(9)])
        >>> figure = parameters(fastinit.diagnostics.parameters(net, like="torch"))
        >>> [each.get_text() for each in figure.axes[0].get_yticklabels()]
        ['{0..8}.weight', '{0..8}.bias']
    """
    colours = theme_called(theme)
    if not isinstance(table, Parameters):
        raise TypeError(f"parameters: expected a table of parameters, got {type(table).__name__}")
    drawn = [row for row in table if row.flags or _varies(row)]
    groups = _chosen(grouped((row.name, (row.shape, row.dtype, row.initialiser), row) for row in drawn))
    figure, (axes,) = panels("parameters", ax, 1, (6.8, 1.3 + 0.2 * max(len(groups), 3)), colours)
    axes.set_xscale("log")
    least = min((row.std for _, rows in groups for row in rows if 0 < row.std < math.inf), default=1.0)
    for number, (_, rows) in enumerate(groups):
        _draw(axes, -number, rows, least / 3, colours)
    names = [printable(name, 40) for name, _ in groups]
    axes.set_yticks([-number for number in range(len(groups))], names, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=colours.grid, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylim(0.5 - max(len(groups), 1), 0.5)
    axes.margins(x=0.12)
    flagged = [_place(row.std, least / 3) for row in drawn if row.flags]
    if flagged:  # room for words at the right
        left, right = axes.get_xlim()
        axes.set_xlim(left, max(right, max(flagged) * max(flagged) / left))
    axes.set_xlabel("standard deviation" + _left_out(len(table) - len(drawn)))
    _name_points(axes, drawn, colours)
    return figure


def _varies(row: ParameterRow) -> bool:
    return row.std > 0 or row.expected_std > 0


def _chosen(groups: list[Group[ParameterRow]]) -> list[Group[ParameterRow]]:
    if len(groups) <= _MOST:
        return groups
    order = sorted(
        range(len(groups)),
        key=lambda place: (
            not any(row.flags for row in groups[place][1]),
            -sum(row.count for row in groups[place][1]),
        ),
    )
    return [groups[place] for place in sorted(order[:_MOST])]


def _draw(axes: Axes, y: float, rows: Sequence[ParameterRow], at_edge: float, theme: Theme) -> None:
    """A line of points; what has no place on the axis stands at its edge."""
    for wanted in {row.expected_std for row in rows if row.expected_std > 0}:
        axes.plot(
            [wanted], [y], marker="|", markersize=13, markeredgewidth=2.2, color=theme.law, linestyle="none"
        )
    right = [_place(row.std, at_edge) for row in rows if not row.flags]
    axes.plot(
        right, [y] * len(right), marker="o", markersize=4.5, color=theme.edge, alpha=0.7, linestyle="none"
    )
    wrong = [row for row in rows if row.flags]
    if wrong:
        places = [_place(row.std, at_edge) for row in wrong]
        look: dict[str, Any] = {"marker": "^", "markersize": 7, "markeredgecolor": theme.ink}
        axes.plot(places, [y] * len(wrong), color=theme.alarm, linestyle="none", markeredgewidth=0.8, **look)
        worst = max(wrong, key=lambda row: abs(row.z) if not math.isnan(row.z) else math.inf)
        said = f"{numbers_in(worst.name)}: {_short(worst)}" if len(rows) > 1 else _short(worst)
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        at = _place(worst.std, at_edge), y
        say(axes, said + more, at, "data", theme, offset=(7, 0), size=SMALL - 1, ground=True)


def _place(std: float, at_edge: float) -> float:
    return std if 0 < std < math.inf else at_edge


def _short(row: ParameterRow) -> str:
    """What is wrong, in few words."""
    if row.nan or row.inf:
        return row.flags[0]
    if row.expected_std > 0 and abs(row.std / row.expected_std - 1) >= 0.005:
        return f"{row.std / row.expected_std:.3g} times the expected"
    return ("" if row.std else "std 0, ") + row.flags[-1]


def _left_out(count: int) -> str:
    return f"   ({count:,} constant as expected)" if count else ""


def _name_points(axes: Axes, drawn: Sequence[ParameterRow], theme: Theme) -> None:
    looks: dict[str, dict[str, Any]] = {"found": {"marker": "o", "markersize": 4.5, "color": theme.edge}}
    if any(row.expected_std > 0 for row in drawn):
        looks["expected"] = {"marker": "|", "markersize": 11, "markeredgewidth": 2.2, "color": theme.law}
    if any(row.flags for row in drawn):
        looks["flagged"] = {
            "marker": "^",
            "markersize": 7,
            "color": theme.alarm,
            "markeredgecolor": theme.ink,
        }
    for label, look in looks.items():
        axes.plot([], [], linestyle="none", label=label, **look)
    legend_above(axes, theme, 3)
