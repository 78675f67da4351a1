"""`Layout`: which matrices a stored tensor holds, and how they lie in it."""

from __future__ import annotations

import itertools
import math
import numbers
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, SupportsIndex

from .gain import fan_in_and_fan_out

__all__ = ["Layout", "Resolved", "resolve"]


@dataclass(frozen=True)
class Layout:
    """Which matrices a tensor holds: parts of a fused projection, experts, matrices stored as [in, out].

    An initialiser that is given one fills each matrix as if it lay alone, with fans of its own:

    - one that draws element by element (`xavier_*`, `kaiming_*`, `lecun_*`, `variance_scaling_`) gives each
      element the place in the stream that it has in the stored tensor, with or without a layout; the scale
      alone follows the fans of the element's matrix.
    - one that makes whole matrices (`orthogonal_`, `delta_orthogonal_`, `sparse_`, `eye_`, `dirac_`) does
      what it does when it is called on each matrix in turn, as an `(out, in, *kernel)` view, with one
      generator: each matrix's positions begin where those of the one before end, rounded up to 4.

    A `Shard` beside it says which box of the whole stored tensor is filled; only the matrices that the box
    touches are computed, and the generator moves as for the whole tensor.

    Args:
        splits: the matrices that lie along the output dimension, one behind the other: into how many equal
            parts it falls, or their sizes, which add up to it; all of it is one matrix if None.
        expert_axis: the dimension or dimensions, negative ones counted from the last, along which separate
            matrices are stacked. They are no part of a matrix, and its fans do not count them.
        transposed: whether those two of the other dimensions are (in, out) instead of (out, in), as in
            GPT-2's Conv1D and in transposed convolutions.
        kernel_first: whether those two come after the dimensions of a kernel instead of before them; with
            `transposed`, `(*kernel, in, out)` as in JAX and TensorFlow.
        gains: a factor of the standard deviation for each of the splits, as for the value in a fused
            projection of query, key and value; for the initialisers that draw element by element.

    Raises:
        TypeError: a number is not an int, or a gain is no number.
        ValueError: a part is below 1, a dimension is named twice, or the gains are not as many as the splits,
            each finite and at least 0.

    Source: fastinit's own; see docs/recipes.md, and docs/stream.md for the places in the stream.

    Examples:
        >>> Layout(splits=(8, 2, 2)).fans((12, 6))
        [(6, 8), (6, 2), (6, 2)]
        >>> Layout(expert_axis=0, transposed=True).fans((2, 6, 10))
        [(6, 10), (6, 10)]
        >>> Layout(transposed=True, kernel_first=True).fans((3, 3, 16, 32))
        [(144, 288)]
        >>> Layout(splits=2).matrices((4, 3))
        [(slice(0, 2, None), slice(0, 3, None)), (slice(2, 4, None), slice(0, 3, None))]
    """

    splits: int | tuple[int, ...] | None = None
    expert_axis: int | tuple[int, ...] | None = None
    transposed: bool = False
    kernel_first: bool = False
    gains: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("splits", "expert_axis"):
            object.__setattr__(self, name, _as_ints(name, getattr(self, name)))
        for name in ("transposed", "kernel_first"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"Layout: expected {name} to be a bool, got {getattr(self, name)!r}")
        if any(each < 1 for each in _several(self.splits)) or self.splits == ():
            raise ValueError(f"Layout: expected splits of at least 1, got {self.splits}")
        if self.gains is not None:
            object.__setattr__(self, "gains", _as_gains(self.gains, self._parts))

    @property
    def _parts(self) -> int:
        return len(self.splits) if isinstance(self.splits, tuple) else self.splits or 1

    def matrices(self, shape: Sequence[int]) -> list[tuple[slice, ...]]:
        """Returns where in a tensor of `shape` each matrix lies.

        Args:
            shape: the shape as stored.

        Returns:
            A tuple of slices for each matrix: the experts in row-major order, as their dimensions lie in the
            tensor, and within each the splits.

        Raises:
            ValueError: the layout does not fit the shape.
        """
        resolved = resolve(self, shape)
        places = itertools.product(*(range(shape[axis]) for axis in resolved.experts))
        return [resolved.box(shape, place, split) for place in places for split in resolved.splits]

    def fans(self, shape: Sequence[int]) -> list[tuple[int, int]]:
        """Returns fan_in and fan_out of each matrix of a tensor of `shape`, in the order of `matrices`.

        Raises:
            ValueError: the layout does not fit the shape.
        """
        resolved = resolve(self, shape)
        experts = itertools.product(*(range(shape[axis]) for axis in resolved.experts))
        of_splits = [fan_in_and_fan_out(each) for each in resolved.shapes(shape)]
        return [fans for _ in experts for fans in of_splits]


