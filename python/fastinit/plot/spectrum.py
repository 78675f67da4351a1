"""The singular values of a matrix beside the law of those of a random one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..diagnostics import SingularValues, marchenko_pastur, singular_values
from ..histograms import histogram as count
from .matrices import matrix_of
from .panels import legend_above, panels, say
from .theme import Themed, theme_called

__all__ = ["spectrum"]


def spectrum(
    matrix: Any,
    *,
    std: float | None = None,
    at_most: int = 1024,
    ax: Axes | None = None,
    theme: Themed = "light",
) -> Figure:
    """Draws the singular values of a matrix, and where those of independent entries would lie.

    The law is Marchenko and Pastur's, for the matrix's shape and standard deviation. What is orthogonal is a
    spike; structure, such as training leaves, are values beyond the law's edge. Of a matrix whose shorter
    side is above `at_most`, so many of the vectors along its longer side are taken, as
    `fastinit.diagnostics.singular_values` says, and the law is that of what was taken.

    Args:
        matrix: (m, n) real numbers: a tensor of fastinit or of PyTorch, or an array. What has more dimensions
            is taken as a matrix of the first by the rest.
        std: the standard deviation of the law's entries; that of the matrix's own if None.
        at_most: the most singular values that are computed.
        ax: the Axes to draw into; a new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: `matrix` has no real numbers, or `ax` is something else.
        ValueError: there are fewer than 2 dimensions or no values, one is not finite, `std` is not above 0,
            or `theme` is unknown.

    Source: Marchenko and Pastur 1967; Martin and Mahoney 2021, arXiv:1810.01075, figure 3.

    Examples:
        >>> spectrum(nn.init.orthogonal_(np.empty((64, 32)))).axes[0].get_xlabel()
        'singular value'
    """
    colours = theme_called(theme)
    if std is not None and not 0 < std < math.inf:
        raise ValueError(f"spectrum: expected std to be above 0 and finite, got {std}")
    found = singular_values(matrix_of("spectrum", matrix), at_most)
    figure, (axes,) = panels("spectrum", ax, 1, (5.2, 3.0), colours)
    of_entries = found.std if std is None else std
    edge = of_entries * sum(math.sqrt(side) for side in found.shape)
    high = 1.06 * max(edge, float(found.values[-1])) or 1.0
    bars = min(64, max(8, 4 * math.isqrt(len(found.values))))
    counts = count(found.values, bars, (0.0, high))
    look: dict[str, Any] = {"facecolor": colours.fill, "edgecolor": colours.edge, "linewidth": 0.8}
    axes.stairs(counts.density, counts.edges, fill=True, label="found", **look)
    if of_entries:
        x = np.linspace(0, high, 801)
        axes.plot(
            x, marchenko_pastur(x, found.shape, of_entries), color=colours.law, linewidth=1.6,
            label=f"Marchenko-Pastur, std {of_entries:.3g}",
        )  # fmt: skip
    axes.set_xlim(0, high)
    axes.set_ylim(0, None)
    axes.set_xlabel("singular value" + _part(found))
    axes.set_ylabel("density")
    if found.values[-1] > 0 and found.values[-1] - found.values[0] < 1e-3 * found.values[-1]:
        at = float(found.values[-1])
        said = f"all {len(found.values):,} are {at:.4g}"
        say(axes, said, (at, 0.97), axes.get_xaxis_transform(), colours, offset=(-8, 0), ha="right", va="top")
    legend_above(axes, colours)
    return figure


def _part(found: SingularValues) -> str:
    if found.shape == found.whole:
        return ""
    what = "rows" if found.shape[0] < found.whole[0] else "columns"
    return f"   ({min(found.shape):,} of {min(found.whole):,} {what})"
