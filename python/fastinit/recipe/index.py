"""NumPy's basic indexing, on the box of a tensor that it needs."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import SupportsIndex

Index = SupportsIndex | slice | EllipsisType


def box(
    index: tuple[Index, ...], shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice | int, ...]]:
    """The smallest box that holds what `index` names, and the index of that inside the box."""
    dots = sum(each is ... for each in index)
    if dots > 1 or len(index) - dots > len(shape):
        raise IndexError(f"the index {index} does not fit the shape {shape}")
    cut = next((place for place, each in enumerate(index) if each is ...), len(index))
    filler = (slice(None),) * (len(shape) - (len(index) - dots))
    full = (*index[:cut], *filler, *index[cut + dots :])
    bounds = [_bounds(each, size) for each, size in zip(full, shape, strict=True)]
    return tuple(each for each, _ in bounds), tuple(view for _, view in bounds)


def _bounds(index: Index, size: int) -> tuple[slice, slice | int]:
    if isinstance(index, slice):
        places = range(*index.indices(size))
        low, high = (min(places), max(places) + 1) if places else (0, 0)
        return slice(low, high), slice(None, None, places.step)
    place = operator.index(index)  # type: ignore[arg-type]  # an ellipsis has been replaced
    if not -size <= place < size:
        raise IndexError(f"index {place} is out of bounds for a dimension of size {size}")
    return slice(place % size, place % size + 1), 0
