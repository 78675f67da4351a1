"""The shape of a tensor."""

import math
import operator
from collections.abc import Iterable
from typing import Any, SupportsIndex, overload

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """The lengths of a tensor's dimensions, a tuple (torch.Size).

    Slices, sums and multiples of one are `Size` too.

    Args:
        shape: integers; none by default.

    Raises:
        TypeError: an item is not an integer, or `shape` is no iterable.
    """

    __slots__ = ()

    def __new__(cls, shape: Iterable[int] = ()) -> "Size":
        """Checks that every item is an integer."""
        items = tuple(shape)
        for index, item in enumerate(items):
            if type(item) is not int and not hasattr(item, "__index__"):
                raise TypeError(
                    f"fastinit.Size() takes an iterable of 'int' (item {index} is '{type(item).__name__}')"
                )
        return super().__new__(cls, map(operator.index, items))

    def numel(self) -> int:
        """Returns how many elements a tensor of this shape has."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"fastinit.Size([{', '.join(map(str, self))}])"

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, index: slice, /) -> "Size": ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> "int | Size":
        item = super().__getitem__(index)
        return Size(item) if isinstance(item, tuple) else item

    def __add__(self, other: Any, /) -> "Size":
        if not isinstance(other, tuple):
            raise TypeError(f'can only concatenate tuple (not "{type(other).__name__}") to fastinit.Size')
        return Size(super().__add__(other))

    def __radd__(self, other: Any, /) -> "Size":
        return Size(other).__add__(self)

    def __mul__(self, count: SupportsIndex, /) -> "Size":
        return Size(super().__mul__(count))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[type["Size"], tuple[tuple[int, ...]]]:
        return Size, (tuple(self),)
