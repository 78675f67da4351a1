"""The matrices that a tensor holds, one after the other, with what is theirs of memory and stream."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...meta import has_no_memory
from ...random import Generator
from ...random.fills import take
from ...shard import Shard
from .gain import global_shape
from .layout import Layout, resolve

__all__ = ["Matrices", "Part"]

Array = np.ndarray[Any, np.dtype[Any]]


class Part(NamedTuple):
    """What an array holds of one matrix.

    Attributes:
        array: its memory, as an `(out, in, *kernel)` view; not empty.
        whole: the shape of the matrix.
        start: where in the matrix the view begins.
        offset: how many positions of the stream lie between the tensor's first one and the matrix's.
    """

    array: Array
    whole: tuple[int, ...]
    start: tuple[int, ...]
    offset: int

    def box(self) -> tuple[slice, ...]:
        """Returns which box of the matrix the view is."""
        return tuple(
            slice(first, first + size) for first, size in zip(self.start, self.array.shape, strict=True)
        )

    def place(self, first: tuple[int, int, int]) -> tuple[int, int, int]:
        """Returns seed, stream and the position of the matrix, from those of the tensor."""
        seed, stream, position = first
        return seed, stream, position + self.offset


class Matrices:
    """The matrices of a tensor, of which an array is all or a box.

    Args:
        array: the memory.
        shard: which box of which tensor it is; the whole if None.
        layout: which matrices the tensor holds; it is one if None.

    Raises:
        TypeError: `shard` is not a Shard, or `layout` not a Layout.
        ValueError: `array` does not have the shard's shape, or the layout does not fit the tensor's, or gives
            the matrices gains.

    Attributes:
        shapes: the shapes, `(out, in, *kernel)`, that matrices have; those of one expert.
    """

    __slots__ = ("_array", "_layout", "_resolved", "_shape", "_shard", "shapes")

    shapes: list[tuple[int, ...]]

    def __init__(self, array: Array, shard: Shard | None, layout: Layout | None) -> None:
        self._array = array
        self._shape = global_shape(array, shard)
        self._shard = shard
        self._layout = layout
        self._resolved = None if layout is None else resolve(layout, self._shape)
        if layout is not None and layout.gains is not None:
            raise ValueError(f"{layout}: gains scale what is drawn element by element, not whole matrices")
        self.shapes = [self._shape] if self._resolved is None else self._resolved.shapes(self._shape)

    def require_dimensions(self, allowed: Collection[int], message: str) -> None:
        """Checks how many dimensions a matrix has.

        Raises:
            ValueError: not one of `allowed`; it says `message`.
        """
        if len(self.shapes[0]) not in allowed:
            if self._layout is not None:
                message += f", but {self._layout} finds matrices of {self.shapes[0]} in {self._shape}"
            raise ValueError(message)

    def take(self, function: str, generator: Generator | None) -> tuple[int, int, int]:
        """Takes the positions of all matrices of the tensor; returns seed, stream and the first position.

        Raises:
            TypeError: `generator` is not a Generator.
            ValueError: the positions would pass 2^50.
        """
        numel = None
        if self._resolved is not None:
            experts = math.prod(self._shape[axis] for axis in self._resolved.experts)
            numel = experts * sum(map(_positions, self.shapes))
        return take(function, self._array, generator, self._shard, numel)[:3]

    def __iter__(self) -> Iterator[Part]:
        """Gives what the array holds of each matrix, if anything."""
        array = self._array
        if array.size == 0 or has_no_memory(array):
            return
        start = (0,) * array.ndim if self._shard is None else self._shard.start
        if self._resolved is None:
            yield Part(array, self._shape, start, 0)
            return
        experts, matrix, splits = self._resolved
        out, *inner = matrix
        begin = tuple(start[axis] for axis in inner)
        order = [
            sorted(matrix).index(axis) for axis in matrix
        ]  # indexing drops the dimensions of the experts
        offsets = [0, *itertools.accumulate(map(_positions, self.shapes))]
        for place in itertools.product(*(range(array.shape[axis]) for axis in experts)):
            expert = 0
            index: list[slice | int] = [slice(None)] * array.ndim
            for axis, at in zip(experts, place, strict=True):
                expert = expert * self._shape[axis] + start[axis] + at
                index[axis] = at
            for split, whole, offset in zip(splits, self.shapes, offsets, strict=False):
                first = max(split[0], start[out])
                last = min(split[1], start[out] + array.shape[out])
                if first < last:
                    index[out] = slice(first - start[out], last - start[out])
                    view = array[tuple(index)].transpose(order)
                    yield Part(view, whole, (first - split[0], *begin), expert * offsets[-1] + offset)


def _positions(shape: tuple[int, ...]) -> int:
    return -(-math.prod(shape) // 4) * 4
