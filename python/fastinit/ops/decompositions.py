"""Factors of matrices: singular values and vectors, orthogonal times triangular, and ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd import Variable, record, wrap
from ..dtypes import as_dtype
from .operands import Array, compute, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["geqrf", "matrix_rank", "qr", "svd", "svdvals"]


def _shown(self: Any) -> str:
    fields = ",\n".join(f"{name}={value!r}" for name, value in self._asdict().items())
    return f"fastinit.return_types.{type(self).__name__}(\n{fields})"


class linalg_svd(NamedTuple):  # noqa: N801 - PyTorch's name, which is printed
    """Factors of A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return _shown(self)


class linalg_qr(NamedTuple):  # noqa: N801 - PyTorch's name, which is printed
    """Factors of A = Q R."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return _shown(self)


class Reflections(NamedTuple):
    """What `householder_product` takes: below the diagonal of `a` the reflections, above and on it R."""

    a: Tensor
    tau: Tensor

    def __repr__(self) -> str:
        return _shown(self)


Reflections.__name__ = "geqrf"


def _transposed(array: Array) -> Array:
    return array.swapaxes(-2, -1)


def _matrices(A: Tensor, function: str) -> Array:  # noqa: N803 - PyTorch's name
    array = A._array
    kind = as_dtype(array.dtype)
    if array.ndim < 2:
        raise RuntimeError(f"linalg.{function}: The input tensor A must have at least 2 dimensions.")
    if not kind.is_floating_point:
        raise RuntimeError(
            f"linalg.{function}: Expected a floating point or complex tensor as input. Got {kind.type_name}"
        )
    return lift(array)


def svd(A: Tensor, full_matrices: bool = True) -> linalg_svd:  # noqa: N803 - PyTorch's name
    """Returns the singular value decomposition (torch.linalg.svd).

    Args:
        A: (..., m, n).
        full_matrices: give square U and Vh; else only the min(m, n) vectors that go with the values.

    Returns:
        U, of orthonormal columns; S, the singular values, largest first; Vh, of orthonormal rows. The
        gradients of U and Vh need singular values that differ and are not 0.

    Raises:
        RuntimeError: fewer than 2 dimensions, or no floating-point numbers.

    Source: the gradient by Townsend, Differentiating the singular value decomposition, 2016.
    """
    x = _matrices(A, "svd")
    left, values, right = compute(np.linalg.svd, x, full_matrices=full_matrices)
    count = values.shape[-1]
    u, v = left[..., :count], _transposed(right)[..., :count]
    columns = values[..., None, :]

    def inside(vectors: Array, grad: Array) -> Any:
        inner = _transposed(vectors) @ grad
        gaps = columns**2 - _transposed(columns) ** 2 + np.eye(count, dtype=values.dtype)
        return (inner - _transposed(inner)) / gaps

    def outside(vectors: Array, grad: Array) -> Any:
        if vectors.shape[-2] == count:
            return 0
        return (grad - vectors @ (_transposed(vectors) @ grad)) / columns

    def from_left(grad: Array) -> Any:
        return (u @ (inside(u, grad) * columns) + outside(u, grad)) @ _transposed(v)

    def from_right(grad: Array) -> Any:
        return u @ _transposed(v @ _transposed(_transposed(columns) * inside(v, grad)) + outside(v, grad))

    def result(array: Array, backward: Callable[[Array], Any]) -> Tensor:
        dtype = A._array.dtype
        return record(
            lower(array, dtype),
            "LinalgSvdBackward0",
            (A,),
            lambda grad: (lower(compute(backward, lift(grad)), dtype),),
            (A,),
        )

    # Each result has a node of its own: the gradients that arrive add up at A.
    return linalg_svd(
        result(left, lambda grad: from_left(grad[..., :count])),
        result(values, lambda grad: (u * grad[..., None, :]) @ _transposed(v)),
        result(right, lambda grad: from_right(_transposed(grad)[..., :count])),
    )


def svdvals(A: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
    """Returns the singular values, largest first (torch.linalg.svdvals); arguments as those of `svd`."""
    return svd(A, full_matrices=False).S


def qr(A: Tensor, mode: str = "reduced") -> linalg_qr:  # noqa: N803 - PyTorch's name
    """Returns the QR decomposition (torch.linalg.qr).

    Args:
        A: (..., m, n).
        mode: "reduced", for Q of min(m, n) columns; "complete", for a square one; "r", for R alone.

    Returns:
        Q, of orthonormal columns, and R, upper triangular.

    Raises:
        RuntimeError: fewer than 2 dimensions, no floating-point numbers, or another mode; in backward, Q is
            not known, or has columns that A does not determine.

    Source: the gradient by Walter and Lehmann, Algorithmic differentiation of linear algebra functions, 2010.
    """
    if mode not in {"reduced", "complete", "r"}:
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
            "'complete'"
        )
    x = _matrices(A, "qr")
    found: Any = compute(np.linalg.qr, x, mode=mode)
    q, r = (np.empty(0, x.dtype), found) if mode == "r" else found
    rows, columns = x.shape[-2:]
    size = min(rows, columns)

    def pull(of_q: Array | None, of_r: Array | None) -> Array:
        if mode == "r":
            raise RuntimeError(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
            )
        if mode == "complete" and rows > columns:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
            )
        # A wide R is [R1 R2]: Q and R1 are the factors of as many columns, and R2 = Q^T A2.
        result = np.zeros_like(x)
        square = r[..., :size]
        inner = np.zeros_like(square)
        if of_r is not None:
            inner += of_r[..., :size] @ _transposed(square)
            if columns > size:
                result[..., size:] = q @ of_r[..., size:]
                of_q = x[..., size:] @ _transposed(of_r[..., size:])
        if of_q is not None:
            inner -= _transposed(q) @ of_q
        through = q @ (np.triu(inner) + _transposed(np.triu(inner, 1)))
        if of_q is not None:
            through += of_q
        result[..., :size] = _transposed(np.linalg.solve(square, _transposed(through)))
        return result

    def part(array: Array, backward: Callable[[Array], Array]) -> Tensor:
        dtype = A._array.dtype
        return record(
            lower(array, dtype),
            "LinalgQrBackward0",
            (A,),
            lambda grad: (lower(compute(backward, lift(grad)), dtype),),
            (A,),
        )

    return linalg_qr(
        wrap(lower(q, A._array.dtype)) if mode == "r" else part(q, lambda grad: pull(grad, None)),
        part(r, lambda grad: pull(None, grad)),
    )


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
    x = _matrices(input, "geqrf")
    a, tau = compute(np.linalg.qr, x, mode="raw")

    def backward(grad: Array) -> tuple[Array]:
        raise NotImplementedError("the derivative for 'geqrf' is not implemented.")

    dtype = input._array.dtype
    return Reflections(
        *(
            record(lower(part, dtype), "GeqrfBackward0", (input,), backward)
            for part in (np.ascontiguousarray(_transposed(a)), tau)
        )
    )


def matrix_rank(
    A: Tensor,  # noqa: N803 - PyTorch's name
    tol: Tensor | float | None = None,
    hermitian: bool = False,
    *,
    atol: Tensor | float | None = None,
    rtol: Tensor | float | None = None,
) -> Tensor:
    """Returns how many singular values are larger than a tolerance (torch.linalg.matrix_rank).

    Args:
        A: (..., m, n).
        tol: as `atol`, with an `rtol` of 0.
        hermitian: A is symmetric: its eigenvalues are counted, by magnitude.
        atol: the tolerance; 0 by default.
        rtol: the tolerance as a part of the largest singular value; without `atol`, max(m, n) times the
            dtype's `eps` by default. The larger tolerance holds.

    Returns:
        int64 of shape (...).

    Raises:
        RuntimeError: fewer than 2 dimensions, or no floating-point numbers.
    """
    if A.ndim < 2:
        raise RuntimeError(
            "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions."
        )
    if not A.dtype.is_floating_point:
        raise RuntimeError("This function doesn't handle types other than float and double")
    x = lift(A._array)
    if hermitian:
        values = np.abs(compute(np.linalg.eigvalsh, x))
    else:
        values = compute(np.linalg.svd, x, compute_uv=False)
    absolute = _bound(tol if atol is None else atol)
    if rtol is None:
        is_given = tol is not None or np.any(absolute > 0)
        rtol = 0.0 if is_given else max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    largest = values.max(axis=-1, initial=0)
    bound = np.maximum(absolute, _bound(rtol) * largest)
    return wrap(np.asarray(np.count_nonzero(values > bound[..., None], axis=-1)))


def _bound(tolerance: Tensor | float | None) -> Array:
    if isinstance(tolerance, Variable):
        return tolerance._array
    return np.asarray(0.0 if tolerance is None else tolerance)
