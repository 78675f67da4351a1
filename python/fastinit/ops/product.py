"""Matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core, dtypes
from ..autograd.record import record
from ..meta import has_no_memory
from .arithmetic import add, mul
from .copying import contiguous
from .operands import NATIVE_FLOATS, Array, compute, cpp_name, in_place, lift, lower, mismatch
from .permuting import matrix_t

if TYPE_CHECKING:
    from ..tensor import Tensor


def _product(a: Array, b: Array) -> Any:
    x, y = lift(a), lift(b)
    if (
        x.dtype in NATIVE_FLOATS
        and x.ndim > 1
        and y.ndim > 1
        and not has_no_memory(x)
        and not has_no_memory(y)
    ):
        return lower(_core.matmul(x, y), a.dtype)
    return lower(compute(np.matmul, x, y), a.dtype)


def _same_dtype(a: Array, b: Array) -> None:
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {cpp_name(a.dtype)} != {cpp_name(b.dtype)}"
        )


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Returns the product of two matrices (torch.mm).

    Args:
        input: (n, m).
        mat2: (m, p), of the same dtype.

    Returns:
        (n, p).

    Raises:
        RuntimeError: one is no matrix, or shapes or dtypes do not fit.
    """
    a, b = input._array, mat2._array
    if a.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if b.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and "
            f"{b.shape[0]}x{b.shape[1]})"
        )
    _same_dtype(a, b)
    left, right = input.requires_grad, mat2.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return _product(grad, b.T) if left else None, _product(a.T, grad) if right else None

    saved = ((input,) if right else ()) + ((mat2,) if left else ())
    return record(_product(a, b), "MmBackward0", (input, mat2), backward, saved)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Returns the products of two batches of matrices (torch.bmm).

    Args:
        input: (b, n, m).
        mat2: (b, m, p), of the same dtype.

    Returns:
        (b, n, p).

    Raises:
        RuntimeError: shapes or dtypes do not fit.
    """
    a, b = input._array, mat2._array
    if a.ndim != 3 or b.ndim != 3:
        raise RuntimeError(f"batch{1 if a.ndim != 3 else 2} must be a 3D tensor")
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] "
            f"but got: [{b.shape[0]}, {b.shape[1]}]."
        )
    _same_dtype(a, b)
    left, right = input.requires_grad, mat2.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return (
            _product(grad, b.transpose(0, 2, 1)) if left else None,
            _product(a.transpose(0, 2, 1), grad) if right else None,
        )

    saved = ((input,) if right else ()) + ((mat2,) if left else ())
    return record(_product(a, b), "BmmBackward0", (input, mat2), backward, saved)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Returns the product of a matrix and a vector (torch.mv).

    Args:
        input: (n, m).
        vec: (m,), of the same dtype.

    Returns:
        (n,).

    Raises:
        RuntimeError: shapes or dtypes do not fit.
    """
    a, b = input._array, vec._array
    if a.ndim != 2 or b.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
        )
    if a.dtype != b.dtype:
        first, second = dtypes.as_dtype(a.dtype).type_name, dtypes.as_dtype(b.dtype).type_name
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {second}, {first}, and {second}"
        )
    left, right = input.requires_grad, vec.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return np.multiply.outer(grad, b) if left else None, _product(a.T, grad) if right else None

    saved = ((input,) if right else ()) + ((vec,) if left else ())
    return record(_product(a, b), "MvBackward0", (input, vec), backward, saved)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Returns the inner product of two vectors (torch.dot).

    Args:
        input: (n,).
        tensor: (n,), of the same dtype.

    Raises:
        RuntimeError: one is no vector, or lengths or dtypes differ.
    """
    a, b = input._array, tensor._array
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype != b.dtype:
        first, second = dtypes.as_dtype(a.dtype).type_name, dtypes.as_dtype(b.dtype).type_name
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {first} and {second}")
    if a.size != b.size:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the same "
            f"number of elements, but got {a.size} and {b.size} elements respectively"
        )
    left, right = input.requires_grad, tensor.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return grad * b if left else None, grad * a if right else None

    saved = ((input,) if right else ()) + ((tensor,) if left else ())
    return record(_product(a, b), "DotBackward0", (input, tensor), backward, saved)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Returns the product of matrices, vectors, or batches of either (torch.matmul).

    Args:
        input: (..., n, m), or (m,), which counts as (1, m).
        other: (..., m, p), or (m,), which counts as (m, 1); batch dimensions broadcast.

    Returns:
        (..., n, p), without the dimension that stood in for a vector's.

    Raises:
        RuntimeError: an argument is 0-d, or shapes or dtypes do not fit.
    """
    a, b = input._array, other._array
    dims = a.ndim, b.ndim
    if dims == (2, 2):
        return mm(input, other)
    if 0 in dims:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    if dims == (1, 1):
        return dot(input, other)
    if dims == (2, 1):
        return mv(input, other)
    if dims == (1, 2):
        return _without_row(mm(input.unsqueeze(0), other))
    return _folded(input, other)


