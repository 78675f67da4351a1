"""Pseudo-inverses, least squares, ranks and condition numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..dtypes import as_dtype, finfo
from .decompositions import singular_values, svdvals
from .linalg import LinAlgError, inv, transposed
from .matrix_norms import norm
from .operands import Array, compute, lift, lower
from .product import matmul
from .returned import shown

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["cond", "lstsq", "matrix_rank", "pinv"]


class linalg_lstsq(NamedTuple):  # noqa: N801 - PyTorch's name
    """A solution, and what is known of it."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

    def __repr__(self) -> str:
        return shown(self)


def _value(tolerance: Any, otherwise: Any) -> Any:
    if tolerance is None:
        return otherwise
    return tolerance._array[..., None] if isinstance(tolerance, Variable) else tolerance


def _is_kept(values: Array, shape: tuple[int, ...], dtype: np.dtype[Any], atol: Any, rtol: Any) -> Array:
    """Tells which singular values count: those above atol and above rtol times the largest."""
    # With an absolute tolerance alone, PyTorch's relative one is 0.
    default = max(shape[-2:]) * finfo(as_dtype(dtype)).eps
    given = _value(atol, 0)
    relative = _value(rtol, np.where(np.asarray(given) > 0, 0.0, default))
    largest = np.max(values, axis=-1, keepdims=True, initial=0)
    kept: Array = values > np.maximum(given, relative * largest)
    return kept


def matrix_rank(
    A: Tensor,  # noqa: N803 - PyTorch's name
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """Returns the number of singular values that are not 0 to the rounding (torch.linalg.matrix_rank).

    Args:
        A: (..., m, n).
        tol: as `atol`, with `rtol` 0.
        hermitian: whether the matrices are symmetric.
        atol: values up to this one count as 0.
        rtol: values up to this times the largest count as 0; default: max(m, n) times the dtype's eps, or 0
            if there is an `atol` above 0.

    Raises:
        RuntimeError: they are no matrices of floating-point numbers.
    """
    if A._array.ndim < 2:
        raise RuntimeError(
            "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions."
        )
    if not A.is_floating_point():
        raise RuntimeError("This function doesn't handle types other than float and double")
    if tol is not None:
        atol, rtol = tol, 0.0
    values = singular_values(A, hermitian)
    kept = _is_kept(values, A._array.shape, values.dtype, atol, rtol)
    return wrap(np.asarray(np.count_nonzero(kept, axis=-1), np.int64))


def pinv(
    A: Tensor,  # noqa: N803 - PyTorch's name
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """Returns the pseudo-inverses of matrices (torch.linalg.pinv).

    Args:
        A: (..., m, n).
        rcond: as `rtol`.
        hermitian: whether the matrices are symmetric.
        atol: singular values up to this one count as 0.
        rtol: as that of `matrix_rank`.

    Raises:
        RuntimeError: they are no matrices of floating-point numbers.

    Source: Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems
        whose variables separate, SIAM J. Numer. Anal. 1973.
    """
    a = A._array
    if a.ndim < 2 or not as_dtype(a.dtype).is_floating_point:
        raise RuntimeError(
            f"linalg.pinv({A.dtype.type_name}{{{list(a.shape)}}}): expected a tensor with 2 or more "
            "dimensions of float, double, cfloat or cdouble types"
        )
    working = lift(a)
    if hermitian:
        working = np.tril(working) + transposed(np.tril(working, -1))
    if a.size:
        u, s, vh = compute(np.linalg.svd, working, False)
        kept = _is_kept(s, a.shape, working.dtype, atol, rcond if rtol is None else rtol)
        inverted = np.where(kept, 1 / np.where(kept, s, 1), 0).astype(working.dtype)
        inverse = transposed(vh) @ (inverted[..., None] * transposed(u))
    else:
        inverse = np.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), working.dtype)

    def backward(grad: Array) -> tuple[Array]:
        return (lower(compute(_pull_pinv, working, inverse, lift(grad)), a.dtype),)

    return record(lower(inverse, a.dtype), "LinalgPinvBackward0", (A,), backward, (A,), saves_result=True)


