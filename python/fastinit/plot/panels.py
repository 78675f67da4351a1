"""The Axes that a picture is drawn into: those that are given, or those of a new figure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .theme import Theme

__all__ = ["SMALL", "Given", "Picture", "dress", "legend_above", "panels", "say"]

#: What a caller gives as `ax`: of pictures of several panels, as many Axes.
Given: TypeAlias = Axes | Sequence[Axes] | None

SMALL = 8
"""The size of the words, in points."""

_DPI = 110
"""Dots per inch in a notebook."""


class Picture(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=_DPI)
        return file.getvalue()


def panels(
    what: str, given: Given, count: int, size: tuple[float, float], theme: Theme
) -> tuple[Figure, list[Axes]]:
    """The Axes of a picture, dressed in the theme, and their figure.

    Args:
        what: the function that draws, for messages.
        given: the Axes; None: those of a new figure, side by side.
        count: how many panels the picture has.
        size: of a new figure, width and height in inches.
        theme: the theme.

    Raises:
        TypeError: what is given is no Axes.
        ValueError: there are more or fewer of them than panels.
    """
    if given is None:
        figure: Figure = Picture(size, layout="constrained", facecolor=theme.ground)
        axes = [figure.add_subplot(1, count, number + 1) for number in range(count)]
    else:
        axes = list(given) if isinstance(given, Iterable) else [given]
        if not all(isinstance(each, Axes) for each in axes):
            kinds = sorted({type(each).__name__ for each in axes})
            raise TypeError(f"{what}: expected ax to be matplotlib Axes, got {' and '.join(kinds)}")
        if len(axes) != count:
            raise ValueError(f"{what}: expected ax to be {count} Axes, as many as panels, got {len(axes)}")
        # The figure of a part of a figure is the one that holds it.
        figure = axes[0].figure.figure
    for each in axes:
        dress(each, theme)
    return figure, axes


def dress(ax: Axes, theme: Theme) -> None:
    """Gives Axes the colours of the theme, and small words."""
    ax.set_facecolor(theme.ground)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.muted)
    ax.tick_params(which="both", color=theme.muted, labelcolor=theme.ink, labelsize=SMALL)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(theme.ink)
        axis.label.set_fontsize(SMALL + 1)
        axis.get_offset_text().set_color(theme.ink)
        axis.get_offset_text().set_fontsize(SMALL)


def legend_above(ax: Axes, theme: Theme, columns: int = 2) -> None:
    """Names what is drawn, above the panel, where it hides nothing. Names are words, and no mathematics."""
    found = ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2,
        ncols=columns,
        frameon=False,
        fontsize=SMALL,
        labelcolor=theme.ink,
        handlelength=2.6,
        columnspacing=1.2,
    )
    for text in found.get_texts():
        text.set_parse_math(False)


def say(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    coordinates: Any,
    theme: Theme,
    *,
    offset: tuple[float, float] = (0, 0),
    ha: Literal["left", "center", "right"] = "left",
    va: Literal["bottom", "center", "top"] = "center",
    size: float = SMALL,
    ground: bool = False,
) -> None:
    """Writes words beside what they are about; they are words, and no mathematics.

    Args:
        ax: where.
        text: the words.
        at: what they are about.
        coordinates: those of `at`, as matplotlib takes them.
        theme: the theme.
        offset: of the words, in points.
        ha: which side of the words is there.
        va: the same, up and down.
        size: of the letters, in points.
        ground: whether they stand on the ground's colour, for what they cover.
    """
    ax.annotate(
        text,
        at,
        xytext=offset,
        xycoords=coordinates,
        textcoords="offset points",
        ha=ha,
        va=va,
        fontsize=size,
        color=theme.ink,
        parse_math=False,
        annotation_clip=False,
        bbox={"facecolor": theme.ground, "edgecolor": "none", "pad": 1.0, "alpha": 0.85} if ground else None,
    )
