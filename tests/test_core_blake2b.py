"""The digests of leaves are those of the standard library, whatever computes them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import fastinit
from fastinit import _core
from reference import tree_digest as reference

SIZES = [0, 1, 127, 128, 129, 255, 256, 257]
LEAF = 1000


def random_bytes(size: int) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 256, size, np.uint8)


def digests(data: np.ndarray, leaf_size: int, first: int = 0, last: bool = True) -> list[bytes]:
    out = np.empty((max(1, -(-data.size // leaf_size)), 64), np.uint8)
    _core.blake2b_leaves(data, leaf_size, first, last, out)
    return [row.tobytes() for row in out]


@pytest.mark.parametrize("leaf_size", [1, 127, 128, 129, 1000, 4096])
def test_a_leaf_and_many_are_those_of_the_standard_library(isa: str, leaf_size: int) -> None:
    around = [count * leaf_size + more for count in (1, 2, 8, 9, 33) for more in (-1, 0, 1)]
    for size in {size for size in [*SIZES, *around] if size <= 40 * leaf_size}:
        data = random_bytes(size)
        assert digests(data, leaf_size) == reference.leaves(data.tobytes(), leaf_size), size


@pytest.mark.parametrize("first", [0, 1, 255, 2**32 + 5, 2**64 - 20])
def test_leaves_amid_a_tree_have_their_numbers_and_are_not_the_last(isa: str, first: int) -> None:
    data = random_bytes(17 * LEAF)
    for last in (False, True):
        expected = reference.leaves(data.tobytes(), LEAF, first, last)
        assert digests(data, LEAF, first, last) == expected


@pytest.mark.parametrize("size", [17 * LEAF, 33 * LEAF + 1])
def test_bytes_that_are_not_aligned_are_read_as_they_lie(isa: str, size: int) -> None:
    data = random_bytes(size + 3)[3:]
    assert digests(data, LEAF) == reference.leaves(data.tobytes(), LEAF)


@pytest.fixture(params=[1, 2, 7])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = fastinit.get_num_threads()
    fastinit.set_num_threads(request.param)
    yield request.param
    fastinit.set_num_threads(before)


def test_no_number_of_threads_changes_a_digest(threads: int) -> None:
    data = random_bytes(100 * LEAF - 1)
    assert digests(data, LEAF) == reference.leaves(data.tobytes(), LEAF)


PROGRAM = """
import numpy as np
from fastinit import _core
out = np.empty((9, 64), np.uint8)
_core.blake2b_leaves(np.arange(8300, dtype=np.uint16).astype(np.uint8), 1000, 0, True, out)
print(_core.isa(), out.tobytes().hex())
"""


@pytest.mark.parametrize("isa", _core.usable_isas())
def test_the_environment_chooses_what_computes_it(isa: str) -> None:
    package = str(Path(fastinit.__file__).parents[1])
    environment = {**os.environ, "FASTINIT_ISA": isa, "PYTHONPATH": package}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    data = np.arange(8300, dtype=np.uint16).astype(np.uint8).tobytes()
    assert done.stdout.split() == [isa, b"".join(reference.leaves(data, 1000)).hex()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.zeros(10, np.int8)}, "data to be a contiguous array of uint8"),
        ({"data": np.zeros((5, 2), np.uint8)}, "with 1 dimension"),
        ({"data": np.zeros(20, np.uint8)[::2]}, "contiguous"),
        ({"leaf_size": 0}, "leaf_size must be in"),
        ({"leaf_size": 2**32}, "leaf_size must be in"),
        ({"last": False}, "no whole leaves"),
        ({"data": np.zeros(0, np.uint8), "last": False}, "no whole leaves"),
        ({"out": np.zeros((2, 64), np.uint8)}, r"shape \(3, 64\)"),
        ({"out": np.zeros((3, 32), np.uint8)}, r"shape \(3, 64\)"),
        ({"out": np.zeros((3, 128), np.uint8)[:, ::2]}, "contiguous"),
        ({"out": np.broadcast_to(np.zeros((3, 64), np.uint8), (3, 64))}, "read-only"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, object], message: str) -> None:
    arguments = {"data": np.zeros(10, np.uint8), "leaf_size": 4, "first": 0, "last": True}
    arguments["out"] = np.zeros((3, 64), np.uint8)
    with pytest.raises(ValueError, match=message):
        _core.blake2b_leaves(*(arguments | change).values())
