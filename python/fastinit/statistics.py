"""Statistics of one array, or of pieces of it, in one pass and without a temporary of its size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from . import _core

_CHUNK = 1 << 16
"""Values that are converted together: as float64 they stay in a core's own cache."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the values of an array look like; NaN is counted, and left out of the rest.

    Args:
        count: the number of values, NaN among them.
        nan: how many are NaN.
        zeros: how many are 0.
        mean: the mean; NaN where there is no value, as in `std`, `min` and `max`.
        deviations: the sum of the squared deviations from the mean.
        min: the least value.
        max: the largest value.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    count: int = 0
    nan: int = 0
    zeros: int = 0
    mean: float = math.nan
    deviations: float = 0.0
    min: float = math.nan
    max: float = math.nan

    @property
    def numbers(self) -> int:
        """How many values are not NaN."""
        return self.count - self.nan

    @property
    def std(self) -> float:
        """The standard deviation, of the values as a whole population."""
        return math.sqrt(self.deviations / self.numbers) if self.numbers else math.nan


def statistics(array: npt.NDArray[Any]) -> Statistics:
    """Computes the statistics of an array in float64, whatever its dtype.

    The result of a contiguous array depends neither on the number of threads nor on the CPU.

    Args:
        array: real numbers, integers or bools, of any shape and strides.

    Returns:
        The statistics.

    Raises:
        TypeError: the values are complex, or no numbers.

    Source: Chan, Golub and LeVeque 1979, as `merge`.

    Examples:
        >>> import numpy as np
        >>> found = statistics(np.array([1.0, 3.0, np.nan, 0.0, 0.0], np.float32))
        >>> found.mean, found.std, found.min, found.max
        (1.0, 1.224744871391589, 0.0, 3.0)
        >>> found.count, found.nan, found.zeros
        (5, 1, 2)
    """
    dtype, flags = array.dtype, array.flags
    # Most arrays are small, and `dtype.name` takes longer than all the rest.
    direct = dtype.char in "efd" if dtype.kind == "f" else dtype.kind == "V" and dtype.name == "bfloat16"
    if direct and flags.forc and flags.aligned and dtype.isnative:
        return _of_vector(array.ravel(order="K"))
    if dtype.kind in "cOSUMm" or dtype.names is not None:
        raise TypeError(f"statistics: expected an array of real numbers, got one of {dtype}")
    result = Statistics()
    chunks = np.nditer(
        array,
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_dtypes=[np.float64],
        casting="unsafe",  # of 64-bit integers too
        order="K",
        buffersize=_CHUNK,
    )
    with np.errstate(invalid="ignore"):  # said of the cast of a signalling NaN
        for chunk in cast("Iterable[npt.NDArray[np.float64]]", chunks):
            result = merge(result, _of_vector(np.ascontiguousarray(chunk)))
    return result


def merge(a: Statistics, b: Statistics) -> Statistics:
    """Puts the statistics of two arrays together, those of `a` first. Raises nothing.

    Args:
        a: the statistics of one array, of any shape.
        b: those of another.

    Returns:
        The statistics of the values of both.

    Source: Chan, Golub and LeVeque, *Updating formulae and a pairwise algorithm for computing sample
    variances*, 1979.
    """
    count, nan, zeros = a.count + b.count, a.nan + b.nan, a.zeros + b.zeros
    if not a.numbers or not b.numbers:
        some = a if a.numbers else b
        return Statistics(count, nan, zeros, some.mean, some.deviations, some.min, some.max)
    numbers = a.numbers + b.numbers
    apart = b.mean - a.mean
    return Statistics(
        count,
        nan,
        zeros,
        mean=a.mean + apart * (b.numbers / numbers),
        deviations=a.deviations + b.deviations + apart * apart * (a.numbers * b.numbers / numbers),
        min=min(a.min, b.min),
        max=max(a.max, b.max),
    )


def _of_vector(vector: npt.NDArray[Any]) -> Statistics:
    nan, zeros, shift, total, squares, least, most = _core.moments(vector)
    numbers = vector.size - nan
    if not numbers:
        return Statistics(vector.size, nan, zeros)
    mean = total / numbers
    return Statistics(
        vector.size,
        nan,
        zeros,
        mean=shift + mean,
        deviations=max(squares - total * mean, 0.0),
        min=least,
        max=most,
    )
