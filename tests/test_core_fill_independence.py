"""Words and values that should know nothing of each other: chi-squares of pairs, bit by bit and in cells.

Each check is also shown a stream that is broken in the way it is there to see, and must refuse it.
"""

import numpy as np
import pytest
from scipy import special, stats

from fastinit import _core
from long import words as orders
from reference import philox

SIZES = [2**19, pytest.param(2**24, marks=pytest.mark.long)]
LEAST = 1e-4  # of one p-value; seeds are fixed, so a check that passes once passes for ever


def words(size, *, seed=0, stream=0, position=0, draw=0):
    array = np.empty(size, np.uint32)
    _core.random_words(array, seed=seed, stream=stream, position=position, draw=draw)
    return array


def signs(array):
    """The bits of each word as -1 and 1: one row per word."""
    bits = np.unpackbits(array.view(np.uint8)).reshape(array.size, 32)
    return bits.astype(np.float32) * 2 - 1


def both_tails(statistic, degrees):
    """The p-value of a chi-square that must be neither too large nor too small."""
    return 2 * min(stats.chi2.sf(statistic, degrees), stats.chi2.cdf(statistic, degrees))


def bitwise(x, y):
    """The p-value of the 32 x 32 correlations between the bits of x and those of y."""
    piece = 2**15
    sums = sum(
        (signs(x[k : k + piece]).T @ signs(y[k : k + piece])).astype(np.float64)
        for k in range(0, x.size, piece)
    )
    squares = sums**2 / x.size
    largest = 2 * squares.size * stats.norm.sf(np.sqrt(squares.max()))
    return min(1, largest, both_tails(squares.sum(), squares.size))


def joint(*columns):
    """The p-value of the table of equally probable cells; a column is its cells and how many there are."""
    cell, cells = np.int64(0), 1
    for column, count in columns:
        cell, cells = cell * count + column, cells * count
    counts = np.bincount(cell, minlength=cells)
    expected = cell.size / cells
    return both_tails(((counts - expected) ** 2).sum() / expected, cells - 1)


def upper_bytes(x, y):
    return joint((x >> 24, 256), (y >> 24, 256))


def lower_bytes(x, y):
    return joint((x & 255, 256), (y & 255, 256))


CHECKS = [bitwise, upper_bytes, lower_bytes]

# Where the second words begin; the first ones are those of seed, stream, position and draw 0. Steps in two
# directions at once would meet words that one number moves along another.
NEIGHBOURS = [
    *({"seed": n} for n in (1, 2, 2**31, 2**32, 2**63, 2**64 - 1)),
    *({"stream": n} for n in (1, 2, 2**31, 2**32, 2**63, 2**64 - 1)),
    *({"position": n} for n in (4, 8, 4 * 2**31, 4 * 2**32, 4 * 2**47)),
    *({"draw": n} for n in (1, 2, 2**15, 2**16 - 1)),
    {"stream": 1, "position": 4},
    {"seed": 1, "position": 4},
    {"seed": 1, "stream": 1},
    {"draw": 1, "position": 4},
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=str)
def test_words_of_neighbours_are_independent(neighbour, size):
    x, y = words(size), words(size, **neighbour)
    assert min(check(x, y) for check in CHECKS) > LEAST


@pytest.mark.parametrize("order", orders.ORDERS)
def test_blocks_of_neighbours_that_follow_one_another_are_independent(order):
    blocks = np.ascontiguousarray(next(orders.words(order))).reshape(-1, 4)[: 2**17]
    for lag in (1, 2, 64):
        x, y = blocks[:-lag].reshape(-1), blocks[lag:].reshape(-1)
        assert min(check(x, y) for check in CHECKS) > LEAST


@pytest.mark.parametrize("size", SIZES)
def test_the_four_words_of_a_block_are_jointly_uniform(size):
    block = words(4 * size).reshape(-1, 4)
    for shift in (28, 14, 0):
        assert joint(*(((block[:, k] >> shift) & 15, 16) for k in range(4))) > LEAST


