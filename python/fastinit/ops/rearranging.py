"""Copies of a tensor whose elements repeat, or stand in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import has_no_memory, refuse
from .dims import flatten_arguments, numpy_names, wrap_dim, wrap_dims
from .gathering import index_select
from .operands import Array

if TYPE_CHECKING:
    from ..tensor import Tensor


def repeat(input: Tensor, *repeats: int | Sequence[int]) -> Tensor:
    """Returns copies of the tensor side by side, so many along each dimension (torch.Tensor.repeat).

    Raises:
        RuntimeError: fewer numbers than dimensions.
    """
    counts = flatten_arguments(repeats)
    shape = input._array.shape
    extra = len(counts) - len(shape)
    if extra < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    padded = (1,) * extra + shape

    def backward(grad: Array) -> tuple[Array]:
        split_shape = [length for pair in zip(counts, padded, strict=True) for length in pair]
        return (grad.reshape(split_shape).sum(axis=tuple(range(0, 2 * len(counts), 2))).reshape(shape),)

    return record(np.tile(input._array, counts), "RepeatBackward0", (input,), backward)


def tile(input: Tensor, *dims: int | Sequence[int]) -> Tensor:
    """Returns copies of the tensor side by side, so many along each dimension (torch.tile).

    Args:
        input: any shape and dtype.
        *dims: how many copies, integers or one sequence, of the last dimensions; 1 of those before.

    Returns:
        A tensor whose lengths are multiplied; more numbers than dimensions add leading ones.

    Raises:
        ValueError: a number is negative.
    """
    counts = flatten_arguments(dims)
    return repeat(input, (1,) * (input._array.ndim - len(counts)) + counts)


def flip(input: Tensor, *dims: int | Sequence[int]) -> Tensor:
    """Returns a copy with the order along `dims` reversed (torch.flip).

    Args:
        input: any shape and dtype.
        *dims: the dimensions, integers or one sequence; none reverses nothing.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    named = flatten_arguments(dims)
    axes = wrap_dims(named, input._array.ndim) if named else ()
    return record(
        np.flip(input._array, axes).copy(), "FlipBackward0", (input,), lambda grad: (np.flip(grad, axes),)
    )


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Returns a copy shifted along `dims`, what leaves one end entering the other (torch.roll).

    Args:
        input: any shape and dtype.
        shifts: by how many places, towards the end; one number, or one for each of `dims`.
        dims: the dimensions; None shifts all elements in the order of rows.

    Raises:
        IndexError: a dimension is out of range.
        ValueError: the numbers of shifts and dimensions differ, and neither is 1.
    """
    steps = shifts if isinstance(shifts, int) else tuple(shifts)
    axes = dims if dims is None or isinstance(dims, int) else tuple(dims)
    back = -steps if isinstance(steps, int) else tuple(-step for step in steps)
    return record(
        np.roll(input._array, steps, axes),
        "RollBackward0",
        (input,),
        lambda grad: (np.roll(grad, back, axes),),
    )


def fliplr(input: Tensor) -> Tensor:
    """Returns a copy with the second dimension reversed (torch.fliplr).

    Args:
        input: at least 2 dimensions.

    Raises:
        RuntimeError: there are fewer.
    """
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """Returns a copy with the first dimension reversed (torch.flipud).

    Args:
        input: any shape but ().

    Raises:
        RuntimeError: there is no dimension.
    """
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Returns a copy turned by `k` right angles, from the first of `dims` to the second (torch.rot90).

    Args:
        input: at least 2 dimensions.
        k: how many, the other way round if negative.
        dims: the two dimensions of the plane.

    Raises:
        RuntimeError: there are fewer than 2 dimensions.
        ValueError: `dims` are not two different dimensions of the input.
    """
    first, second = dims
    if input._array.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input._array.ndim}")
    return record(
        np.rot90(input._array, k, (first, second)).copy(order="K"),
        "Rot90Backward0",
        (input,),
        lambda grad: (np.rot90(grad, -k, (first, second)),),
    )


@numpy_names
def repeat_interleave(
    input: Tensor,
    repeats: int | Tensor | None = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Returns a copy with each element, or each entry of `dim`, repeated (torch.repeat_interleave).

    Args:
        input: any shape; without `repeats`, the numbers of repeats themselves, to repeat 0, 1, 2 and so on.
        repeats: how often, one number or one per entry.
        dim: the dimension; None joins all first.
        output_size: changes nothing here.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the numbers do not fit the dimension, or one is negative.
    """
    how_often = input if repeats is None else repeats
    if isinstance(how_often, Variable) and has_no_memory(how_often._array):
        refuse("repeat_interleave")
    if repeats is None:
        counts = input._array
        return wrap(np.repeat(np.arange(counts.size), counts))
    if dim is None:
        input, dim = input.reshape(-1), 0
    axis = wrap_dim(dim, input._array.ndim)
    length = input._array.shape[axis] if input._array.ndim else 1
    number = np.asarray(repeats._array if isinstance(repeats, Variable) else repeats)
    if number.ndim and number.size not in (1, length):
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {number.size} "
            f"and input.size({axis}) = {length}"
        )
    if number.size and number.min() < 0:
        raise RuntimeError("repeats can not be negative")
    place = wrap(np.repeat(np.arange(length), number))
    return index_select(input, axis, place)