def _folded(input: Tensor, other: Tensor) -> Tensor:
    """Multiplies where one has batch dimensions: as one larger product if the other has none."""
    a, b = input._array, other._array
    if b.ndim <= 2:
        rows = input.reshape(-1, a.shape[-1])
        product = mm(rows, other) if b.ndim == 2 else mv(rows, other)
        return _unsafe_view(product, a.shape[:-1] + b.shape[1:])
    if a.ndim <= 2 and input.requires_grad:
        # The same with the sides exchanged, so that the matrix gets one gradient rather than one per batch.
        rows = matrix_t(other).reshape(-1, b.shape[-2])
        if a.ndim == 1:
            return _unsafe_view(mv(rows, input), b.shape[:-2] + b.shape[-1:])
        product = _unsafe_view(mm(rows, input.t()), (*b.shape[:-2], b.shape[-1], a.shape[0]))
        return contiguous(matrix_t(product))
    if a.ndim == 1:
        return _without_row(_batched(input.unsqueeze(0), other))
    return _batched(input, other)


def _batched(input: Tensor, other: Tensor) -> Tensor:
    a, b = input._array.shape, other._array.shape
    try:
        batch = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise mismatch(a[:-2], b[:-2]) from None
    left = input.expand(*batch, *a[-2:]).reshape(-1, *a[-2:])
    right = other.expand(*batch, *b[-2:]).reshape(-1, *b[-2:])
    return _unsafe_view(bmm(left, right), (*batch, a[-2], b[-1]))


def _without_row(product: Tensor) -> Tensor:
    """Drops the dimension that stood in for a vector's."""
    return record(
        product._array.squeeze(-2), "SqueezeBackward4", (product,), lambda grad: (np.expand_dims(grad, -2),)
    )


def _unsafe_view(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Gives a result that nobody else holds another shape: no view, since there is nothing to share."""
    former = tensor._array.shape
    return record(
        tensor._array.reshape(shape), "UnsafeViewBackward0", (tensor,), lambda grad: (grad.reshape(former),)
    )


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Returns beta * input + alpha * (mat1 @ mat2) (torch.addmm).

    Args:
        input: broadcast to (n, p); not read if `beta` is 0.
        mat1: (n, m).
        mat2: (m, p), of the same dtype.
        beta: factor of the input.
        alpha: factor of the product.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or `beta` is a float other than 1 and all are of integers.
    """
    return _weighted(input, mm(mat1, mat2), beta, alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Returns beta * input + alpha * (batch1 @ batch2), batch by batch (torch.baddbmm).

    Args:
        input: broadcast to (b, n, p); not read if `beta` is 0.
        batch1: (b, n, m).
        batch2: (b, m, p), of the same dtype.
        beta: factor of the input.
        alpha: factor of the product.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or `beta` is a float other than 1 and all are of integers.
    """
    return _weighted(input, bmm(batch1, batch2), beta, alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Returns beta * input + alpha * (mat @ vec) (torch.addmv).

    Args:
        input: broadcast to (n,); not read if `beta` is 0.
        mat: (n, m).
        vec: (m,), of the same dtype.
        beta: factor of the input.
        alpha: factor of the product.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or `beta` is a float other than 1 and all are of integers.
    """
    return _weighted(input, mv(mat, vec), beta, alpha)


def _weighted(input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    # beta 0 ignores the input, NaNs included.
    scaled = product if alpha == 1 else mul(product, alpha)
    return scaled if beta == 0 else add(scaled, input, alpha=beta)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Returns the outer product of two vectors (torch.outer).

    Args:
        input: (n,).
        vec2: (m,); dtypes are promoted.

    Returns:
        (n, m).

    Raises:
        RuntimeError: one is no vector.
    """
    for name, each in (("self", input), ("vec2", vec2)):
        if each._array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {each._array.ndim}-D")
    return mul(input.reshape(-1, 1), vec2)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Returns beta * input + alpha * (the outer product of two vectors) (torch.addr).

    Args:
        input: broadcast to (n, m); not read if `beta` is 0.
        vec1: (n,).
        vec2: (m,).
        beta: factor of the input.
        alpha: factor of the product.

    Raises:
        RuntimeError: shapes do not fit, or `beta` is a float other than 1 and all are of integers.
    """
    return _weighted(input, outer(vec1, vec2), beta, alpha)


addmm_ = in_place(addmm)
addmv_ = in_place(addmv)
baddbmm_ = in_place(baddbmm)
addr_ = in_place(addr)
