"""What is expected of an initialiser is what it gives, and what chance does to it is what is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fastinit import Generator
from fastinit.diagnostics.moments import _PARTS, expected_of
from fastinit.nn.init import Layout
from fastinit.recipe.initialiser import bind, initialisers
from fastinit.statistics import statistics

DRAWN: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("uniform_", {"a": -1.0, "b": 3.0}, (40, 30)),
    ("uniform_", {"a": -0.1, "b": 0.1}, (20,)),
    ("normal_", {"mean": 2.0, "std": 0.3}, (40, 30)),
    ("normal_", {"std": 0.02}, (20,)),
    ("trunc_normal_", {}, (40, 30)),
    ("trunc_normal_", {"mean": 1.0, "std": 0.5, "a": 1.2, "b": 1.5}, (40, 30)),
    ("trunc_normal_", {"std": 0.02, "a": 0.03, "b": 5.0}, (40, 30)),
    ("masked_uniform_", {"low": -10.0, "high": 10.0, "threshold": 5.0}, (40, 30)),
    ("masked_uniform_", {"low": -1.0, "high": 4.0, "threshold": 2.0}, (40, 30)),
    ("masked_uniform_", {"low": 1.0, "high": 4.0, "threshold": 0.5}, (40, 30)),
    ("xavier_uniform_", {"gain": 1.4}, (40, 30)),
    ("xavier_normal_", {}, (10, 4, 5, 5)),
    ("kaiming_uniform_", {"a": 1.0, "mode": "fan_out"}, (40, 30)),
    ("kaiming_normal_", {"nonlinearity": "relu"}, (10, 30, 3)),
    ("lecun_uniform_", {}, (40, 30)),
    ("lecun_normal_", {}, (40, 30)),
    ("variance_scaling_", {"scale": 2.0, "mode": "fan_avg"}, (40, 30)),
    ("variance_scaling_", {"distribution": "normal", "mode": "fan_geo_avg"}, (40, 30)),
    ("sparse_", {"sparsity": 0.85, "std": 0.1}, (40, 30)),
]
EXACT: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("constant_", {"val": 0.3}, (40, 30)),
    ("zeros_", {}, (40,)),
    ("ones_", {}, (40, 30)),
    ("eye_", {}, (40, 30)),
    ("dirac_", {}, (6, 4, 3, 3)),
    ("dirac_", {"groups": 2}, (6, 2, 3)),
    ("orthogonal_", {"gain": 0.7}, (40, 30)),
    ("orthogonal_", {}, (10, 6, 5)),
    ("delta_orthogonal_", {}, (40, 30, 3, 3)),
]
TRIALS = 1000
DTYPES = ["float16", "bfloat16", "float32", "float64"]


def scores(
    name: str,
    arguments: dict[str, Any],
    shape: tuple[int, ...],
    dtype: str = "float32",
    layout: Layout | None = None,
    trials: int = TRIALS,
) -> np.ndarray:
    """The z-scores of the standard deviation and the mean, trial by trial."""
    initialiser = bind(name, arguments, layout)
    wanted = expected_of(initialiser, shape)
    tensor = np.empty(shape, np.dtype(dtype))
    found = []
    for seed in range(trials):
        initialiser.fill(tensor, Generator(seed=seed))
        sample = statistics(tensor)
        found.append((wanted.z_of_std(sample, dtype), wanted.z_of_mean(sample, dtype)))
    return np.array(found)


def test_every_initialiser_has_an_expectation() -> None:
    assert set(_PARTS) == set(initialisers())
    assert set(initialisers()) == {name for name, _, _ in DRAWN + EXACT}


@pytest.mark.parametrize(("name", "arguments", "shape"), DRAWN)
def test_the_scores_of_right_tensors_are_those_of_a_standard_normal(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    found = scores(name, arguments, shape)
    # Of so many standard normals: five standard errors of the mean and of the standard deviation.
    assert np.abs(found.mean(0)).max() < 5 / math.sqrt(TRIALS)
    assert np.abs(found.std(0) - 1).max() < 5 / math.sqrt(2 * TRIALS)


@pytest.mark.parametrize(("name", "arguments", "shape"), EXACT)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_leaves_nothing_to_chance_is_never_far_off(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...], dtype: str
) -> None:
    assert np.abs(scores(name, arguments, shape, dtype, trials=50)).max() < 5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("std", [1.0, 1e-3, 2e-6])
def test_the_rounding_of_a_dtype_is_no_surprise(dtype: str, std: float) -> None:
    assert np.abs(scores("normal_", {"std": std}, (1000, 300), dtype, trials=5)).max() < 5


@pytest.mark.parametrize(
    ("name", "layout", "shape"),
    [
        ("xavier_normal_", Layout(splits=(32, 4, 4)), (40, 30)),
        ("kaiming_uniform_", Layout(transposed=True), (10, 100)),
        ("lecun_normal_", Layout(expert_axis=0, transposed=True), (4, 10, 50)),
        ("lecun_normal_", Layout(transposed=True, kernel_first=True), (3, 3, 5, 20)),
        ("xavier_uniform_", Layout(splits=3, gains=(1, 1, 0.2)), (60, 30)),
        ("kaiming_normal_", Layout(splits=(30, 10), gains=(2, 0)), (40, 30)),
    ],
)
def test_each_matrix_of_a_layout_counts_with_its_own_fans(
    name: str, layout: Layout, shape: tuple[int, ...]
) -> None:
    right = scores(name, {}, shape, layout=layout)
    assert np.abs(right.mean(0)).max() < 5 / math.sqrt(TRIALS)
    assert np.abs(right.std(0) - 1).max() < 5 / math.sqrt(2 * TRIALS)


@pytest.mark.parametrize("count", [2, 3, 5, 10, 100])
@pytest.mark.parametrize(("name", "arguments"), [("normal_", {}), ("uniform_", {"a": -1.0, "b": 1.0})])
def test_few_values_are_not_found_fault_with(name: str, arguments: dict[str, Any], count: int) -> None:
    assert np.abs(scores(name, arguments, (count,), trials=3000)).max() < 4.7


def test_one_value_says_nothing_of_a_standard_deviation() -> None:
    (found,) = scores("normal_", {}, (1,), trials=1)
    assert math.isnan(found[0])
    assert abs(found[1]) < 5


def test_a_constant_that_is_another_is_infinitely_far_off() -> None:
    wanted = expected_of(bind("zeros_", {}), (3,))
    assert wanted.z_of_mean(statistics(np.full(3, -1e-30)), "float64") == -math.inf
    assert wanted.z_of_std(statistics(np.array([0, 0, 1e-3])), "float64") == math.inf
    assert abs(expected_of(bind("ones_", {}), (3,)).z_of_mean(statistics(np.full(3, 1.1)), "float64")) > 1e3
