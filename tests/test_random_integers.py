"""Random integers and permutations are exactly uniform, and stay in their bounds."""

import numpy as np
import pytest
from ml_dtypes import bfloat16

from fastinit import Generator, random

FLOATS = [np.float16, bfloat16, np.float32, np.float64]


@pytest.mark.parametrize("dtype", [*FLOATS, np.int8, np.uint8, np.int16, np.int32, np.int64, np.bool_])
def test_integers_stay_inside_their_bounds_and_reach_them(dtype):
    low, high = (0, 2) if dtype is np.bool_ else (3, 10)
    array = np.empty((40, 25), dtype)
    random.integers(array, low, high, generator=Generator(seed=1))
    assert sorted(set(array.astype(np.int64).ravel().tolist())) == list(range(low, high))


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.float16, 0, 2**11), (bfloat16, 0, 2**8), (np.float32, 0, 2**24), (np.float64, 0, 2**53),
        (np.int8, 0, 127), (np.uint8, 0, 255), (np.int16, 0, 2**15 - 1), (np.int64, 0, 2**63 - 1),
    ],
)  # fmt: skip
def test_integers_without_bounds_fill_the_dtype_as_in_pytorch(dtype, low, high):
    array = np.empty(4000, dtype)
    random.integers(array, generator=Generator(seed=1))
    values = array.astype(np.float64)
    assert low <= values.min() < high * 0.01 + 1
    assert high * 0.99 - 1 < values.max() <= high


def test_integers_take_all_64_bits():
    array = np.empty(4000, np.int64)
    random.integers(array, -(2**63), generator=Generator(seed=1))
    assert array.min() < -0.99 * 2**63
    assert array.max() > 0.99 * 2**63
    bits = np.unpackbits(array.view(np.uint8).reshape(-1, 8), axis=1)
    assert abs(bits.mean(axis=0) - 0.5).max() < 0.05


@pytest.mark.parametrize("bound", [3, 7, 1000, 2**33 + 1, 3 * 2**61])
def test_integers_are_uniform(bound):
    array = np.empty(70_000, np.int64)
    random.integers(array, 0, bound, generator=Generator(seed=4))
    bins = min(bound, 7)
    counts = np.bincount((array.astype(object) * bins // bound).astype(np.int64), minlength=bins)
    edges = [-(-bound * i // bins) for i in range(bins + 1)]
    expected = np.diff(edges) / bound * array.size
    assert ((counts - expected) ** 2 / expected).sum() < 22.5  # chi-square, 6 degrees of freedom, p = 0.001


def test_integers_past_what_the_dtype_holds_exactly_warn_and_stay_in_bounds():
    array = np.empty(2000, np.float16)
    with pytest.warns(UserWarning, match=r"to - 1 is out of bounds \[-\(2\^11\), 2\^11\]. Due to precision"):
        random.integers(array, 0, 5000, generator=Generator(seed=1))
    assert array.max() == 4996
    with pytest.warns(UserWarning, match="from is out of bounds"):
        random.integers(array, -5003, 0, generator=Generator(seed=1))
    assert array.min() == -5000


def test_a_permutation_has_each_number_once_and_every_order_is_as_likely():
    assert sorted(random.permutation(1000, Generator(seed=1)).tolist()) == list(range(1000))
    assert random.permutation(0).tolist() == []
    generator = Generator(seed=1)
    orders = [tuple(random.permutation(3, generator).tolist()) for _ in range(1200)]
    counts = np.array([orders.count(order) for order in set(orders)])
    assert len(counts) == 6
    assert ((counts - 200) ** 2 / 200).sum() < 20.5  # chi-square, 5 degrees of freedom, p = 0.001
