"""More elements around a tensor: a constant, or its own, mirrored, repeated or wrapped around."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...autograd.record import record
from ...ops.operands import Array, lift, lower
from ...tensor import Tensor
from .operands import array_of

__all__ = ["pad"]

#: What PyTorch calls the nodes, by the number of dimensions that are padded where there is one for each.
_NODES: Final = {
    "reflect": "ReflectionPad{}DBackward0",
    "replicate": "ReplicationPad{}DBackward0",
    "circular": "CopySlices",
}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Returns the input with elements added at the ends of its last dimensions, or taken off.

    Args:
        input: any shape; but for `'constant'` as many dimensions as are padded, and one or two more.
        pad: (left, right) of the last dimension, then of the one before it, and so on; negative ones crop.
        mode: `'constant'`, `'reflect'` (mirrored at the last element), `'replicate'` (the last element
            repeated) or `'circular'` (the other end).
        value: of the constant; None for 0.

    Raises:
        NotImplementedError: there is no such mode, or it does not pad so many dimensions of the input.
        RuntimeError: `pad` is of odd length or too long, or an amount does not suit the mode and the size.
        TypeError: `pad` is no sequence.

    Source: torch.nn.functional.pad.
    """
    x = array_of(input, "pad")
    if isinstance(pad, int):
        raise TypeError("pad(): argument 'pad' (position 2) must be tuple of ints, not int")
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * x.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding "
            f"length {len(pad)} and input of dimension {x.ndim}"
        )
    sides = {x.ndim - 1 - i: (pad[2 * i], pad[2 * i + 1]) for i in range(len(pad) // 2)}
    if mode == "constant":
        return _constant(input, sides, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if len(pad) not in {2, 4, 6} or x.ndim - len(pad) // 2 not in {1, 2}:
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {x.ndim}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    if mode not in _NODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    return _from_itself(input, sides, mode)


def _constant(input: Tensor, sides: dict[int, tuple[int, int]], value: float) -> Tensor:
    x = input._array
    kept, place, shape = [slice(None)] * x.ndim, [slice(None)] * x.ndim, list(x.shape)
    for axis, (left, right) in sides.items():
        shape[axis] += left + right
        if shape[axis] < 0 or x.shape[axis] + min(left, 0) + min(right, 0) < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
        kept[axis] = slice(max(-left, 0), x.shape[axis] - max(-right, 0))
        place[axis] = slice(max(left, 0), shape[axis] - max(right, 0))
    inner, outer = tuple(kept), tuple(place)
    padded = np.full(shape, value, x.dtype)
    padded[outer] = x[inner]
    size = x.shape

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(size, grad.dtype)
        total[inner] = grad[outer]
        return (total,)

    return record(padded, "ConstantPadNdBackward0", (input,), backward)


def _from_itself(input: Tensor, sides: dict[int, tuple[int, int]], mode: str) -> Tensor:
    """Pads one dimension after the other: each element of the result is one of the input's."""
    x = input._array
    if 0 in x.shape[-len(sides) :]:
        count = len(sides) + 1
        raise RuntimeError(
            f"Expected {count}D or {count + 1}D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(x.shape)}"
        )
    sources = {axis: _sources(x, axis, *ends, mode) for axis, ends in sides.items()}
    padded = x
    for axis, source in sources.items():
        padded = padded.take(source, axis)
    size = x.shape

    def backward(grad: Array) -> tuple[Array]:
        total = lift(grad)
        for axis, source in sources.items():
            summed = np.zeros((*total.shape[:axis], size[axis], *total.shape[axis + 1 :]), total.dtype)
            np.add.at(np.moveaxis(summed, axis, 0), source, np.moveaxis(total, axis, 0))
            total = summed
        return (lower(total, grad.dtype),)

    return record(padded, _NODES[mode].format(len(sides)), (input,), backward)


def _sources(x: Array, axis: int, left: int, right: int, mode: str) -> Array:
    """Returns for each place along a padded dimension the index of the element that goes there."""
    size = x.shape[axis]
    places = np.arange(-left, size + right)
    if mode == "reflect":
        if max(left, right) >= size:
            raise RuntimeError(
                f"Argument #{4 + 2 * (x.ndim - 1 - axis)}: Padding size should be less than the "
                f"corresponding input dimension, but got: padding ({left}, {right}) at dimension {axis} of "
                f"input {list(x.shape)}"
            )
        mirrored: Array = size - 1 - np.abs(size - 1 - np.abs(places))
        return mirrored
    if mode == "replicate":
        return places.clip(0, size - 1)
    if max(left, right) > size:
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if size + left + right < 0:
        raise RuntimeError("Negative padding value is resulting in an empty dimension")
    # What is cropped on one side does not come back on the other.
    first, kept = max(-left, 0), size + min(left, 0) + min(right, 0)
    wrapped: Array = first + np.arange(-max(left, 0), kept + max(right, 0)) % max(kept, 1)
    return wrapped
