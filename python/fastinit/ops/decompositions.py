"""Matrices as products of simpler ones: singular values, orthogonal and triangular factors, eigenvalues."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import dtypes
from ..autograd.record import record
from .linalg import LinAlgError, check_floating, check_matrices, check_square, transposed
from .operands import Array, compute, lift, lower
from .returned import shown

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = [
    "cholesky",
    "decomposed",
    "eigh",
    "eigvalsh",
    "geqrf",
    "named_qr",
    "named_svd",
    "singular_values",
    "svdvals",
    "triangular",
]


class linalg_svd(NamedTuple):  # noqa: N801 - PyTorch's name
    """The factors of A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return shown(self)


class linalg_qr(NamedTuple):  # noqa: N801 - PyTorch's name
    """The factors of A = Q R."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return shown(self)


class linalg_eigh(NamedTuple):  # noqa: N801 - PyTorch's name
    """The factors of A = V diag(L) V^T."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def __repr__(self) -> str:
        return shown(self)


def _factor(A: Tensor, factor: Array, name: str, pull: Callable[[Array], Array]) -> Tensor:  # noqa: N803
    """Returns one of several factors, each with a node of its own: gradients add up to that of all."""
    # The backward of each reads all factors: none of them is handed out to be written to.
    array = factor.copy() if A.requires_grad else factor
    kind = A._array.dtype

    def backward(grad: Array) -> tuple[Array]:
        return (lower(compute(pull, lift(grad)), kind),)

    return record(lower(array, kind), name, (A,), backward, saves_result=True)


def _gaps(values: Array) -> Array:
    """Returns values[k] - values[j] at (j, k), and 1 on the diagonal."""
    gaps = values[..., None, :] - values[..., :, None]
    places = np.arange(values.shape[-1])
    gaps[..., places, places] = 1
    return gaps


def _skew(array: Array) -> Array:
    return array - transposed(array)


class svd(NamedTuple):  # noqa: N801 - PyTorch's name
    """The factors of A = U diag(S) V^T."""

    U: Tensor
    S: Tensor
    V: Tensor

    def __repr__(self) -> str:
        return shown(self)


class qr(linalg_qr):  # noqa: N801 - PyTorch's name
    """The same, of the older function."""

    __slots__ = ()


def decomposed(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> linalg_svd:  # noqa: N803
    """Returns the singular value decomposition of matrices (torch.linalg.svd).

    Args:
        A: (..., m, n).
        full_matrices: return all m and n singular vectors, not the first min(m, n) alone.
        driver: accepted, without effect.

    Returns:
        U, S and Vh; the singular values descend. Gradients flow through the first min(m, n) vectors, and are
        infinite or NaN where singular values repeat.

    Raises:
        LinAlgError: there are values that are not finite.
        RuntimeError: they are no matrices, or no floating-point numbers.
    """
    u, s, vh = _singular(A, full_matrices)
    k = s.shape[-1]
    thin_u, thin_vh = u[..., :k], vh[..., :k, :]
    rows, columns = A._array.shape[-2:]

    def from_u(grad: Array) -> Array:
        grad = grad[..., :k]
        inner = _skew(transposed(thin_u) @ grad) / _gaps(s * s) * s[..., None, :]
        outer = thin_u @ inner
        if rows > k:
            outer += (grad - thin_u @ (transposed(thin_u) @ grad)) / s[..., None, :]
        return outer @ thin_vh

    def from_s(grad: Array) -> Array:
        return (thin_u * grad[..., None, :]) @ thin_vh

    def from_vh(grad: Array) -> Array:
        grad = grad[..., :k, :]
        inner = s[..., :, None] * (_skew(thin_vh @ transposed(grad)) / _gaps(s * s))
        outer = inner @ thin_vh
        if columns > k:
            outer += (grad - (grad @ transposed(thin_vh)) @ thin_vh) / s[..., :, None]
        return thin_u @ outer

    name = "LinalgSvdBackward0"
    return linalg_svd(_factor(A, u, name, from_u), _factor(A, s, name, from_s), _factor(A, vh, name, from_vh))


def _singular(A: Tensor, full_matrices: bool) -> tuple[Array, Array, Array]:  # noqa: N803
    a = A._array
    check_floating(a, "svd")
    check_matrices(a, "svd")
    if not a.size:
        # NumPy has no decomposition of nothing: no singular values, and any basis.
        batch, (rows, columns) = a.shape[:-2], a.shape[-2:]
        k, kind = min(rows, columns), lift(a).dtype
        left = np.eye(rows, rows if full_matrices else k, dtype=kind)
        right = np.eye(columns if full_matrices else k, columns, dtype=kind)
        u, vh = (np.broadcast_to(each, (*batch, *each.shape)) for each in (left, right))
        return u.copy(), np.zeros((*batch, k), kind), vh.copy()
    try:
        u, s, vh = compute(np.linalg.svd, lift(a), full_matrices)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix contained non-finite "
            "values."
        ) from None
    return u, s, vh


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:  # noqa: N803
    """Returns the singular values of matrices, in descending order (torch.linalg.svdvals).

    Args:
        A: (..., m, n), floating point.
        driver: accepted, without effect.

    Returns:
        (..., min(m, n)).

    Raises:
        LinAlgError: values that are not finite keep the algorithm from converging.
        RuntimeError: they are no matrices, or no floating-point numbers.
    """
    return decomposed(A, False).S


