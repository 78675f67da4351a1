"""Comparisons and logic; nothing here has a gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import class_name
from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..docstrings import documented
from ..dtypes import as_dtype
from .operands import Operand, broadcast, in_place, lift, pair

if TYPE_CHECKING:
    from ..tensor import Tensor

_of_two = documented(
    """
    Args:
        input: tensor or number, of any dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        A bool tensor of the shape to which both broadcast.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)
_of_one = documented(
    """
    Args:
        input: any shape and dtype.

    Returns:
        A bool tensor of the same shape.

    Raises:
        AttributeError: `input` is no tensor.
    """
)
_of_bits = documented(
    """
    Args:
        input: tensor or number, of integers or boolean.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        NotImplementedError: an operand is of floating point.
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)
_of_shifts = documented(
    """
    Args:
        input: tensor or number, of an integer dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        NotImplementedError: an operand is of floating point.
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)


def _compare(function: Callable[..., Any], input: Operand, other: Operand) -> Tensor:
    x, y, _ = pair(input, other)
    return wrap(broadcast(function, x, y))


@_of_two
def eq(input: Operand, other: Operand) -> Tensor:
    """Tells where input == other (torch.eq)."""
    return _compare(np.equal, input, other)


@_of_two
def ne(input: Operand, other: Operand) -> Tensor:
    """Tells where input != other (torch.ne); also named `not_equal`."""
    return _compare(np.not_equal, input, other)


@_of_two
def lt(input: Operand, other: Operand) -> Tensor:
    """Tells where input < other (torch.lt); also named `less`."""
    return _compare(np.less, input, other)


@_of_two
def le(input: Operand, other: Operand) -> Tensor:
    """Tells where input <= other (torch.le); also named `less_equal`."""
    return _compare(np.less_equal, input, other)


@_of_two
def gt(input: Operand, other: Operand) -> Tensor:
    """Tells where input > other (torch.gt); also named `greater`."""
    return _compare(np.greater, input, other)


@_of_two
def ge(input: Operand, other: Operand) -> Tensor:
    """Tells where input >= other (torch.ge); also named `greater_equal`."""
    return _compare(np.greater_equal, input, other)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Tells where `|input - other| <= atol + rtol * |other|` (torch.isclose).

    Args:
        input: any shape and dtype.
        other: of the same dtype; the shapes broadcast.
        rtol: how far apart relative to `other`, at least 0.
        atol: how far apart, at least 0.
        equal_nan: whether two NaNs are close.

    Returns:
        A bool tensor of the shape to which both broadcast.

    Raises:
        RuntimeError: the dtypes differ, the shapes do not broadcast, or a tolerance is negative.
        TypeError: `other` is no tensor.
    """
    _check_tensor("isclose", other)
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance:g}")
    if input._array.dtype != other._array.dtype:
        raise RuntimeError(f"{input.dtype.type_name} did not match {other.dtype.type_name}")
    x, y, _ = pair(input, other)
    return wrap(broadcast(lambda first, second: np.isclose(first, second, rtol, atol, equal_nan), x, y))


def _check_tensor(function: str, other: object) -> None:
    if not isinstance(other, Variable):
        raise TypeError(
            f"{function}(): argument 'other' (position 2) must be Tensor, not {class_name(other)}"
        )


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Tells whether `isclose` holds everywhere (torch.allclose).

    Args:
        input: any shape and dtype.
        other: of the same dtype; the shapes broadcast.
        rtol: how far apart relative to `other`, at least 0.
        atol: how far apart, at least 0.
        equal_nan: whether two NaNs are close.

    Returns:
        A Python bool.

    Raises:
        RuntimeError: the dtypes differ, the shapes do not broadcast, or a tolerance is negative.
        TypeError: `other` is no tensor.
    """
    _check_tensor("allclose", other)
    return bool(np.all(isclose(input, other, rtol, atol, equal_nan)._array))


def equal(input: Tensor, other: Tensor) -> bool:
    """Tells whether shapes and all elements are the same (torch.equal).

    Args:
        input: any shape and dtype.
        other: any shape and dtype.

    Returns:
        A Python bool; False where there is a NaN.

    Raises:
        TypeError: `other` is no tensor.
    """
    _check_tensor("equal", other)
    return bool(np.array_equal(input._array, other._array))


@_of_one
def isnan(input: Tensor) -> Tensor:
    """Tells which elements are NaN (torch.isnan)."""
    return wrap(np.isnan(input._array))


@_of_one
def isinf(input: Tensor) -> Tensor:
    """Tells which elements are infinite (torch.isinf)."""
    return wrap(np.isinf(input._array))


@_of_one
def isfinite(input: Tensor) -> Tensor:
    """Tells which elements are neither infinite nor NaN (torch.isfinite)."""
    return wrap(np.isfinite(input._array))


@_of_one
def isposinf(input: Tensor) -> Tensor:
    """Tells which elements are infinite and above 0 (torch.isposinf)."""
    return wrap(np.isinf(input._array) & np.greater(input._array, 0))


