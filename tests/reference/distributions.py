"""From words to values, in NumPy: exact where the kernels are, in float64 or longer where they approximate.

`positions` are those of the elements, in any shape; `dtype` is the array's. Half types go through float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from reference.philox import words, words64
from reference.specification import fills as specified

TRIES = 16


@dataclass(frozen=True)
class Stream:
    """A seed and a stream number."""

    seed: int
    stream: int

    def words(self, positions: np.ndarray, dtype: np.dtype, draw: int = 0) -> np.ndarray:
        """The words as wide as the arithmetic of `dtype`; draw k of a float64 reads two."""
        if dtype.itemsize == 8:
            return words64(positions, self.seed, self.stream, 2 * draw)
        return words(positions, self.seed, self.stream, draw)


def real(dtype: np.dtype) -> type:
    """What values of `dtype` are computed in."""
    return np.float64 if dtype.itemsize == 8 else np.float32


def step(value: np.ndarray, towards: float) -> np.ndarray:
    """The next value of the dtype."""
    return np.nextafter(value, value.dtype.type(towards))


def least_at_or_above(x: float, dtype: np.dtype) -> np.ndarray:
    """The least value of `dtype` that is not below x."""
    value = np.asarray(real(dtype)(x)).astype(dtype)
    while float(value) < x:
        value = step(value, np.inf)
    return value


def largest_below(x: float, dtype: np.dtype) -> np.ndarray:
    """The largest value of `dtype` below x."""
    value = -least_at_or_above(-x, dtype)
    return value if float(value) < x else step(value, -np.inf)


def uniform(positions: np.ndarray, dtype: np.dtype, low: float, high: float, stream: Stream) -> np.ndarray:
    """Exact: low + (high - low) u, u the upper 24 or 53 bits; rounded, then into [low, high).

    Where nothing is rounded after the sum, it begins at the least value of the dtype that is not below `low`.
    """
    w = stream.words(positions, dtype)
    r = real(dtype)
    n, unit = (w >> np.uint64(11), 2.0**-53) if dtype.itemsize == 8 else (w >> np.uint64(8), 2.0**-24)
    begin = r(low) if dtype.itemsize == 2 or low == high else least_at_or_above(low, dtype)
    x = (begin + n.astype(r) * (r(high - low) * r(unit))).astype(dtype)
    if low == high:
        return np.full_like(x, r(low))
    return np.clip(x, least_at_or_above(low, dtype), largest_below(high, dtype)).astype(dtype)


def masked_uniform(
    positions: np.ndarray, dtype: np.dtype, low: float, high: float, threshold: float, stream: Stream
) -> np.ndarray:
    """Exact: three steps, each in `dtype`."""
    x = uniform(positions, dtype, low, high, stream)
    return x * (np.abs(x) >= np.asarray(real(dtype)(threshold)).astype(dtype)).astype(dtype)


def bernoulli(positions: np.ndarray, dtype: np.dtype, p: float, stream: Stream) -> np.ndarray:
    """Exact: the first word, over 2^32, is below p."""
    return (words(positions, stream.seed, stream.stream) / 2.0**32 < p).astype(dtype)


def standard_normal(positions: np.ndarray, dtype: np.dtype, stream: Stream, draw: int = 0) -> np.ndarray:
    """Box and Muller's transform, in float64 or longer, of the uniforms as they are converted.

    The words of a block are two pairs. A pair's first word is its radius, its second its direction: bit 31
    says whether the larger coordinate is negative, bit 30 whether that is the second one, and the rest is the
    angle in [-pi/4, pi/4).
    """
    even = positions & ~np.int64(1)
    first = stream.words(even, dtype, draw)
    second = stream.words(even + 1, dtype, draw)
    if dtype.itemsize == 8:
        exact, bits, u = np.longdouble, 64, (first >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
        turns = ((second << np.uint64(2)).view(np.int64) >> 13).astype(np.longdouble) / 2**53
    else:
        exact, bits = np.float64, 32
        u = ((first >> np.uint64(1)).astype(np.float32) + np.float32(0.5)).astype(np.float64) * 2.0**-31
        signed = (second << np.uint64(2)).astype(np.uint32).view(np.int32)
        turns = signed.astype(np.float32).astype(np.float64) / 2**34
    angle = turns * (exact(np.pi) + exact(1.2246467991473532e-16)) * 2
    radius = np.sqrt(-2 * np.log(u.astype(exact)))
    large = radius * np.cos(angle) * np.where(second >> np.uint64(bits - 1), -1, 1)
    small = radius * np.sin(angle)
    second_is_larger = (second >> np.uint64(bits - 2)) & np.uint64(1) == 1
    is_second = positions & 1 == 1
    return np.where(is_second == second_is_larger, large, small)


def float32_normal(positions: np.ndarray, stream: Stream, draw: int = 0) -> np.ndarray:
    """The same in float32, with the kernels' own bits: they decide what a truncated normal accepts."""
    return specified.standard_normal(32, specified.Place(stream.seed, stream.stream, positions), draw)


def is_central(dtype: np.dtype, low: float, high: float) -> bool:
    """Whether bounds, in units of std, are alike on both sides and near: a float32 quantile then serves."""
    return dtype.itemsize < 8 and 0 < high <= 2.015 and abs(low + high) <= 1e-9


def central_truncated(w: np.ndarray, low: float, high: float) -> np.ndarray:
    """The quantile at 1/2 + u P(low < Z < high), u in [-1/2, 1/2) the signed word, converted to float32."""
    signed = (w.astype(np.uint32) ^ np.uint32(1 << 31)).view(np.int32)
    u = signed.astype(np.float32).astype(np.float64) * 2.0**-32
    return special.ndtri(0.5 + u * (special.ndtr(high) - special.ndtr(low)))


