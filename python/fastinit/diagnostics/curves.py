"""The continuous distributions that values are drawn from, as curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "TRUNCATED_STD",
    "Curve",
    "cauchy",
    "coordinate",
    "exponential",
    "log_normal",
    "normal",
    "truncated_normal",
    "uniform",
]

Array = npt.NDArray[np.float64]

TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / (math.sqrt(2 * math.pi) * math.erf(math.sqrt(2))))
"""The standard deviation of a standard normal that is cut at two standard deviations."""

_REACH = 4.5
"""So many standard deviations from its mean a normal is worth looking at."""


class Curve(NamedTuple):
    """A continuous part of a distribution.

    Attributes:
        share: the probability of the part.
        low: below it the density is 0.
        high: above it the density is 0.
        near: the stretch in which nearly all values lie.
        of: the density of the part alone, of values between `low` and `high`.
    """

    share: float
    low: float
    high: float
    near: tuple[float, float]
    of: Callable[[Array], Array]

    def scaled(self, factor: float) -> Curve:
        """The curve of the values times a factor above 0."""
        near = self.near[0] * factor, self.near[1] * factor
        low, high = self.low * factor, self.high * factor
        return Curve(self.share, low, high, near, lambda x: self.of(x / factor) / factor)


def uniform(low: float, high: float, share: float = 1.0) -> Curve:
    """The same between two ends."""
    return Curve(share, low, high, (low, high), lambda x: np.full(x.shape, 1 / (high - low)))


def normal(mean: float, std: float) -> Curve:
    """The normal distribution."""
    near = mean - _REACH * std, mean + _REACH * std
    top = 1 / (std * math.sqrt(2 * math.pi))
    return Curve(1.0, -math.inf, math.inf, near, lambda x: top * np.exp(-(((x - mean) / std) ** 2) / 2))


def truncated_normal(mean: float, std: float, low: float, high: float) -> Curve:
    """The normal distribution between two ends, wherever these lie.

    Where the density is largest it is taken for 1, and the area under it found by quadrature over the stretch
    where it is not beyond all chance: so far out in the tail that the normal's own density is 0, this holds.
    """
    start, stop = (low - mean) / std, (high - mean) / std
    peak = min(max(0.0, start), stop)
    reach = math.sqrt(peak**2 + 80) - abs(peak)  # where it is a factor of exp(-40) less
    first, last = max(start, peak - reach), min(stop, peak + reach)
    nodes, weights = _nodes_and_weights()
    half = (last - first) / 2
    t = first + half * (nodes + 1)
    area = half * float(weights @ np.exp((peak**2 - t**2) / 2))
    near = math.sqrt(peak**2 + _REACH**2) - abs(peak)
    return Curve(
        1.0,
        low,
        high,
        (mean + std * max(start, peak - near), mean + std * min(stop, peak + near)),
        lambda x: np.exp((peak**2 - ((x - mean) / std) ** 2) / 2) / (area * std),
    )


def coordinate(dimensions: int, length: float) -> Curve:
    """One coordinate of a vector of some length that points anywhere alike, in 2 dimensions or more."""
    log_top = math.lgamma(dimensions / 2) - math.lgamma((dimensions - 1) / 2) - math.log(math.pi) / 2
    reach = min(length, _REACH * length / math.sqrt(dimensions))

    def of(x: Array) -> Array:
        with np.errstate(divide="ignore"):  # at the ends of a circle's, where it is infinite
            inside = np.log1p(-((x / length) ** 2))
            power = (dimensions - 3) / 2
            return np.exp(log_top + (power * inside if power else 0.0 * x)) / length

    return Curve(1.0, -length, length, (-reach, reach), of)


def exponential(lambd: float) -> Curve:
    """The exponential distribution of a rate."""
    return Curve(1.0, 0.0, math.inf, (0.0, 8 / lambd), lambda x: lambd * np.exp(-lambd * x))


def log_normal(mean: float, std: float) -> Curve:
    """Of what has a normal logarithm, of this mean and standard deviation."""

    def of(x: Array) -> Array:
        logs = np.log(np.where(x > 0, x, 1.0))
        inside = np.exp(-(((logs - mean) / std) ** 2) / 2 - logs) / (std * math.sqrt(2 * math.pi))
        return np.where(x > 0, inside, 0.0)

    # 97.5 % of all: further out the bulk would be too narrow to be seen.
    return Curve(1.0, 0.0, math.inf, (0.0, math.exp(mean + 2 * std)), of)


def cauchy(median: float, sigma: float) -> Curve:
    """The Cauchy distribution."""
    near = median - 16 * sigma, median + 16 * sigma  # 96 % of all
    return Curve(
        1.0,
        -math.inf,
        math.inf,
        near,
        lambda x: 1 / (math.pi * sigma * (1 + ((x - median) / sigma) ** 2)),
    )


@cache
def _nodes_and_weights() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(128)
