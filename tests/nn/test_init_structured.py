"""Sparse columns are uniform subsets; a convolution with dirac_ passes its input on."""

import itertools

import numpy as np
import pytest
from ml_dtypes import bfloat16
from scipy import stats

from fastinit import Generator, _core
from fastinit.nn import init
from fastinit.nn.init import structured


@pytest.mark.parametrize(
    ("rows", "sparsity", "zeros"),
    [(10, 0.1, 1), (10, 0.11, 2), (7, 0.5, 4), (5, 0, 0), (5, 1, 5), (1, 0.1, 1)],
)
def test_each_column_has_the_ceiling_of_the_sparsity_as_zeros(rows, sparsity, zeros):
    array = init.sparse_(np.empty((rows, 400), np.float32), sparsity, generator=Generator(seed=0))
    assert ((array == 0).sum(axis=0) == zeros).all()
    assert not np.signbit(array[array == 0]).any()


def test_the_values_that_stay_are_the_normals():
    normals = init.normal_(np.empty((40, 30), np.float32), std=0.3, generator=Generator(seed=5))
    array = init.sparse_(np.empty((40, 30), np.float32), 0.5, std=0.3, generator=Generator(seed=5))
    kept = array != 0
    assert (array[kept] == normals[kept]).all()


@pytest.mark.parametrize("rows", [3, 4, 5, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_subset_of_a_column_is_as_likely(rows, seed):
    zeros = rows // 2
    columns = 20_000
    array = init.sparse_(np.empty((rows, columns), np.float32), zeros / rows, generator=Generator(seed=seed))
    subsets = list(itertools.combinations(range(rows), zeros))
    codes = (1 << np.arange(rows)) @ (array == 0)
    counts = [(codes == sum(1 << row for row in subset)).sum() for subset in subsets]
    assert sum(counts) == columns
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_zeros_do_not_depend_on_the_dtype():
    masks = {
        (init.sparse_(np.empty((9, 50), dtype), 0.4, std=1, generator=Generator(seed=1)) == 0).tobytes()
        for dtype in (np.float16, bfloat16, np.float32, np.float64)
    }
    assert len(masks) == 1


def zeroed(keys, count, dtype=np.float32):
    array = np.ones(keys.shape, dtype)
    _core.zero_least(array, keys, count)
    return array == 0


def least(keys, count):
    """Which `count` keys of each column are the least; of equal ones, those of the lower rows are."""
    order = np.argsort(keys, axis=0, kind="stable")[:count]
    mask = np.zeros(keys.shape, bool)
    np.put_along_axis(mask, order, True, axis=0)
    return mask


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 9), (1000, 17), (4000, 30)])
@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.999, 1])
def test_the_least_keys_of_each_column_are_zeroed(shape, part, dtype):
    keys = np.random.default_rng(0).integers(0, 2**64, shape, np.uint64)
    count = int(np.ceil(part * shape[0]))
    assert (zeroed(keys, count, dtype) == least(keys, count)).all()


@pytest.mark.parametrize("range_", [(0, 2), (0, 50), (2**64 - 3, 2**64), (2**62, 2**62 + 10)])
@pytest.mark.parametrize("count", [1, 2, 100, 299, 300])
def test_of_equal_keys_those_of_the_lower_rows_are_the_least(range_, count):
    keys = np.random.default_rng(1).integers(*range_, (300, 20), np.uint64)
    assert (zeroed(keys, count) == least(keys, count)).all()


def test_only_the_rows_of_the_array_are_touched():
    keys = np.random.default_rng(2).integers(0, 2**64, (50, 6), np.uint64)
    outer = np.ones((30, 12), np.float32)
    _core.zero_least(outer[5:25, ::2], keys, 20, 10)
    assert (outer[5:25, ::2] == 0).tolist() == least(keys, 20)[10:30].tolist()
    outer[5:25, ::2] = 1
    assert (outer == 1).all()


@pytest.mark.parametrize(
    ("array", "keys", "count", "row"),
    [
        (np.ones((3, 2)), np.ones((3, 3), np.uint64), 1, 0),
        (np.ones((3, 2)), np.ones((3, 2), np.uint64), 4, 0),
        (np.ones((3, 2)), np.ones((3, 2), np.uint64), -1, 0),
        (np.ones((3, 2)), np.ones((4, 2), np.uint64), 1, 2),
        (np.ones((3, 2)), np.ones((4, 2), np.uint64), 1, -1),
        (np.ones((3, 2)), np.ones((2, 3), np.uint64).T, 1, 0),
        (np.ones((3, 2)), np.ones((3, 2), np.int64), 1, 0),
        (np.ones(3), np.ones((3, 1), np.uint64), 1, 0),
        (np.ones((3, 2), np.complex128), np.ones((3, 2), np.uint64), 1, 0),
    ],
)
def test_keys_that_do_not_fit_are_refused(array, keys, count, row):
    with pytest.raises(ValueError, match=r"must be"):
        _core.zero_least(array, keys, count, row)
    assert (array == 1).all()


def test_columns_in_several_blocks_are_as_columns_in_one(monkeypatch):
    whole = init.sparse_(np.empty((6, 50), np.float32), 0.5, generator=Generator(seed=1))
    monkeypatch.setattr(structured, "_KEYS_AT_ONCE", 42)
    blocks = init.sparse_(np.empty((6, 50), np.float32), 0.5, generator=Generator(seed=1))
    assert (blocks == whole).all()


def test_a_convolution_with_dirac_passes_its_input_on():
    groups, channels, taps = 2, 3, 5
    kernel = init.dirac_(np.empty((groups * channels, channels, taps), np.float32), groups)
    x = np.random.default_rng(0).standard_normal((groups * channels, 12)).astype(np.float32)
    for group in range(groups):
        part = slice(group * channels, (group + 1) * channels)
        y = sum(kernel[part, :, tap] @ np.roll(x[part], taps // 2 - tap, axis=1) for tap in range(taps))
        assert (y == x[part]).all()