def keeps_most(low: float, high: float) -> bool:
    """Whether bounds, in units of std, keep half of the distribution: values are then made by tries."""
    return special.ndtr(high) - special.ndtr(low) >= 0.5


def inverse_truncated(w: np.ndarray, dtype: np.dtype, low: float, high: float) -> np.ndarray:
    """The quantile, in float64, of the truncated standard normal at each word's place in (0, 1)."""
    if dtype.itemsize == 8:
        u = (w >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
    else:
        u = (w.astype(np.float64) + 0.5) * 2.0**-32
    mirrored = low < 0 and high < -low
    if mirrored:
        low, high, u = -high, -low, 1 - u
    # The logarithm of the upper tail at z, which has no smallest value.
    above_low, above_high = special.log_ndtr(-low), special.log_ndtr(-high)
    share = -np.expm1(above_high - above_low)  # of the tail above `low` that lies below `high`
    log_tail = above_low + np.log1p(-u * share)
    z = np.where(
        log_tail < -0.5, -special.ndtri_exp(log_tail), special.ndtri_exp(np.log(-np.expm1(log_tail)))
    )
    return -z if mirrored else z


def truncated_normal(
    positions: np.ndarray, dtype: np.dtype, low: float, high: float, stream: Stream
) -> tuple[np.ndarray, np.ndarray]:
    """The truncated standard normal in float64, and which try decided it (TRIES: a quantile)."""
    if is_central(dtype, low, high):
        w = stream.words(positions, dtype)
        return central_truncated(w, low, high), np.full(positions.shape, TRIES)
    if not keeps_most(low, high):
        return inverse_truncated(stream.words(positions, dtype), dtype, low, high), np.full(
            positions.shape, TRIES
        )
    z = inverse_truncated(stream.words(positions, dtype, TRIES), dtype, low, high)
    decided = np.full(positions.shape, TRIES)
    for draw in reversed(range(TRIES)):
        tried = standard_normal(positions, dtype, stream, draw)
        decides = tried if dtype.itemsize == 8 else float32_normal(positions, stream, draw)
        inside = (decides >= real(dtype)(low)) & (decides <= real(dtype)(high))
        z, decided = np.where(inside, tried, z), np.where(inside, draw, decided)
    return z, decided


def folded_uniform(positions: np.ndarray, dtype: np.dtype, stream: Stream) -> np.ndarray:
    """The uniform u as its distance from the nearer end: u where u <= 1/2, else u - 1; exact as converted."""
    w = stream.words(positions, dtype)
    if dtype.itemsize == 8:
        return ((w.view(np.int64) >> 11).astype(np.float64) + 0.5) * 2.0**-53
    return (w.astype(np.uint32).view(np.int32).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-32)


def minus_log(t: np.ndarray) -> np.ndarray:
    """-log u of a folded u, in the precision of t."""
    return np.where(t > 0, -np.log(np.where(t > 0, t, 1)), -np.log1p(np.where(t > 0, 0, t)))


def standard_exponential(positions: np.ndarray, dtype: np.dtype, stream: Stream) -> np.ndarray:
    """-log u, in float64 or longer."""
    exact = np.longdouble if dtype.itemsize == 8 else np.float64
    return minus_log(folded_uniform(positions, dtype, stream).astype(exact))


def standard_cauchy(positions: np.ndarray, dtype: np.dtype, stream: Stream) -> np.ndarray:
    """tan(pi/4 y), or its inverse where the leading bit of the word is set, in float64 or longer."""
    w = stream.words(positions, dtype)
    if dtype.itemsize == 8:
        exact, bits = np.longdouble, 64
        y = ((w << np.uint64(1)).view(np.int64) >> 12).astype(exact) / 2**51 + exact(2) ** -52
    else:
        exact, bits = np.float64, 32
        odd = (w << np.uint64(1) | np.uint64(1)).astype(np.uint32).view(np.int32)
        y = odd.astype(np.float32).astype(exact) / 2**31
    t = np.tan(y * (exact(np.pi) + exact(1.2246467991473532e-16)) / 4)
    return np.where(w >> np.uint64(bits - 1) == 1, 1 / t, t)


def geometric(positions: np.ndarray, dtype: np.dtype, p: float, stream: Stream) -> np.ndarray:
    """The number of trials, in longer arithmetic: 1 + floor(log u / log(1 - p)).

    u is that of the exponential, but without a rounding: a 32-bit word fits a float64.
    """
    w = stream.words(positions, dtype)
    if dtype.itemsize == 8:
        t = folded_uniform(positions, dtype, stream).astype(np.longdouble)
    else:
        t = (w.astype(np.uint32).view(np.int32).astype(np.longdouble) + 0.5) / 2**32
    return 1 + np.floor(minus_log(t) / -np.log1p(-np.longdouble(p)))


def integers(positions: np.ndarray, first: int, last: int, stream: Stream) -> np.ndarray:
    """Exact, as Python's integers: the first word of an element that favours no value, times the bound."""
    bound = last - first + 1
    bits = 32 if bound <= 2**32 else 64
    values = np.full(positions.shape, None, object)
    left = np.ones(positions.shape, bool)
    for attempt in range(64):
        at = positions[left]
        if bits == 32:
            w = words(at, stream.seed, stream.stream, attempt)
        else:
            w = words64(at, stream.seed, stream.stream, 2 * attempt)
        product = w.astype(object) * bound
        fair = product % 2**bits >= 2**bits % bound
        chosen = np.flatnonzero(left)[fair.astype(bool)]
        values[chosen] = first + product[fair.astype(bool)] // 2**bits
        left[chosen] = False
        if not left.any():
            break
    return values