def singular_values(A: Tensor, hermitian: bool) -> Array:  # noqa: N803
    """Returns the singular values alone, without a gradient; those of symmetric matrices in any order."""
    if not hermitian:
        return _singular(A, False)[1]
    values: Array = np.abs(eigvalsh(A.detach())._array)
    return values


def triangular(A: Tensor, mode: str = "reduced") -> linalg_qr:  # noqa: N803
    """Returns an orthogonal and an upper triangular factor of matrices (torch.linalg.qr).

    Args:
        A: (..., m, n).
        mode: "reduced", for Q of min(m, n) columns; "complete", for a square Q; "r", for R alone.

    Raises:
        RuntimeError: they are no matrices of floating-point numbers, or there is no such mode; in backward,
            the mode is "r", or "complete" with more rows than columns.
    """
    a = A._array
    check_floating(a, "qr")
    check_matrices(a, "qr")
    if mode not in {"reduced", "r", "complete"}:
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
            "'complete'"
        )
    q, r = compute(np.linalg.qr, lift(a), "complete" if mode == "complete" else "reduced")
    rows, columns = a.shape[-2:]
    square = min(rows, columns)

    def from_square(grad_q: Array, inner: Array) -> Array:
        # Of the columns that make up Q: inner is R gR^T - gQ^T Q.
        lower_half = np.tril(inner)
        places = np.arange(square)
        symmetric = lower_half + transposed(lower_half)
        symmetric[..., places, places] /= 2
        outer = grad_q + q @ symmetric
        result: Array = transposed(np.linalg.solve(r[..., :square], transposed(outer)))
        return result

    def check_differentiable() -> None:
        if mode == "r":
            raise RuntimeError(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
            )
        if mode == "complete" and rows > columns:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
            )

    def from_q(grad: Array) -> Array:
        check_differentiable()
        first = from_square(grad, -transposed(grad) @ q)
        rest = np.zeros((*a.shape[:-1], columns - square), first.dtype)
        return np.concatenate([first, rest], axis=-1)

    def from_r(grad: Array) -> Array:
        check_differentiable()
        # What lies beside the square part of R is Q^T times that part of A.
        beside = grad[..., square:]
        of_q = lift(a)[..., square:] @ transposed(beside)
        inner = r[..., :square] @ transposed(np.triu(grad[..., :square])) - transposed(of_q) @ q
        return np.concatenate([from_square(of_q, inner), q @ beside], axis=-1)

    name = "LinalgQrBackward0"
    shown_q = np.zeros((0,), q.dtype) if mode == "r" else q
    return linalg_qr(_factor(A, shown_q, name, from_q), _factor(A, r, name, from_r))


