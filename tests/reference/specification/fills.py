"""The fills, from words to stored values.

Each takes the dtype, its arguments, and the place: seed, stream and the elements' positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from reference import philox
from reference.specification.constants import constant
from reference.specification.functions import (
    central_quantile,
    direction,
    exp,
    folded,
    log,
    minus_log,
    quantile,
    radius,
    tail,
    tangent,
    upper_tail,
)
from reference.specification.numbers import (
    Array,
    bits,
    clamp,
    is_half,
    largest,
    largest_at_or_below,
    largest_below,
    least,
    least_at_or_above,
    nearest,
    number,
    polynomial,
    real,
    rounded,
    signed,
    smallest,
)

TRIES = 16


@dataclass(frozen=True)
class Place:
    """Where in which stream a fill's elements lie; the stream may be each element's own."""

    seed: int
    stream: int | np.ndarray
    positions: np.ndarray

    def word(self, draw: int) -> Array:
        """word(d), as uint32."""
        return philox.words(self.positions, self.seed, self.stream, draw).astype(np.uint32)

    def words(self, size: int, attempt: int = 0) -> Array:
        """The word of so many bits at a try."""
        if size == 32:
            return self.word(attempt)
        return philox.words64(self.positions, self.seed, self.stream, 2 * attempt)

    def pairs(self) -> tuple[Place, Place]:
        """The places of the first and of the second element of each element's pair."""
        first = self.positions & ~np.int64(1)
        return Place(self.seed, self.stream, first), Place(self.seed, self.stream, first + 1)

    def __getitem__(self, index: Any) -> Place:
        stream = self.stream[index] if isinstance(self.stream, np.ndarray) else self.stream
        return Place(self.seed, stream, self.positions[index])


def size_of(dtype: np.dtype) -> int:
    """The bits of the words that a floating-point dtype reads."""
    return 64 if dtype == np.float64 else 32


def uniform(dtype: np.dtype, low: float, high: float, place: Place) -> Array:
    if low == high:
        return np.full(place.positions.shape, nearest(low, dtype))
    r, size = real(dtype), size_of(dtype)
    w = place.words(size)
    n, unit = (w >> np.uint32(8), 2.0**-24) if size == 32 else (w >> np.uint64(11), 2.0**-53)
    scale = r(high - low) * r(unit)
    first, last = r(least_at_or_above(low, dtype)), r(largest_below(high, dtype))
    start = r(low) if is_half(dtype) else first
    x = start + n.astype(r) * scale
    return rounded(clamp(x, first, last) if is_half(dtype) else least(x, last), dtype)


def masked_uniform(dtype: np.dtype, low: float, high: float, threshold: float, place: Place) -> Array:
    v = uniform(dtype, low, high, place)
    zero = np.copysign(np.zeros_like(v), v)
    return np.where(np.abs(v) < nearest(threshold, dtype), zero, v)


def bernoulli(dtype: np.dtype, p: float, place: Place) -> Array:
    return (place.word(0) < 2.0**32 * p).astype(dtype)


def standard_normal(size: int, place: Place, attempt: int = 0) -> Array:
    """z of each element."""
    first, second = place.pairs()
    r = radius(first.words(size, attempt))
    x, y = direction(second.words(size, attempt))
    return np.where(place.positions & 1 == 0, r * x, r * y)


def normal(dtype: np.dtype, mean: float, std: float, place: Place) -> Array:
    r = real(dtype)
    return rounded(r(mean) + r(std) * standard_normal(size_of(dtype), place), dtype)