class Resolved(NamedTuple):
    """A layout as it falls on the dimensions of one shape.

    Attributes:
        experts: the dimensions along which matrices are stacked, rising.
        matrix: the others, in the order `(out, in, *kernel)`.
        splits: where along the output dimension each matrix begins and ends.
    """

    experts: tuple[int, ...]
    matrix: tuple[int, ...]
    splits: tuple[tuple[int, int], ...]

    def box(self, shape: Sequence[int], place: Iterable[int], split: tuple[int, int]) -> tuple[slice, ...]:
        """Returns where in the stored tensor the matrix of an expert and a split lies."""
        bounds = [slice(0, size) for size in shape]
        for axis, at in zip(self.experts, place, strict=True):
            bounds[axis] = slice(at, at + 1)
        bounds[self.matrix[0]] = slice(*split)
        return tuple(bounds)

    def shapes(self, shape: Sequence[int]) -> list[tuple[int, ...]]:
        """Returns the shape of the matrix of each split, as `(out, in, *kernel)`."""
        inner = tuple(shape[axis] for axis in self.matrix[1:])
        return [(stop - start, *inner) for start, stop in self.splits]


def resolve(layout: Layout, shape: Sequence[int]) -> Resolved:
    """Returns how `layout` falls on a tensor of `shape`.

    Raises:
        TypeError: `layout` is not a Layout.
        ValueError: a dimension is out of range or named twice, fewer than 2 are left for a matrix, or the
            splits do not make up the output dimension.
    """
    if not isinstance(layout, Layout):
        raise TypeError(f"argument 'layout' must be fastinit.nn.init.Layout, not {type(layout).__name__}")
    shape = tuple(shape)
    axes = _several(layout.expert_axis)
    if any(not -len(shape) <= axis < len(shape) for axis in axes):
        raise ValueError(f"{layout}: expert_axis is out of range for the shape {shape}")
    experts = tuple(sorted(axis % len(shape) for axis in axes))
    if len(set(experts)) != len(experts):
        raise ValueError(f"{layout}: expert_axis names a dimension of the shape {shape} twice")
    others = [axis for axis in range(len(shape)) if axis not in experts]
    if len(others) < 2:
        raise ValueError(
            f"{layout}: a matrix has 2 or more dimensions, but the shape {shape} leaves {len(others)}"
        )
    if layout.kernel_first:
        others = others[-2:] + others[:-2]
    if layout.transposed:
        others[:2] = reversed(others[:2])
    return Resolved(experts, tuple(others), _bounds(layout, shape, others[0]))


def _bounds(layout: Layout, shape: tuple[int, ...], axis: int) -> tuple[tuple[int, int], ...]:
    size = shape[axis]
    output = f"dimension {axis} of the shape {shape}, the output, is {size}"
    if isinstance(layout.splits, tuple):
        sizes = layout.splits
        if sum(sizes) != size:
            raise ValueError(f"{layout}: {output}, but the splits add up to {sum(sizes)}")
    else:
        parts = layout.splits or 1
        if size % parts:
            raise ValueError(f"{layout}: {output}, which does not fall into {parts} equal parts")
        sizes = (size // parts,) * parts
    ends = tuple(itertools.accumulate(sizes))
    return tuple((end - length, end) for end, length in zip(ends, sizes, strict=True))


def _several(value: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _as_gains(gains: object, parts: int) -> tuple[float, ...]:
    if not isinstance(gains, Iterable) or isinstance(gains, str):
        raise TypeError(f"Layout: expected gains to be numbers, one for each split, got {gains!r}")
    found = tuple(gains)
    for each in found:
        if isinstance(each, bool) or not isinstance(each, numbers.Real):
            raise TypeError(f"Layout: expected gains to be of numbers, got {each!r}")
        if not 0 <= float(each) < math.inf:
            raise ValueError(f"Layout: expected gains to be finite and at least 0, got {each!r}")
    if len(found) != parts:
        raise ValueError(f"Layout: expected a gain for each of {parts} splits, got {len(found)}")
    return tuple(float(each) for each in found)


def _as_ints(name: str, value: object) -> int | tuple[int, ...] | None:
    if value is None:
        return None
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(_as_int(name, each) for each in value)
    return _as_int(name, value)


def _as_int(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise TypeError(f"Layout: expected {name} to be of ints, got {value!r}")
    return operator.index(value)