@_of_one
def isneginf(input: Tensor) -> Tensor:
    """Tells which elements are infinite and below 0 (torch.isneginf)."""
    return wrap(np.isinf(input._array) & np.less(input._array, 0))


@_of_one
def signbit(input: Tensor) -> Tensor:
    """Tells which elements are below 0, -0.0 among them (torch.signbit)."""
    x = lift(input._array)
    return wrap(np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0))


def isin(
    elements: Operand, test_elements: Operand, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Tells which of `elements` are among `test_elements` (torch.isin).

    Args:
        elements: a tensor or a number.
        test_elements: a tensor or a number, of any shape.
        assume_unique: changes nothing here.
        invert: tell which are not.

    Returns:
        A bool tensor of the shape of `elements`.

    Raises:
        TypeError: one is neither a tensor nor a number.
    """
    x, y, _ = pair(elements, test_elements)
    return wrap(np.isin(x, y, invert=invert))


@_of_one
def logical_not(input: Tensor) -> Tensor:
    """Tells which elements are 0 (torch.logical_not)."""
    return wrap(np.logical_not(lift(input._array)))


@_of_two
def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Tells where both are not 0 (torch.logical_and)."""
    return _compare(np.logical_and, input, other)


@_of_two
def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Tells where one or both are not 0 (torch.logical_or)."""
    return _compare(np.logical_or, input, other)


@_of_two
def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Tells where exactly one is not 0 (torch.logical_xor)."""
    return _compare(np.logical_xor, input, other)


def _bitwise(function: Callable[..., Any], name: str, input: Operand, other: Operand) -> Tensor:
    x, y, dtype = pair(input, other)
    if dtype.kind not in "biu":
        kind = as_dtype(dtype).type_name
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")
    return wrap(broadcast(function, x, y))


@_of_bits
def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """Returns input & other, of integers or booleans (torch.bitwise_and)."""
    return _bitwise(np.bitwise_and, "bitwise_and", input, other)


@_of_bits
def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """Returns input | other, of integers or booleans (torch.bitwise_or)."""
    return _bitwise(np.bitwise_or, "bitwise_or", input, other)


@_of_bits
def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """Returns input ^ other, of integers or booleans (torch.bitwise_xor)."""
    return _bitwise(np.bitwise_xor, "bitwise_xor", input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """Returns ~input, of integers or booleans (torch.bitwise_not).

    Args:
        input: any shape, of integers or boolean.

    Raises:
        NotImplementedError: `input` is of another dtype.
    """
    if input._array.dtype.kind not in "biu":
        raise NotImplementedError(f"\"bitwise_not_cpu\" not implemented for '{input.dtype.type_name}'")
    return wrap(np.invert(input._array))


bitwise_and_ = in_place(bitwise_and)
bitwise_or_ = in_place(bitwise_or)
bitwise_xor_ = in_place(bitwise_xor)
bitwise_not_ = in_place(bitwise_not)


@_of_shifts
def bitwise_left_shift(input: Operand, other: Operand) -> Tensor:
    """Returns input * 2**other, of integers (torch.bitwise_left_shift)."""
    return _bitwise(np.left_shift, "lshift", input, other)


@_of_shifts
def bitwise_right_shift(input: Operand, other: Operand) -> Tensor:
    """Returns input / 2**other rounded down, of integers (torch.bitwise_right_shift)."""
    return _bitwise(np.right_shift, "rshift", input, other)


def left_shift_of(input: Tensor, other: Operand) -> Tensor:
    """Returns other << input."""
    return bitwise_left_shift(other, input)


def right_shift_of(input: Tensor, other: Operand) -> Tensor:
    """Returns other >> input."""
    return bitwise_right_shift(other, input)


def inverted(input: Tensor) -> Tensor:
    """Returns ~input.

    Raises:
        TypeError: `input` is neither of integers nor boolean.
    """
    if input._array.dtype.kind not in "biu":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(input)


greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne


def _compared_in_place(function: Callable[[Operand, Operand], Tensor]) -> Callable[[Tensor, Operand], Tensor]:
    """Returns the in-place form of a comparison: where it is recorded, the gradient ends there."""
    name = f"{function.__name__.capitalize()}Backward"

    @functools.wraps(function)
    def compared(input: Operand, other: Operand) -> Tensor:
        operands = tuple(each for each in (input, other) if isinstance(each, Variable))
        shapes = [(each._array.shape, each._array.dtype) for each in operands]
        node = f"{name}{int(isinstance(other, Variable))}"
        return record(
            function(input, other)._array,
            node,
            operands,
            lambda grad: tuple(np.zeros(*each) for each in shapes),
        )

    return in_place(compared)


eq_, ne_, lt_, le_, gt_, ge_ = map(_compared_in_place, (eq, ne, lt, le, gt, ge))
greater_, greater_equal_, less_, less_equal_, not_equal_ = gt_, ge_, lt_, le_, ne_
logical_and_ = in_place(logical_and)
logical_or_ = in_place(logical_or)
logical_xor_ = in_place(logical_xor)
logical_not_ = in_place(logical_not)
bitwise_left_shift_ = in_place(bitwise_left_shift)
bitwise_right_shift_ = in_place(bitwise_right_shift)