def eigh(A: Tensor, UPLO: str = "L") -> linalg_eigh:  # noqa: N803
    """Returns the eigenvalues and eigenvectors of symmetric matrices (torch.linalg.eigh).

    Args:
        A: (..., n, n), of which one triangle is read.
        UPLO: which: "L", the lower one, or "U".

    Returns:
        The eigenvalues in ascending order, and an orthogonal matrix of eigenvectors, its columns. Gradients
        through the vectors are infinite or NaN where eigenvalues repeat.

    Raises:
        LinAlgError: there are values that are not finite.
        RuntimeError: they are no square matrices, or `UPLO` is another.
    """
    a = A._array
    check_square(a, "eigh", integers=True)
    if UPLO.upper() not in {"L", "U"}:
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    if not dtypes.as_dtype(a.dtype).is_floating_point:
        raise NotImplementedError(f"\"linalg_eigh_cpu\" not implemented for '{A.dtype.type_name}'")
    try:
        values, vectors = compute(np.linalg.eigh, lift(a), UPLO.upper())
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.eigh: The algorithm failed to converge because the input matrix is ill-conditioned or "
            "has too many repeated eigenvalues."
        ) from None

    def from_values(grad: Array) -> Array:
        return (vectors * grad[..., None, :]) @ transposed(vectors)

    def from_vectors(grad: Array) -> Array:
        inner = transposed(vectors) @ grad / _gaps(values)
        places = np.arange(values.shape[-1])
        inner[..., places, places] = 0
        # Nobody asks which triangle was read.
        half: Array = vectors @ inner @ transposed(vectors)
        return (half + transposed(half)) / 2

    name = "LinalgEighBackward0"
    return linalg_eigh(_factor(A, values, name, from_values), _factor(A, vectors, name, from_vectors))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:  # noqa: N803
    """Returns the eigenvalues of symmetric matrices, in ascending order (torch.linalg.eigvalsh).

    Args:
        A: (..., n, n), floating point, of which one triangle is read.
        UPLO: which: "L", the lower one, or "U".

    Returns:
        (..., n).

    Raises:
        LinAlgError: there are values that are not finite.
        NotImplementedError: they are of integers or boolean.
        RuntimeError: they are no square matrices, or `UPLO` is another.
    """
    return eigh(A, UPLO).eigenvalues


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:  # noqa: N803
    """Returns the L for which A = L L^T, of symmetric positive-definite matrices (torch.linalg.cholesky).

    Args:
        A: (..., n, n), of which one triangle is read.
        upper: read the upper triangle, and return L^T.

    Raises:
        LinAlgError: a matrix is not positive-definite.
        RuntimeError: they are no square matrices of floating-point numbers.
    """
    a = A._array
    check_square(a, "cholesky")
    working = transposed(lift(a)) if upper else lift(a)
    try:
        factor = compute(np.linalg.cholesky, working)
    except np.linalg.LinAlgError:
        raise LinAlgError(_not_positive(working)) from None

    def backward(grad: Array) -> tuple[Array]:
        def pull() -> Array:
            inner = np.tril(transposed(factor) @ (transposed(lift(grad)) if upper else lift(grad)))
            places = np.arange(factor.shape[-1])
            inner[..., places, places] /= 2
            # L^-T inner L^-1, and its symmetric part: nobody asks which triangle was read.
            half = np.linalg.solve(transposed(factor), inner)
            whole: Array = transposed(np.linalg.solve(transposed(factor), transposed(half)))
            return (whole + transposed(whole)) / 2

        return (lower(compute(pull), a.dtype),)

    result = transposed(factor) if upper else factor
    return record(lower(result, a.dtype), "LinalgCholeskyExBackward0", (A,), backward, saves_result=True)


