"""The elementary functions: logarithm, direction, tangent, exponential and normal quantiles.

Those of arrays compute in the type of what they are given; those of one number in float64.
"""

from __future__ import annotations

import math

import numpy as np

from reference.specification.constants import constant
from reference.specification.numbers import Array, bits, number, polynomial, signed

F = np.float32
TWO_THIRDS = np.uint32(0x3F2AAAAB)
SQRT_HALF = np.uint64(0x3FE6A09E667F3BCD)


def size(x: Array) -> int:
    """32 or 64."""
    return 8 * x.itemsize


def radius(a: Array) -> Array:
    """The length of a pair of normals, from its first word."""
    if size(a) == 64:
        u = (a >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54
        return np.sqrt(-2.0 * log(u))
    x = (a >> np.uint32(1)).astype(F) + F(0.5)
    i = signed(bits(x) - TWO_THIRDS - np.uint32(31 << 23))
    k = (i >> 23).astype(F)
    f = number((bits(i) & np.uint32(0x7FFFFF)) + TWO_THIRDS) - F(1)
    return np.sqrt(k * constant("MINUS_TWICE_LN2_32") + f * polynomial(f, "MINUS_TWICE_LOG_32"))


def log_parts(x: Array) -> tuple[Array, Array]:
    """k and f with x = 2^k (1 + f), in float64."""
    i = bits(x) - SQRT_HALF
    return (signed(i) >> 52).astype(np.float64), number((i & np.uint64(0xFFFFFFFFFFFFF)) + SQRT_HALF) - 1.0


def log_of(k: Array, f: Array) -> Array:
    s = f / (2.0 + f)
    z = s * s
    h = 0.5 * f * f
    t = s * (h + z * polynomial(z, "LOG_64")) + k * constant("LN2_LOW_64")
    return k * constant("LN2_HIGH_64") - ((h - t) - f)


def log(x: Array) -> Array:
    return log_of(*log_parts(x))


def direction(b: Array) -> tuple[Array, Array]:
    """The point of the unit circle, from a pair's second word."""
    word, n = b.dtype.type, size(b)
    upper = signed(b << word(2))
    angle = upper.astype(F) * constant("ANGLE_32") if n == 32 else (upper >> 13) * constant("ANGLE_64")
    z = angle * angle
    small = angle + angle * z * polynomial(z, f"SINE_{n}")
    large = polynomial(z, f"COSINE_{n}")
    if n == 64:
        large = 1.0 - (0.5 * z - z * z * large)
    large = number(bits(large) ^ (b & word(1 << (n - 1))))
    swapped = (b >> word(n - 2)) & word(1) == 1
    return np.where(swapped, small, large), np.where(swapped, large, small)


def folded(w: Array) -> Array:
    """A uniform of (0, 1) as its distance from the nearer end."""
    if size(w) == 32:
        return (signed(w).astype(F) + F(0.5)) * F(2.0**-32)
    return ((signed(w) >> 11).astype(np.float64) + 0.5) * 2.0**-53


def minus_log(t: Array) -> Array:
    """-log u of a folded u."""
    one = t.dtype.type(1)
    u = np.where(t > 0, t, one + t)
    if size(t) == 64:
        k, f = log_parts(u)
        return -log_of(k, np.where(k == 0, t, f))
    i = signed(bits(u) - TWO_THIRDS)
    k = (i >> 23).astype(F)
    f = np.where(i >= 0, t, number((bits(i) & np.uint32(0x7FFFFF)) + TWO_THIRDS) - one)
    return k * constant("MINUS_LN2_32") - (f + f * f * polynomial(f, "LOG_TAIL_32"))


def tangent(w: Array) -> Array:
    """tan(pi y / 4) of the uniform y that is in the bits below the leading one."""
    word, n = w.dtype.type, size(w)
    if n == 32:
        y = signed((w << word(1)) + word(1)).astype(F) * F(2.0**-31)
    else:
        y = ((signed(w << word(1)) >> 12).astype(np.float64) + 0.5) * 2.0**-51
    return y * (constant(f"QUARTER_PI_{n}") + polynomial(y * y, f"TAN_{n}"))


def central_quantile(q: Array) -> Array:
    """z with P(0 < Z < z) = q, in float32, near the middle."""
    v = constant("CENTRAL_START_32") - q * q
    return q * polynomial(v, "CENTRAL_NUMERATOR_32") / polynomial(v, "CENTRAL_DENOMINATOR_32")


def quantile(q: Array, minus_log_q: Array) -> Array:
    """z with P(Z > z) = q <= 1/2, in float64."""

    def ratio(x: Array, name: str) -> Array:
        return polynomial(x, f"{name}_NUMERATOR_64") / polynomial(x, f"{name}_DENOMINATOR_64")

    c = 0.5 - q
    r = np.sqrt(minus_log_q)
    s = constant("CENTRE_64") - c * c
    middle = c * polynomial(s, "MIDDLE_NUMERATOR_64") / polynomial(s, "MIDDLE_DENOMINATOR_64")
    near = ratio(r - constant("NEAR_64"), "NEAR")
    far = ratio(r - 5.0, "FAR")
    return np.where(r > 5, far, np.where(c > constant("MIDDLE_64"), near, middle))


def exp(x: float) -> float:
    if x < -708:
        return 0.0
    if x > 709:
        return math.inf
    k = int(x * float(constant("LOG2_E_64")) + (-0.5 if x < 0 else 0.5))
    r = (x - k * float(constant("LN2_HIGH_64"))) - k * float(constant("LN2_LOW_64"))
    s = 1.0
    for i in range(17, 0, -1):
        s = 1.0 + s * (r / i)
    return s * math.ldexp(1.0, k)


def upper_tail(x: float) -> tuple[float, float]:
    """P(Z > x) = scaled * e^exponent, as (scaled, exponent)."""
    inverse_sqrt_2pi = float(constant("INVERSE_SQRT_2PI_64"))
    if x < 0:
        return 1.0 - tail(-x), 0.0
    if x < 1:
        t = s = x
        for i in range(3, 60, 2):
            t = t * (x * x / i)
            s = s + t
        return 0.5 - inverse_sqrt_2pi * exp(-0.5 * x * x) * s, 0.0
    if math.isinf(x):
        return 0.0, 0.0
    d = x
    for i in range(200, 0, -1):
        d = x + i / d
    return inverse_sqrt_2pi / d, -0.5 * x * x


def tail(x: float) -> float:
    scaled, exponent = upper_tail(x)
    return scaled * exp(exponent)
