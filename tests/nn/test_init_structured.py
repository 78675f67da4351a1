"""Sparse columns are uniform subsets; a convolution with dirac_ passes its input on."""

import itertools

import numpy as np
import pytest
from ml_dtypes import bfloat16
from scipy import stats

from fastinit import Generator
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


def test_of_equal_keys_those_of_the_lower_rows_are_the_least():
    keys = np.array([[3, 1, 1, 1, 0], [5, 4, 3, 2, 1], [7, 7, 7, 7, 7]], np.uint64)
    least = structured._least_of_each_row(keys, 3)
    assert [np.flatnonzero(row).tolist() for row in least] == [[1, 2, 4], [2, 3, 4], [0, 1, 2]]


def test_columns_in_several_blocks_are_as_columns_in_one(monkeypatch):
    whole = init.sparse_(np.empty((6, 50), np.float32), 0.5, generator=Generator(seed=1))
    monkeypatch.setattr(structured, "_KEYS_AT_ONCE", 20)
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