@dataclass(frozen=True)
class Truncation:
    """The arguments of a truncated normal in a dtype, and what follows from them."""

    dtype: np.dtype
    mean: float
    std: float
    a: float
    b: float

    @property
    def low(self) -> float:
        return (self.a - self.mean) / self.std

    @property
    def high(self) -> float:
        return (self.b - self.mean) / self.std

    @property
    def least(self) -> np.floating:
        a = nearest(self.a, self.dtype) if self.a == self.b else least_at_or_above(self.a, self.dtype)
        return real(self.dtype)(a)

    @property
    def most(self) -> np.floating:
        b = nearest(self.a, self.dtype) if self.a == self.b else largest_at_or_below(self.b, self.dtype)
        return real(self.dtype)(b)

    def way(self) -> str:
        limit, tiny = float(constant("CENTRAL_LIMIT_64")), float(constant("TINY_64"))
        if self.dtype != np.float64 and 0 < self.high <= limit and -tiny <= self.low + self.high <= tiny:
            return "central"
        return "tries" if tail(self.low) - tail(self.high) >= 0.5 else "inverse"

    def scaled(self, z: Array) -> Array:
        """mean + std z within the bounds, in R."""
        r = real(self.dtype)
        return clamp(r(self.mean) + r(self.std) * z, self.least, self.most)


def trunc_normal(dtype: np.dtype, mean: float, std: float, a: float, b: float, place: Place) -> Array:
    bounds = Truncation(dtype, mean, std, a, b)
    value = {"central": central, "tries": by_tries, "inverse": inverse}[bounds.way()](bounds, place)
    return rounded(value, dtype)


def central(bounds: Truncation, place: Place) -> Array:
    probability = np.float32(1.0 - 2.0 * tail(bounds.high))
    w = signed(place.words(32) ^ np.uint32(0x80000000))
    return bounds.scaled(central_quantile(w.astype(np.float32) * np.float32(2.0**-32) * probability))


def by_tries(bounds: Truncation, place: Place) -> Array:
    r = real(bounds.dtype)
    value = np.empty(place.positions.shape, r)
    left = np.arange(place.positions.size)
    for attempt in range(TRIES):
        z = standard_normal(size_of(bounds.dtype), place[left], attempt)
        taken = ~(np.signbit(z - r(bounds.low)) | np.signbit(r(bounds.high) - z))
        value[left[taken]] = bounds.scaled(z[taken])
        left = left[~taken]
    if left.size:
        value[left] = inverse(bounds, place[left], TRIES)
    return value


