"""Histograms as small as a line of a table: a few hundred bytes of SVG each."""

from __future__ import annotations

from html import escape

import numpy as np

from ..diagnostics import Density
from .histogram import Counted, limits_of

__all__ = ["sparkline"]

_WIDTH, _HEIGHT = 96, 22


def sparkline(label: str, found: Counted, wanted: Density | None) -> str:
    """An SVG, whose colours are those of its classes: bars, a curve of what is expected, lines of spikes.

    Args:
        label: what it is of, for those who do not see it.
        found: the histogram.
        wanted: the density that is expected.
    """
    low, high = limits_of(found, wanted)
    x = np.linspace(low, high, 49)
    curve = wanted(x) if wanted is not None and wanted.curves else None
    heights = found.bars.density * found.share if found.bars is not None else None
    tops = [float(each[np.isfinite(each)].max(initial=0)) for each in (heights, curve) if each is not None]
    scale = (_HEIGHT - 2) / (max(tops, default=0) or 1)

    def across(value: float) -> float:
        return _WIDTH * (value - low) / (high - low)

    drawn = []
    if heights is not None and found.bars is not None:
        edges = [across(edge) for edge in found.bars.edges.tolist()]
        steps = [
            f"V{_HEIGHT - scale * top:.1f}H{end:.1f}" for top, end in zip(heights, edges[1:], strict=True)
        ]
        drawn.append(f'<path class="bars" d="M{edges[0]:.1f} {_HEIGHT}{"".join(steps)}V{_HEIGHT}z"/>')
    if curve is not None:
        points = np.minimum(curve, 1.2 * max(tops) or 1)
        line = " ".join(
            f"{across(at):.1f} {_HEIGHT - scale * top:.1f}"
            for at, top in zip(x.tolist(), points, strict=True)
        )
        drawn.append(f'<path class="law" d="M{line}"/>')
    if found.spikes:
        lines = "".join(f"M{across(at):.1f} {_HEIGHT}V2" for at in found.spikes)
        drawn.append(f'<path class="spike" d="{lines}"/>')
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg class="spark" role="img" aria-label="{escape(label)}" {size}>{"".join(drawn)}</svg>'
