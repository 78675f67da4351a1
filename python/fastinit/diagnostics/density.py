"""The probability density of what each initialiser draws, and the values that it gives again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..nn.init import Layout
from ..recipe import Assignment, TensorSpec
from ..recipe.initialiser import Initialiser, bind
from . import curves
from .curves import Curve
from .moments import arguments_of, matrices_of, scale_of

__all__ = ["Density", "density", "density_of"]

Shape = tuple[int, ...]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Density:
    """A probability distribution: curves, and values that have a probability of their own.

    Args:
        initialiser: what draws from it, as one would write it.
        curves: the continuous parts.
        spikes: values to their probabilities; all of these and the curves' shares add up to 1.

    Raises:
        ValueError: the probabilities do not add up to 1.

    Source: Johnson, Kotz and Balakrishnan, *Continuous Univariate Distributions*, 1994.
    """

    initialiser: str
    curves: tuple[Curve, ...]
    spikes: Mapping[float, float]

    def __post_init__(self) -> None:
        total = sum(each.share for each in self.curves) + sum(self.spikes.values())
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise ValueError(f"Density: expected probabilities that add up to 1, got {total}")

    def __call__(self, x: npt.ArrayLike) -> Array:
        """The density of the continuous parts.

        Args:
            x: values, of any shape.

        Returns:
            float64, of the same shape; its integral is 1 less what the spikes have.
        """
        x = np.asarray(x, np.float64)
        total = np.zeros(x.shape)
        for each in self.curves:
            inside = (x >= each.low) & (x <= each.high)
            total[inside] += each.share * each.of(x[inside])
        return total

    @property
    def limits(self) -> tuple[float, float]:
        """The stretch in which nearly all values lie; of a constant, no stretch but that value twice."""
        ends = [*(end for each in self.curves for end in each.near), *self.spikes]
        return min(ends), max(ends)


def density(
    initialiser: str | Initialiser | Assignment,
    shape: Shape = (1, 1),
    layout: Layout | None = None,
    **arguments: Any,
) -> Density:
    """The probability density of one value that an initialiser gives.

    Args:
        initialiser: the name of a function of `fastinit.nn.init`, or of a tensor's method `exponential_`,
            `log_normal_`, `cauchy_`, `geometric_` or `bernoulli_`; or what a recipe has decided,
            `recipe.assignment(name)`.
        shape: of the tensor, which has elements; those that read fans or make matrices depend on it.
        layout: which matrices the tensor holds; it is one if None.
        **arguments: those of the function; what is left out has its default.

    Returns:
        The density. Of a layout whose matrices have several scales it is a mixture.

    Raises:
        RecipeError: there is no such initialiser, or it does not take the arguments or the layout.
        ValueError: it does not take the shape, or the method the values of its arguments.
        TypeError: `initialiser` is something else, or arguments are given beside what has its own.

    Source: of an entry of a random orthogonal matrix, Eaton 1989, *Group Invariance Applications in
        Statistics*, chapter 7; of the others, their definitions.

    Examples:
        >>> round(float(density("normal_", std=0.5)(0.0)), 4)
        0.7979
        >>> density("masked_uniform_", low=-10.0, high=10.0, threshold=5.0).spikes
        {0.0: 0.5}
    """
    if isinstance(initialiser, str) and initialiser in _METHODS:
        if layout is not None:
            raise TypeError(f"density: {initialiser} reads no fans, so that a layout has no meaning for it")
        parts = _METHODS[initialiser](**arguments)
        given = ", ".join(f"{key}={value:.6g}" for key, value in arguments.items())
        return _mixture(f"{initialiser}({given})", [(1.0, each) for each in parts])
    if isinstance(initialiser, str):
        return _checked(bind(initialiser, arguments, layout), shape)
    if arguments or layout is not None:
        raise TypeError("density: arguments and a layout go with a name; what a recipe decides has its own")
    if isinstance(initialiser, Assignment):
        return density_of(initialiser.initialiser, initialiser.spec.shape)
    if isinstance(initialiser, Initialiser):
        return _checked(initialiser, shape)
    kind = type(initialiser).__name__
    raise TypeError(f"density: expected the name of an initialiser or what a recipe decides, got {kind}")


def _checked(initialiser: Initialiser, shape: Shape) -> Density:
    """What the fill refuses, such as a negative standard deviation, has no density."""
    if math.prod(shape):
        initialiser.check(TensorSpec(shape, "float64"))
    return density_of(initialiser, shape)


def density_of(initialiser: Initialiser, shape: Shape) -> Density:
    """The density of an initialiser that is bound to its arguments, for a tensor of this shape."""
    if not math.prod(shape):
        raise ValueError(f"density: expected a shape with elements, got {shape}")
    arguments = arguments_of(initialiser)
    sizes: dict[tuple[Shape, float], float] = {}
    for size, matrix, gain in matrices_of(initialiser, shape):
        sizes[matrix, gain] = sizes.get((matrix, gain), 0.0) + size
    total = sum(sizes.values())
    parts = [
        (size / total, _scaled(part, gain))
        for (matrix, gain), size in sizes.items()
        for part in _parts(initialiser.name, matrix, arguments)
    ]
    return _mixture(str(initialiser), parts)


class _Spike(NamedTuple):
    """A value, and its probability."""

    share: float
    at: float


_Part = Curve | _Spike


def _scaled(part: _Part, factor: float) -> _Part:
    """The part of the values times a factor of at least 0."""
    if not factor:
        return _Spike(part.share, 0.0)
    return part._replace(at=part.at * factor) if isinstance(part, _Spike) else part.scaled(factor)


def _mixture(initialiser: str, parts: Iterable[tuple[float, _Part]]) -> Density:
    """Parts, each with the share in which the distribution that it is a part of goes in."""
    drawn: list[Curve] = []
    spikes: dict[float, float] = {}
    for share, part in parts:
        if not part.share:
            continue
        if isinstance(part, Curve):
            drawn.append(part._replace(share=share * part.share))
        else:
            at = part.at + 0.0  # -0.0 is 0.0
            spikes[at] = spikes.get(at, 0.0) + share * part.share
    return Density(initialiser, tuple(drawn), spikes)


def _parts(name: str, shape: Shape, to: Mapping[str, Any]) -> list[_Part]:
    scaled = scale_of(name, shape, to)
    return _PARTS[name](shape, to) if scaled is None else _of_std(*scaled)


def _constant(value: float) -> list[_Part]:
    return [_Spike(1.0, float(value))]


def _uniform(low: float, high: float) -> list[_Part]:
    return _constant(low) if low == high else [curves.uniform(low, high)]


def _normal(mean: float, std: float) -> list[_Part]:
    return _constant(mean) if std == 0 else [curves.normal(mean, std)]


def _truncated(mean: float, std: float, low: float, high: float) -> list[_Part]:
    return _constant(low) if low == high else [curves.truncated_normal(mean, std, low, high)]


def _of_std(distribution: str, std: float) -> list[_Part]:
    """Of mean 0 and this standard deviation, which a truncated normal has after its cut."""
    if distribution == "normal" or std == 0:
        return _normal(0.0, std)
    if distribution == "uniform":
        return _uniform(-math.sqrt(3) * std, math.sqrt(3) * std)
    wide = std / curves.TRUNCATED_STD
    return _truncated(0.0, wide, -2 * wide, 2 * wide)


def _masked_uniform(low: float, high: float, threshold: float) -> list[_Part]:
    if low == high:
        return _constant(low if abs(low) >= threshold else 0.0)
    outer = [(low, min(high, -threshold)), (max(low, threshold), high)] if threshold > 0 else [(low, high)]
    kept = [curves.uniform(a, b, (b - a) / (high - low)) for a, b in outer if a < b]
    return [*kept, _Spike(1.0 - sum(each.share for each in kept), 0.0)]


def _ones(ones: float) -> list[_Part]:
    """Ones in such a share, and zeros."""
    return [_Spike(ones, 1.0), _Spike(1.0 - ones, 0.0)]


def _dirac(shape: Shape, groups: int) -> list[_Part]:
    return _ones(groups * min(shape[0] // groups, shape[1]) / math.prod(shape))


def _sparse(shape: Shape, sparsity: float, std: float) -> list[_Part]:
    zeros = math.ceil(sparsity * shape[0]) / shape[0]
    scaled = [each._replace(share=each.share * (1 - zeros)) for each in _normal(0.0, std)]
    return [_Spike(zeros, 0.0), *scaled]


def _orthogonal(shape: Shape, gain: float) -> list[_Part]:
    """The longer side's vectors are of unit length, and each lies anywhere on the sphere alike."""
    longer = max(shape[0], math.prod(shape) // shape[0])
    if gain == 0:
        return _constant(0.0)
    if longer == 1:
        return [_Spike(0.5, gain), _Spike(0.5, -gain)]
    return [curves.coordinate(longer, abs(gain))]


def _delta_orthogonal(shape: Shape, gain: float) -> list[_Part]:
    centre = 1 / math.prod(shape[2:])
    scaled = [each._replace(share=each.share * centre) for each in _orthogonal(shape[:2], gain)]
    return [*scaled, _Spike(1 - centre, 0.0)]


_PARTS: Mapping[str, Callable[[Shape, Mapping[str, Any]], list[_Part]]] = {
    "constant_": lambda shape, to: _constant(to["val"]),
    "delta_orthogonal_": lambda shape, to: _delta_orthogonal(shape, to["gain"]),
    "dirac_": lambda shape, to: _dirac(shape, to["groups"]),
    "eye_": lambda shape, to: _ones(min(shape) / math.prod(shape)),
    "masked_uniform_": lambda shape, to: _masked_uniform(to["low"], to["high"], to["threshold"]),
    "normal_": lambda shape, to: _normal(to["mean"], to["std"]),
    "ones_": lambda shape, to: _constant(1.0),
    "orthogonal_": lambda shape, to: _orthogonal(shape, to["gain"]),
    "sparse_": lambda shape, to: _sparse(shape, to["sparsity"], to["std"]),
    "trunc_normal_": lambda shape, to: _truncated(to["mean"], to["std"], to["a"], to["b"]),
    "uniform_": lambda shape, to: _uniform(to["a"], to["b"]),
    "zeros_": lambda shape, to: _constant(0.0),
}


def _numbers(defaults: Mapping[str, float | None], given: Mapping[str, Any]) -> list[float]:
    """The arguments of a method in their order; a default of None stands for one that must be given."""
    arguments = {**defaults, **given}
    if arguments.keys() != defaults.keys() or None in arguments.values():
        got = " and ".join(sorted(given)) or "nothing"
        raise TypeError(f"density: expected {' and '.join(defaults)}, got {got}")
    for name, value in arguments.items():
        if not isinstance(value, Real):
            raise TypeError(f"density: expected {name} to be a number, got {value!r}")
    return [float(value) for value in arguments.values()]


def _geometric(**given: float) -> list[_Part]:
    """The number of trials up to the first success; the last number stands for all that follow."""
    (p,) = _numbers({"p": None}, given)
    if not 0 < p < 1:
        raise ValueError(f"density: geometric_ expects p between 0 and 1, got {p}")
    last = min(1000, math.ceil(math.log(1e-6) / math.log1p(-p)) + 1)
    chances = [_Spike(p * (1 - p) ** (trials - 1), trials) for trials in range(1, last)]
    return [*chances, _Spike((1 - p) ** (last - 1), last)]


def _bernoulli(**given: float) -> list[_Part]:
    (p,) = _numbers({"p": 0.5}, given)
    if not 0 <= p <= 1:
        raise ValueError(f"density: bernoulli_ expects p in [0, 1], got {p}")
    return _ones(p)


def _drawn(curve: Callable[..., Curve], scale: str, **defaults: float) -> Callable[..., list[_Part]]:
    """What checks the scale of a curve before it is made."""

    def parts(**given: float) -> list[_Part]:
        arguments = dict(zip(defaults, _numbers(defaults, given), strict=True))
        if not 0 < arguments[scale] < math.inf:
            raise ValueError(f"density: expected {scale} to be above 0 and finite, got {arguments[scale]}")
        return [curve(*arguments.values())]

    return parts


_METHODS: Mapping[str, Callable[..., list[_Part]]] = {
    "bernoulli_": _bernoulli,
    "cauchy_": _drawn(curves.cauchy, "sigma", median=0.0, sigma=1.0),
    "exponential_": _drawn(curves.exponential, "lambd", lambd=1.0),
    "geometric_": _geometric,
    "log_normal_": _drawn(curves.log_normal, "std", mean=1.0, std=2.0),
}
