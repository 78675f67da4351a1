"""The spectral norm and the condition number of a matrix, at a cost that is bounded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _core
from ..random import Generator, normal
from ..statistics import statistics

__all__ = ["Spectrum", "spectrum", "spectrum_in_pieces"]

Array = npt.NDArray[Any]
Vector = npt.NDArray[np.float64]

_SHORT = 256
"""The shorter side up to which all eigenvalues of A^T A are computed."""

_SQUARED = 1024
"""The shorter side up to which A^T A may be factorised, where it is needed."""

_WORK = 1 << 36
"""Multiplications up to which A^T A may be computed for that."""

_TRUSTED = 1e6
"""The condition number up to which a product A^T A in float64 keeps the smallest singular value: the square
of it, times the precision, is an error of at most a part in a thousand."""

_LOOKS = (12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 160, 192, 256)
"""After how many steps of Lanczos' iteration it is asked what it has found."""

_FEWEST = 16
"""Steps that even the largest matrix is given."""

_READ = 1 << 31
"""Values that all steps together may read of a matrix that needs more than these."""

_SETTLED = (1.6e-2, 3e-3)
"""By which part of it the least, and the largest, eigenvalue may still have moved over two looks: they may
stand still for one where the start has next to nothing of their vector."""

_RESOLVED = 30.0
"""The condition number up to which products in float32 keep the smallest eigenvalue within one in a
thousand; they cost half of those in float64."""

_NARROW = (1e-15, 1e15)
"""Between which the largest value must lie for the squares of all to be float32's."""

_WIDE = (1e-100, 1e100)
"""The same for float64."""

_BLOCK = 32
"""Vectors that the inverse is applied to together."""


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

    Up to a shorter side of 256 all eigenvalues of :math:`A^T A` are computed, or all singular values.
    Beyond, Lanczos' iteration with :math:`A^T A` from a random start finds both ends of the spectrum; a step
    reads the matrix once. The ends count as found once they hardly move: some dozens of steps do where the
    matrix is not nearly square. Then the norm is right within one part in 100 and the condition number within
    one in 10, mostly ten times closer.

    The smallest singular value of a nearly square matrix takes more. If the shorter side is at most 1024,
    :math:`A^T A` is factorised, which costs as much as some hundred steps; from a condition number of 10^6 on
    all singular values are computed after all. Above 1024, what at most 256 steps have found is given, as
    lower bounds: the norm within one part in 100, the condition number no more than about the number of
    steps. A matrix of more than 2^27 values gets 16 steps, and its norm is right within one part in 50.

    The start of the iteration is the same every time, and no generator moves.

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
    found = statistics(matrix)
    largest = max(found.max, -found.min)
    if found.nan or not math.isfinite(largest):
        return Spectrum(math.nan, math.nan, True)
    if largest == 0:
        return Spectrum(0.0, math.inf, True)
    a = matrix.reshape(matrix.shape[0], -1)
    a = _readable(a if a.shape[0] >= a.shape[1] else a.T)
    if _WIDE[0] < largest < _WIDE[1]:
        return _of_tall(a, a.dtype != np.float64 and _NARROW[0] < largest < _NARROW[1])
    scaled = _of_tall(a / largest, False)  # whose squares float64 holds
    return scaled._replace(norm=scaled.norm * largest)


def spectrum_in_pieces(
    rows: Callable[[], Iterable[Array]], shape: tuple[int, int], largest: float
) -> Spectrum:
    """The spectrum of a matrix of finite values that is read anew, some rows at a time, for each of 16 steps.

    Args:
        rows: gives its rows in pieces, from the first to the last.
        shape: (m, n), that of the matrix.
        largest: the largest of the absolute values.

    Returns:
        Lower bounds, as `spectrum` gives of a matrix of more than 2^27 values. The condition number is NaN
        where m < n: the products with rows alone have the matrix A^T A, with zeros of which none is A's.
    """
    if largest == 0:
        return Spectrum(0.0, math.inf, True)
    scale = 1.0 if _WIDE[0] < largest < _WIDE[1] else largest

    def multiply(x: Vector) -> Vector:
        return _sum_of_products(rows(), scale, x)

    found = _of_product(multiply, shape)
    return found._replace(norm=found.norm * scale)


