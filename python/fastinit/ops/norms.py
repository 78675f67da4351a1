"""Norms, and what is done with them: distances, angles, entries of a largest norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import dtypes
from ..autograd.record import record
from ..meta import as_array, has_no_memory
from .broadcasting import broadcast_tensors
from .dims import Dims, numpy_names, wrap_dim, wrap_dims
from .operands import Array, compute, in_place, lift, lower
from .reduction import converted, spread_over

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["cosine_similarity", "dist", "norm", "pairwise_distance", "renorm", "renorm_"]


def _check_extreme(order: float, x: Array, axes: tuple[int, ...] | None) -> None:
    """Refuses the largest or smallest of no elements, which there is not."""
    text = f"linalg.vector_norm cannot compute the {order} norm on "
    if axes is None and x.size == 0:
        raise RuntimeError(text + "an empty tensor because the operation does not have an identity")
    for axis in axes or ():
        if x.ndim and x.shape[axis] == 0:
            raise RuntimeError(
                text
                + f"the dimension {axis}because this dimension is empty and the operation does not have an "
                "identity"
            )


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """Returns the vector norm of order `p` over `dim` (torch.norm).

    Args:
        input: any shape, floating point.
        p: the order: any number, `inf`, `-inf`; "fro" is 2.
        dim: the dimensions; all by default.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: the dtype is not a floating-point one, a dimension is named twice, or the order is
            infinite and there is no element.
        ValueError: `p` is another word.
    """
    order = 2.0 if p in {None, "fro"} else float(p or 0)
    own = input._array.dtype
    x = converted(input._array, dtype)
    if not dtypes.as_dtype(x.dtype).is_floating_point:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            + dtypes.as_dtype(x.dtype).type_name
        )
    working = lift(x)
    axes = wrap_dims(dim, x.ndim)
    size = working if order == 2.0 else compute(np.abs, working)
    if order == 2.0:
        value = compute(_euclidean, working, axes)
    elif order == 0:
        value = np.add.reduce((size != 0).astype(working.dtype), axis=axes, keepdims=True)
    elif order == 1:
        value = compute(np.add.reduce, size, axis=axes, keepdims=True)
    elif np.isinf(order):
        _check_extreme(order, x, None if dim is None else axes)
        value = (np.max if order > 0 else np.min)(size, axis=axes, keepdims=True)
    else:
        value = compute(lambda: np.add.reduce(size**order, axis=axes, keepdims=True) ** (1 / order))
    value = as_array(value).astype(working.dtype, copy=False)

    def backward(grad: Array) -> tuple[Array]:
        spread = spread_over(lift(grad), x.shape, axes, keepdim)
        if order == 0:
            slope = np.zeros_like(working)
        elif order == 1:
            slope = np.sign(working)
        elif np.isinf(order):
            reached = size == value
            slope = np.sign(working) * reached / reached.sum(axis=axes, keepdims=True)
        elif order == 2.0:
            slope = np.where(value == 0, 0, working / value)
        else:
            slope = np.where(value == 0, 0, np.sign(working) * size ** (order - 1) / value ** (order - 1))
        return (lower((spread * slope).astype(working.dtype, copy=False), own),)

    result = value if keepdim else np.squeeze(value, axes)
    return record(
        lower(as_array(result), x.dtype),
        "LinalgVectorNormBackward0",
        (input,),
        backward,
        (input,),
        saves_result=True,
    )


def _euclidean(array: Array, axes: tuple[int, ...]) -> Array:
    """The square root of the sum of squares over some dimensions, which are kept."""
    if len(axes) == array.ndim and not has_no_memory(array):
        # The product of a vector with itself needs no memory for the squares.
        flat = array.ravel(order="K")
        return np.full((1,) * array.ndim, np.sqrt(np.vdot(flat, flat)), array.dtype)
    return as_array(np.sqrt(np.add.reduce(array * array, axis=axes, keepdims=True)))


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Returns the norm of order `p` of input - other (torch.dist).

    Args:
        input: any shape.
        other: a tensor, of floating point if `input` is not; the shapes broadcast.
        p: the order, as of `norm`.

    Returns:
        A tensor of no dimension.

    Raises:
        RuntimeError: both are of integers, one is boolean, the shapes do not broadcast, or the order is
            infinite and there is no element.
        ValueError: `p` is another word.
    """
    return norm(input - other, p)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False
) -> Tensor:
    """Returns the norm of order `p` of x1 - x2 + eps along the last dimension (torch.pairwise_distance).

    Args:
        x1: (..., n), any dtype but bool.
        x2: a tensor; the shapes broadcast.
        p: the order, as of `norm`.
        eps: added to every difference.
        keepdim: keep the last dimension, with length 1.

    Raises:
        RuntimeError: one is boolean, the shapes do not broadcast, or the order is infinite and `n` is 0.
        ValueError: `p` is another word.
    """
    return norm(x1 - x2 + eps, p, -1, keepdim)


@numpy_names
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """Returns the cosine of the angle between two tensors along `dim` (torch.cosine_similarity).

    Args:
        x1: any shape that broadcasts with that of `x2`.
        x2: of the same dtype.
        dim: the dimension of the vectors.
        eps: lengths count as at least this.

    Raises:
        RuntimeError: both are of integers.
    """
    dtype = dtypes.result_type(x1, x2)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtype.type_name}"
        )
    x1, x2 = broadcast_tensors(x1.to(dtype), x2.to(dtype))
    first, second = (each / norm(each, 2, dim, True).clamp(min=eps) for each in (x1, x2))
    return (first * second).sum(dim)


@numpy_names
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Returns `input` with each entry of `dim` scaled down to the norm `maxnorm` at most (torch.renorm).

    Args:
        input: at least 2 dimensions, floating point.
        p: the order of the norm, above 0.
        dim: its entries are scaled, each by its own factor.
        maxnorm: the largest norm, not negative.

    Raises:
        RuntimeError: an argument is out of its range.
    """
    x = input._array
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if x.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {x.ndim} dimensions")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    axis = wrap_dim(dim, x.ndim)
    axes = tuple(each for each in range(x.ndim) if each != axis)
    working = lift(x)
    size = np.linalg.vector_norm(working, ord=p, axis=axes, keepdims=True)
    # PyTorch's 1e-7 keeps the result from rounding up to more than maxnorm.
    factor = np.where(size > maxnorm, maxnorm / (size + 1e-7), 1).astype(working.dtype)

    def backward(grad: Array) -> tuple[Array]:
        g = lift(grad)
        slope = np.sign(working) * (np.abs(working) / np.where(size == 0, 1, size)) ** (p - 1)
        along = np.sum(g * working, axis=axes, keepdims=True)
        bent = factor * (g - slope * along / (size + 1e-7))
        return (lower(np.where(size > maxnorm, bent, g).astype(working.dtype), x.dtype),)

    return record(lower(working * factor, x.dtype), "RenormBackward0", (input,), backward, (input,))


renorm_ = in_place(renorm)
