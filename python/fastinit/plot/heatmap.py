"""The values of a matrix as colours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .matrices import matrix_of
from .panels import dress, panels
from .theme import Themed, theme_called

__all__ = ["heatmap", "reach_of", "reduced"]

_PIXELS = 384
"""The most blocks along a side: as many as a panel has pixels on a screen."""


def heatmap(
    matrix: Any, *, limit: float | None = None, ax: Axes | None = None, theme: Themed = "light"
) -> Figure:
    """Draws the values of a matrix as colours: dark below 0, grey at 0, light above.

    A matrix that is larger than a screen falls into blocks, each of which is shown as the root mean square of
    its values, with the sign of their sum. A mean would make grey of what is random, and a block of zeros or
    of another scale could not be told from it; so its scale stays, and what has one sign keeps it. Values
    that are not finite are marked, and so is a block that holds one.

    Args:
        matrix: (m, n) real numbers: a tensor of fastinit or of PyTorch, or an array. What has more dimensions
            is taken as a matrix of the first by the rest.
        limit: the colours reach from -limit to limit; if None, as far as all but one in a thousand do.
        ax: the Axes to draw into; a new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: `matrix` has no real numbers, or `ax` is something else.
        ValueError: there are fewer than 2 dimensions or no values, `limit` is not above 0, or `theme` is
            unknown.

    Source: Nunez, Anderton and Renslow 2018, *Optimizing colormaps with consideration for color vision
        deficiency*: the colours, cividis, whose lightness rises all the way, so that grey tells the sign too.

    Examples:
        >>> heatmap(np.eye(3)).axes[0].get_ylabel()
        'row'
    """
    colours = theme_called(theme)
    if limit is not None and not 0 < limit < math.inf:
        raise ValueError(f"heatmap: expected limit to be above 0 and finite, got {limit}")
    values = matrix_of("heatmap", matrix)
    blocks = reduced(values, _PIXELS)
    finite = np.abs(blocks[np.isfinite(blocks)])
    reach = limit or reach_of(finite)
    rows, columns = values.shape
    squeezed = max(columns, rows) / min(columns, rows) > 2.5
    height = 3.6 * min(max(rows / columns, 0.4), 1.1)
    figure, (axes,) = panels("heatmap", ax, 1, (5.2, 0.7 + height), colours)
    map_ = colormaps["cividis"].with_extremes(bad=colours.alarm)
    image = axes.imshow(
        np.ma.masked_invalid(blocks), cmap=map_, vmin=-reach, vmax=reach, interpolation="nearest",
        extent=(0, columns, rows, 0), aspect="auto" if squeezed else "equal",
    )  # fmt: skip
    for spine in axes.spines.values():
        spine.set_visible(True)
    axes.set_xlabel("column" + _blocks(values.shape, blocks.shape))
    axes.set_ylabel("row")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator("auto", integer=True))
    bar = axes.figure.colorbar(
        image, ax=axes, shrink=0.9, extend="both" if finite.max(initial=0) > reach else "neither"
    )
    dress(bar.ax, colours)
    bar.outline.set_edgecolor(colours.muted)
    return figure


def reach_of(sizes: npt.NDArray[np.float64]) -> float:
    """As far as all but one in a thousand; what is of one size all over is no more than half as bright."""
    if not sizes.size:
        return 1.0
    return float(max(np.quantile(sizes, 0.999), 2 * np.median(sizes))) or float(sizes.max()) or 1.0


def _blocks(shape: tuple[int, ...], shown: tuple[int, ...]) -> str:
    if shape == shown:
        return ""
    tall, broad = (math.ceil(a / b) for a, b in zip(shape, shown, strict=True))
    return f"   (in blocks of {tall} x {broad})"


def reduced(matrix: npt.NDArray[Any], most: int) -> npt.NDArray[np.float64]:
    """A matrix of at most `most` blocks a side: the root mean squares, with the signs of the sums.

    Blocks are of one size, but for the last of a row or column, which may be smaller. A strip of blocks is
    held at a time.
    """
    rows, columns = matrix.shape
    tall, broad = math.ceil(rows / most), math.ceil(columns / most)
    starts = np.arange(0, columns, broad)
    widths = np.diff([*starts, columns])
    result = np.empty((math.ceil(rows / tall), starts.size))
    with np.errstate(invalid="ignore", over="ignore"):  # of what is not finite
        for number, top in enumerate(range(0, rows, tall)):
            strip = matrix[top : top + tall].astype(np.float64)
            sums = np.add.reduceat(strip.sum(0), starts)
            squares = np.add.reduceat(np.square(strip).sum(0), starts)
            result[number] = np.sqrt(squares / (widths * len(strip))) * np.where(sums < 0, -1.0, 1.0)
    return result
