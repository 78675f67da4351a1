"""Views in which dimensions repeat: tensors brought to one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.record import record_view
from ..meta import has_no_memory
from ..size import Size
from .dims import flatten_arguments
from .operands import Array, mismatch

if TYPE_CHECKING:
    from ..tensor import Tensor


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Returns a view in which dimensions of length 1, and new leading ones, repeat (torch.Tensor.expand).

    Args:
        input: any shape.
        *sizes: the lengths; -1 keeps one.

    Raises:
        RuntimeError: a length differs from one that is not 1, or there are too few.
    """
    wanted = flatten_arguments(sizes)
    shape = input._array.shape
    extra = len(wanted) - len(shape)
    if extra < 0:
        kind = input.dtype.type_name
        raise RuntimeError(
            f"expand(fastinit.{kind}Tensor{{{list(shape)}}}, size={list(wanted)}): the number of sizes "
            f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in the tensor "
            f"({len(shape)})"
        )
    lengths = []
    for dim, size in reversed(list(enumerate(wanted))):
        if dim < extra:
            if size < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({size}) isn't allowed in a leading, non-existing "
                    f"dimension {dim}"
                )
            lengths.append(size)
            continue
        own = shape[dim - extra]
        if size not in (-1, own) and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({own}) at "
                f"non-singleton dimension {dim}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}"
            )
        lengths.append(own if size == -1 else size)
    target = tuple(reversed(lengths))
    axes = tuple(range(extra)) + tuple(
        dim + extra for dim, own in enumerate(shape) if own == 1 and target[dim + extra] != 1
    )

    def backward(grad: Array) -> tuple[Array]:
        return (grad.sum(axis=axes).reshape(shape) if axes else grad,)

    return record_view(
        input,
        _broadcast(input._array, target),
        "ExpandBackward0",
        lambda base: _broadcast(base, target),
        backward,
    )


def _broadcast(array: Array, shape: tuple[int, ...]) -> Array:
    """As np.broadcast_to, without making the result read-only: what may be written, the caller checks."""
    extra = len(shape) - array.ndim
    strides = (0,) * extra + tuple(
        0 if own == 1 and length != 1 else stride
        for own, length, stride in zip(array.shape, shape[extra:], array.strides, strict=True)
    )
    return np.lib.stride_tricks.as_strided(array, shape, strides, subok=has_no_memory(array))


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Returns `input` expanded to the shape of `other` (torch.Tensor.expand_as)."""
    return expand(input, other._array.shape)


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Returns `input` expanded to `size` (torch.broadcast_to).

    Args:
        input: any shape and dtype.
        size: a sequence of lengths; -1 keeps one.

    Returns:
        A view in which dimensions of length 1, and new leading ones, repeat.

    Raises:
        RuntimeError: a length differs from one that is not 1, or there are too few.
    """
    return expand(input, *size)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Returns the tensors expanded to the shape that they broadcast to (torch.broadcast_tensors).

    Args:
        *tensors: of shapes that broadcast.

    Returns:
        A tuple of views; of tensors that have the shape, themselves.

    Raises:
        RuntimeError: their shapes do not fit.
    """
    joint: tuple[int, ...] = ()
    for each in tensors:
        try:
            joint = np.broadcast_shapes(joint, each._array.shape)
        except ValueError:
            raise mismatch(joint, each._array.shape) from None
    return tuple(each if each._array.shape == joint else expand(each, joint) for each in tensors)


def broadcast_shapes(*shapes: Any) -> Size:
    """Returns the shape that these broadcast to (torch.broadcast_shapes).

    Args:
        *shapes: sequences of lengths; a number is a shape of one dimension.

    Raises:
        RuntimeError: they do not fit.
        TypeError: a length is no integer.
    """
    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError:
        raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None
