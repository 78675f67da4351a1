"""Padding as layers; what is added stands at `nn.functional.pad`.

Each takes one number for all sides, or one for each: (left, right) of the last dimension, then of the one
before it, and so on.
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
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

Padding: TypeAlias = "int | Iterable[int]"


class _Pad(Module):
    """Adds elements at the ends of the last dimensions.

    Args:
        padding: how many, on all sides or on each.
    """

    _dims: ClassVar[int]
    _mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Padding) -> None:
        super().__init__()
        self.padding = _on_each_side(padding, self._dims)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the padded input."""
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        """How many elements are added."""
        return f"{self.padding}"


def _on_each_side(padding: Padding, dims: int) -> tuple[int, ...]:
    return tuple(padding) if isinstance(padding, Iterable) else (padding,) * (2 * dims)


class _ConstantPad(_Pad):
    """Adds a constant at the ends of the last dimensions.

    Args:
        padding: how many elements, on all sides or on each.
        value: the constant.
    """

    def __init__(self, padding: Padding, value: float) -> None:
        Module.__init__(self)
        self.value = value
        self.padding = _on_each_side(padding, self._dims)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the padded input."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """How many elements are added, and which."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Adds a constant at both ends of the last dimension (torch.nn.ConstantPad1d)."""

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """Adds a constant around the last 2 dimensions (torch.nn.ConstantPad2d)."""

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """Adds a constant around the last 3 dimensions (torch.nn.ConstantPad3d)."""

    _dims = 3


class _ZeroPad(_ConstantPad):
    """Adds zeros.

    Args:
        padding: how many, on all sides or on each.
    """

    def __init__(self, padding: Padding) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """How many are added."""
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """Adds zeros at both ends of the last dimension (torch.nn.ZeroPad1d)."""

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """Adds zeros around the last 2 dimensions (torch.nn.ZeroPad2d)."""

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """Adds zeros around the last 3 dimensions (torch.nn.ZeroPad3d)."""

    _dims = 3


class ReflectionPad1d(_Pad):
    """Adds what a mirror at the last element shows (torch.nn.ReflectionPad1d)."""

    _dims, _mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Adds what mirrors at the edges show (torch.nn.ReflectionPad2d)."""

    _dims, _mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Adds what mirrors at the faces show (torch.nn.ReflectionPad3d)."""

    _dims, _mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Repeats the last element (torch.nn.ReplicationPad1d)."""

    _dims, _mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Repeats the edges (torch.nn.ReplicationPad2d)."""

    _dims, _mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Repeats the faces (torch.nn.ReplicationPad3d)."""

    _dims, _mode = 3, "replicate"


class _CircularPad(_Pad):
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
    """Adds what stands at the other end (torch.nn.CircularPad1d)."""

    _dims = 1


class CircularPad2d(_CircularPad):
    """Adds what stands at the other edges (torch.nn.CircularPad2d)."""

    _dims = 2


class CircularPad3d(_CircularPad):
    """Adds what stands at the other faces (torch.nn.CircularPad3d)."""

    _dims = 3