@pytest.mark.parametrize("start", [(1, 0), (0, 1001)], ids=str)
def test_neighbouring_shards_are_independent(start):
    shape = (1, 1001) if start[0] else (2, 1001)
    x, y = (np.empty((1024, *shape), np.uint32) for _ in range(2))
    for box, corner in ((x, (0, 0)), (y, start)):
        for tensor, part in enumerate(box):
            _core.random_words(part, seed=0, stream=tensor, position=0, global_shape=(2, 2002), start=corner)
    assert min(check(x.reshape(-1), y.reshape(-1)) for check in CHECKS) > LEAST


@pytest.mark.parametrize("check", CHECKS)
def test_one_word_in_64_used_twice_is_seen(check):
    x, y = words(2**19), words(2**19, stream=1)
    y[::64] = x[::64]
    assert check(x, y) < LEAST


@pytest.mark.parametrize("check", CHECKS)
def test_streams_that_are_one_stream_moved_along_are_seen(check):
    def moved(size, stream=0, position=0):
        return words(size, position=position + 4 * stream)

    assert check(moved(2**16, position=4), moved(2**16, stream=1)) < LEAST


@pytest.mark.parametrize("neighbour", [{"seed": 1}, {"stream": 1}, {"position": 4}], ids=str)
def test_a_generator_of_too_few_rounds_is_seen(neighbour, monkeypatch):
    monkeypatch.setattr(philox, "ROUNDS", 2)
    place = {"seed": 0, "stream": 0, "position": 0}
    x, y = (
        philox.words(np.arange(2**18) + at["position"], at["seed"], at["stream"]).astype(np.uint32)
        for at in (place, place | neighbour)
    )
    assert min(check(x, y) for check in CHECKS) < LEAST


# Two normals of a block, or of two that follow one another: the first one's place, and how far the second is.
PAIRS = {
    "within a pair": (0, 1),
    "within the other pair": (2, 1),
    "across pairs": (1, 1),
    "first of both pairs": (0, 2),
    "across blocks": (3, 1),
    "same place, next block": (0, 4),
}
NORMAL_EDGES = special.ndtri(np.arange(1, 16) / 16)


def normal_cells(size, dtype=np.float32):
    """Which of 16 equally probable intervals each of so many consecutive normals lies in."""
    values = np.empty(size, dtype)
    _core.fill_normal(values, 0.0, 1.0, seed=0, stream=0, position=0)
    return np.searchsorted(NORMAL_EDGES.astype(dtype), values).astype(np.uint8)


def joint_normals(cells, first, lag):
    y = cells[first + lag :: 4]
    x = cells[first::4][: y.size]
    return joint((x.astype(np.int64), 16), (y.astype(np.int64), 16))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [2**24, pytest.param(2**28, marks=pytest.mark.long)])
def test_consecutive_normals_are_jointly_normal(dtype, size):
    cells = normal_cells(size, dtype)
    assert min(joint_normals(cells, *pair) for pair in PAIRS.values()) > LEAST


def test_pairs_that_share_a_radius_are_seen():
    # The second pair of each block is the first one turned by a quarter: both, taken alone, are normal.
    cells = normal_cells(2**22)
    cells[2::4], cells[3::4] = cells[1::4], 15 - cells[0::4]
    assert joint_normals(cells, *PAIRS["within a pair"]) > LEAST
    assert joint_normals(cells, *PAIRS["within the other pair"]) > LEAST
    assert joint_normals(cells, *PAIRS["across pairs"]) < LEAST


def test_one_block_in_100_that_repeats_the_one_before_is_seen():
    cells = normal_cells(2**22)
    blocks = cells.reshape(-1, 4)
    blocks[100::100] = blocks[99:-1:100]
    assert joint_normals(cells, *PAIRS["same place, next block"]) < LEAST
