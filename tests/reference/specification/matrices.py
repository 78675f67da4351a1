"""The fills whose values hang together, and the scales of weights."""

from __future__ import annotations

import math

import numpy as np

from reference import orthogonal as reference
from reference.specification.constants import constant
from reference.specification.fills import Place, normal
from reference.specification.numbers import Array, real, rounded


def sparse(dtype: np.dtype, sparsity: float, std: float, place: Place) -> Array:
    """`place` has the positions of a matrix."""
    value = normal(dtype, 0.0, std, place)
    keys = (place.word(2).astype(np.uint64) << np.uint64(32)) | place.word(3)
    count = math.ceil(sparsity * len(value))
    for column, key in zip(value.T, keys.T, strict=True):
        column[np.argsort(key, kind="stable")[:count]] = 0
    return value


def orthogonal(dtype: np.dtype, gain: float, place: Place) -> Array:
    """`place` has the positions of a matrix."""
    r = np.dtype(real(dtype))
    return rounded(reference.orthogonal(normal(r, 0.0, 1.0, place)) * r.type(gain), dtype)


def delta_orthogonal(dtype: np.dtype, gain: float, place: Place) -> Array:
    """`place` has the positions of a convolution's weight, (out, in, *kernel)."""
    value = np.zeros(place.positions.shape, dtype)
    centre = (slice(None), slice(None), *((size - 1) // 2 for size in value.shape[2:]))
    value[centre] = orthogonal(dtype, gain, place[centre])
    return value


def fill_arguments(distribution: str, std: float) -> tuple[float, ...]:
    """The arguments of the fill that gives a standard deviation: "uniform", "normal" or "truncated"."""
    if distribution == "uniform":
        bound = math.sqrt(3.0) * std
        return -bound, bound
    if distribution == "normal":
        return 0.0, std
    t = std / float(constant("TRUNCATED_STD_64"))
    return 0.0, t, -2 * t, 2 * t
