"""Sizes of tensors and distances between them: what is done with norms of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import dtypes
from ..autograd.record import record
from .dims import numpy_names, wrap_dim
from .operands import Array, in_place, lift, lower
from .reduction import norm
from .shape import broadcast_tensors

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["cosine_similarity", "dist", "pairwise_distance", "renorm", "renorm_"]


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Returns the norm of order `p` of input - other (torch.dist)."""
    return norm(input - other, p)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False
) -> Tensor:
    """Returns the norm of order `p` of x1 - x2 + eps along the last dimension (torch.pairwise_distance)."""
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
