"""How often the values of a tensor occur, with what was expected on top."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..diagnostics import Density, density
from ..diagnostics.tensors import numbers_of
from ..histograms import Histogram, sample
from ..histograms import histogram as count
from ..recipe import Assignment
from .panels import legend_above, panels, say
from .theme import Theme, Themed, theme_called

__all__ = ["Counted", "counted", "histogram", "limits_of"]

_AT_MOST = 1 << 18
"""Values that are looked at."""

_OFTEN = 0.05
"""A value that so large a part of all has is a spike, and no part of the curve."""

_MOST_SPIKES = 6
_WIDE = 20.0
"""A histogram that is so many times as wide as its middle half is cut: the tails would hide the rest."""


class Counted(NamedTuple):
    """What a histogram shows.

    Attributes:
        bars: how often the values occur that are no spikes; None if there are none.
        share: which part of all numbers they are.
        spikes: values to which part of all numbers has them.
        left_out: how many values are not finite.
    """

    bars: Histogram | None
    share: float
    spikes: Mapping[float, float]
    left_out: int


def histogram(
    tensor: Any,
    *,
    expected: Density | Assignment | str | None = None,
    bins: int = 64,
    ax: Axes | None = None,
    theme: Themed = "light",
) -> Figure:
    """Draws how often the values of a tensor occur, and the probability density that was expected.

    A value that many elements have, such as the zeros of a mask, is a line of its own, with its share beside
    it. Of more than 2^18 values so many are looked at. Where the tails are so long that they would hide the
    rest, they are cut, and it is said how much lies beyond.

    Args:
        tensor: real numbers, of any shape and dtype: a tensor of fastinit or of PyTorch, or an array.
        expected: what should have drawn the values: a `fastinit.diagnostics.Density`; what a recipe decides,
            `recipe.assignment(name)`; or the name of a function of `fastinit.nn.init`, which then stands for
            its defaults and the tensor's own shape.
        bins: the number of bars; of a few hundred values there are fewer.
        ax: the Axes to draw into; a new figure's if None.
        theme: "light", "dark", or a `Theme`.

    Returns:
        The figure.

    Raises:
        TypeError: `tensor` has no real numbers, `expected` or `ax` is something else.
        ValueError: `bins` is below 1, `theme` is unknown, or the initialiser does not take the shape.
        RecipeError: there is no initialiser of the name.

    Source: Pearson 1895, *Contributions to the mathematical theory of evolution, II*.

    Examples:
        >>> weight = nn.init.masked_uniform_(np.empty((64, 32)), -10, 10, threshold=5)
        >>> wanted = fastinit.diagnostics.density("masked_uniform_", low=-10, high=10, threshold=5)
        >>> histogram(weight, expected=wanted).axes[0].get_xlabel()
        'value'
    """
    if bins < 1:
        raise ValueError(f"histogram: expected bins of 1 or more, got {bins}")
    values = numbers_of("histogram", tensor)
    wanted = _density(expected, values.shape)
    colours = theme_called(theme)
    found = counted(values, wanted, bins)
    figure, (axes,) = panels("histogram", ax, 1, (5.2, 3.0), colours)
    low, high = limits_of(found, wanted)
    if found.bars is not None:
        with np.errstate(over="ignore"):  # of values that differ by next to nothing
            heights = found.bars.density * found.share
        heights[np.isinf(heights)] = np.nan
        look: dict[str, Any] = {"facecolor": colours.fill, "edgecolor": colours.edge, "linewidth": 0.8}
        axes.stairs(heights, found.bars.edges, fill=True, label="found", **look)
    if wanted is not None and wanted.curves:
        x = np.linspace(low, high, 801)
        heights = wanted(x)
        heights[np.isinf(heights)] = np.nan
        axes.plot(x, heights, color=colours.law, linewidth=1.6, label="expected")
    axes.set_xlim(low, high)
    _draw_spikes(axes, found, wanted, colours)
    if not axes.has_data():
        say(axes, "no values", (0.5, 0.5), "axes fraction", colours, ha="center")
    axes.set_ylim(0, None)
    axes.set_xlabel("value" + _beside(found))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    if _has_curve(found, wanted):
        axes.set_ylabel("density")
    else:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    if axes.has_data():
        legend_above(axes, colours, 3)
    return figure


def counted(values: npt.NDArray[Any], wanted: Density | None, bins: int) -> Counted:
    """Tells the values that occur again and again from the others, and counts both.

    Args:
        values: real numbers, of any shape; a sample is looked at where there are many.
        wanted: what was expected; its spikes are told, however seldom they occur.
        bins: the number of intervals for the others; fewer for few.
    """
    some = sample(values, _AT_MOST)
    numbers = some.astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    different, times = np.unique(numbers, return_counts=True)
    often = np.argsort(-times, kind="stable")[:_MOST_SPIKES]
    least = max(1, _OFTEN * numbers.size) if different.size > 1 else 0
    spikes = {float(different[place]) + 0.0 for place in often if times[place] > least}
    if wanted is not None:  # as the dtype holds them
        spikes |= {float(np.float64(at).astype(some.dtype).astype(np.float64)) for at in wanted.spikes}
    shares = {at: float((numbers == at).sum()) / max(numbers.size, 1) for at in sorted(spikes)}
    others = numbers[~np.isin(numbers, list(spikes))]
    share = others.size / max(numbers.size, 1)
    few = max(8, 2 * math.isqrt(others.size))
    bars = count(others, min(bins, few), _stretch(others), at_most=_AT_MOST) if others.size else None
    return Counted(bars, share, shares, some.size - numbers.size)


def _stretch(values: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """Where to count, if the tails are to be cut."""
    first, middle, third = np.quantile(values, (0.25, 0.5, 0.75))
    width = float(third - first)
    if not 0 < _WIDE * width < values.max() - values.min():
        return None
    reach = _WIDE * width / 2
    return max(float(values.min()), middle - reach), min(float(values.max()), middle + reach)


def _density(expected: Density | Assignment | str | None, shape: tuple[int, ...]) -> Density | None:
    if expected is None or isinstance(expected, Density):
        return expected
    return density(expected, shape) if isinstance(expected, str) else density(expected)


def limits_of(found: Counted, wanted: Density | None) -> tuple[float, float]:
    """From where to where to draw: what was found and what was expected, but for tails that are cut."""
    ends = [*found.spikes]
    if found.bars is not None:
        ends += [float(found.bars.edges[0]), float(found.bars.edges[-1])]
    if wanted is not None and not (found.bars is not None and found.bars.below + found.bars.above):
        ends += wanted.limits
    low, high = (min(ends), max(ends)) if ends else (0.0, 0.0)
    margin = 0.04 * (high - low) or max(abs(low) / 2, 0.5)
    return low - margin, high + margin


def _has_curve(found: Counted, wanted: Density | None) -> bool:
    return found.bars is not None or (wanted is not None and bool(wanted.curves))


def _draw_spikes(axes: Axes, found: Counted, wanted: Density | None, theme: Theme) -> None:
    """Lines as high as the panel, whose heights say nothing: the shares stand beside them."""
    up = axes.get_xaxis_transform()
    labels = {} if _has_curve(found, wanted) else {"found": "found", "expected": "expected"}
    low, high = axes.get_xlim()
    for number, (at, share) in enumerate(found.spikes.items()):
        said = f"{_percent(share)} are {at:.4g}"
        chance = None if wanted is None else _near(wanted.spikes, at)
        axes.plot(
            [at, at], [0, 0.9], transform=up, color=theme.edge, linewidth=2.5, label=labels.pop("found", None)
        )
        if chance is not None:
            said += f"\n({_percent(chance)} expected)"
            axes.plot(
                [at], [0.9], transform=up, marker="D", markersize=6, linestyle="none",
                markerfacecolor=theme.ground, markeredgecolor=theme.law, markeredgewidth=1.6,
                label=labels.pop("expected", None),
            )  # fmt: skip
        elif wanted is not None:
            said += "\n(none expected)"
        at_left = at > low + 0.7 * (high - low)
        height = 0.98 - 0.2 * (0 if len(found.spikes) == 1 else number % 4)
        say(
            axes, said, (at, height), up, theme, offset=(-6 if at_left else 6, 0),
            ha="right" if at_left else "left", va="top", ground=True,
        )  # fmt: skip


def _near(spikes: Mapping[float, float], at: float) -> float | None:
    for value, chance in spikes.items():
        if abs(value - at) <= 0.01 * abs(value):
            return chance
    return None


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _beside(found: Counted) -> str:
    """What the picture leaves out."""
    said = []
    if found.bars is not None and (beyond := found.bars.below + found.bars.above):
        all_of_them = beyond + int(found.bars.counts.sum())
        said.append(f"{_percent(beyond / all_of_them * found.share)} lie beyond")
    if found.left_out:
        said.append(f"{found.left_out:,} not finite")
    return f"   ({', '.join(said)})" if said else ""
