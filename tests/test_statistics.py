"""The statistics of an array are those of NumPy in float64, whatever its dtype and layout."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit import _core
from fastinit.statistics import Statistics, merge, statistics

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
OTHERS = [np.bool_, np.int8, np.uint16, np.int64, np.uint64, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2]
FIGURES = "mean", "std", "min", "max"


def check(found: Statistics, values: np.ndarray) -> None:
    """Against NumPy, over the values that are not NaN."""
    with np.errstate(invalid="ignore"):  # said of the cast of a signalling NaN
        wide = np.asarray(values, np.float64)
    numbers = wide[~np.isnan(wide)]
    assert (found.count, found.nan, found.zeros) == (wide.size, wide.size - numbers.size, (wide == 0).sum())
    if not numbers.size:
        assert all(math.isnan(getattr(found, figure)) for figure in FIGURES)
        return
    assert (found.min, found.max) == (numbers.min(), numbers.max())
    assert found.mean == pytest.approx(numbers.mean(), rel=1e-12, abs=1e-12 * numbers.std())
    assert found.std == pytest.approx(numbers.std(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(), (1,), (7, 11), (3, 40000), (1 << 15,), (257, 129, 3)])
def test_statistics_are_those_of_float64(isa: str, dtype: Any, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(3, 0.5, shape).astype(np.float32).astype(dtype)
    check(statistics(np.asarray(values)), values)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [*range(20), 100, 33_000, 70_001])
def test_nan_is_counted_and_left_out_wherever_it_is(isa: str, dtype: Any, size: int) -> None:
    rng = np.random.default_rng(size)
    values = np.where(rng.random(size) < 0.3, 0, rng.normal(size=size))
    values[rng.random(size) < 0.2] = np.nan
    check(statistics(values.astype(dtype)), values.astype(dtype))
    check(statistics(np.full(size, np.nan, dtype)), np.full(size, np.nan, dtype))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_every_value_of_a_half_type_is_read_as_it_is(isa: str, dtype: Any) -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    with np.errstate(invalid="ignore"):
        every = every[~np.isinf(every)]
    for values in np.split(every, range(50, every.size, 50)):
        check(statistics(values), values)


@pytest.mark.parametrize("dtype", OTHERS)
def test_other_dtypes_are_converted(dtype: Any) -> None:
    values = np.random.default_rng(3).integers(0, 2, (300, 500)).astype(dtype) * np.asarray(1, dtype)
    check(statistics(values), values)
    check(statistics(values[::2, ::-3].T), values[::2, ::-3])


@pytest.mark.parametrize("dtype", [np.complex64, "S3", "O", "M8[s]", [("a", "f4")]])
def test_what_is_no_real_number_is_refused(dtype: Any) -> None:
    with pytest.raises(TypeError, match="real numbers"):
        statistics(np.zeros(3, dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_layout_does_not_matter(dtype: Any) -> None:
    values = np.random.default_rng(1).normal(size=(300, 500)).astype(dtype)
    for view in (values.T, values[::-2, ::3].T, values[:0], np.broadcast_to(values[0], (7, 500))):
        check(statistics(view), view)
    if dtype is not ml_dtypes.bfloat16:
        check(statistics(values.astype(values.dtype.newbyteorder())), values)


@pytest.fixture
def keep_threads() -> Iterator[None]:
    before = fastinit.get_num_threads()
    yield
    fastinit.set_num_threads(before)


@pytest.mark.usefixtures("keep_threads")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 5, 17, 100_003, 1_000_000])
def test_neither_threads_nor_the_instruction_set_change_a_bit(isa: str, dtype: Any, size: int) -> None:
    values = np.random.default_rng(size).standard_normal(size, np.float32).astype(dtype)
    found = set()
    for each, threads in ((isa, 1), (isa, 2), (isa, 7), ("baseline", 1)):
        _core.use_isa(each)
        fastinit.set_num_threads(threads)
        found.add(_core.moments(values))
    assert len(found) == 1


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, -3e38])
def test_a_constant_has_exactly_no_deviation(constant: float) -> None:
    values = np.full((123, 457), constant, np.float32)
    expected = float(values[0, 0])
    for view in (values, values[:, ::2]):
        found = statistics(view)
        assert (found.mean, found.std, found.min, found.max) == (expected, 0.0, expected, expected)
    pieces = reduce(merge, map(statistics, np.array_split(values, 7)), Statistics())
    assert pieces == statistics(values)


def test_the_deviation_is_right_where_the_mean_is_far_larger() -> None:
    values = 1e9 + np.random.default_rng(2).normal(size=100_000)
    assert statistics(values).std == pytest.approx(values.std(), rel=1e-9)
    pieces = reduce(merge, map(statistics, np.array_split(values, 13)), Statistics())
    assert pieces.std == pytest.approx(values.std(), rel=1e-9)


@pytest.mark.parametrize("cuts", [[], [0], [1, 1], [5, 1000], [999], [10, 20, 30, 40, 500]])
def test_the_statistics_of_pieces_are_merged_into_those_of_the_whole(cuts: list[int]) -> None:
    values = np.random.default_rng(4).normal(-2, 3, 1000)
    values[[3, 700]], values[:2], values[[10, 11]] = 0, np.nan, np.nan
    check(reduce(merge, map(statistics, np.split(values, cuts)), Statistics()), values)


def test_nothing_has_no_figures() -> None:
    found = statistics(np.empty((0, 3)))
    assert (found.count, found.nan, found.zeros) == (0, 0, 0)
    assert all(math.isnan(getattr(found, figure)) for figure in FIGURES)


def test_an_infinity_shows_in_the_extremes() -> None:
    for first in (0.0, np.inf):
        found = statistics(np.array([first, np.inf, -1.0], np.float32))
        assert (found.min, found.max, found.mean) == (-1.0, math.inf, math.inf)
        assert math.isnan(found.std)
    assert statistics(np.array([-np.inf, np.inf])).min == -math.inf


@pytest.mark.parametrize(
    "array", [np.zeros(3, np.int32), np.zeros((2, 2)), np.zeros(6)[::2], np.zeros(3, ">f4")]
)
def test_the_kernel_refuses_what_it_cannot_read(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="moments: expected"):
        _core.moments(array)