def inverse(bounds: Truncation, place: Place, attempt: int = 0) -> Array:
    mirrored = bounds.low < 0 and bounds.high < -bounds.low
    low, high = (-bounds.high, -bounds.low) if mirrored else (bounds.low, bounds.high)
    (scaled_low, exponent_low), (scaled_high, exponent_high) = upper_tail(low), upper_tail(high)
    log_unit = exponent_low if low > 0 else 0.0
    unit = exp(log_unit)
    above_high = 0.0 if math.isinf(high) else scaled_high * exp(exponent_high - log_unit)
    between = scaled_low * exp(exponent_low - log_unit) - above_high
    below_low = math.inf if low > 0 else tail(-low)

    size = size_of(bounds.dtype)
    w = place.words(size, attempt)
    if size == 32:
        u = (w.astype(np.float64) + 0.5) * 2.0**-32
    else:
        u = (w >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
    if mirrored:
        u = 1.0 - u
    above = above_high + (1.0 - u) * between
    below = below_low + u * between
    t = least(above, below)
    z = quantile(t * unit, -(log(t) + log_unit))
    z = np.where(mirrored != (below < above), -z, z)
    x = bounds.mean + bounds.std * z
    if size == 64:
        return clamp(x, bounds.least, bounds.most)
    x = x.astype(np.float32)
    x = np.where(x > bounds.least, x, bounds.least)
    return np.where(x < bounds.most, x, bounds.most)


def exponential(dtype: np.dtype, rate: float, place: Place) -> Array:
    t = folded(place.words(size_of(dtype)))
    with np.errstate(over="ignore"):
        value = real(dtype)(1.0 / rate) * minus_log(t)
    return rounded(clamp(value, smallest(dtype), largest(dtype)), dtype)


def geometric(dtype: np.dtype, p: float, place: Place) -> Array:
    if dtype in {np.dtype(np.float64), np.dtype(np.int64)}:
        t = folded(place.words(64))
    else:
        t = (signed(place.words(32)).astype(np.float64) + 0.5) * 2.0**-32
    of_p = minus_log(np.array([1.0 - p if p > 0.5 else -p]))
    if dtype == np.int64:
        most = 2.0**63 - 1024
    elif dtype.kind in "iu":
        most = float(np.iinfo(dtype).max)
    else:
        most = float(ml_dtypes.finfo(dtype).max)
    value = least(np.floor(minus_log(t) * (1.0 / of_p)) + 1.0, most)
    return value.astype(dtype) if dtype.kind in "iu" else rounded(value.astype(real(dtype)), dtype)


def upper(x: Array) -> Array:
    """x with the lower bits cleared."""
    mask = np.uint64(0xFFFFFFFFF8000000) if x.itemsize == 8 else np.uint32(0xFFFFF000)
    return number(bits(x) & mask)


def over_log_2(x: float) -> tuple[float, float]:
    """x / ln 2, as the sum of two numbers."""
    log2_e = float(constant("LOG2_E_64"))
    high = x * log2_e
    a, b = (float(upper(np.array([each]))[0]) for each in (x, log2_e))
    e = ((a * b - high) + a * (log2_e - b) + (x - a) * b) + (x - a) * (log2_e - b)
    return high, e + x * float(constant("LOG2_E_REST_64"))


def log_normal(dtype: np.dtype, mean: float, std: float, place: Place) -> Array:
    r, size = real(dtype), size_of(dtype)
    m, m_rest = over_log_2(min(max(mean, -(2.0**20)), 2.0**20))
    s, s_rest = over_log_2(min(max(std, -(2.0**99)), 2.0**99))
    whole = int(m)
    fraction = r((m - whole) + m_rest)
    std_upper = upper(np.array([s]).astype(r))
    std_rest = r((s - float(std_upper[0])) + s_rest)
    limit, shift, bias, digits = (160, 1.5 * 2**23, 127, 23) if size == 32 else (1100, 1.5 * 2**52, 1023, 52)
    limit, shift, word = r(limit), np.array([shift], r), bits(np.zeros(1, r)).dtype.type

    z = standard_normal(size, place)
    zu = upper(z)
    high = std_upper * zu
    low = (std_upper * (z - zu) + std_rest * z) + fraction
    e = clamp(high + low, -limit - r(whole), limit - r(whole))
    shifted = e + shift
    remainder = clamp((high - (shifted - shift)) + low, r(-1), r(1))
    n = bits(shifted) - bits(shift) + word((whole + 2 * bias) % 2**size)
    half = n >> word(1)
    x = r(1) + remainder * polynomial(remainder, f"EXP2_{size}")
    with np.errstate(over="ignore"):
        x = x * number(half << word(digits)) * number((n - half) << word(digits))
    return rounded(clamp(x, smallest(dtype), largest(dtype)), dtype)


def cauchy(dtype: np.dtype, median: float, sigma: float, place: Place) -> Array:
    r, size = real(dtype), size_of(dtype)
    w = place.words(size)
    t = tangent(w)
    x = np.where(signed(w) < 0, r(1) / t, t)
    with np.errstate(over="ignore"):
        value = r(median) + r(sigma) * x
    return rounded(clamp(value, -largest(dtype), largest(dtype)), dtype)


def integers(dtype: np.dtype, first: int, last: int, place: Place) -> Array:
    n = last - first + 1
    size = 32 if n <= 2**32 else 64
    values = np.empty(place.positions.shape, object)
    left = np.arange(place.positions.size)
    for attempt in range(65):
        product = place[left].words(size, attempt).astype(object) * n
        taken = (product % 2**size >= 2**size % n).astype(bool) | (attempt == 64)
        values[left[taken]] = first + product[taken] // 2**size
        left = left[~taken]
        if left.size == 0:
            break
    if dtype.kind in "iu":
        return values.astype(np.int64).astype(dtype)
    return rounded(values.astype(np.float64).astype(real(dtype)), dtype)


def permutation(place: Place) -> Array:
    return np.argsort(place.words(64), kind="stable")
