"""The initial values of one tensor, any range of them at a time."""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ..random import Generator
from ..recipe import Assignment
from ..shard import Shard

Array = npt.NDArray[Any]
Box = tuple[slice, ...]


class Values:
    """Computes ranges of a tensor's values, in row-major order.

    Where the initialiser is elementwise, a range costs a range. Else whole matrices are made, one at a time:
    the last one is kept, so that ranges asked for in order make each of them once.

    Args:
        tensor: what a recipe decides for it.
        seed: the seed of the checkpoint.
    """

    def __init__(self, tensor: Assignment, seed: int) -> None:
        self._shape = tensor.spec.shape
        self._dtype = tensor.spec.numpy_dtype
        self._fill = tensor.initialiser.fill
        self._generator = Generator(seed=seed).fork(tensor.name)
        self._state = self._generator.get_state()
        self._matrices = None if tensor.initialiser.elementwise else _matrices_of(tensor)
        self._kept: tuple[int, Array] | None = None
        self._spilt: IO[bytes] | None = None

    def fill(self, out: Array, start: int) -> None:
        """Fills `out`, one-dimensional and contiguous, with the values from the flat index `start` on."""
        if self._matrices is None:
            place = 0
            for box in boxes(self._shape, start, start + out.size):
                shape = _shape(box)
                size = math.prod(shape)
                self._make(out[place : place + size].reshape(shape), box)
                place += size
        elif not out.size:
            pass
        elif _interleaved(self._matrices, self._shape):
            self._gather(out, start)
        else:
            self._copy(out, start)

    def _make(self, out: Array, box: Box) -> None:
        self._generator.set_state(self._state)
        self._fill(out, self._generator, Shard(self._shape, box))

    def _copy(self, out: Array, start: int) -> None:
        """From matrices that lie one behind another."""
        assert self._matrices is not None
        first = 0
        for number, box in enumerate(self._matrices):
            last = first + math.prod(_shape(box))
            low, high = max(first, start), min(last, start + out.size)
            if low < high:
                matrix = self._matrix(number, box)
                out[low - start : high - start] = matrix.reshape(-1)[low - first : high - first]
            first = last

    def _matrix(self, number: int, box: Box) -> Array:
        if self._kept is None or self._kept[0] != number:
            self._kept = None  # before the next one is made: there is room for one
            matrix = np.empty(_shape(box), self._dtype)
            self._make(matrix, box)
            self._kept = (number, matrix)
        return self._kept[1]

    def _gather(self, out: Array, start: int) -> None:
        """From matrices whose rows take turns: all are made, one by one, and laid aside on the disk."""
        assert self._matrices is not None
        if self._spilt is None:
            self._spilt = self._spill(self._matrices)
        # Mapped anew each time, so that what has been read does not stay in this process's memory.
        whole = np.memmap(self._spilt, self._dtype, "r")
        offset = 0
        views = []
        for matrix in self._matrices:
            views.append(whole[offset : offset + math.prod(_shape(matrix))].reshape(_shape(matrix)))
            offset += views[-1].size
        place = 0
        for box in boxes(self._shape, start, start + out.size):
            shape = _shape(box)
            target = out[place : place + math.prod(shape)].reshape(shape)
            place += target.size
            for matrix, values in zip(self._matrices, views, strict=True):
                low = [max(one.start, other.start) for one, other in zip(box, matrix, strict=True)]
                high = [min(one.stop, other.stop) for one, other in zip(box, matrix, strict=True)]
                if all(a < b for a, b in zip(low, high, strict=True)):
                    target[_within(low, high, box)] = values[_within(low, high, matrix)]

    def _spill(self, matrices: list[Box]) -> IO[bytes]:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object, and has no name
        weakref.finalize(self, file.close)
        for box in matrices:
            matrix = np.empty(_shape(box), self._dtype)
            self._make(matrix, box)
            file.write(matrix.reshape(-1).view(np.uint8).data)
            del matrix
        file.flush()
        return file


def boxes(shape: tuple[int, ...], start: int, stop: int) -> Iterator[Box]:
    """Cuts a range of a shape's flat indices into boxes, in order: part of a row, whole rows, part of one."""
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    full = tuple(slice(0, size) for size in shape[1:])
    while start < stop:
        row, place = divmod(start, inner)
        rows = (stop - start) // inner
        if place == 0 and rows:
            yield (slice(row, row + rows), *full)
            start += rows * inner
        else:
            end = min(inner, place + stop - start)
            for box in boxes(shape[1:], place, end):
                yield (slice(row, row + 1), *box)
            start += end - place


def working_bytes(tensor: Assignment) -> int:
    """The bytes that the largest matrix of a tensor takes while it is made; 0 where none is made whole."""
    if tensor.initialiser.elementwise or not tensor.spec.numel:
        return 0
    largest = max(math.prod(_shape(box)) for box in _matrices_of(tensor))
    itemsize = tensor.spec.numpy_dtype.itemsize
    # Beside the matrix: the 64-bit keys of sparse_; or the result and the reflectors in float32 or float64.
    beside = 8 if tensor.initialiser.name == "sparse_" else 3 * max(itemsize, 4)
    return largest * (itemsize + beside)


def divisible(tensor: Assignment) -> bool:
    """Whether several ranges of a tensor can be made apart with next to no matrix made by more than one."""
    return tensor.initialiser.elementwise or not _interleaved(_matrices_of(tensor), tensor.spec.shape)


def _matrices_of(tensor: Assignment) -> list[Box]:
    """Where they lie, in the order in which they begin: a layout lists them expert by expert."""
    shape, layout = tensor.spec.shape, tensor.initialiser.layout
    if layout is None:
        return [tuple(slice(0, size) for size in shape)]
    return sorted(layout.matrices(shape), key=lambda box: [each.start for each in box])


def _interleaved(matrices: list[Box], shape: tuple[int, ...]) -> bool:
    """Whether the rows of matrices take turns in the tensor."""
    return not all(_contiguous(box, shape) for box in matrices)


def _contiguous(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether the elements of a box lie one behind another: single, then any, then whole slices."""
    lengths = _shape(box)
    cut = next((axis for axis, length in enumerate(lengths) if length != 1), len(shape))
    return lengths[cut + 1 :] == shape[cut + 1 :]


def _shape(box: Box) -> tuple[int, ...]:
    return tuple(each.stop - each.start for each in box)


def _within(low: list[int], high: list[int], box: Box) -> Box:
    return tuple(slice(a - each.start, b - each.start) for a, b, each in zip(low, high, box, strict=True))
