"""The singular values of a matrix, and where those of a random one lie."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..random import Generator, permutation
from .tensors import numbers_of

__all__ = ["SingularValues", "marchenko_pastur", "singular_values"]

_WORK = 5e10
"""Multiplications of a product with itself: about a second's."""

_CHUNK = 1 << 22
"""Values that are converted to float64 together."""


class SingularValues(NamedTuple):
    """The singular values of a matrix, or of some of its rows or columns.

    Attributes:
        values: float64, rising.
        shape: of the matrix whose values they are.
        whole: of the matrix that it is a part of; the same if it is all.
        std: the standard deviation of the entries of the former.

    Raises:
        TypeError: a field is missing.

    Source: Golub and Van Loan, *Matrix Computations*, section 2.4.
    """

    values: npt.NDArray[np.float64]
    shape: tuple[int, int]
    whole: tuple[int, int]
    std: float


def singular_values(matrix: Any, at_most: int = 1024) -> SingularValues:
    """Computes the singular values of a matrix, of a part of it where it is large.

    Of a matrix whose shorter side is above `at_most`, so many of the vectors along its longer side are taken,
    drawn at random, the same ones every time, each as a whole. So what is orthogonal stays so, and entries
    that are independent stay so. Fewer are taken where the longer side is so long that the work would pass a
    second or so.

    The values are square roots of the eigenvalues of a product, in float64: those that are below one in 10^7
    of the largest are no more than noise.

    Args:
        matrix: (m, n) real numbers: an array, or a tensor of fastinit or of PyTorch. What has more dimensions
            is taken as a matrix of the first by the rest.
        at_most: the most values that are computed.

    Returns:
        The singular values.

    Raises:
        TypeError: `matrix` is neither, has no values, or they are no real numbers.
        ValueError: the array has fewer than 2 dimensions or no elements, a value is not finite, or `at_most`
            is below 1.

    Source: Golub and Van Loan, *Matrix Computations*, section 8.6.

    Examples:
        >>> singular_values(np.diag([3.0, 2.0, 0.5])).values
        array([0.5, 2. , 3. ])
    """
    array = numbers_of("singular_values", matrix)
    if array.ndim < 2 or not array.size:
        raise ValueError(f"singular_values: expected 2 or more dimensions and elements, got {array.shape}")
    if at_most < 1:
        raise ValueError(f"singular_values: expected at_most of 1 or more, got {at_most}")
    whole = array.reshape(array.shape[0], -1)
    wide = whole.shape[0] <= whole.shape[1]
    short, long = sorted(whole.shape)
    count = min(short, at_most, max(64, int(math.sqrt(_WORK / long))))
    part = whole
    if count < short:
        chosen = np.sort(permutation(short, Generator(seed=0))[:count])
        part = whole[chosen] if wide else whole[:, chosen]
    product, std = _product(part if wide else part.T)
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(product), 0))
    return SingularValues(values, _two(part.shape), _two(whole.shape), std)


def marchenko_pastur(x: npt.ArrayLike, shape: tuple[int, int], std: float = 1.0) -> npt.NDArray[np.float64]:
    r"""The density of the singular values of a large matrix of independent entries.

    With :math:`n` the longer side, :math:`q` the shorter over it, and :math:`y = x / (\sigma \sqrt n)`, it is

    .. math:: \frac{1}{\pi q y \sigma \sqrt n} \sqrt{((1 + \sqrt q)^2 - y^2)(y^2 - (1 - \sqrt q)^2)},

    and 0 where that has no real value: for a square matrix, a quarter of a circle.

    Args:
        x: where, of any shape; singular values are not below 0.
        shape: of the matrix, (m, n).
        std: the standard deviation :math:`\sigma` of the entries, of mean 0.

    Returns:
        float64, of the shape of `x`.

    Raises:
        ValueError: `shape` is not of two sizes of 1 or more, or `std` is not above 0.

    Source: Marchenko and Pastur 1967, *Distribution of eigenvalues for some sets of random matrices*.

    Examples:
        >>> round(float(marchenko_pastur(1.0, (900, 900), std=1 / 30)), 4)  # sqrt(3) / pi
        0.5513
    """
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"marchenko_pastur: expected a shape of two sizes of 1 or more, got {shape}")
    if not 0 < std < math.inf:
        raise ValueError(f"marchenko_pastur: expected std to be above 0 and finite, got {std}")
    short, long = sorted(shape)
    ratio = short / long
    unit = std * math.sqrt(long)
    y = np.asarray(x, np.float64) / unit
    low, high = 1 - math.sqrt(ratio), 1 + math.sqrt(ratio)
    inside = np.maximum((high - y) * (high + y), 0)
    if low > 0:
        safe = np.where(y > 0, y, 1.0)
        inside = inside * np.maximum((y - low) * (y + low), 0) / safe**2
    return np.where(y >= 0, np.sqrt(inside), 0.0) / (math.pi * ratio * unit)


def _product(a: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], float]:
    """A wide matrix times its transpose, and the standard deviation of its entries."""
    rows, columns = a.shape
    product = np.zeros((rows, rows))
    total = 0.0
    step = max(1, _CHUNK // rows)
    for start in range(0, columns, step):
        chunk = a[:, start : start + step].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            product += chunk @ chunk.T
        total += float(chunk.sum())
    mean_square = float(np.trace(product)) / a.size
    if not math.isfinite(mean_square):
        raise ValueError("singular_values: expected finite values, whose squares are finite too")
    return product, math.sqrt(max(mean_square - (total / a.size) ** 2, 0.0))


def _two(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0], shape[1]
