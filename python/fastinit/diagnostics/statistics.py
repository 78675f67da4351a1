"""Statistics of one array, in one pass and without a temporary of its size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 15
"""Elements that are looked at together: as float64 they stay in a core's own cache."""


@dataclass(frozen=True)
class Statistics:
    """Mean, standard deviation (of the values as a whole population), least and largest value."""

    mean: float
    std: float
    min: float
    max: float


def statistics(array: npt.NDArray[Any]) -> Statistics:
    """Computes the statistics of an array in float64, whatever its dtype.

    Args:
        array: floating-point values of any shape and strides.

    Returns:
        The statistics: all NaN where there are no values, and where one of them is NaN.

    Examples:
        >>> import numpy as np
        >>> statistics(np.array([1.0, 3.0], np.float32))
        Statistics(mean=2.0, std=1.0, min=1.0, max=3.0)
    """
    if array.size == 0:
        return Statistics(math.nan, math.nan, math.nan, math.nan)
    # Sums of differences from one of the values: exactly 0 for a constant, and accurate where |mean| >> std.
    shift = float(array[(0,) * array.ndim])
    low, high, total, squares = math.inf, -math.inf, 0.0, 0.0
    shifted = np.empty(_CHUNK)
    chunks = np.nditer(
        array,
        flags=["external_loop", "buffered"],
        op_dtypes=[np.float64],
        casting="same_kind",
        order="K",
        buffersize=_CHUNK,
    )
    with np.errstate(all="ignore"):
        for chunk in cast("Iterable[npt.NDArray[np.float64]]", chunks):
            difference = np.subtract(chunk, shift, out=shifted[: chunk.size])
            low, high = np.minimum(low, chunk.min()), np.maximum(high, chunk.max())
            total += float(difference.sum())
            # Not a BLAS's dot product: it would wake threads for a sum that is over before they are there.
            squares += float(np.multiply(difference, difference, out=difference).sum())
    mean = total / array.size
    variance = max(squares / array.size - mean * mean, 0.0)
    return Statistics(shift + mean, math.sqrt(variance), float(low), float(high))
