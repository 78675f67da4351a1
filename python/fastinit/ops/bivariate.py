"""Functions of two tensors, element by element, beyond arithmetic: angles, remainders, logarithms of sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..docstrings import documented
from ..dtypes import as_dtype, result_type
from ..meta import as_array
from .arithmetic import pow
from .operands import (
    Array,
    Operand,
    broadcast,
    floating,
    in_place,
    lift,
    lower,
    pair,
    reduce_to,
    refuse_bool,
    refuse_integers,
    refuse_zero,
    target,
)

if TYPE_CHECKING:
    from ..tensor import Tensor

_of_numbers = documented(
    """
    Args:
        input: tensor or number, of any dtype; integers and booleans are taken in the default dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common floating-point dtype.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)
_of_floats = documented(
    """
    Args:
        input: tensor or number.
        other: tensor or number, of floating point if `input` is not; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        NotImplementedError: no operand is of floating point.
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)
_of_any = documented(
    """
    Args:
        input: tensor or number, of any dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)
_of_integers = documented(
    """
    Args:
        input: tensor or number, of an integer dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype; without a gradient.

    Raises:
        NotImplementedError: the common dtype is boolean or of floating point.
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
)


def _recorded(
    input: Operand,
    other: Operand,
    name: str,
    function: Callable[[Any, Any], Any],
    slopes: Callable[[Any, Any], tuple[Any, Any]],
    *,
    keeps_integers: bool = False,
) -> Tensor:
    """Computes `function`, whose derivatives with respect to both operands `slopes` gives."""
    x, y, dtype = pair(input, other)
    if dtype.kind in "biu" and not keeps_integers:
        x, y = floating(as_array(x)), floating(as_array(y))
        dtype = x.dtype
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        of_input, of_other = slopes(x, y)
        return a and reduce_to(grad * of_input, a), b and reduce_to(grad * of_other, b)

    saved = tuple(each for each in (input, other) if isinstance(each, Variable) and (a or b))
    array = lower(broadcast(function, x, y), dtype)
    if len(saved) == 2 or not saved:
        return record(array, name, (input, other), backward, saved)
    # A number has no edge.
    place = 0 if isinstance(input, Variable) else 1
    return record(array, name, saved, lambda grad: (backward(grad)[place],), saved)


@_of_numbers
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Returns the angle of the point (other, input) (torch.atan2); also named `arctan2`."""

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        square = x * x + y * y
        inverse = np.where(square == 0, 0, 1 / square)
        return y * inverse, -x * inverse

    return _recorded(input, other, "Atan2Backward0", np.arctan2, slopes)


@_of_floats
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """Returns sqrt(input**2 + other**2) (torch.hypot)."""
    refuse_integers(result_type(input, other).numpy, "hypot_cpu")

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        length = np.hypot(x, y)
        return x / length, y / length

    return _recorded(input, other, "HypotBackward0", np.hypot, slopes)


@_of_numbers
def copysign(input: Tensor, other: Operand) -> Tensor:
    """Returns the size of `input` with the sign of `other` (torch.copysign)."""

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        return np.where(x == 0, 0, np.copysign(1, y) * np.sign(x)), np.zeros_like(x)

    name = "CopysignBackward0" if isinstance(other, Variable) else "CopysignBackward1"
    return _recorded(input, other, name, np.copysign, slopes)


def fmod(input: Tensor, other: Operand) -> Tensor:
    """Returns input - other * trunc(input / other), which has the sign of `input` (torch.fmod).

    Args:
        input: dividend, tensor or number.
        other: divisor, tensor or number; the shapes broadcast, and one is not boolean.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        NotImplementedError: both are boolean.
        RuntimeError: an integer is divided by zero, or the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    dividend, divisor, dtype = pair(input, other)
    refuse_bool(dtype, "fmod_cpu")
    refuse_zero(dividend, divisor, dtype)

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        return np.ones_like(x), -np.trunc(x / y)

    name = "FmodBackward1" if isinstance(other, Variable) else "FmodBackward0"
    return _recorded(input, other, name, np.fmod, slopes, keeps_integers=True)


@_of_floats
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """Returns log(exp(input) + exp(other)) without overflow (torch.logaddexp)."""
    refuse_integers(result_type(input, other).numpy, "logaddexp_cpu")

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        total = np.logaddexp(x, y)
        return np.exp(x - total), np.exp(y - total)

    return _recorded(input, other, "LogaddexpBackward0", np.logaddexp, slopes)


@_of_floats
def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """Returns log2(2**input + 2**other) without overflow (torch.logaddexp2)."""
    refuse_integers(result_type(input, other).numpy, "logaddexp2_cpu")

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        total = np.logaddexp2(x, y)
        return np.exp2(x - total), np.exp2(y - total)

    return _recorded(input, other, "Logaddexp2Backward0", np.logaddexp2, slopes)


@_of_numbers
def xlogy(input: Operand, other: Operand) -> Tensor:
    """Returns input * log(other), and 0 where `input` is 0 (torch.xlogy)."""

    def function(x: Any, y: Any) -> Any:
        return np.where(np.equal(x, 0) & ~np.isnan(y), 0, x * np.log(y)).astype(np.result_type(x, y))

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        return np.where(np.equal(x, 0) & np.less_equal(y, 0), 0, np.log(y)), x / y

    number = 1 if not isinstance(input, Variable) else 2 if not isinstance(other, Variable) else 0
    return _recorded(input, other, f"XlogyBackward{number}", function, slopes)


def _extreme_number(function: Any, name: str, input: Tensor, other: Tensor) -> Tensor:
    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        first = (function(x, y) == x) & ~np.isnan(x) | np.isnan(y)
        return first, ~first

    return _recorded(input, other, name, function, slopes, keeps_integers=True)


@_of_any
def fmax(input: Tensor, other: Tensor) -> Tensor:
    """Returns the larger of each two elements; a number rather than NaN (torch.fmax)."""
    return _extreme_number(np.fmax, "FmaxBackward0", input, other)


@_of_any
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """Returns the smaller of each two elements; a number rather than NaN (torch.fmin)."""
    return _extreme_number(np.fmin, "FminBackward0", input, other)


def float_power(input: Tensor, exponent: Operand) -> Tensor:
    """Returns input to the power of exponent, in float64 (torch.float_power).

    Args:
        input: any shape and dtype.
        exponent: tensor or number; the shapes broadcast.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: `exponent` is neither tensor nor number.
    """
    return pow(input.double(), exponent.double() if isinstance(exponent, Variable) else exponent)


arctan2 = atan2


def _without_derivative(name: str) -> Callable[[Array], tuple[Array, ...]]:
    def backward(grad: Array) -> tuple[Array, ...]:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return backward


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """Returns 0 below 0, 1 above it, and `values` at 0 (torch.heaviside).

    Args:
        input: any shape and dtype.
        values: of the same dtype; the shapes broadcast.

    Raises:
        RuntimeError: the dtypes differ, or the shapes do not broadcast; in backward, always.
    """
    x, y = input._array, values._array
    if x.dtype != y.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")

    def step(x: Any, y: Any) -> Any:
        return np.where(x == 0, y, (x > 0).astype(x.dtype))

    array = lower(broadcast(step, lift(x), lift(y)), x.dtype)
    return record(array, "NotImplemented", (input, values), _without_derivative("heaviside"))


def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """Returns the next number of the dtype after `input`, towards `other` (torch.nextafter).

    Args:
        input: any shape and dtype.
        other: a tensor, of floating point if `input` is not; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        NotImplementedError: the common dtype is no floating-point one.
        RuntimeError: the shapes do not broadcast.
        TypeError: one is neither tensor nor number.
    """
    dtype = result_type(input, other).numpy
    refuse_integers(dtype, "nextafter_cpu")
    x, y = input._array.astype(dtype, copy=False), other._array.astype(dtype, copy=False)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        moved = np.where(x == y, grad.dtype.type(0), grad)
        return a and reduce_to(moved, a), b and reduce_to(np.zeros_like(grad), b)

    return record(
        broadcast(np.nextafter, x, y), "NextafterBackward0", (input, other), backward, (input, other)
    )


@_of_numbers
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """Returns input * 2**other (torch.ldexp)."""

    def power(x: Any, y: Any) -> Any:
        return x * np.exp2(y)

    def slopes(x: Any, y: Any) -> tuple[Any, Any]:
        return np.exp2(y), power(x, y) * math.log(2)

    return _recorded(input, other, "LdexpBackward0", power, slopes)


def _divisors(function: Callable[..., Any], name: str, input: Tensor, other: Tensor) -> Tensor:
    x, y, dtype = pair(input, other)
    if dtype.kind not in "iu":
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{as_dtype(dtype).type_name}'")
    return wrap(broadcast(function, x, y))


@_of_integers
def gcd(input: Tensor, other: Tensor) -> Tensor:
    """Returns the greatest common divisors of integers (torch.gcd)."""
    return _divisors(np.gcd, "gcd", input, other)


@_of_integers
def lcm(input: Tensor, other: Tensor) -> Tensor:
    """Returns the least common multiples of integers (torch.lcm)."""
    return _divisors(np.lcm, "lcm", input, other)


atan2_ = arctan2_ = in_place(atan2)
hypot_ = in_place(hypot)
copysign_ = in_place(copysign)
fmod_ = in_place(fmod)
xlogy_ = in_place(xlogy)
heaviside_ = in_place(heaviside)
nextafter_ = in_place(nextafter)
ldexp_ = in_place(ldexp)
gcd_ = in_place(gcd)
lcm_ = in_place(lcm)