def _not_positive(matrices: Array) -> str:
    """Says which matrix, and which minor of it, is the first that is not positive-definite."""
    for index, matrix in enumerate(matrices.reshape(-1, *matrices.shape[-2:])):
        for order in range(1, len(matrix) + 1):
            try:
                np.linalg.cholesky(matrix[:order, :order])
            except np.linalg.LinAlgError:
                element = f"(Batch element {index}): " if matrices.ndim > 2 else ""
                return (
                    f"linalg.cholesky: {element}The factorization could not be completed because the input "
                    f"is not positive-definite (the leading minor of order {order} is not positive-definite)."
                )
    return "linalg.cholesky: The factorization could not be completed."


def named_svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> svd:
    """Returns the singular value decomposition of matrices, as U, S and V (torch.svd).

    Args:
        input: (..., m, n), floating point.
        some: return the first min(m, n) singular vectors alone.
        compute_uv: if false, zeros are returned for the vectors.

    Returns:
        A named tuple, for which input = U diag(S) V^T. `linalg.svd`, its successor, gives V transposed.

    Raises:
        LinAlgError: values that are not finite keep the algorithm from converging.
        RuntimeError: they are no matrices, or no floating-point numbers.
    """
    factors = decomposed(input, not some)
    if compute_uv:
        return svd(factors.U, factors.S, factors.Vh.transpose(-2, -1))
    rows, columns = input._array.shape[-2:]
    u, v = (input.detach().new_zeros((*input._array.shape[:-2], size, size)) for size in (rows, columns))
    return svd(u, factors.S, v)


def named_qr(input: Tensor, some: bool = True) -> qr:
    """Returns an orthogonal and an upper triangular factor of matrices (torch.qr).

    Deprecated, as in PyTorch: it is `linalg.qr` with another argument.

    Args:
        input: (..., m, n), floating point.
        some: Q of min(m, n) columns; if false, a square Q.

    Returns:
        A named tuple of Q and R, for which input = Q R.

    Raises:
        RuntimeError: they are no matrices of floating-point numbers; in backward, `some` is false, and there
            are more rows than columns.

    Warns:
        UserWarning: always.
    """
    warnings.warn(
        "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future PyTorch "
        "release.\nThe boolean parameter 'some' has been replaced with a string parameter 'mode'.\n"
        "Q, R = torch.qr(A, some)\nshould be replaced with\n"
        "Q, R = torch.linalg.qr(A, 'reduced' if some else 'complete')",
        UserWarning,
        stacklevel=2,
    )
    return qr(*triangular(input, "reduced" if some else "complete"))


class Reflections(NamedTuple):
    """What `householder_product` takes: below the diagonal of `a` the reflections, above and on it R."""

    a: Tensor
    tau: Tensor

    def __repr__(self) -> str:
        return shown(self)


Reflections.__name__ = "geqrf"


def geqrf(input: Tensor) -> Reflections:
    """Returns the QR decomposition as LAPACK leaves it, for `linalg.householder_product` (torch.geqrf).

    Args:
        input: (..., m, n).

    Returns:
        a, (..., m, n): R, and below the diagonal the vectors of the reflections; tau, (..., min(m, n)).

    Raises:
        RuntimeError: fewer than 2 dimensions; in backward, for there is no derivative.
    """
    if input.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    check_floating(input._array, "geqrf")
    x = lift(input._array)
    a, tau = compute(np.linalg.qr, x, mode="raw")

    def backward(grad: Array) -> tuple[Array]:
        raise NotImplementedError("the derivative for 'geqrf' is not implemented.")

    dtype = input._array.dtype
    return Reflections(
        *(
            record(lower(part, dtype), "GeqrfBackward0", (input,), backward)
            for part in (np.ascontiguousarray(transposed(a)), tau)
        )
    )
