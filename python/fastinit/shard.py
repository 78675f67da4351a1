"""`Shard`: which box of which global tensor an array is."""

import operator
from collections.abc import Iterable, Sequence
from math import prod
from typing import SupportsIndex

__all__ = ["Shard"]


class Shard:
    """A box of a global tensor. A fill that is given one makes exactly that box of the whole tensor's values.

    Args:
        global_shape: the shape of the whole tensor.
        index: a tuple of slices, one per dimension, of step 1, that lie inside the shape. Unlike in an
            indexing expression, a bound that is negative or past the end is refused, not wrapped or cut.

    Raises:
        TypeError: `index` is not a tuple of slices, or a bound or a size is not an int.
        ValueError: `index` has another number of dimensions, a step, or a slice that leaves the shape.

    Attributes:
        global_shape: the shape of the whole tensor.
        start: the global index of the box's first element.
        shape: the box's own shape, which the array to fill must have.

    Examples:
        >>> Shard((8, 6), (slice(2, 4), slice(None)))
        Shard((8, 6), (slice(2, 4), slice(0, 6)))
        >>> half = Shard((4, 4), (slice(None), slice(2, 4)))
        >>> nn.init.eye_(fastinit.empty(*half.shape), shard=half)
        tensor([[0., 0.],
                [0., 0.],
                [1., 0.],
                [0., 1.]])

    Source: a box as a tuple of slices, as jax.Shard.index has it.
    """

    __slots__ = ("global_shape", "shape", "start")

    global_shape: tuple[int, ...]
    start: tuple[int, ...]
    shape: tuple[int, ...]

    def __init__(self, global_shape: Iterable[SupportsIndex], index: tuple[slice, ...]) -> None:
        sizes = tuple(operator.index(size) for size in global_shape)
        if any(size < 0 for size in sizes):
            raise ValueError(f"Shard: expected sizes of at least 0, got the global shape {sizes}")
        if not isinstance(index, tuple) or not all(isinstance(each, slice) for each in index):
            raise TypeError(f"Shard: expected index to be a tuple of slices, got {index!r}")
        if len(index) != len(sizes):
            raise ValueError(f"Shard: expected a slice for each dimension of {sizes}, got {len(index)}")
        bounds = [_bounds(each, size, dim) for dim, (each, size) in enumerate(zip(index, sizes, strict=True))]
        self.global_shape = sizes
        self.start = tuple(start for start, _ in bounds)
        self.shape = tuple(stop - start for start, stop in bounds)

    @property
    def index(self) -> tuple[slice, ...]:
        """The box as a tuple of slices: `whole[shard.index]` is what the shard's fill gives."""
        return tuple(slice(first, first + size) for first, size in zip(self.start, self.shape, strict=True))

    def global_numel(self) -> int:
        """Returns the number of elements of the whole tensor."""
        return prod(self.global_shape)

    def check(self, shape: Sequence[int]) -> None:
        """Checks that an array of `shape` can hold the box.

        Raises:
            ValueError: `shape` is not the box's.
        """
        if tuple(shape) != self.shape:
            raise ValueError(f"{self} has the shape {self.shape}, but the tensor to fill has {tuple(shape)}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shard):
            return NotImplemented
        return (self.global_shape, self.start, self.shape) == (other.global_shape, other.start, other.shape)

    def __hash__(self) -> int:
        return hash((self.global_shape, self.start, self.shape))

    def __repr__(self) -> str:
        slices = ", ".join(f"slice({each.start}, {each.stop})" for each in self.index)
        return f"Shard({self.global_shape}, ({slices}{',' if len(self.start) == 1 else ''}))"


def _bounds(index: slice, size: int, dim: int) -> tuple[int, int]:
    if index.step not in (None, 1):
        raise ValueError(f"Shard: expected slices of step 1, got step {index.step!r} in dimension {dim}")
    start = 0 if index.start is None else operator.index(index.start)
    stop = size if index.stop is None else operator.index(index.stop)
    if not 0 <= start <= stop <= size:
        raise ValueError(
            f"Shard: expected 0 <= start <= stop <= {size} in dimension {dim}, got slice({start}, {stop})"
        )
    return start, stop
