"""Pictures of what was measured, for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

if TYPE_CHECKING:
    from benchmarks.fills import Result

COLUMNS = 4
# Colours that differ also to the colour-blind (Okabe and Ito).
STYLES = {
    "memset": {"color": "#999999", "linestyle": "--"},
    "fastinit": {"color": "#0072B2", "marker": "o", "linewidth": 2},
    "fastinit, 1 thread": {"color": "#56B4E9", "marker": "o"},
    "torch": {"color": "#D55E00", "marker": "s"},
    "numpy": {"color": "#009E73", "marker": "^"},
    "jax": {"color": "#CC79A7", "marker": "v"},
}


def _lines(threads: int) -> dict[str, str]:
    """The peer that each line shows."""
    return {
        "memset": f"memset, {threads}",
        "fastinit": f"fastinit, {threads}",
        "fastinit, 1 thread": "fastinit, 1",
        "torch": f"torch, {threads}",
        "numpy": "numpy",
        "jax": "jax",
    }


def _panel(axes: Axes, results: Sequence[Result], threads: int) -> None:
    """Rate against size of one fill."""
    sizes = [result.size for result in results]
    for label, peer in _lines(threads).items():
        if threads == 1 and label == "fastinit, 1 thread":
            continue
        rates = [result.rate(peer) for result in results]
        if None not in rates:
            axes.plot(sizes, rates, label=label, markersize=3.5, **{"linewidth": 1.2, **STYLES[label]})
    axes.set_title(results[0].fill, fontsize=10, fontweight="bold")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sizes[:: -(-len(sizes) // 5)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"$2^{{{int(size).bit_length() - 1}}}$"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate / 1e9:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=8)


def rates(results: Sequence[Result], threads: Sequence[int], file: Path) -> None:
    """Draws one panel per fill, of the first dtype that was measured."""
    dtype, most = results[0].dtype, max(threads)
    by_fill: dict[str, list[Result]] = {}
    for result in results:
        if result.dtype == dtype:
            by_fill.setdefault(result.fill, []).append(result)
    by_fill = {fill: found for fill, found in by_fill.items() if len(found) > 1}
    rows = len(by_fill) // COLUMNS + 1  # one place more, for the legend
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rates", "font.family": "sans-serif"})
    figure = Figure(figsize=(2.8 * COLUMNS, 2.2 * rows + 0.6), layout="constrained")
    panels = list(figure.subplots(rows, COLUMNS, sharex=True, sharey=True).flat)
    for axes, found in zip(panels, by_fill.values(), strict=False):
        _panel(axes, found, most)
    for axes in panels[len(by_fill) :]:
        axes.set_axis_off()
    for axes in panels[len(by_fill) - COLUMNS : len(by_fill)]:
        axes.tick_params(labelbottom=True)  # also where the place below is empty
    handles, labels = panels[0].get_legend_handles_labels()
    panels[len(by_fill)].legend(handles, labels, loc="center", frameon=False)
    figure.suptitle(f"Fills of {dtype} on {most} threads, memset of the same bytes beside them")
    figure.supxlabel("values in the array")
    figure.supylabel("10⁹ values per second")
    figure.savefig(file, dpi=96, metadata={"Date": None} if file.suffix == ".svg" else None)
