"""A tensor's digest is that of the standard library's tree, whatever pieces the bytes come in."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from fastinit.checkpoint.digest import LEAF, LEAF_DIGEST, TreeDigest, leaves, root
from reference import tree_digest as reference

SIZES = [0, 1, LEAF - 1, LEAF, LEAF + 1, 9 * LEAF, 9 * LEAF + 12345]


def random_bytes(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", [LEAF, 4 * LEAF, 100 * LEAF])
def test_pieces_give_the_digest_of_the_whole(size: int, piece: int) -> None:
    data = random_bytes(size)
    digest = TreeDigest(size)
    for start in range(0, size, piece):
        digest.update(memoryview(data)[start : start + piece])
    assert digest.hexdigest() == reference.digest(data, LEAF)


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_parts_of_different_machines_are_put_together(cut: int) -> None:
    data = random_bytes(10 * LEAF - 7)
    first = leaves(data[: cut * LEAF], 0, last=False)
    second = leaves(data[cut * LEAF :], cut, last=True)
    assert (len(first), len(second)) == (cut * LEAF_DIGEST, (10 - cut) * LEAF_DIGEST)
    assert root([first, second]) == reference.digest(data, LEAF)


def test_an_arrays_bytes_are_those_of_its_values() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).astype(ml_dtypes.bfloat16)
    digest = TreeDigest(array.nbytes)
    digest.update(array)
    assert digest.hexdigest() == reference.digest(array.tobytes(), LEAF)
    with pytest.raises(ValueError, match="contiguous"):
        TreeDigest(array.nbytes).update(array.T)


def test_what_was_announced_must_come() -> None:
    digest = TreeDigest(2 * LEAF)
    with pytest.raises(ValueError, match="no whole leaves"):
        digest.update(bytes(LEAF - 1))
    digest.update(bytes(LEAF))
    with pytest.raises(ValueError, match=f"{LEAF} bytes of {2 * LEAF}"):
        digest.hexdigest()
    with pytest.raises(ValueError, match="were to be"):
        digest.update(bytes(LEAF + 1))
    digest.update(b"")
    digest.update(bytes(LEAF))
    assert digest.hexdigest() == reference.digest(bytes(2 * LEAF), LEAF)
