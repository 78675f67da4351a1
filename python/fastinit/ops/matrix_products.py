"""Products of several matrices, powers of one, and products of vectors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.record import record
from .dims import wrap_dim
from .linalg import check_square, inv
from .operands import Array, compute, lift, lower, mismatch, pair, reduce_to, target
from .product import matmul

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["cross", "linalg_cross", "matrix_power", "multi_dot", "vecdot"]


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Returns the product of two or more matrices, in the order that is the fastest (torch.linalg.multi_dot).

    Args:
        tensors: matrices that fit; the first and the last may be vectors.

    Raises:
        RuntimeError: there is one alone, or shapes do not fit.
    """
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    for index, each in enumerate(tensors):
        outer, ndim = index in (0, count - 1), each._array.ndim
        if ndim != 2 and not (outer and ndim == 1):
            kind = "1D or 2D" if outer else "2D"
            raise RuntimeError(f"multi_dot(): tensor {index} must be {kind} but got {ndim}D")
    if count == 2:
        return matmul(*tensors)
    first, last = tensors[0]._array.shape, tensors[-1]._array.shape
    sides = [first[0] if len(first) == 2 else 1, first[-1]]
    sides += [each._array.shape[-1] for each in tensors[1:-1]] + [last[1] if len(last) == 2 else 1]

    def product(start: int, end: int) -> Tensor:
        if start == end:
            return tensors[start]
        cut = cuts[start, end]
        return matmul(product(start, cut), product(cut + 1, end))

    cuts = _cheapest(sides)
    return product(0, count - 1)


def _cheapest(sides: list[int]) -> dict[tuple[int, int], int]:
    """Returns where to cut each run of a chain of matrices, whose sides are these, to compute the least."""
    count = len(sides) - 1
    costs = {(each, each): 0 for each in range(count)}
    cuts: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for start in range(count - length):
            end = start + length
            options = [
                (
                    costs[start, cut] + costs[cut + 1, end] + sides[start] * sides[cut + 1] * sides[end + 1],
                    cut,
                )
                for cut in range(start, end)
            ]
            costs[start, end], cuts[start, end] = min(options)
    return cuts


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Returns the products of vectors along a dimension, summed (torch.linalg.vecdot).

    Args:
        x: any shape and dtype.
        y: a tensor; the shapes broadcast.
        dim: what the vectors lie along.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the shapes do not broadcast.
    """
    return (x * y).sum(dim)


def matrix_power(input: Tensor, n: int) -> Tensor:
    """Returns square matrices multiplied with themselves (torch.linalg.matrix_power).

    Args:
        input: (..., m, m).
        n: how often; 0 gives the identity, a negative number the power of the inverse.

    Raises:
        LinAlgError: `n` is negative, and a matrix is singular.
        RuntimeError: they are no square matrices.
    """
    check_square(input._array, "matrix_power", integers=True)
    if n == 0:
        identity = np.zeros_like(input._array)
        identity[...] = np.eye(identity.shape[-1], dtype=identity.dtype)
        return record(identity, "CopyBackwards", (input,), lambda grad: (np.zeros_like(grad),))
    if n == 1:
        return input.clone()
    factor = input if n > 0 else inv(input)
    result: Tensor | None = None
    for bit in bin(abs(n))[:1:-1]:
        if bit == "1":
            result = factor if result is None else matmul(result, factor)
        if bit == "b":
            break
        factor = matmul(factor, factor)
    assert result is not None
    return result


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Returns the cross products of vectors of 3 numbers (torch.linalg.cross).

    Args:
        input: any shape that broadcasts with that of `other`, of as many dimensions.
        other: the right operands.
        dim: what the vectors lie along.

    Raises:
        RuntimeError: the shapes do not fit, or vectors are of another length.
    """
    x, y, dtype = pair(input, other)
    if x.ndim != y.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, x.ndim)
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {x.shape[axis]} and "
            f"{y.shape[axis]}"
        )
    try:
        a, b = np.broadcast_arrays(x, y)
    except ValueError:
        raise mismatch(x.shape, y.shape) from None
    into_a, into_b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        g = lift(grad)
        return (
            into_a and reduce_to(compute(np.cross, b, g, axis=axis), into_a),
            into_b and reduce_to(compute(np.cross, g, a, axis=axis), into_b),
        )

    product: Any = compute(np.cross, a, b, axis=axis)
    return record(lower(product, dtype), "LinalgCrossBackward0", (input, other), backward, (input, other))


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Returns the cross products of vectors of 3 numbers (torch.cross).

    Args:
        input: any shape that broadcasts with that of `other`, of as many dimensions.
        other: the right operands.
        dim: what the vectors lie along; None for the first dimension of length 3.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the shapes do not fit, or no dimension, or not that one, has length 3.

    Warns:
        UserWarning: `dim` is None, which is deprecated: `linalg.cross` takes the last one.
    """
    if dim is None:
        warnings.warn(
            "Using torch.cross without specifying the dim arg is deprecated.\n"
            "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
            "The default value of dim will change to agree with that of linalg.cross in a future release.",
            UserWarning,
            stacklevel=2,
        )
        if 3 not in input._array.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = input._array.shape.index(3)
    return linalg_cross(input, other, dim=dim)
