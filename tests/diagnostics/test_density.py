"""The density of an initialiser is that of what it draws."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import fastinit
from fastinit import Generator
from fastinit.diagnostics.curves import Curve
from fastinit.diagnostics.density import Density, density, density_of
from fastinit.diagnostics.moments import expected_of
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, Rule, TensorSpec
from fastinit.recipe.initialiser import bind, initialisers

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("uniform_", {"a": -1.0, "b": 3.0}, (60, 50)),
    ("uniform_", {"a": 2.0, "b": 2.0}, (60, 50)),
    ("normal_", {"mean": 2.0, "std": 0.3}, (60, 50)),
    ("normal_", {"std": 0.0}, (60, 50)),
    ("trunc_normal_", {}, (60, 50)),
    ("trunc_normal_", {"mean": 1.0, "std": 0.5, "a": 1.2, "b": 1.5}, (60, 50)),
    ("trunc_normal_", {"std": 0.02, "a": 0.9, "b": 5.0}, (60, 50)),  # 45 standard deviations out
    ("trunc_normal_", {"std": 0.02, "a": -5.0, "b": -0.2}, (60, 50)),
    ("masked_uniform_", {"low": -10.0, "high": 10.0, "threshold": 5.0}, (60, 50)),
    ("masked_uniform_", {"low": -1.0, "high": 4.0, "threshold": 2.0}, (60, 50)),
    ("masked_uniform_", {"low": 1.0, "high": 4.0, "threshold": 0.5}, (60, 50)),
    ("masked_uniform_", {"low": -1.0, "high": 1.0, "threshold": 0.0}, (60, 50)),
    ("xavier_uniform_", {"gain": 1.4}, (60, 50)),
    ("xavier_normal_", {}, (10, 30, 5, 5)),
    ("kaiming_uniform_", {"a": 1.0, "mode": "fan_out"}, (60, 50)),
    ("kaiming_normal_", {"nonlinearity": "relu"}, (20, 60, 3)),
    ("lecun_uniform_", {}, (60, 50)),
    ("lecun_normal_", {}, (60, 50)),
    ("variance_scaling_", {"scale": 2.0, "mode": "fan_avg"}, (60, 50)),
    ("variance_scaling_", {"distribution": "normal", "mode": "fan_geo_avg"}, (60, 50)),
    ("sparse_", {"sparsity": 0.85, "std": 0.1}, (60, 50)),
    ("constant_", {"val": 0.3}, (60, 50)),
    ("zeros_", {}, (60,)),
    ("ones_", {}, (60, 50)),
    ("eye_", {}, (60, 50)),
    ("dirac_", {"groups": 2}, (6, 2, 3)),
]
WHOLE: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("orthogonal_", {"gain": 0.7}, (5, 3)),
    ("orthogonal_", {}, (2, 6, 2)),
    ("orthogonal_", {"gain": -2.0}, (2, 2)),
    ("orthogonal_", {}, (3, 3)),
    ("orthogonal_", {"gain": 2.0}, (1, 1)),
    ("delta_orthogonal_", {}, (4, 3, 3)),
]
METHODS: list[tuple[str, dict[str, float]]] = [
    ("exponential_", {"lambd": 3.0}),
    ("log_normal_", {"mean": 0.5, "std": 0.7}),
    ("cauchy_", {"median": -1.0, "sigma": 0.2}),
    ("geometric_", {"p": 0.3}),
    ("bernoulli_", {"p": 0.3}),
]
LEAST = 1e-6
"""A p-value that chance gives one of a million right samples."""


def area(of: Density, low: float, high: float) -> float:
    """The probability that the curves give to a stretch, by quadrature."""
    total = 0.0
    for curve in of.curves:
        for start, stop in pairwise(sorted({min(max(each, low), high) for each in cuts(curve)})):
            total += curve.share * integrate.quad(lambda x, c=curve: float(c.of(np.array(x))), start, stop)[0]
    return total


def cuts(curve: Curve) -> list[float]:
    """Where to cut the support: a quadrature sees nothing of what is narrow in a wide stretch."""
    width = curve.near[1] - curve.near[0]
    around = [end + times * width for end in curve.near for times in (-1, -0.5, 0, 0.5, 1)]
    return [curve.low, *(min(max(each, curve.low), curve.high) for each in around), curve.high]


def assert_drawn_from(of: Density, sample: np.ndarray) -> None:
    """A chi-squared test over the spikes, cells where the curves are, and the rest."""
    sample = sample.astype(np.float64).ravel()
    spikes = np.array([*of.spikes])
    near = np.abs(sample[:, None] - spikes) <= 1e-6 * np.abs(spikes)
    counts = [*near.sum(0)]
    chances = [*of.spikes.values()]
    others = sample[~near.any(1)]
    edges = sorted({edge for curve in of.curves for edge in np.linspace(*curve.near, 21)})
    counts += [int(((others >= low) & (others < high)).sum()) for low, high in pairwise(edges)]
    chances += [area(of, low, high) for low, high in pairwise(edges)]
    rare = [place for place, chance in enumerate(chances) if chance * sample.size < 5]
    found = np.array([count for place, count in enumerate(counts) if place not in rare])
    wanted = np.array([chance for place, chance in enumerate(chances) if place not in rare]) * sample.size
    found, wanted = (np.append(each, sample.size - each.sum()) for each in (found, wanted))
    if wanted[-1] < 5:  # too few to be a cell of its own
        assert found[-1] < 30
        found, wanted = found[:-1], wanted[:-1]
    assert found.sum() > 0.9 * sample.size
    assert len(found) == 1 or stats.chisquare(found, wanted * (found.sum() / wanted.sum())).pvalue > LEAST


def test_every_initialiser_has_a_density() -> None:
    assert {name for name, _, _ in CASES + WHOLE} == set(initialisers())


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@pytest.mark.parametrize(("name", "arguments", "shape"), CASES)
def test_values_are_drawn_from_their_density(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    initialiser = bind(name, arguments)
    tensor = np.empty((20, *shape))
    for seed, each in enumerate(tensor):
        initialiser.fill(each, Generator(seed=seed))
    assert_drawn_from(density_of(initialiser, shape), tensor)


@pytest.mark.parametrize(("name", "arguments", "shape"), WHOLE)
def test_an_entry_of_a_whole_matrix_is_drawn_from_its_density(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    initialiser = bind(name, arguments)
    tensor = np.empty(shape)
    sample = []
    for seed in range(4000):  # one of each: the entries of a matrix depend on one another
        initialiser.fill(tensor, Generator(seed=seed))
        sample.append(tensor.flat[seed % tensor.size])
    assert_drawn_from(density_of(initialiser, shape), np.array(sample))


@pytest.mark.parametrize(("name", "arguments"), METHODS)
def test_values_of_a_tensors_methods_are_drawn_from_their_density(
    name: str, arguments: dict[str, float]
) -> None:
    tensor = fastinit.empty(40000, dtype=fastinit.float64)
    getattr(tensor, name)(**arguments, generator=Generator(seed=1))
    assert_drawn_from(density(name, **arguments), tensor.numpy())


def test_the_test_tells_a_wrong_density() -> None:
    sample = fastinit.nn.init.normal_(np.empty(40000), std=1.0, generator=Generator(seed=0))
    for wrong in (density("normal_", std=1.05), density("uniform_", a=-2.0, b=2.0), density("zeros_")):
        with pytest.raises(AssertionError):
            assert_drawn_from(wrong, sample)


LAYOUTS = [
    (Layout(splits=(32, 4, 4)), (40, 30)),
    (Layout(expert_axis=0, transposed=True), (4, 10, 50)),
    (Layout(splits=(10, 10, 10, 10), gains=(1.0, 1.0, 0.5, 0.0)), (40, 30)),
]


@pytest.mark.parametrize(("layout", "shape"), LAYOUTS)
def test_a_layout_of_several_scales_is_a_mixture(layout: Layout, shape: tuple[int, ...]) -> None:
    initialiser = bind("kaiming_uniform_", {"mode": "fan_out"}, layout)
    found = density_of(initialiser, shape)
    fans = layout.fans(shape)
    gains = layout.gains or (1.0,) * len(fans)
    scales = {(fan_out, gain) for (_, fan_out), gain in zip(fans, gains, strict=True) if gain}
    assert len(found.curves) == len(scales)
    tensor = np.empty((20, *shape))
    for seed, each in enumerate(tensor):
        initialiser.fill(each, Generator(seed=seed))
    assert_drawn_from(found, tensor)


@pytest.mark.parametrize(
    "of",
    [density_of(bind(name, arguments), shape) for name, arguments, shape in CASES + WHOLE]
    + [density(name, **arguments) for name, arguments in METHODS],
    ids=lambda of: of.initialiser,
)
def test_a_density_integrates_to_one(of: Density) -> None:
    assert area(of, -math.inf, math.inf) + sum(of.spikes.values()) == pytest.approx(1, abs=1e-6)
    low, high = of.limits
    near = area(of, low, high) + sum(of.spikes.values())
    assert near > 0.95


def test_the_standard_deviation_is_the_expected_one() -> None:
    for name, arguments, shape in CASES + WHOLE:
        found = density_of(bind(name, arguments), shape)
        wanted = expected_of(bind(name, arguments), shape)
        moments = [
            sum((at - wanted.mean) ** k * chance for at, chance in found.spikes.items()) for k in (1, 2)
        ]
        for curve in found.curves:
            for start, stop in pairwise(sorted({*cuts(curve)})):
                for k in (1, 2):
                    part, _ = integrate.quad(
                        lambda x, c=curve, m=wanted.mean, k=k: (x - m) ** k * float(c.of(np.array(x))),
                        start,
                        stop,
                    )
                    moments[k - 1] += curve.share * part
        assert moments[0] == pytest.approx(0, abs=1e-7)
        assert math.sqrt(moments[1]) == pytest.approx(wanted.std, rel=1e-5)


def test_what_a_recipe_decides_has_a_density() -> None:
    recipe = Recipe([Rule("*", "kaiming_normal_")], tensors={"0.weight": TensorSpec((30, 8))})
    assert density(recipe.assignment("0.weight"))(0.0) == pytest.approx(1 / (0.5 * math.sqrt(2 * math.pi)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: density("normal"), fastinit.recipe.RecipeError, 'did you mean "normal_"'),
        (lambda: density("normal_", sd=1), fastinit.recipe.RecipeError, "std"),
        (lambda: density("normal_", (0, 3)), ValueError, "elements"),
        (lambda: density("kaiming_normal_", (3,)), ValueError, "2 dimensions"),
        (lambda: density(3), TypeError, "int"),
        (lambda: density(bind("ones_", {}), std=1), TypeError, "arguments"),
        (lambda: density("exponential_", lambd=0.0), ValueError, "above 0"),
        (lambda: density("exponential_", rate=1.0), TypeError, "lambd"),
        (lambda: density("geometric_", p=1.0), ValueError, "between 0 and 1"),
        (lambda: density("geometric_"), TypeError, "expected p, got nothing"),
        (lambda: density("bernoulli_", q=0.5), TypeError, "expected p, got q"),
        (lambda: density("cauchy_", sigma="wide"), TypeError, "sigma to be a number, got 'wide'"),
        (lambda: density("normal_", std=-1.0), ValueError, "std -1"),
        (lambda: density("uniform_", a=1.0, b=0.0), ValueError, "uniform_"),
        (lambda: density("sparse_", (3, 3), sparsity=2.0), ValueError, "sparsity"),
        (lambda: density(bind("normal_", {"std": -1.0})), ValueError, "std -1"),
        (lambda: density("cauchy_", layout=Layout(splits=2)), TypeError, "layout"),
    ],
)
def test_a_slip_is_answered(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