def _sum_of_products(pieces: Iterable[Array], scale: float, x: Vector) -> Vector:
    """A^T A x over the rows in pieces, each divided by the scale."""
    y = np.zeros(len(x))
    for piece in pieces:
        y += _core.gram_product(_readable(piece if scale == 1 else piece / scale), x)
    return y


def _of_product(
    multiply: Callable[[Vector], Array], shape: tuple[int, int], resolved: float = math.inf
) -> Spectrum:
    """The spectrum of a matrix A of finite values, not all 0, by products with A^T A alone.

    Args:
        multiply: gives A^T A x.
        shape: (m, n), that of A; x has n elements.
        resolved: the condition number up to which the products are precise enough.

    Returns:
        As `spectrum` where A^T A cannot be factorised. Where m < n the condition number is NaN: A^T A then
        has zeros that are no singular values of A.
    """
    rows, columns = shape
    steps = min(max(_READ // (rows * columns), _FEWEST), _LOOKS[-1])
    seen = [(math.inf, 0.0)] * 2
    for step, least, most, last in _lanczos(multiply, columns, steps):
        moved = abs(seen[-2][0] - least) / abs(least or 1), abs(seen[-2][1] - most) / most
        settled = [last or each <= share for each, share in zip(moved, _SETTLED, strict=True)]
        seen.append((least, most))
        condition = math.sqrt(most / least) if least > 0 else math.inf
        # So many steps tell condition numbers up to about as many; where they cannot, far more are needed.
        beyond = condition > min(0.9 * step, resolved)
        done = settled[0] and condition <= resolved
        if settled[1] and (rows < columns or done or (step >= 24 and beyond)):
            break
    if rows < columns:
        return Spectrum(math.sqrt(most), math.nan, False)
    return Spectrum(math.sqrt(most), condition, all(settled) and condition <= resolved)


def _readable(a: Array) -> Array:
    """The matrix with its rows or its columns contiguous, of a dtype that kernels read."""
    if a.dtype.name not in ("float16", "bfloat16", "float32", "float64") or not a.dtype.isnative:
        a = a.astype(np.float32 if a.dtype.itemsize < 4 and a.dtype.kind not in "iu" else np.float64)
    return a if a.flags.aligned and (a.flags.c_contiguous or a.flags.f_contiguous) else a.copy()


def _of_tall(a: Array, narrow: bool) -> Spectrum:
    """Of a matrix with no fewer rows than columns; narrow: float32 holds the squares of its values."""
    rows, columns = a.shape
    bounded = rows * columns**2 <= _WORK
    if columns <= _SHORT and bounded:
        values = np.linalg.eigvalsh(_squared(a))
        norm, least = math.sqrt(values[-1]), math.sqrt(max(values[0], 0.0))
        return Spectrum(norm, norm / least, True) if norm < _TRUSTED * least else _of_all_values(a)
    if narrow:
        found = _of_product(
            lambda x: _core.gram_product(a, x.astype(np.float32)).astype(np.float64), a.shape, _RESOLVED
        )
    if not narrow or (found.condition > _RESOLVED and columns > _SQUARED):
        found = _of_product(lambda x: _core.gram_product(a, x), a.shape)
    if found.exact or columns > _SQUARED or not bounded:
        return found
    least = _smallest(a)
    if found.norm >= _TRUSTED * least:
        return _of_all_values(a)
    return Spectrum(found.norm, found.norm / least, True)


def _of_all_values(a: Array) -> Spectrum:
    r: Array = np.empty((0, a.shape[1]))
    for piece in _wide_pieces(a):
        r = np.asarray(np.linalg.qr(np.concatenate([r, piece]), mode="r"))
    values = np.linalg.svd(r, compute_uv=False)
    most, least = float(values[0]), float(values[-1])
    return Spectrum(most, most / least if least else math.inf, True)


def _wide_pieces(a: Array) -> Iterator[Array]:
    """The rows as float64, so many at a time that a piece is not large."""
    together = max(a.shape[1], (1 << 22) // a.shape[1])
    for start in range(0, len(a), together):
        yield a[start : start + together].astype(np.float64)


def _squared(a: Array) -> Array:
    """A^T A in float64."""
    columns = a.shape[1]
    product = np.zeros((columns, columns))
    ends = np.linspace(0, columns, min(max(columns // 128, 1), 8) + 1).astype(int)
    for piece in _wide_pieces(a):
        for start, end in itertools.pairwise(ends):
            product[:end, start:end] += _core.matmul(piece[:, :end].T, piece[:, start:end])
    return np.triu(product) + np.triu(product, 1).T


def _smallest(a: Array) -> float:
    """The smallest singular value; 0 where it is lost in rounding.

    Of all that the inverse of A^T A makes of random vectors, it is the direction that A shortens most.
    """
    product = _squared(a)
    given = np.empty((_BLOCK, len(product)))
    normal(given, 0.0, 1.0, Generator(seed=0), None)
    least = math.inf
    for _ in range(4):
        solved = _solved(product, given)
        if solved is None:
            return 0.0
        basis, images = _orthonormal(solved, given)
        half = max(len(basis) // 2, 1)
        before, least = least, _least_within(basis, images)
        # Half as many vectors would have done where they find the same.
        if min(_least_within(basis[:half], images[:half]), before) - least <= _SETTLED[0] * least:
            break
        given = basis
    return math.sqrt(least) if least > 0 else 0.0


def _least_within(vectors: Array, images: Array) -> float:
    """The least eigenvalue of a symmetric matrix within what some rows span, whose images it makes."""
    within = _core.matmul(images, vectors.T)
    return float(np.linalg.eigvalsh((within + within.T) / 2)[0])


def _orthonormal(vectors: Array, images: Array) -> tuple[Array, Array]:
    """The rows made orthogonal and of length 1, and their images under a linear map likewise.

    What rounding leaves of a row that the others span is left out.
    """
    basis, of_basis = np.empty_like(vectors), np.empty_like(images)
    count = 0
    for given, given_image in zip(vectors, images, strict=True):
        row, image = given, given_image
        length = math.sqrt(row @ row)
        before, of_before = basis[:count], of_basis[:count]
        for _ in range(2):
            along = np.vecdot(before, row)
            row, image = row - _combined(along, before), image - _combined(along, of_before)
        left = math.sqrt(row @ row)
        if left > 1e-6 * length:
            basis[count], of_basis[count] = row / left, image / left
            count += 1
    return basis[:count], of_basis[:count]


def _combined(factors: Vector, rows: Array) -> Vector:
    """The sum of rows times factors, by NumPy itself: its BLAS would start threads, which spin."""
    combined: Vector = np.einsum("i,ij->j", factors, rows)
    return combined


def _solved(matrix: Array, vectors: Array) -> Array | None:
    """The rows of what the inverse of a positive definite matrix makes of rows; None where it is not."""
    try:
        found = _core.solve_positive(matrix, vectors)
        return np.linalg.solve(matrix, vectors.T).T if found is None else found
    except (ValueError, np.linalg.LinAlgError):
        return None


def _lanczos(
    multiply: Callable[[Vector], Array], size: int, steps: int
) -> Iterator[tuple[int, float, float, bool]]:
    """Looks at what is found of a symmetric matrix of which only products are known.

    Yields:
        The number of steps, the least and the largest eigenvalue, and whether nothing more is to be found.
    """
    steps = min(steps, size)
    vectors = np.empty((steps, size))
    image = np.empty(size)
    normal(image, 0.0, 1.0, Generator(seed=0), None)
    diagonal, beside = np.zeros(steps), np.zeros(steps)
    for step in range(steps):
        vectors[step] = image / math.sqrt(image @ image)
        image = multiply(vectors[step])
        diagonal[step] = vectors[step] @ image
        # Made orthogonal to all before it, the first of which lie near ends that are found: otherwise
        # rounding brings those back. Twice, as what is left may be short.
        for _ in range(2):
            image -= _combined(np.vecdot(vectors[: step + 1], image), vectors[: step + 1])
        beside[step] = math.sqrt(image @ image)
        last = step + 1 == size or beside[step] <= 1e-10 * diagonal[: step + 1].max()
        if last or step + 1 in _LOOKS or step + 1 == steps:
            yield step + 1, *_ends(diagonal[: step + 1], beside[:step]), last
        if last:
            return


def _ends(diagonal: Vector, beside: Vector) -> tuple[float, float]:
    """The least and the largest eigenvalue of a tridiagonal matrix."""
    values = np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return float(values[0]), float(values[-1])
