"""The statistics of an array are those of NumPy in float64, whatever its dtype and layout."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from fastinit.diagnostics import Statistics, statistics


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (7, 11), (3, 40000), (1 << 15,), (257, 129, 3)])
def test_statistics_are_those_of_float64(dtype: Any, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(3, 0.5, shape).astype(np.float32).astype(dtype)
    wide = np.asarray(values, np.float64)
    found = statistics(np.asarray(values))
    assert found.min == wide.min()
    assert found.max == wide.max()
    assert found.mean == pytest.approx(wide.mean(), rel=1e-12)
    assert found.std == pytest.approx(wide.std(), rel=1e-9, abs=1e-12)


def test_the_layout_does_not_matter() -> None:
    values = np.random.default_rng(1).normal(size=(300, 500)).astype(np.float32)
    view = values[::-2, ::3].T
    found, expected = statistics(view), statistics(view.copy())
    assert (found.min, found.max) == (expected.min, expected.max)
    assert found.mean == pytest.approx(expected.mean)
    assert found.std == pytest.approx(expected.std)


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, -3e38])
def test_a_constant_has_exactly_no_deviation(constant: float) -> None:
    values = np.full((123, 457), constant, np.float32)
    expected = float(values[0, 0])
    assert statistics(values) == Statistics(mean=expected, std=0.0, min=expected, max=expected)


def test_the_deviation_is_right_where_the_mean_is_far_larger() -> None:
    values = 1e9 + np.random.default_rng(2).normal(size=100_000)
    assert statistics(values).std == pytest.approx(values.std(), rel=1e-9)


def test_nan_and_nothing_give_nan() -> None:
    for values in (np.empty((0, 3)), np.array([1.0, np.nan, 2.0])):
        found = statistics(values)
        assert all(map(math.isnan, (found.mean, found.std, found.min, found.max)))


def test_an_infinity_shows_in_the_extremes() -> None:
    found = statistics(np.array([0.0, np.inf, -1.0], np.float32))
    assert (found.min, found.max) == (-1.0, math.inf)
