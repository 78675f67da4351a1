"""Histograms of arrays, of a bounded sample of the values where there are many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_RUN = 256
"""Consecutive values of a sample: long enough to be read fast, and each run covers other columns."""

_LARGEST = 5e307
"""Of the ends of a histogram, so that the distance between them is a number."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values of a sample lie in each of some intervals of equal width.

    Attributes:
        counts: int64, (bins,): how many lie in each; the last interval holds its upper edge too.
        edges: float64, (bins + 1,): the bounds of the intervals, rising.
        below: how many lie below the first edge.
        above: how many lie above the last edge.
    """

    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    below: int = 0
    above: int = 0

    @property
    def density(self) -> npt.NDArray[np.float64]:
        """The counts as a probability density, (bins,), float64: of all values, those outside included."""
        numbers = int(self.counts.sum()) + self.below + self.above
        return self.counts / (max(numbers, 1) * np.diff(self.edges))


def histogram(
    values: npt.NDArray[Any],
    bins: int = 64,
    limits: tuple[float, float] | None = None,
    *,
    at_most: int = 1 << 18,
) -> Histogram:
    """Counts how often the values of an array lie in each of some intervals of equal width.

    Args:
        values: real numbers, of any shape, dtype and strides; what is not finite is left out.
        bins: the number of intervals.
        limits: the lower and the upper end of them all; if not given, of the sample's values.
        at_most: of an array of more values, about so many are looked at: short runs, evenly spread.

    Returns:
        The histogram; of one value many times, or of none, one whose intervals lie around it, or around 0.

    Raises:
        ValueError: `bins` or `at_most` is below 1, or `limits` are not finite and rising.
    """
    if bins < 1 or at_most < 1:
        raise ValueError(f"histogram: expected bins and at_most of 1 or more, got {bins} and {at_most}")
    found = sample(values, at_most).astype(np.float64)
    found = found[np.isfinite(found)]
    low, high = limits or _limits(found, bins)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"histogram: expected finite limits, the lower first, got {(low, high)}")
    counts, edges = np.histogram(found, bins, (low, high))
    return Histogram(counts.astype(np.int64), edges, int((found < low).sum()), int((found > high).sum()))


def sample(values: npt.NDArray[Any], at_most: int) -> npt.NDArray[Any]:
    """About `at_most` of the values of an array, as runs that lie evenly spread over the row-major order.

    Args:
        values: of any shape, dtype and strides.
        at_most: how many are looked at, 1 or more; all, where the array has no more.

    Returns:
        A vector of the array's dtype.
    """
    if values.size <= at_most:
        return values.reshape(-1)
    runs = max(1, at_most // _RUN)
    starts = np.linspace(0, values.size - _RUN, runs).astype(np.int64) if values.size > _RUN else [0]
    # A flat iterator walks any strides, where reshape would copy the whole.
    flat = values.reshape(-1) if values.flags.c_contiguous else values.flat
    return np.concatenate([flat[start : start + min(_RUN, at_most)] for start in starts])


def _limits(found: npt.NDArray[np.float64], bins: int) -> tuple[float, float]:
    """The ends of the sample, of a finite distance; moved apart where no `bins` numbers lie between."""
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 0.0)
    low, high = (min(max(end, -_LARGEST), _LARGEST) for end in (low, high))
    largest = max(abs(low), abs(high))
    if high - low <= bins * np.spacing(largest):
        low, high = low - (largest / 2 or 0.5), high + (largest / 2 or 0.5)
    return low, high
