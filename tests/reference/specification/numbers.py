"""Notation: the types, minima and maxima, polynomials, and what a dtype can hold."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from reference.specification.constants import coefficients

Array = np.ndarray[Any, Any]


def real(dtype: np.dtype) -> type[np.floating]:
    """R: what values of the dtype are computed in."""
    return np.float64 if dtype == np.float64 else np.float32


def is_half(dtype: np.dtype) -> bool:
    """Whether a value is rounded once more where it is stored."""
    return dtype.itemsize == 2


def signed(i: Array) -> Array:
    return i.view({4: np.int32, 8: np.int64}[i.itemsize])


def bits(x: Array) -> Array:
    return x.view({4: np.uint32, 8: np.uint64}[x.itemsize])


def number(i: Array) -> Array:
    return i.view({4: np.float32, 8: np.float64}[i.itemsize])


def least(a: Array, b: Array) -> Array:
    """min(a, b): a if a < b, else b."""
    return np.where(a < b, a, b)


def most(a: Array, b: Array) -> Array:
    """max(a, b): a if a > b, else b."""
    return np.where(a > b, a, b)


def clamp(x: Array, low: Any, high: Any) -> Array:
    return least(most(x, low), high)


def polynomial(x: Array, name: str) -> Array:
    """P(x; name), by Horner's rule."""
    *rest, last = coefficients(name)
    s = np.full_like(x, last)
    for coefficient in reversed(rest):
        s = s * x + coefficient
    return s


def rounded(x: Array, dtype: np.dtype) -> Array:
    """round(x)."""
    with np.errstate(over="ignore"):
        return x.astype(dtype)


def nearest(x: float, dtype: np.dtype) -> np.ndarray:
    """nearest(x), of the dtype."""
    with np.errstate(over="ignore"):
        return rounded(np.asarray(real(dtype)(x)), dtype)


def next_above(v: np.ndarray) -> np.ndarray:
    """The least value of v's dtype above v; above the largest negative one lies -0.0."""
    return np.nextafter(v, v.dtype.type(np.inf))


def least_at_or_above(x: float, dtype: np.dtype) -> np.ndarray:
    v = nearest(x, dtype)
    while float(v) < x:
        v = next_above(v)
    return v


def largest_at_or_below(x: float, dtype: np.dtype) -> np.ndarray:
    return -least_at_or_above(-x, dtype)


def largest_below(x: float, dtype: np.dtype) -> np.ndarray:
    v = largest_at_or_below(x, dtype)
    return v if float(v) < x else -next_above(-v)


def largest(dtype: np.dtype) -> np.floating:
    """The largest finite value, in R."""
    return real(dtype)(ml_dtypes.finfo(dtype).max)


def smallest(dtype: np.dtype) -> np.floating:
    """The smallest positive value, in R."""
    return real(dtype)(ml_dtypes.finfo(dtype).smallest_subnormal)
