"""Padding with a tensor's own elements, mirrored, repeated or wrapped around, as layers.

Each takes one number for all sides, or one for each: (left, right) of the last dimension, then of the one
before it, and so on. What is added stands at `nn.functional.pad`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, TypeAlias

from ..tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
]

Padding: TypeAlias = "int | Iterable[int]"


class Pad(Module):
    """Adds elements at the ends of the last dimensions.

    Args:
        padding: how many, on all sides or on each.
    """

    _dims: ClassVar[int]
    _mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Padding) -> None:
        super().__init__()
        self.padding = on_each_side(padding, self._dims)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the padded input."""
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """How many elements are added."""
        return f"{self.padding}"


def on_each_side(padding: Padding, dims: int) -> tuple[int, ...]:
    """Returns a number for each side of the padded dimensions, of one for all of them."""
    return tuple(padding) if isinstance(padding, Iterable) else (padding,) * (2 * dims)


class ReflectionPad1d(Pad):
    """Adds what a mirror at the last element shows.

    Args:
        padding: how many elements, on all sides or (left, right); less than the dimension's size; negative
            numbers crop.

    Shape:
        input `(N, C, L)` or `(C, L)`, output `(N, C, L + left + right)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input has another number of dimensions.
        RuntimeError: in `forward`, the padding is not below a dimension's size, or `padding` is of odd
            length.

    Source: torch.nn.ReflectionPad1d.
    """

    _dims, _mode = 1, "reflect"


class ReflectionPad2d(Pad):
    """Adds what mirrors at the edges show.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom); less than the dimension's
            size; negative numbers crop.

    Shape:
        input `(N, C, H, W)` or `(C, H, W)`, output `(N, C, H + top + bottom, W + left + right)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input has another number of dimensions.
        RuntimeError: in `forward`, the padding is not below a dimension's size, or `padding` is of odd
            length.

    Source: torch.nn.ReflectionPad2d.
    """

    _dims, _mode = 2, "reflect"


class ReflectionPad3d(Pad):
    """Adds what mirrors at the faces show.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom, front, back); less than the
            dimension's size; negative numbers crop.

    Shape:
        input `(N, C, D, H, W)` or `(C, D, H, W)`, output
        `(N, C, D + front + back, H + top + bottom, W + left + right)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input has another number of dimensions.
        RuntimeError: in `forward`, the padding is not below a dimension's size, or `padding` is of odd
            length.

    Source: torch.nn.ReflectionPad3d.
    """

    _dims, _mode = 3, "reflect"


class ReplicationPad1d(Pad):
    """Repeats the last element.

    Args:
        padding: how many elements, on all sides or (left, right); negative numbers crop.

    Shape:
        input `(N, C, L)` or `(C, L)`, output `(N, C, L + left + right)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input has another number of dimensions.
        RuntimeError: in `forward`, a padded dimension is empty, or `padding` is of odd length.

    Source: torch.nn.ReplicationPad1d.
    """

    _dims, _mode = 1, "replicate"


class ReplicationPad2d(Pad):
    """Repeats the edges.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom); negative numbers crop.

    Shape:
        input `(N, C, H, W)` or `(C, H, W)`, output `(N, C, H + top + bottom, W + left + right)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input has another number of dimensions.
        RuntimeError: in `forward`, a padded dimension is empty, or `padding` is of odd length.

    Source: torch.nn.ReplicationPad2d.
    """

    _dims, _mode = 2, "replicate"


class ReplicationPad3d(Pad):
    """Repeats the faces.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom, front, back); negative numbers
            crop.

    Shape:
        input `(N, C, D, H, W)` or `(C, D, H, W)`, output
        `(N, C, D + front + back, H + top + bottom, W + left + right)` or without N.

    Raises:
        NotImplementedError: in `forward`, the input has another number of dimensions.
        RuntimeError: in `forward`, a padded dimension is empty, or `padding` is of odd length.

    Source: torch.nn.ReplicationPad3d.
    """

    _dims, _mode = 3, "replicate"


class _CircularPad(Pad):
    """Adds what stands at the other end.

    Args:
        padding: how many elements, on all sides or on each.

    Raises:
        ValueError: in `forward`, the input has another number of dimensions than 1 or 2 beyond those padded.
    """

    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """Returns the padded input."""
        least, ndim = self._dims + 1, input.dim()
        if ndim not in {least, least + 1}:
            raise ValueError(f"expected {least}D or {least + 1}D input (got {ndim}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Adds what stands at the other end.

    Args:
        padding: how many elements, on all sides or (left, right); not more than the dimension's size;
            negative numbers crop.

    Shape:
        input `(N, C, L)` or `(C, L)`, output `(N, C, L + left + right)` or without N.

    Raises:
        RuntimeError: in `forward`, the padding is above a dimension's size, more is cropped than there is, or
            `padding` is of odd length.
        ValueError: in `forward`, the input has another number of dimensions.

    Source: torch.nn.CircularPad1d.
    """

    _dims = 1


class CircularPad2d(_CircularPad):
    """Adds what stands at the other edges.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom); not more than the dimension's
            size; negative numbers crop.

    Shape:
        input `(N, C, H, W)` or `(C, H, W)`, output `(N, C, H + top + bottom, W + left + right)` or without N.

    Raises:
        RuntimeError: in `forward`, the padding is above a dimension's size, more is cropped than there is, or
            `padding` is of odd length.
        ValueError: in `forward`, the input has another number of dimensions.

    Source: torch.nn.CircularPad2d.
    """

    _dims = 2


class CircularPad3d(_CircularPad):
    """Adds what stands at the other faces.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom, front, back); not more than the
            dimension's size; negative numbers crop.

    Shape:
        input `(N, C, D, H, W)` or `(C, D, H, W)`, output
        `(N, C, D + front + back, H + top + bottom, W + left + right)` or without N.

    Raises:
        RuntimeError: in `forward`, the padding is above a dimension's size, more is cropped than there is, or
            `padding` is of odd length.
        ValueError: in `forward`, the input has another number of dimensions.

    Source: torch.nn.CircularPad3d.
    """

    _dims = 3
