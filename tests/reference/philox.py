"""Philox4x32-10 and the stream's counter layout, in NumPy, for reading.

Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
"""

from __future__ import annotations

import numpy as np

ROUNDS = 10
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """The four words of each counter: (..., 4) 32-bit words, as uint64, in and out."""
    c0, c1, c2, c3 = np.moveaxis(counter.astype(np.uint64), -1, 0)
    for r in range(ROUNDS):
        k0, k1 = (np.uint64((k + r * w) & 0xFFFFFFFF) for k, w in zip(key, WEYL, strict=True))
        p0, p1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> np.uint64(32)) ^ c1 ^ k0, p1 & LOW, (p0 >> np.uint64(32)) ^ c3 ^ k1, p0 & LOW
    return np.stack([c0, c1, c2, c3], axis=-1)


def words(positions: np.ndarray, seed: int, stream: int, draw: int = 0) -> np.ndarray:
    """The 32-bit word of each position at one draw: word p & 3 of block p >> 2, as uint64."""
    block = positions.astype(np.uint64) >> np.uint64(2)
    counter = np.stack(
        [
            block & LOW,
            (block >> np.uint64(32)) | np.uint64(draw << 16),
            np.full_like(block, stream & 0xFFFFFFFF),
            np.full_like(block, stream >> 32),
        ],
        axis=-1,
    )
    of_block = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    return np.take_along_axis(of_block, (positions.astype(np.int64) & 3)[..., None], axis=-1)[..., 0]


def words64(positions: np.ndarray, seed: int, stream: int, draw: int = 0) -> np.ndarray:
    """The word at `draw` above the word at `draw + 1`: what a float64 is made of."""
    high, low = words(positions, seed, stream, draw), words(positions, seed, stream, draw + 1)
    return (high << np.uint64(32)) | low
