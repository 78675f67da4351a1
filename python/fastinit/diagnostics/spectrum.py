"""The spectral norm and the condition number of a matrix, at a cost that is bounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..random import Generator, normal

__all__ = ["Spectrum", "spectrum"]

Array = npt.NDArray[Any]

_EXACT = 64
"""The shorter side up to which all singular values are computed."""

_SQUARED = 1024
"""The shorter side up to which the matrix is multiplied by itself: m n^2 operations."""

_TRUSTED = 1e6
"""The condition number up to which a product A^T A in float64 keeps the smallest singular value: the square
of it, times the precision, is an error of at most a part in a thousand."""

_STEPS = 96
"""Of Lanczos' iteration with a matrix that stays in a core's cache."""

_FEW_STEPS = 32
"""Of those each of which reads a large matrix twice."""

_CHECKED_EVERY = 8
_CONVERGED = 1e-4
"""By which part of it an end may still move in so many steps."""

_FAR_FROM_0 = 1e-3
"""From which part of the largest eigenvalue on the smallest is well above the rounding of float32."""


class Spectrum(NamedTuple):
    """What the singular values of a matrix are like at their ends.

    Attributes:
        norm: the largest singular value, the spectral norm.
        condition: the largest over the smallest; infinite where the smallest is 0.
        exact: whether both are meant as they stand; otherwise they are lower bounds.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    norm: float
    condition: float
    exact: bool


def spectrum(matrix: Array) -> Spectrum:
    r"""Estimates the spectral norm and the condition number of a matrix.

    The shorter side decides how. Up to 64, all singular values are computed. Up to 1024, the largest and the
    smallest eigenvalue of :math:`A^T A` are found by Lanczos' iteration with it, and where the smallest does
    not settle, in float64 and with its inverse; from a condition number of 10^6 on all singular values are
    computed after all. Then the norm is right within one part in a thousand, the
    condition number within one in fifty. Above 1024, 32 steps of Lanczos' iteration read the matrix twice
    each: the norm is a lower bound, which for a matrix of independent values lies within one part in fifty of
    it, and the condition number is a lower bound that may be far too low where the matrix is nearly square.

    The start of the iterations is the same every time, and no generator moves.

    Args:
        matrix: (m, n) real numbers. What has more dimensions is taken as a matrix of the first by the rest.

    Returns:
        The spectrum; NaN in it where a value is not finite or the matrix has no elements.

    Raises:
        ValueError: the array has fewer than 2 dimensions.

    Source:
        Lanczos 1950, *An iteration method for the solution of the eigenvalue problem*; of how far it is off
        after k steps from a random start, Kuczynski and Wozniakowski 1992, *Estimating the largest eigenvalue
        by the power and Lanczos algorithms with a random start*.

    Examples:
        >>> spectrum(np.diag([3.0, 2.0, 0.5]))
        Spectrum(norm=3.0, condition=6.0, exact=True)
    """
    if matrix.ndim < 2:
        raise ValueError(f"spectrum: expected 2 or more dimensions, got the shape {matrix.shape}")
    if not matrix.size:
        return Spectrum(math.nan, math.nan, True)
    a = matrix.reshape(matrix.shape[0], -1)
    a = a if a.shape[0] >= a.shape[1] else a.T
    if a.dtype not in (np.float32, np.float64):
        a = a.astype(np.float32 if a.dtype.itemsize < 4 and a.dtype.kind not in "iu" else np.float64)
    largest = float(max(a.max(), -a.min()))
    if not math.isfinite(largest):
        return Spectrum(math.nan, math.nan, True)
    if largest == 0:
        return Spectrum(0.0, math.inf, True)
    if not 1e-3 < largest < 1e3:  # the squares of whose inverse float32 might not hold
        a = a / a.dtype.type(largest)
    else:
        largest = 1.0
    found = _of_tall(a)
    return found._replace(norm=found.norm * largest)


def _of_tall(a: Array) -> Spectrum:
    """Of a matrix of floats with no fewer rows than columns."""
    columns = a.shape[1]
    if columns > _SQUARED:
        least, most, _ = _extremes(lambda v: a.T @ (a @ v), columns, a.dtype, _FEW_STEPS)
        return Spectrum(math.sqrt(most), _ratio(most, least), False)
    if columns > _EXACT:
        product = a.T @ a
        least, most, settled = _extremes(lambda v: product @ v, columns, a.dtype, _STEPS)
        if settled and least > _FAR_FROM_0 * most:
            return Spectrum(math.sqrt(most), _ratio(most, least), True)
        with np.errstate(over="ignore", invalid="ignore"):
            found = _by_inverse(a.astype(np.float64, copy=False))
        if found.condition < _TRUSTED:
            return found
    r = np.linalg.qr(a.astype(np.float64), mode="r")
    values = np.linalg.svd(r, compute_uv=False)
    most, least = float(values[0]), float(values[-1])
    return Spectrum(most, most / least if least else math.inf, True)


def _by_inverse(a: Array) -> Spectrum:
    """The smallest eigenvalue is the largest of the inverse, where it stands far from the others."""
    product = a.T @ a
    _, most, _ = _extremes(lambda v: product @ v, len(product), a.dtype, _STEPS)
    try:
        inverse = np.linalg.inv(product)
    except np.linalg.LinAlgError:
        return Spectrum(math.sqrt(most), math.inf, True)
    _, reciprocal, _ = _extremes(lambda v: inverse @ v, len(product), a.dtype, _STEPS)
    # Where rounding has made the product indefinite, it may have a negative one.
    return Spectrum(math.sqrt(most), math.sqrt(most * reciprocal) if reciprocal > 0 else math.inf, True)


def _ratio(most: float, least: float) -> float:
    return math.sqrt(most / least) if least > 0 else math.inf


def _extremes(
    multiply: Callable[[Array], Array], size: int, dtype: np.dtype[Any], steps: int
) -> tuple[float, float, bool]:
    """The least and the largest eigenvalue of a symmetric matrix of which only products are known.

    The last of what is returned says whether both have settled.

    Every new vector is made orthogonal to all before it, twice: otherwise rounding brings found ones back.
    """
    steps = min(steps, size)
    vectors = np.empty((steps, size), dtype)
    start = np.empty(size, dtype)
    normal(start, 0.0, 1.0, Generator(seed=0), None)
    vectors[0] = start / np.linalg.norm(start)
    diagonal = np.zeros(steps)
    beside = np.zeros(steps)
    found, settled = (0.0, 0.0), False
    for step in range(steps):
        image = multiply(vectors[step])
        diagonal[step] = vectors[step] @ image
        before = vectors[: step + 1]
        for _ in range(2):
            image = image - before.T @ (before @ image)
        length = float(np.linalg.norm(image))
        if not math.isfinite(length):
            return math.nan, math.nan, False
        last = step + 1 == steps or length <= 1e-6 * abs(diagonal[: step + 1]).max()
        if last or step % _CHECKED_EVERY == _CHECKED_EVERY - 1:
            former, found = found, _ends(diagonal[: step + 1], beside[:step])
            settled = all(
                abs(new - old) <= _CONVERGED * abs(new) for old, new in zip(former, found, strict=True)
            )
            if last or settled:
                break
        beside[step] = length
        vectors[step + 1] = image / length
    return *found, settled or step + 1 < steps or steps == size


def _ends(diagonal: Array, beside: Array) -> tuple[float, float]:
    """The least and the largest eigenvalue of a tridiagonal matrix."""
    values = np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return float(values[0]), float(values[-1])
