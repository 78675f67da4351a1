"""Linear algebra: solutions, inverses, exponentials, products of reflections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import dtypes
from ..autograd.record import record
from .operands import Array, compute, lift, lower, mismatch, reduce_to, target

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["LinAlgError", "householder_product", "inv", "matrix_exp", "solve"]


class LinAlgError(RuntimeError):
    """A matrix that has no inverse (torch.linalg.LinAlgError)."""


def transposed(array: Array) -> Array:
    """Returns matrices with rows and columns swapped."""
    return array.swapaxes(-2, -1)


def _type_name(array: Array) -> str:
    return dtypes.as_dtype(array.dtype).type_name


def check_matrices(array: Array, function: str, name: str = "A") -> None:
    """Refuses what has fewer than 2 dimensions."""
    if array.ndim < 2:
        raise RuntimeError(f"linalg.{function}: The input tensor {name} must have at least 2 dimensions.")


def check_floating(array: Array, function: str) -> None:
    """Refuses what is not of a floating-point dtype."""
    if not dtypes.as_dtype(array.dtype).is_floating_point:
        raise RuntimeError(
            f"linalg.{function}: Expected a floating point or complex tensor as input. "
            f"Got {_type_name(array)}"
        )


def check_square(array: Array, function: str, *, integers: bool = False) -> None:
    """Refuses what are no square matrices, of a floating-point dtype unless `integers` are let pass."""
    if not integers:
        check_floating(array, function)
    check_matrices(array, function)
    rows, columns = array.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"linalg.{function}: A must be batches of square matrices, "
            f"but they are {rows} by {columns} matrices"
        )


def _singular(matrices: Array) -> tuple[str, int]:
    """Names the first of several matrices that has no inverse, as messages do, and its pivot that is 0."""
    for index, matrix in enumerate(matrices.reshape(-1, *matrices.shape[-2:])):
        pivot = _zero_pivot(matrix)
        if pivot:
            return (f"(Batch element {index}): " if matrices.ndim > 2 else ""), pivot
    return "", 0


def _zero_pivot(matrix: Array) -> int:
    """The number, from 1, of the first pivot of Gaussian elimination that is 0; 0 if none is."""
    rest = matrix.copy()
    for column in range(len(rest)):
        largest = column + int(np.argmax(np.abs(rest[column:, column])))
        if rest[largest, column] == 0:
            return column + 1
        rest[[column, largest]] = rest[[largest, column]]
        factors = rest[column + 1 :, column] / rest[column, column]
        rest[column + 1 :] -= np.multiply.outer(factors, rest[column])
    return 0


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:  # noqa: N803 - PyTorch's names
    """Returns the X for which A X = B (torch.linalg.solve).

    Args:
        A: square matrices, (..., n, n).
        B: (..., n, k); or vectors, (n,) or of the shape of `A` without its last dimension.
        left: if false, X A = B is solved instead, for B of (..., k, n).

    Returns:
        X, of the shape of `B`, with the batch dimensions of both.

    Raises:
        LinAlgError: a matrix is singular.
        RuntimeError: shapes or dtypes do not fit.
    """
    a, b = A._array, B._array
    check_square(a, "solve")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {_type_name(a)} "
            f"and B of type {_type_name(b)} instead"
        )
    is_vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    columns = b[..., None] if is_vector else b
    check_matrices(columns, "solve", "B")
    _check_fit(a, columns, left)
    matrices, right = lift(a), lift(columns)
    if not left:
        matrices, right = transposed(matrices), transposed(right)
    solution = _solved(matrices, right)
    into_a, into_b = target(A), target(B)

    def backward(grad: Array) -> tuple[Array | None, Array | None]:
        outer = lift(grad[..., None] if is_vector else grad)
        outer = outer if left else transposed(outer)
        right_grad = _solved(transposed(matrices), outer)
        left_grad = None
        if into_a is not None:
            left_grad = -compute(np.matmul, right_grad, transposed(solution))
            left_grad = reduce_to(left_grad if left else transposed(left_grad), into_a)
        right_grad = right_grad if left else transposed(right_grad)
        return left_grad, reduce_to(right_grad[..., 0] if is_vector else right_grad, into_b)

    result = solution if left else transposed(solution)
    return record(
        lower(result[..., 0] if is_vector else result, a.dtype),
        "LinalgSolveExBackward0",
        (A, B),
        backward,
        (A,),
        saves_result=True,
    )


def _check_fit(a: Array, b: Array, left: bool) -> None:
    if a.shape[-1] != b.shape[-2 if left else -1]:
        raise RuntimeError(
            "linalg.solve: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise mismatch(b.shape[:-2], a.shape[:-2]) from None


def _solved(a: Array, b: Array) -> Array:
    try:
        result: Array = compute(np.linalg.solve, a, b)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            f"torch.linalg.solve: {_singular(a)[0]}The solver failed because the input matrix is singular."
        ) from None
    return result


def inv(A: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
    """Returns the inverses of square matrices (torch.linalg.inv); also named `fastinit.inverse`.

    Args:
        A: (..., n, n), floating point.

    Returns:
        The same shape and dtype.

    Raises:
        LinAlgError: a matrix is singular.
        RuntimeError: they are no square matrices, or no floating-point numbers.
    """
    a = A._array
    check_square(a, "inv")
    try:
        inverse: Array = compute(np.linalg.inv, lift(a))
    except np.linalg.LinAlgError:
        element, pivot = _singular(lift(a))
        raise LinAlgError(
            f"linalg.inv: {element}The diagonal element {pivot} is zero, the inversion could not be "
            "completed because the input matrix is singular."
        ) from None

    def backward(grad: Array) -> tuple[Array]:
        through = transposed(inverse)
        return (lower(-compute(lambda: through @ lift(grad) @ through), a.dtype),)

    return record(lower(inverse, a.dtype), "LinalgInvExBackward0", (A,), backward, saves_result=True)


#: Of the Padé approximant of exp: its coefficients, and the 1-norm up to which it is exact to the rounding
#: (Higham, SIAM J. Matrix Anal. 2005, table 2.3; for float32: Al-Mohy and Higham, SIAM J. Sci. Comput. 2011).
_PADE: dict[str, tuple[tuple[float, ...], float]] = {
    "float32": ((17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1), 3.925724783138660),
    "float64": (
        (
            64764752532480000,
            32382376266240000,
            7771770303897600,
            1187353796428800,
            129060195264000,
            10559470521600,
            670442572800,
            33522128640,
            1323241920,
            40840800,
            960960,
            16380,
            182,
            1,
        ),
        5.371920351148152,
    ),
}


def _exponential(a: Array) -> Array:
    """exp(a) by scaling, a Padé approximant, and squaring."""
    coefficients, reach = _PADE[a.dtype.name]
    largest = np.max(np.sum(np.abs(a), axis=-2), initial=0)
    if not np.isfinite(largest):
        return np.full_like(a, np.nan)
    halvings = max(0, int(np.ceil(np.log2(largest / reach)))) if largest > reach else 0
    a = a * a.dtype.type(0.5**halvings)
    # Numerator and denominator are even ± odd, both polynomials in a @ a.
    square = a @ a
    fourth = square @ square
    powers = np.eye(a.shape[-1], dtype=a.dtype), square, fourth, square @ fourth

    def polynomial(first: int) -> Array:
        low: Array = sum(coefficients[first + 2 * n] * power for n, power in enumerate(powers))
        if len(coefficients) == 8:
            return low
        high: Array = sum(coefficients[first + 6 + 2 * n] * power for n, power in enumerate(powers) if n)
        low += powers[3] @ high
        return low

    even, odd = polynomial(0), a @ polynomial(1)
    result: Array = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        result = result @ result
    return result


def matrix_exp(input: Tensor) -> Tensor:
    """Returns the exponentials of square matrices (torch.linalg.matrix_exp).

    Args:
        input: (..., n, n), floating point.

    Returns:
        The same shape and dtype.

    Raises:
        RuntimeError: they are no square matrices, or no floating-point numbers.

    Source: Higham, The scaling and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal.
        2005; the gradient by Mathias, SIAM J. Matrix Anal. 1996.
    """
    a = input._array
    check_square(a, "matrix_exp")
    working = lift(a)

    def backward(grad: Array) -> tuple[Array]:
        # exp [[A^T, G], [0, A^T]] has in its corner what A^T adds to exp(A^T) in the direction G.
        size = a.shape[-1]
        block = np.zeros((*a.shape[:-2], 2 * size, 2 * size), working.dtype)
        block[..., :size, :size] = block[..., size:, size:] = transposed(working)
        block[..., :size, size:] = lift(grad)
        return (lower(compute(_exponential, block)[..., :size, size:], a.dtype),)

    return record(
        lower(compute(_exponential, working), a.dtype),
        "LinalgMatrixExpBackward0",
        (input,),
        backward,
        (input,),
    )


def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """Returns the first columns of a product of reflections (torch.linalg.householder_product).

    Args:
        input: (..., m, n), m at least n; below the diagonal of column i stands, but for a leading 1, the
            vector v of the reflection 1 - tau_i v v^T.
        tau: (..., k), k at most n.

    Returns:
        (..., m, n): the first n columns of the product of the k reflections.

    Raises:
        RuntimeError: shapes or dtypes do not fit.

    Source: Puglisi, Modification of the Householder method based on the compact WY representation, SIAM J.
        Sci. Stat. Comput. 1992.
    """
    a, scales = input._array, tau._array
    _check_reflections(a, scales)
    count, columns = scales.shape[-1], a.shape[-1]
    t, below = lift(scales), lift(a)[..., :count]
    unit = np.eye(a.shape[-2], columns, dtype=t.dtype)
    v = np.tril(below, -1) + unit[:, :count]
    vt = transposed(v)
    first = v[..., :columns, :]

    # The product is 1 - V T V^T; T solves (1 + diag(tau) U) T = diag(tau), U = V^T V above the diagonal.
    def forward() -> tuple[Array, Array, Array, Array]:
        upper = np.triu(vt @ v, 1)
        matrix = np.eye(count, dtype=t.dtype) + t[..., :, None] * upper
        triangle = np.linalg.solve(matrix, np.eye(count, dtype=t.dtype) * t[..., None, :])
        return upper, matrix, triangle, unit - v @ (triangle @ transposed(first))

    upper, matrix, triangle, product = compute(forward)

    def pull(grad: Array) -> tuple[Array, Array]:
        g = lift(grad)
        grad_v = -(g @ (first @ transposed(triangle)))
        grad_v[..., :columns, :] -= transposed(g) @ (v @ triangle)
        grad_diagonal = np.linalg.solve(transposed(matrix), -(vt @ g @ first))
        grad_matrix = -(grad_diagonal @ transposed(triangle))
        grad_tau = np.diagonal(grad_diagonal, axis1=-2, axis2=-1) + np.sum(grad_matrix * upper, axis=-1)
        grad_upper = np.triu(t[..., :, None] * grad_matrix, 1)
        grad_v += v @ (grad_upper + transposed(grad_upper))
        grad_input = np.zeros(a.shape, t.dtype)
        grad_input[..., :count] = np.tril(grad_v, -1)
        return lower(grad_input, a.dtype), lower(grad_tau, scales.dtype)

    def backward(grad: Array) -> tuple[Array, Array]:
        return compute(pull, grad)

    return record(
        lower(product, a.dtype), "LinalgHouseholderProductBackward0", (input, tau), backward, (input, tau)
    )


def _check_reflections(a: Array, tau: Array) -> None:
    name = "torch.linalg.householder_product"
    if a.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if a.shape[-2] < a.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if a.shape[-1] < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if a.ndim != tau.ndim + 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
            f"{tau.ndim} and input.ndim is equal to {a.ndim}"
        )
    if a.shape[:-2] != tau.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau.shape[:-1])}"
        )
    if a.dtype != tau.dtype:
        raise RuntimeError(f"{name}: tau dtype {_type_name(tau)} does not match input dtype {_type_name(a)}")
