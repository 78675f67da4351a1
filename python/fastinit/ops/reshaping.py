"""Changes of a tensor's own shape: it stays the same tensor, and its memory stays where it is."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.grad_mode import is_grad_enabled
from ..autograd.record import bump, check_history, take_shape
from ..autograd.variable import Places
from ..meta import has_no_memory, without_memory
from ..storage import UntypedStorage, window
from .dims import flatten_arguments, wrap_dim, wrap_dims
from .permuting import t, transpose
from .shape import squeeze, unsqueeze

if TYPE_CHECKING:
    from ..tensor import Tensor

_SHARED = (
    "resize_() cannot move memory that other tensors look into: resize the tensor that owns it before views "
    "are made of it, or make a new tensor"
)


def _in_place(
    input: Tensor,
    change: Callable[[Tensor], Tensor],
    name: str,
    places: Callable[[], Places],
) -> Tensor:
    """Gives `input` the shape that `change` gives it.

    Args:
        input: the tensor.
        change: the operation that is not in place.
        name: of the node, the in-place form's own.
        places: tells where the former dimensions are; called when the arguments have been checked.
    """
    if is_grad_enabled():
        check_history(input)
    observed = input._observed
    changed = change(input)
    if input._reshaped:
        input._observed = observed  # this view lasts no longer than the call
    return take_shape(input, changed, name, places())


def squeeze_(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Removes the dimensions of length 1, all of them or those named, in place (torch.Tensor.squeeze_).

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice, or autograd forbids the change.
    """
    shape = input._array.shape
    kind = 3 if dim is None else 4 if isinstance(dim, int) else 5

    def places() -> Places:
        named = range(len(shape)) if dim is None else wrap_dims(dim, len(shape)) if dim != () else ()
        gone = [length == 1 and axis in named for axis, length in enumerate(shape)]
        return tuple(None if gone[axis] else axis - sum(gone[:axis]) for axis in range(len(shape)))

    return _in_place(
        input,
        lambda tensor: squeeze(tensor, dim),
        f"SqueezeBackward{kind}",
        places,
    )


def unsqueeze_(input: Tensor, dim: int) -> Tensor:
    """Inserts a dimension of length 1 at `dim`, in place (torch.Tensor.unsqueeze_).

    Raises:
        IndexError: `dim` is out of range.
        RuntimeError: autograd forbids the change.
    """
    ndim = input._array.ndim

    def places() -> Places:
        axis = wrap_dim(dim, ndim + 1)
        return tuple(each + (each >= axis) for each in range(ndim))

    return _in_place(input, lambda tensor: unsqueeze(tensor, dim), "UnsqueezeBackward1", places)


def t_(input: Tensor) -> Tensor:
    """Transposes a matrix in place; vectors stay as they are (torch.Tensor.t_).

    Raises:
        RuntimeError: more than 2 dimensions, or autograd forbids the change.
    """
    ndim = input._array.ndim
    if ndim > 2:
        raise RuntimeError(f"t_() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return _in_place(input, t, "TBackward1", lambda: tuple(reversed(range(ndim))))


def transpose_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swaps two dimensions in place (torch.Tensor.transpose_).

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: autograd forbids the change.
    """

    def places() -> Places:
        order: list[int] = list(range(input._array.ndim))
        if order:
            order[dim0], order[dim1] = order[dim1], order[dim0]
        return tuple(order)

    return _in_place(input, lambda tensor: transpose(tensor, dim0, dim1), "TransposeBackward1", places)


def swapaxes_(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As `transpose_` (torch.Tensor.swapaxes_)."""
    return transpose_(input, axis0, axis1)


def resize_(input: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Makes this tensor a row-major one of `size`, on its memory where that is enough (torch.Tensor.resize_).

    Args:
        input: any tensor that requires no grad.
        *size: integers, or one sequence of them. Where there is more memory than this, its first values stay;
            where there is less, the tensor gets new memory, whose further values are 0.
        memory_format: the contiguous one.

    Raises:
        RuntimeError: the tensor requires grad; or it needs more memory, and other tensors share what it has.
        TypeError: no size is given.
    """
    if not size:
        raise TypeError('resize_() missing 1 required positional arguments: "size"')
    if input.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if isinstance(size[0], str):
        raise TypeError("resize_(): argument 'size' (position 1) must be tuple of ints, not str")
    lengths = flatten_arguments(size)
    if any(length < 0 for length in lengths):
        raise RuntimeError("numel: integer multiplication overflow")
    if lengths != input._array.shape:
        _resize(input, lengths)
        bump(input)
    return input


def _resize(input: Tensor, lengths: tuple[int, ...]) -> None:
    # The tensor has a reference, and the call that counts them.
    shared = sys.getrefcount(input._array) > 2
    array = input._array
    if has_no_memory(array):
        input._array = without_memory(lengths, array.dtype)
        return
    storage = UntypedStorage(array)
    first, count = storage.offset_of(array), math.prod(lengths)
    steps = tuple(math.prod(lengths[axis + 1 :]) for axis in range(len(lengths)))
    if (first + count) * array.itemsize <= storage.nbytes():
        held = window(array, first, lengths, steps)
    else:
        if shared or array.base is not None:
            raise RuntimeError(_SHARED)
        held, former = np.zeros(lengths, array.dtype), storage.nbytes() // array.itemsize
        held.reshape(-1)[:former] = window(array, 0, (former,), (1,))
    view = input._view
    if view is None:
        input._reshaped = (*input._reshaped, None)
    else:
        base = view.base._array
        entry = first - UntypedStorage(base).offset_of(base)
        view.replay = lambda base: window(base, UntypedStorage(base).offset_of(base) + entry, lengths, steps)
    input._array = held


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """As `resize_`, to the size of another tensor (torch.Tensor.resize_as_)."""
    return resize_(input, the_template._array.shape)


swapdims_ = transpose_
