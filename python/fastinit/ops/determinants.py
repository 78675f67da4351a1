"""Determinants, and their signs and logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..autograd.record import record
from .linalg import check_square, transposed
from .operands import Array, compute, lift, lower
from .returned import shown

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["det", "linalg_slogdet", "logdet", "named_slogdet", "slogdet", "slogdet_of"]


class linalg_slogdet(NamedTuple):  # noqa: N801 - PyTorch's name
    """The sign of a determinant, and the logarithm of its size."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return shown(self)


class slogdet(linalg_slogdet):  # noqa: N801 - PyTorch's name
    """The same, of the older function."""

    __slots__ = ()


def det(A: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
    """Returns the determinants of square matrices (torch.linalg.det).

    Args:
        A: (..., n, n), floating point.

    Returns:
        (...).

    Raises:
        RuntimeError: they are no square matrices of floating-point numbers.
    """
    a = A._array
    check_square(a, "det")
    working = lift(a)
    values = np.asarray(compute(np.linalg.det, working), working.dtype)

    def backward(grad: Array) -> tuple[Array]:
        return (lower(compute(lambda: lift(grad)[..., None, None] * _cofactors(working)), a.dtype),)

    return record(lower(values, a.dtype), "LinalgDetBackward0", (A,), backward, (A,))


def _cofactors(matrices: Array) -> Array:
    """Returns the matrices of cofactors, those of singular matrices too."""
    if not matrices.size:
        return np.zeros_like(matrices)
    u, s, vh = np.linalg.svd(matrices)
    # Of a diagonal matrix: the products of all entries but one.
    others = np.repeat(s[..., None, :], s.shape[-1], axis=-2)
    places = np.arange(s.shape[-1])
    others[..., places, places] = 1
    sign = np.round(np.linalg.det(u) * np.linalg.det(vh))
    result: Array = (sign[..., None, None] * u * np.prod(others, axis=-1)[..., None, :]) @ vh
    return result


def slogdet_of(A: Tensor) -> linalg_slogdet:  # noqa: N803 - PyTorch's name
    """Returns the signs of determinants and the logarithms of their sizes (torch.linalg.slogdet).

    Args:
        A: (..., n, n), floating point.

    Returns:
        A named tuple of sign, 0 for singular matrices, and logabsdet, then minus infinity; each (...).

    Raises:
        RuntimeError: they are no square matrices of floating-point numbers.
    """
    a = A._array
    check_square(a, "slogdet")
    working = lift(a)
    sign, logarithm = (np.asarray(each) for each in compute(np.linalg.slogdet, working))

    def from_logarithm(grad: Array) -> tuple[Array]:
        return (lower(compute(lambda: lift(grad)[..., None, None] * _inverse_transposed(working)), a.dtype),)

    name = "LinalgSlogdetBackward0"
    return linalg_slogdet(
        record(lower(sign, a.dtype), name, (A,), lambda grad: (None,)),
        record(lower(logarithm, a.dtype), name, (A,), from_logarithm, (A,)),
    )


def _inverse_transposed(matrices: Array) -> Array:
    try:
        return transposed(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        # Where one is singular, the others' are still wanted.
        inverse = np.full_like(matrices, np.nan)
        for index in np.ndindex(matrices.shape[:-2]):
            if np.linalg.det(matrices[index]):
                inverse[index] = np.linalg.inv(matrices[index]).T
        return inverse


def named_slogdet(input: Tensor) -> slogdet:
    """Returns what `linalg.slogdet` does, under its older name (torch.slogdet).

    Args:
        input: (..., n, n), floating point.

    Returns:
        A named tuple of sign, 0 for singular matrices, and logabsdet, then minus infinity; each (...).

    Raises:
        RuntimeError: they are no square matrices of floating-point numbers.
    """
    return slogdet(*slogdet_of(input))


def logdet(input: Tensor) -> Tensor:
    """Returns the logarithms of determinants; NaN for those below 0 (torch.logdet).

    Args:
        input: (..., n, n), floating point.

    Returns:
        (...).

    Raises:
        RuntimeError: they are no square matrices of floating-point numbers.
    """
    a = input._array
    check_square(a, "slogdet")
    working = lift(a)
    sign, logarithm = compute(np.linalg.slogdet, working)
    values = np.where(sign < 0, np.nan, logarithm).astype(working.dtype)

    def backward(grad: Array) -> tuple[Array]:
        def pull() -> Array:
            into = np.where(sign < 0, 0, lift(grad))[..., None, None]
            return (into * _inverse_transposed(working)).astype(working.dtype)

        return (lower(compute(pull), a.dtype),)

    return record(lower(values, a.dtype), "WhereBackward0", (input,), backward, (input,))
