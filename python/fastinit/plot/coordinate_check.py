"""Whether activations keep their size as a network grows wider."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from .panels import SMALL, Given, panels
from .theme import LIGHT, Theme, Themed, line_of, theme_called

__all__ = ["coordinate_check"]

_APART = 12
"""So many lines are told apart by their look alone; more are a scale of colours, from the first layer on."""


class Coordinate(Protocol):
    """What is read of a row."""

    @property
    def name(self) -> str:
        """The layer's."""
        ...

    @property
    def width(self) -> int:
        """The model's."""
        ...

    @property
    def step(self) -> int:
        """How many steps of training the model has made."""
        ...

    @property
    def size(self) -> float:
        """The mean of the absolute values that the layer returned."""
        ...


def coordinate_check(table: Iterable[Coordinate], *, ax: Given = None, theme: Themed = "light") -> Figure:
    """Draws the mean size of each layer's activations against the width, a panel for each step of training.

    With a scheme that scales with the width, such as muP, the lines are flat at every step; a line that rises
    with the width will explode in a wider model, and one that falls learns nothing there.

    Args:
        table: what `fastinit.diagnostics.coordinate_check` gives: rows with `name`, `width`, `step`, `size`.
        ax: the Axes to draw into, as many as steps; a new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: `table` has no such rows, or `ax` is something else.
        ValueError: there are no rows, `ax` has more or fewer Axes than steps, or `theme` is unknown.

    Source: Yang et al. 2022, arXiv:2203.03466, appendix D.1 and figure 5.
    """
    colours = theme_called(theme)
    rows = list(table) if isinstance(table, Iterable) else [table]
    for row in rows:
        if not all(hasattr(row, field) for field in ("name", "width", "step", "size")):
            kind = type(row).__name__
            raise TypeError(f"coordinate_check: expected rows with name, width, step and size, got {kind}")
    if not rows:
        raise ValueError("coordinate_check: there are no rows to draw")
    steps = sorted({row.step for row in rows})
    names = list(dict.fromkeys(row.name for row in rows))
    widths = sorted({row.width for row in rows})
    figure, axes = panels("coordinate_check", ax, len(steps), (1.6 + 2.4 * len(steps), 3.2), colours)
    sizes = [row.size for row in rows if 0 < row.size < math.inf]
    for panel, step in zip(axes, steps, strict=True):
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        for number, name in enumerate(names):
            line = sorted((row.width, row.size) for row in rows if row.step == step and row.name == name)
            told = [(width, size) for width, size in line if 0 < size < math.inf]
            if told:
                panel.plot(*zip(*told, strict=True), **_look(colours, number, len(names)), label=name)
        panel.set_title(f"step {step}", color=colours.ink, fontsize=SMALL + 1)
        panel.set_xlabel("width")
        _mark_widths(panel, widths)
        if sizes:
            panel.set_ylim(min(sizes) / 1.6, max(sizes) * 1.6)
    axes[0].set_ylabel("mean |activation|")
    for panel in axes[1:]:
        panel.tick_params(axis="y", which="both", labelleft=False)
    _name_layers(axes[-1], colours)
    return figure


def _look(theme: Theme, number: int, count: int) -> dict[str, Any]:
    look = line_of(theme, number)
    if count > _APART:
        light_ground = theme.ground == LIGHT.ground
        ends = (0.0, 0.8) if light_ground else (0.3, 1.0)
        look["color"] = colormaps["cividis"](ends[0] + (ends[1] - ends[0]) * number / (count - 1))
    return look


def _mark_widths(axes: Axes, widths: list[int]) -> None:
    shown = widths if len(widths) <= 6 else widths[:: math.ceil(len(widths) / 6)]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda width, _: f"{width:g}")


def _name_layers(axes: Axes, theme: Theme) -> None:
    """Beside the last panel; of many layers, some that lie evenly."""
    handles, names = axes.get_legend_handles_labels()
    if not handles:
        return
    chosen = sorted({*np.linspace(0, len(names) - 1, min(len(names), _APART)).astype(int).tolist()})
    found = axes.legend(
        [handles[place] for place in chosen],
        [names[place] for place in chosen],
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0,
        frameon=False,
        fontsize=SMALL,
        labelcolor=theme.ink,
        handlelength=3,
    )
    for text in found.get_texts():
        text.set_parse_math(False)
