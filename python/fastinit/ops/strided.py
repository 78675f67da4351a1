"""Views by strides: sliding windows, and any lengths and steps on a tensor's memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..autograd.record import record_view
from ..storage import UntypedStorage, window
from .dims import wrap_dim
from .operands import Array

if TYPE_CHECKING:
    from ..tensor import Tensor


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Returns a view of all windows of a dimension, as a new last dimension (torch.Tensor.unfold).

    Args:
        input: any shape.
        dimension: what the windows slide along.
        size: the length of a window.
        step: from the start of one to that of the next.

    Raises:
        RuntimeError: a window is longer than the dimension, or the step is not above 0.
    """
    shape = input._array.shape
    axis = wrap_dim(dimension, len(shape))
    length = shape[axis] if shape else 1
    if size > length:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")

    def replay(base: Array) -> Array:
        base = base if base.ndim else base.reshape(1)
        windows = np.lib.stride_tricks.sliding_window_view(base, size, axis, writeable=base.flags.writeable)
        return windows[(slice(None),) * axis + (slice(None, None, step),)] if shape else windows[0]

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(shape, grad.dtype)
        rows = np.moveaxis(total if total.ndim else total.reshape(1), axis, 0)
        parts = np.moveaxis(grad if shape else grad.reshape(1, size), axis, 0)
        for number, part in enumerate(parts):
            rows[number * step : number * step + size] += np.moveaxis(part, -1, 0)
        return (total,)

    return record_view(input, replay(input._array), "UnfoldBackward0", replay, backward)


def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Returns a view with these lengths and strides on the tensor's memory (torch.as_strided).

    Args:
        input: any shape.
        size: the lengths.
        stride: the steps, in elements.
        storage_offset: where the memory that the tensor looks into is to be entered, in elements; by default
            where the tensor does.

    Raises:
        RuntimeError: lengths and strides differ in number, one is negative, or they lead out of the memory.
    """
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(length < 0 for length in size) or any(step < 0 for step in stride):
        raise RuntimeError(
            f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}"
        )
    x = input._array
    storage = UntypedStorage(x)
    lengths, steps, own = tuple(size), tuple(stride), storage.offset_of(x)
    entry = own if storage_offset is None else storage_offset
    reach = 0 if 0 in lengths else 1 + sum((n - 1) * step for n, step in zip(lengths, steps, strict=True))
    required = (reach + entry) * x.itemsize
    if reach and required > storage.nbytes():
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {entry}, and itemsize "
            f"{x.itemsize} requiring a storage size of {required} are out of bounds for storage of size "
            f"{storage.nbytes()}"
        )

    def replay(base: Array) -> Array:
        # Of the memory of a gradient, too, which is laid out as the input is.
        return window(base, UntypedStorage(base).offset_of(base) + entry - own, lengths, steps)

    count, strides = storage.nbytes() // x.itemsize, tuple(step // x.itemsize for step in x.strides)

    def backward(grad: Array) -> tuple[Array]:
        memory = np.zeros(count, grad.dtype)
        np.add.at(memory, window(np.arange(count), entry, lengths, steps), grad)
        return (window(memory, own, x.shape, strides).copy(),)

    return record_view(input, replay(x), "AsStridedBackward0", replay, backward)
