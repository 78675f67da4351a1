"""What is larger than a cache is stored past it, and its first write asks for huge pages: no bit may tell."""

import numpy as np
import pytest

from fastinit import _core
from reference.fills import DTYPES, FILLS, INTEGER_DTYPES, dtypes_of, fill_into

PAST_CACHE_BYTES = 16 << 20
PIECE = 100_000
EVERY_DTYPE = DTYPES | INTEGER_DTYPES
LARGE = [(name, dtype) for name in FILLS for dtype in dtypes_of(name)]
ONE_OF_EACH_SIZE = [
    ("normal", "bfloat16"),
    ("normal", "float32"),
    ("normal", "float64"),
    ("bernoulli", "bool"),
]


def same_as_in_pieces(array: np.ndarray, name: str) -> bool:
    """Whether a few pieces of a filled array, the first and the last among them, are those of small fills."""
    size = array.size
    for begin in (0, PIECE // 2, size // 2 + 1, size - PIECE):
        piece = np.empty(PIECE, array.dtype)
        fill_into(piece, name, global_shape=(size,), start=(begin,))
        if array[begin : begin + PIECE].tobytes() != piece.tobytes():
            return False
    return True


@pytest.mark.parametrize(("name", "dtype"), LARGE)
def test_a_large_fill_has_the_bits_of_small_ones(name, dtype):
    array = np.empty(PAST_CACHE_BYTES // EVERY_DTYPE[dtype].itemsize + 77, EVERY_DTYPE[dtype])
    array.fill(0)  # the pages are there: the stores go past the cache
    fill_into(array, name)
    assert same_as_in_pieces(array, name)


@pytest.mark.parametrize(("name", "dtype"), ONE_OF_EACH_SIZE)
def test_every_instruction_set_stores_past_the_cache_alike(name, dtype, isa):
    array = np.empty(PAST_CACHE_BYTES // EVERY_DTYPE[dtype].itemsize + 77, EVERY_DTYPE[dtype])
    array.fill(0)
    fill_into(array, name)
    _core.use_isa("baseline")
    assert same_as_in_pieces(array, name)


@pytest.mark.parametrize("offset", [1, 2, 3, 4, 8, 12, 16, 24])
@pytest.mark.parametrize(("name", "dtype"), ONE_OF_EACH_SIZE)
def test_no_alignment_changes_a_bit(name, dtype, offset):
    memory = np.zeros(PAST_CACHE_BYTES // EVERY_DTYPE[dtype].itemsize + 200, EVERY_DTYPE[dtype])
    array = memory[offset:-100]
    fill_into(array, name)
    assert same_as_in_pieces(array, name)
    assert not memory[:offset].any()
    assert not memory[-100:].any()


@pytest.mark.parametrize(("name", "dtype"), ONE_OF_EACH_SIZE)
def test_fresh_memory_gets_the_same_bits(name, dtype):
    array = np.empty(PAST_CACHE_BYTES // EVERY_DTYPE[dtype].itemsize + 77, EVERY_DTYPE[dtype])
    fill_into(array, name)
    assert same_as_in_pieces(array, name)


def test_the_rows_of_a_large_box_have_the_bits_of_small_ones():
    memory = np.zeros((2100, 2200), np.float32)
    fill_into(memory[:, 3:-5], "normal")
    for row in (0, 1, 1000, 2099):
        piece = np.empty((1, 2192), np.float32)
        fill_into(piece, "normal", global_shape=(2100, 2192), start=(row, 0))
        assert memory[row, 3:-5].tobytes() == piece.tobytes()
    assert not memory[:, :3].any()
    assert not memory[:, -5:].any()
