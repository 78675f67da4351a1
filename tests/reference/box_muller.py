"""The float32 normals in NumPy's float32 arithmetic, operation by operation: the same bits as the kernels'.

They decide what a truncated normal accepts, so their last bits are part of the stream.
"""

from __future__ import annotations

import numpy as np

F = np.float32


def coefficients(text: str) -> list[np.float32]:
    """Hexadecimal numbers as float32, the constant coefficient first."""
    return [F(float.fromhex(number)) for number in text.split()]


LOG = coefficients(
    "-0x2p0 0x1.ffffd6p-1 -0x1.5554fap-1 0x1.001480p-1 -0x1.99d428p-2 "
    "0x1.5032eap-2 -0x1.1ea258p-2 0x1.3b2846p-2 -0x1.1f427ap-2"
)
SINE = coefficients("-0x1.555546p-3 0x1.11073ap-7 -0x1.9943e0p-13")
COSINE = coefficients("0x1p0 -0x1p-1 0x1.55554ap-5 -0x1.6c0c34p-10 0x1.99eb9cp-16")
[MINUS_TWICE_LOG_2, ANGLE_UNIT] = coefficients("-0x1.62e430p0 0x1.921fb6p-32")


def polynomial(x: np.ndarray, c: list[np.float32]) -> np.ndarray:
    """Horner's rule."""
    total = np.full_like(x, c[-1])
    for coefficient in c[-2::-1]:
        total = total * x + coefficient
    return total


def radius(word: np.ndarray) -> np.ndarray:
    """sqrt(-2 log u), u = (n + 1/2) / 2^31 of the upper 31 bits n."""
    two_thirds = 0x3F2AAAAB
    x = (word >> np.uint32(1)).astype(np.int32).astype(F) + F(0.5)
    shifted = x.view(np.int32) - np.int32(two_thirds + (31 << 23))
    k = (shifted >> 23).astype(F)
    f = ((shifted & 0x7FFFFF) + np.int32(two_thirds)).view(F) - F(1)
    return np.sqrt(k * MINUS_TWICE_LOG_2 + f * polynomial(f, LOG))


def direction(word: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The point of the unit circle: two bits choose the arc, the rest is the angle within it."""
    angle = (word << np.uint32(2)).view(np.int32).astype(F) * ANGLE_UNIT
    z = angle * angle
    small = angle + angle * z * polynomial(z, SINE)
    large = np.where(word >> np.uint32(31), F(-1), F(1)) * polynomial(z, COSINE)
    along_y = (word >> np.uint32(30)) & np.uint32(1) == 1
    return np.where(along_y, small, large), np.where(along_y, large, small)


def standard_normal(first: np.ndarray, second: np.ndarray, is_second: np.ndarray) -> np.ndarray:
    """The element of a pair of words (uint32) that `is_second` chooses."""
    x, y = direction(second)
    return radius(first) * np.where(is_second, y, x)
