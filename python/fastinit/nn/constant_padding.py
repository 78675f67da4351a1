"""Padding with a constant, or with zeros, as layers."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .padding import Pad, Padding, on_each_side

__all__ = [
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _ConstantPad(Pad):
    """Adds a constant at the ends of the last dimensions.

    Args:
        padding: how many elements, on all sides or on each.
        value: the constant.
    """

    def __init__(self, padding: Padding, value: float) -> None:
        Module.__init__(self)
        self.value = value
        self.padding = on_each_side(padding, self._dims)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the padded input."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """How many elements are added, and which."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Adds a constant at both ends of the last dimension.

    Args:
        padding: how many elements, on all sides or (left, right); negative numbers crop.
        value: the constant.

    Shape:
        input `(*, L)`, output `(*, L + left + right)`.

    Raises:
        RuntimeError: in `forward`, the input has too few dimensions, more is cropped than there is, or
            `padding` is of odd length.

    Source: torch.nn.ConstantPad1d.
    """

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """Adds a constant around the last 2 dimensions.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom); negative numbers crop.
        value: the constant.

    Shape:
        input `(*, H, W)`, output `(*, H + top + bottom, W + left + right)`.

    Raises:
        RuntimeError: in `forward`, the input has too few dimensions, more is cropped than there is, or
            `padding` is of odd length.

    Source: torch.nn.ConstantPad2d.
    """

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """Adds a constant around the last 3 dimensions.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom, front, back); negative numbers
            crop.
        value: the constant.

    Shape:
        input `(*, D, H, W)`, output `(*, D + front + back, H + top + bottom, W + left + right)`.

    Raises:
        RuntimeError: in `forward`, the input has too few dimensions, more is cropped than there is, or
            `padding` is of odd length.

    Source: torch.nn.ConstantPad3d.
    """

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
    """Adds zeros at both ends of the last dimension.

    Args:
        padding: how many elements, on all sides or (left, right); negative numbers crop.

    Shape:
        input `(*, L)`, output `(*, L + left + right)`.

    Raises:
        RuntimeError: in `forward`, the input has too few dimensions, more is cropped than there is, or
            `padding` is of odd length.

    Source: torch.nn.ZeroPad1d.
    """

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """Adds zeros around the last 2 dimensions.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom); negative numbers crop.

    Shape:
        input `(*, H, W)`, output `(*, H + top + bottom, W + left + right)`.

    Raises:
        RuntimeError: in `forward`, the input has too few dimensions, more is cropped than there is, or
            `padding` is of odd length.

    Source: torch.nn.ZeroPad2d.
    """

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """Adds zeros around the last 3 dimensions.

    Args:
        padding: how many elements, on all sides or (left, right, top, bottom, front, back); negative numbers
            crop.

    Shape:
        input `(*, D, H, W)`, output `(*, D + front + back, H + top + bottom, W + left + right)`.

    Raises:
        RuntimeError: in `forward`, the input has too few dimensions, more is cropped than there is, or
            `padding` is of odd length.

    Source: torch.nn.ZeroPad3d.
    """

    _dims = 3
