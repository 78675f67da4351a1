"""The moments of what each initialiser draws, and how far those of a sample may lie from them by chance."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from ..nn import init
from ..nn.init.layout import resolve
from ..nn.init.scaled import DISTRIBUTIONS, kaiming_std, variance_scaled_std, xavier_std
from ..recipe.initialiser import Initialiser
from ..statistics import Statistics

__all__ = ["Expected", "Part", "arguments_of", "expected", "expected_of", "matrices_of", "scale_of"]

Shape = tuple[int, ...]


class Part(NamedTuple):
    """A part of a tensor's values, all of one distribution.

    Attributes:
        size: which part of all, in (0, 1]; or any number, if those of all parts have one unit.
        mean: of the distribution.
        variance: its variance.
        fourth: its fourth central moment.
    """

    size: float
    mean: float
    variance: float
    fourth: float


@dataclass(frozen=True)
class Expected:
    """What the mean and the standard deviation of a tensor's values should be.

    Attributes:
        initialiser: what gives the values, as one would write it.
        mean: the mean of the distribution.
        std: its standard deviation.
        within: the variance of one value about the mean of its part: what is left to chance.
        spread: the variance of one value's squared deviation, over that of the distribution squared: 2 of a
            normal, 0.8 of a uniform.
    """

    initialiser: str
    mean: float
    std: float
    within: float
    spread: float

    def z_of_std(self, found: Statistics, dtype: str) -> float:
        """How unlikely the standard deviation of a sample is, as a standard normal's value would be.

        The sample's variance has a known variance itself, which the fourth moment gives. It is taken for that
        of a chi-squared with as many degrees of freedom as have this variance, and the chi-squared's cube
        root for normal, which holds far into the tails (Wilson and Hilferty 1931). For many values this is
        the distance of the standard deviations in multiples of the standard error.

        Args:
            found: of the sample.
            dtype: in which the values are rounded; what that may do to a variance is no surprise.

        Returns:
            The z-score; NaN where there are too few values to say.
        """
        count = found.numbers
        variance = self.std**2
        mean_variance = variance - self.within / count if count else 0.0
        if not self.std:
            return 0.0 if found.std == 0 else math.inf if found.std > 0 else math.nan
        if mean_variance <= 1e-9 * variance or math.isnan(found.std):
            return math.nan
        eps, step = _rounding(dtype)
        relative = self.spread / count + (2 / (count * (count - 1)) if self.within else 0.0)
        error = (relative + eps**2 + (step / self.std) ** 2) / 9  # 2 / (9 k), where 2 / k is the variance
        ratio = found.std * found.std / mean_variance  # infinite if too large, where a power raises
        return (math.cbrt(ratio) - (1 - error)) / math.sqrt(error)

    def z_of_mean(self, found: Statistics, dtype: str) -> float:
        """The distance of the means in multiples of the standard error; NaN where there are no values."""
        if not found.numbers or math.isnan(found.mean):
            return math.nan
        eps, step = _rounding(dtype)
        error = math.sqrt(
            self.within / found.numbers + (eps * self.mean) ** 2 + (step**2 if self.mean else 0)
        )
        distance = found.mean - self.mean
        if not error:
            return math.copysign(math.inf, distance) if distance else 0.0
        return distance / error

    def flags(self, found: Statistics, dtype: str, threshold: float) -> list[str]:
        """What is wrong with a sample, in words: a z-score beyond the threshold."""
        said = []
        if abs(self.z_of_std(found, dtype)) > threshold:
            times = f"is {found.std / self.std:.3g} times the expected" if self.std else "where 0 is expected"
            said.append(f"std {found.std:.3g} {times}")
        if abs(self.z_of_mean(found, dtype)) > threshold:
            said.append(f"mean {found.mean:.3g} where {self.mean:.3g} is expected")
        return said


def expected_of(initialiser: Initialiser, shape: Shape) -> Expected:
    """What an initialiser should give a tensor of this shape, which has elements."""
    arguments = arguments_of(initialiser)
    parts = [
        part._replace(size=part.size * size, variance=part.variance * gain**2, fourth=part.fourth * gain**4)
        for size, matrix, gain in matrices_of(initialiser, shape)
        for part in _parts_of(initialiser.name, matrix, arguments)
    ]
    return expected(str(initialiser), parts)


def expected(initialiser: str, parts: Iterable[Part]) -> Expected:
    """What values of several distributions together should give.

    Args:
        initialiser: what gives them, as one would write it.
        parts: which are kept apart: how many values each has is not left to chance. Those that are drawn have
            one mean, which is that of all.
    """
    parts = [each for each in parts if each.size]
    total = sum(each.size for each in parts)
    sizes = [each.size / total for each in parts]
    mean = sum(size * each.mean for size, each in zip(sizes, parts, strict=True))
    within = sum(size * each.variance for size, each in zip(sizes, parts, strict=True))
    apart = [(each.mean - mean) ** 2 for each in parts]
    variance = within + sum(size * each for size, each in zip(sizes, apart, strict=True))
    varying = sum(size * (each.fourth - each.variance**2) for size, each in zip(sizes, parts, strict=True))
    return Expected(
        initialiser, mean, math.sqrt(variance), within, varying / variance**2 if variance else 0.0
    )


def matrices_of(initialiser: Initialiser, shape: Shape) -> list[tuple[float, Shape, float]]:
    """The matrices that an initialiser fills: which part of the values each has, its shape and its gain."""
    if initialiser.layout is None:
        return [(1.0, shape, 1.0)]
    shapes = resolve(initialiser.layout, shape).shapes(shape)
    gains = initialiser.layout.gains or (1.0,) * len(shapes)
    return [(float(math.prod(each)), each, gain) for each, gain in zip(shapes, gains, strict=True)]


def arguments_of(initialiser: Initialiser) -> dict[str, Any]:
    """The arguments of an initialiser, those that are left at their defaults too."""
    return {**_defaults(initialiser.name), **initialiser.arguments}


@cache
def _defaults(name: str) -> dict[str, Any]:
    parameters = inspect.signature(getattr(init, name)).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def _rounding(dtype: str) -> tuple[float, float]:
    """How far apart the values of a dtype are: in relation to a value, and near 0.

    The kernels compute float16 and bfloat16 in float32, and whole matrices to some bits less than all of it.
    """
    try:
        limits: Any = ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]
    except (TypeError, ValueError):  # no floats: integers say a constant exactly
        return 0.0, 0.0
    return float(limits.eps) + 16 * float(np.finfo(np.float32).eps), float(limits.smallest_subnormal)


def _constant(value: float) -> list[Part]:
    return [Part(1.0, value, 0.0, 0.0)]


def _uniform(low: float, high: float) -> list[Part]:
    width = high - low
    return [Part(1.0, (low + high) / 2, width**2 / 12, width**4 / 80)]


def _normal(mean: float, std: float) -> list[Part]:
    return [Part(1.0, mean, std**2, 3 * std**4)]


def _truncated(mean: float, std: float, low: float, high: float) -> list[Part]:
    """By quadrature, over the stretch of the bounds where the density is not beyond all chance."""
    start, stop = (low - mean) / std, (high - mean) / std
    near = min(max(0.0, start), stop)  # where the density is largest
    reach = math.sqrt(near**2 + 80) - abs(near)  # where it is a factor of exp(-40) less
    start, stop = max(start, near - reach), min(stop, near + reach)
    nodes, weights = _nodes_and_weights()
    x = start + (stop - start) * (nodes + 1) / 2
    weights = weights * np.exp((near**2 - x**2) / 2)
    weights /= weights.sum()
    middle = float(weights @ x)
    variance, fourth = (float(weights @ (x - middle) ** power) for power in (2, 4))
    return [Part(1.0, mean + std * middle, std**2 * variance, std**4 * fourth)]


@cache
def _nodes_and_weights() -> tuple[Any, Any]:
    return np.polynomial.legendre.leggauss(128)


def _masked_uniform(low: float, high: float, threshold: float) -> list[Part]:
    if low == high:
        return _constant(low if abs(low) >= threshold else 0.0)
    inner = min(max(low, -threshold), high), max(min(high, threshold), low)

    def raw(power: int) -> float:
        """The moment about 0."""
        spans = [(1, (low, high))] + ([(-1, inner)] if inner[0] < inner[1] else [])
        integral = sum(sign * (b ** (power + 1) - a ** (power + 1)) for sign, (a, b) in spans)
        return integral / ((power + 1) * (high - low))

    mean, second, third, fourth = (raw(power) for power in (1, 2, 3, 4))
    variance = second - mean**2
    return [Part(1.0, mean, variance, fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4)]


def _of_std(distribution: str, std: float) -> list[Part]:
    """Of mean 0 and this standard deviation, which a truncated normal has after its cut."""
    if distribution == "truncated_normal":
        (unit,) = _truncated(0.0, 1.0, -2.0, 2.0)
        return [Part(1.0, 0.0, std**2, unit.fourth / unit.variance**2 * std**4)]
    return [Part(1.0, 0.0, std**2, (1.8 if distribution == "uniform" else 3.0) * std**4)]


def _ones(ones: float, count: int) -> list[Part]:
    """So many ones, and zeros."""
    return [Part(ones, 1.0, 0.0, 0.0), Part(count - ones, 0.0, 0.0, 0.0)]


def _dirac(shape: Shape, groups: int) -> list[Part]:
    return _ones(groups * min(shape[0] // groups, shape[1]), math.prod(shape))


def _sparse(shape: Shape, sparsity: float, std: float) -> list[Part]:
    zeros = math.ceil(sparsity * shape[0])
    return [Part(zeros, 0.0, 0.0, 0.0), *(each._replace(size=shape[0] - zeros) for each in _normal(0.0, std))]


def _orthogonal(shape: Shape, gain: float) -> list[Part]:
    """The mean square is known exactly; that about the sample's mean differs by the square of the mean.

    The share of that in the variance is a chi-squared over the number of values, which is far from normal: so
    that five standard errors keep what they promise, they are taken to be five times as wide.
    """
    count = math.prod(shape)
    variance = gain**2 / max(shape[0], count // shape[0])
    return [Part(1.0, 0.0, variance, variance**2 * (1 + 50 / count))]


def _delta_orthogonal(shape: Shape, gain: float) -> list[Part]:
    (centre,) = _orthogonal(shape[:2], gain)
    outside = math.prod(shape[2:]) - 1
    return [centre, Part(outside, 0.0, 0.0, 0.0)]


_SCALED: Mapping[str, Callable[[Shape, Mapping[str, Any]], tuple[str, float]]] = {
    "kaiming_normal_": lambda shape, to: ("normal", _kaiming(shape, to)),
    "kaiming_uniform_": lambda shape, to: ("uniform", _kaiming(shape, to)),
    "lecun_normal_": lambda shape, to: ("truncated_normal", variance_scaled_std(shape, 1.0, "fan_in")),
    "lecun_uniform_": lambda shape, to: ("uniform", variance_scaled_std(shape, 1.0, "fan_in")),
    "variance_scaling_": lambda shape, to: (
        DISTRIBUTIONS[to["distribution"]],
        variance_scaled_std(shape, to["scale"], to["mode"]),
    ),
    "xavier_normal_": lambda shape, to: ("normal", xavier_std(shape, to["gain"])),
    "xavier_uniform_": lambda shape, to: ("uniform", xavier_std(shape, to["gain"])),
}


def _kaiming(shape: Shape, to: Mapping[str, Any]) -> float:
    return kaiming_std(shape, to["a"], to["mode"], to["nonlinearity"])


def scale_of(name: str, shape: Shape, arguments: Mapping[str, Any]) -> tuple[str, float] | None:
    """The distribution, of mean 0, and the standard deviation that an initialiser gives a matrix by its fans.

    Returns:
        "uniform", "normal" or "truncated_normal", which is cut at two standard deviations of the normal, and
        the standard deviation; None of an initialiser that reads no fans.
    """
    return _SCALED[name](shape, arguments) if name in _SCALED else None


def _parts_of(name: str, shape: Shape, arguments: Mapping[str, Any]) -> list[Part]:
    scaled = scale_of(name, shape, arguments)
    return _PARTS[name](shape, arguments) if scaled is None else _of_std(*scaled)


_PARTS: Mapping[str, Callable[[Shape, Mapping[str, Any]], list[Part]]] = {
    "constant_": lambda shape, to: _constant(to["val"]),
    "delta_orthogonal_": lambda shape, to: _delta_orthogonal(shape, to["gain"]),
    "dirac_": lambda shape, to: _dirac(shape, to["groups"]),
    "eye_": lambda shape, to: _ones(min(shape), math.prod(shape)),
    "masked_uniform_": lambda shape, to: _masked_uniform(to["low"], to["high"], to["threshold"]),
    "normal_": lambda shape, to: _normal(to["mean"], to["std"]),
    "ones_": lambda shape, to: _constant(1.0),
    "orthogonal_": lambda shape, to: _orthogonal(shape, to["gain"]),
    "sparse_": lambda shape, to: _sparse(shape, to["sparsity"], to["std"]),
    "trunc_normal_": lambda shape, to: _truncated(to["mean"], to["std"], to["a"], to["b"]),
    "uniform_": lambda shape, to: _uniform(to["a"], to["b"]),
    "zeros_": lambda shape, to: _constant(0.0),
}
