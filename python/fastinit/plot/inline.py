"""A figure as SVG inside a page, in the page's own colours: light and dark with one text."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import asdict, fields
from html import escape
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .theme import Theme

__all__ = ["PAGE", "inline", "variables"]


def _stand_in(number: int) -> str:
    """A colour that no picture has, in the place of a variable of the page's style."""
    return f"#fa{number:02x}fb"


_NAMES: Final = tuple(each.name for each in fields(Theme) if each.name != "series")
_SERIES = 4

#: The theme of figures that `inline` writes.
PAGE: Final = Theme(
    **{name: _stand_in(number) for number, name in enumerate(_NAMES)},
    series=tuple(_stand_in(len(_NAMES) + number) for number in range(_SERIES)),
)


def variables(theme: Theme) -> str:
    """The colours of a theme as the variables of a style sheet."""
    colours = asdict(theme)
    for number, colour in enumerate(colours.pop("series")):
        colours[f"series-{number}"] = colour
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def inline(draw: Callable[[Axes], object], size: tuple[float, float], label: str, salt: str) -> str:
    """Draws a picture in the theme `PAGE`, as an SVG element.

    Args:
        draw: draws it into Axes.
        size: width and height in inches, of letters that are an eighth of an inch high.
        label: what it shows, for those who do not see it.
        salt: another one for each picture of a page, so that their parts have other names.
    """
    figure = Figure(size, layout="constrained", facecolor=PAGE.ground)
    draw(figure.add_subplot())
    names = [*_NAMES, *(f"series-{number}" for number in range(_SERIES))]
    file = io.StringIO()
    # Words stay words: smaller than outlines, and found by a search.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    body = text[text.index("<svg") :]
    head_end = body.index(">")
    box = re.search(r'viewBox="[^"]*"', body[:head_end])
    inside = body[head_end + 1 : body.rindex("</svg>")]
    inside = re.sub(
        r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", inside, flags=re.DOTALL
    )
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', inside))
    inside = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", inside)
    for number, name in enumerate(names):
        inside = inside.replace(_stand_in(number), f"var(--{name})")
    inside = re.sub(r"\n\s*", "\n", inside)
    return f'<svg class="figure" role="img" aria-label="{escape(label)}" {box and box[0]}>{inside}</svg>'