def _pull_pinv(a: Array, inverse: Array, grad: Array) -> Array:
    """What a gradient of the pseudo-inverse gives for the matrix."""
    through, turned = transposed(inverse), transposed(grad)
    rows, columns = a.shape[-2:]
    left = np.eye(rows, dtype=a.dtype) - a @ inverse
    right = np.eye(columns, dtype=a.dtype) - inverse @ a
    result: Array = (
        left @ turned @ inverse @ through + through @ inverse @ turned @ right - through @ grad @ through
    )
    return result


def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> linalg_lstsq:
    """Returns the X of least norm that makes the norm of A X - B least (torch.linalg.lstsq).

    Args:
        input: A, (..., m, n).
        b: B, (..., m, k), or vectors, (..., m).
        rcond: singular values up to this times the largest count as 0; default: the dtype's eps times max(m,
            n).
        driver: "gelsy", the default, "gels", "gelsd" or "gelss": with the last two, singular values are
            returned.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or there is no such driver.
    """
    a, right = input._array, b._array
    if a.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if right.ndim < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if a.dtype != right.dtype:
        raise RuntimeError("torch.linalg.lstsq: input and other must have the same dtype")
    if driver not in {None, "gels", "gelsy", "gelsd", "gelss"}:
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    is_vector = right.ndim == a.ndim - 1 and right.shape == a.shape[:-1]
    if a.shape[-2] != right.shape[-1 if is_vector else -2]:
        place = -1 if is_vector or right.ndim == 1 else -2
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({place})")
    inverse = pinv(input, rcond)
    solution = matmul(inverse, b.unsqueeze(-1)).squeeze(-1) if is_vector else matmul(inverse, b)
    values = singular_values(input, False)
    rank = np.count_nonzero(_is_kept(values, a.shape, values.dtype, None, rcond), axis=-1)
    nothing = wrap(np.empty(0, a.dtype))
    residuals = nothing
    if a.shape[-2] > a.shape[-1] and driver != "gelsy" and driver is not None and np.all(rank == a.shape[-1]):
        error = matmul(input, solution.unsqueeze(-1) if is_vector else solution)
        residuals = (error - (b.unsqueeze(-1) if is_vector else b)).square().sum(-2)
        residuals = residuals.squeeze(-1) if is_vector else residuals
    return linalg_lstsq(
        solution,
        residuals,
        wrap(np.empty(0, np.int64) if driver == "gels" else np.asarray(rank, np.int64)),
        wrap(lower(values, a.dtype)) if driver in {"gelsd", "gelss"} else nothing,
    )


def cond(A: Tensor, p: float | str | None = None) -> Tensor:  # noqa: N803 - PyTorch's name
    """Returns the condition numbers of matrices (torch.linalg.cond).

    Args:
        A: (..., m, n); square for other norms than 2 and -2.
        p: the norm, as in `linalg.matrix_norm`; default: 2.

    Raises:
        RuntimeError: they are no matrices, or no square ones.
    """
    shape = A._array.shape
    if len(shape) < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p in {None, 2, -2}:
        values = svdvals(A)
        first, last = values.narrow(-1, 0, 1), values.narrow(-1, -1, 1)
        return (first / last if p != -2 else last / first).squeeze(-1)
    if shape[-2] != shape[-1]:
        order = int(p) if isinstance(p, float) and math.isfinite(p) and p == int(p) else p
        raise RuntimeError(
            f"linalg.cond(ord={order}): A must be batches of square matrices, but they are {shape[-2]} by "
            f"{shape[-1]} matrices"
        )
    return norm(A, p, (-2, -1)) * norm(_inverse_or_infinite(A), p, (-2, -1))


def _inverse_or_infinite(A: Tensor) -> Tensor:  # noqa: N803
    try:
        return inv(A)
    except LinAlgError:
        # Of singular matrices, the norm is to be infinite; of the others among them, no gradient is known.
        matrices = lift(A._array)
        inverses = np.full_like(matrices, np.inf)
        for index in np.ndindex(matrices.shape[:-2]):
            if np.linalg.det(matrices[index]):
                inverses[index] = np.linalg.inv(matrices[index])
        return wrap(lower(inverses, A._array.dtype))
