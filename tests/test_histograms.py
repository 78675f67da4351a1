"""Histograms count what NumPy's count, of any layout, and of a sample where there are many values."""

import ml_dtypes
import numpy as np
import pytest

from fastinit import Generator
from fastinit.histograms import histogram
from fastinit.nn import init


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16, np.int32])
def test_it_counts_what_numpy_counts(dtype) -> None:
    values = (np.arange(60) ** 2 % 37).astype(dtype).reshape(6, 10)[::-1, ::2]
    found = histogram(values, bins=7)
    counts, edges = np.histogram(values.astype(np.float64), 7)
    assert (found.counts == counts).all()
    assert (found.edges == edges).all()
    assert np.isclose((found.density * np.diff(found.edges)).sum(), 1)


def test_what_lies_outside_of_the_limits_is_counted_and_what_is_not_finite_is_not() -> None:
    found = histogram(np.array([-3.0, -2.0, 0.5, 1.0, 7.0, np.nan, np.inf]), bins=2, limits=(0, 1))
    assert found.counts.tolist() == [0, 2]
    assert (found.below, found.above) == (2, 1)
    assert np.isclose((found.density * np.diff(found.edges)).sum(), 2 / 5)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(0),
        np.full(3, 2.5),
        np.full(2, 1.7e308),
        np.zeros(4),
        np.array([np.nan]),
        np.array([-1.7e308, 1.7e308]),
        np.array([1.0, np.nextafter(1.0, 2.0)]),
        np.array([0.0, 5e-324]),
    ],
)
def test_there_is_a_histogram_of_nothing_of_one_value_and_of_the_whole_range(values) -> None:
    found = histogram(values)
    assert found.counts.sum() + found.below + found.above == np.isfinite(values).sum()
    assert (np.diff(found.edges) > 0).all()


@pytest.mark.parametrize("size", [1 << 18, (1 << 18) + 1, 3_000_000])
def test_a_sample_of_a_large_array_has_its_distribution(size) -> None:
    values = init.normal_(np.empty(size, np.float32), generator=Generator(seed=1))
    found = histogram(values, limits=(-3, 3))
    looked_at = found.counts.sum() + found.below + found.above
    assert abs(looked_at - (1 << 18)) <= 256
    exact, _ = np.histogram(values, 64, (-3, 3))
    assert np.abs(found.counts / looked_at - exact / size).max() < 0.002


def test_a_sample_sees_every_column_of_a_matrix() -> None:
    values = np.broadcast_to(np.arange(768, dtype=np.float32), (4096, 768)).copy()
    assert (histogram(values, bins=768).counts > 0).all()
    assert (histogram(values.T, bins=768).counts > 0).all()


@pytest.mark.parametrize(
    "wrong",
    [{"bins": 0}, {"at_most": 0}, {"limits": (1, 1)}, {"limits": (0, np.inf)}, {"limits": (np.nan, 1)}],
)
def test_nonsense_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match="histogram: expected"):
        histogram(np.ones(3), **wrong)
