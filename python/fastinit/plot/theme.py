"""The colours, line styles and markers of the pictures: told apart in grey, and by the colour-blind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

__all__ = ["DARK", "LIGHT", "Theme", "Themed", "theme_called"]


@dataclass(frozen=True)
class Theme:
    """What a picture is drawn with: colours as matplotlib takes them.

    Args:
        ground: behind everything.
        ink: of words and of what stands out.
        muted: of axes.
        grid: of what is to be seen through.
        fill: of areas.
        edge: of their outlines, and of single points.
        law: of the lines that say what is expected.
        alarm: of what is wrong.
        series: of lines beside one another; their lightness differs.

    Raises:
        TypeError: a colour is missing.

    Source: Okabe and Ito 2008, *Color Universal Design*, darker and lighter where the ground asks for it.
    """

    ground: str
    ink: str
    muted: str
    grid: str
    fill: str
    edge: str
    law: str
    alarm: str
    series: tuple[str, ...]


LIGHT: Final = Theme(
    ground="#ffffff",
    ink="#1b1f24",
    muted="#5a616b",
    grid="#d9dce0",
    fill="#b7c9d9",
    edge="#00456b",
    law="#b34700",
    alarm="#b34700",
    series=("#000000", "#b34700", "#00456b", "#cc79a7"),
)
DARK: Final = Theme(
    ground="#16191d",
    ink="#e8eaed",
    muted="#a4abb3",
    grid="#3a4048",
    fill="#3d5468",
    edge="#8cc7ea",
    law="#f0c94a",
    alarm="#f0c94a",
    series=("#ffffff", "#d55e00", "#f0c94a", "#5aaee0"),
)

Themed: TypeAlias = Theme | Literal["light", "dark"]

_LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (7, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
_MARKERS = "o", "s", "^", "D", "v", "P", "X"


def theme_called(theme: Themed) -> Theme:
    """The theme of a name.

    Raises:
        ValueError: there is none.
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in ("light", "dark"):
        raise ValueError(f'theme: expected "light", "dark" or a Theme, got {theme!r}')
    return LIGHT if theme == "light" else DARK


def line_of(theme: Theme, number: int) -> dict[str, Any]:
    """How the line of a number is drawn: colour, dashes and marker differ from its neighbours'."""
    return {
        "color": theme.series[number % len(theme.series)],
        "linestyle": _LINES[number % len(_LINES)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "markersize": 4,
        "linewidth": 1.4,
    }
