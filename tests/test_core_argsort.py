"""The order of random words is NumPy's stable order, for any words and any number of threads."""

import numpy as np
import pytest

from fastinit import _core

SIZES = [0, 1, 2, 3, 2047, 2048, 2049, 5000, 100_003, 1_000_000]
ALIKE = {
    "random": lambda words: words,
    "few": lambda words: words >> np.uint64(60),
    "alike in their leading bits": lambda words: words & np.uint64(0x8000000000000003),
    "alike in the bits that are sorted first": lambda words: words & np.uint64(0xF000000000000001),
    "one": np.zeros_like,
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ALIKE)
def test_the_order_is_the_stable_order(kind, size):
    words = ALIKE[kind](np.random.default_rng(size).integers(0, 2**64, size, dtype=np.uint64))
    assert (_core.argsort(words) == np.argsort(words, kind="stable")).all()
    assert (_core.argsort(words[::-2]) == np.argsort(words[::-2], kind="stable")).all()


def test_no_number_of_threads_changes_the_order():
    words = np.random.default_rng(1).integers(0, 2**64, 300_000, dtype=np.uint64)
    before = _core.get_num_threads()
    try:
        for threads in (1, 2, 7):
            _core.set_num_threads(threads)
            assert (_core.argsort(words) == np.argsort(words)).all()
    finally:
        _core.set_num_threads(before)


@pytest.mark.parametrize("keys", [np.zeros((2, 2), np.uint64), np.zeros(3, np.int64), np.zeros(3, np.uint32)])
def test_what_is_no_vector_of_words_is_refused(keys):
    with pytest.raises(ValueError, match="vector of uint64"):
        _core.argsort(keys)
