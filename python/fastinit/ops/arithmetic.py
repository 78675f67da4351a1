"""Sums, products, quotients and powers, with broadcasting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Variable
from ..autograd.record import record
from ..meta import as_array, has_no_memory
from .operands import (
    Array,
    Operand,
    broadcast,
    compute,
    floating,
    in_place,
    lift,
    lower,
    pair,
    reduce_to,
    refuse_bool,
    refuse_zero,
    target,
)

if TYPE_CHECKING:
    from ..tensor import Tensor


def add(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """Returns input + alpha * other (torch.add).

    Args:
        input: tensor or number, of any dtype.
        other: tensor or number; the shapes broadcast.
        alpha: number; a whole one if both are of integers.

    Returns:
        The shape to which both broadcast; the dtype is that of `result_type`.

    Raises:
        RuntimeError: the shapes do not broadcast, or `alpha` is a float other than 1, and no operand is of
            floating point.
        TypeError: an operand is neither tensor nor number.
    """
    x, y, dtype = pair(input, other)
    if alpha != 1:
        _check_alpha(alpha, dtype)
    array = broadcast(np.add, x, y if alpha == 1 else y * alpha)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return reduce_to(grad, a), reduce_to(grad if alpha == 1 else grad * alpha, b)

    return record(lower(array, dtype), "AddBackward0", (input, other), backward)


def sub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """Returns input - alpha * other (torch.sub); also named `subtract`.

    Args:
        input: tensor or number, of any dtype but bool.
        other: tensor or number; the shapes broadcast.
        alpha: number; a whole one if both are of integers.

    Returns:
        The shape to which both broadcast; the dtype is that of `result_type`.

    Raises:
        RuntimeError: one is boolean, the shapes do not broadcast, or `alpha` is a float other than 1, and no
            operand is of floating point.
        TypeError: an operand is neither tensor nor number.
    """
    x, y, dtype = pair(input, other)
    if dtype == np.bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if _is_boolean(input) or _is_boolean(other):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert "
            "a mask, use the `~` or `logical_not()` operator instead."
        )
    if alpha != 1:
        _check_alpha(alpha, dtype)
    array = broadcast(np.subtract, x, y if alpha == 1 else y * alpha)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return reduce_to(grad, a), reduce_to(grad * -alpha, b)

    return record(lower(array, dtype), "SubBackward0", (input, other), backward)


def _check_alpha(alpha: float, dtype: np.dtype[Any]) -> None:
    if dtype.kind in "biu" and isinstance(alpha, float):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")


def _is_boolean(operand: Operand) -> bool:
    return operand._array.dtype.char == "?" if isinstance(operand, Variable) else isinstance(operand, bool)


def rsub(input: Tensor, other: Operand) -> Tensor:
    """Returns other - input (torch.rsub).

    Args:
        input: any shape, any dtype but bool.
        other: tensor or number; the shapes broadcast.

    Raises:
        RuntimeError: one is boolean, or the shapes do not broadcast.
        TypeError: `other` is neither tensor nor number.
    """
    if isinstance(other, Variable):
        return sub(other, input)
    x, y, dtype = pair(input, other)
    if dtype == np.bool_ or _is_boolean(input) or _is_boolean(other):
        return sub(other, input)
    return record(lower(compute(np.subtract, y, x), dtype), "RsubBackward1", (input,), lambda grad: (-grad,))


def mul(input: Operand, other: Operand) -> Tensor:
    """Returns input * other (torch.mul); also named `multiply`.

    Args:
        input: tensor or number, of any dtype.
        other: tensor or number; the shapes broadcast.

    Returns:
        The shape to which both broadcast; the dtype is that of `result_type`.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    x, y, dtype = pair(input, other)
    array = broadcast(np.multiply, x, y)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return a and reduce_to(grad * y, a), b and reduce_to(grad * x, b)

    saved = needed_among((other, a), (input, b))
    return record(lower(array, dtype), "MulBackward0", (input, other), backward, saved)


def needed_among(*pairs: tuple[object, object]) -> tuple[Variable, ...]:
    """Returns the tensors among those that are needed."""
    return tuple(each for each, needed in pairs if needed is not None and isinstance(each, Variable))


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Returns input / other, integers as the default dtype (torch.div).

    Also named `divide` and `true_divide`.

    Args:
        input: dividend, tensor or number.
        other: divisor, tensor or number; the shapes broadcast.
        rounding_mode: None; "floor" or "trunc" for a whole quotient, which keeps integer dtypes and has no
            gradient.

    Raises:
        NotImplementedError: both are boolean, and `rounding_mode` is "floor".
        RuntimeError: `rounding_mode` is another word, the shapes do not broadcast, or an integer is divided
            by zero into a whole quotient.
        TypeError: an operand is neither tensor nor number.
    """
    if rounding_mode == "floor":
        return floor_divide(input, other)
    x, y, dtype = pair(input, other)
    if rounding_mode == "trunc":
        refuse_zero(x, y, dtype)
        quotient = np.trunc(broadcast(np.true_divide, x, y)).astype(dtype)
        return record(
            quotient,
            "DivBackward2",
            (input, other),
            lambda grad: tuple(reduce_to(np.zeros_like(grad), target(each)) for each in (input, other)),
        )
    if rounding_mode is not None:
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '"
            + rounding_mode
            + "'"
        )
    if dtype.kind in "biu":
        x, y = floating(as_array(x)), floating(as_array(y))
        dtype = x.dtype
    array = broadcast(np.true_divide, x, y)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        quotient = grad / y
        return reduce_to(quotient, a), b and reduce_to(-quotient * x / y, b)

    saved = needed_among((other, a or b), (input, b))
    return record(lower(array, dtype), "DivBackward0", (input, other), backward, saved)


def rdiv(input: Tensor, other: Operand) -> Tensor:
    """Returns other / input."""
    return div(other, input) if isinstance(other, Variable) else mul(reciprocal(input), other)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """Returns the quotient rounded down (torch.floor_divide).

    Args:
        input: dividend, tensor or number.
        other: divisor, tensor or number; the shapes broadcast, and one is not boolean.

    Returns:
        Whole numbers, in the dtype of `result_type`; the gradient through them is 0.

    Raises:
        NotImplementedError: both are boolean.
        RuntimeError: an integer is divided by zero, or the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    x, y, dtype = pair(input, other)
    refuse_bool(dtype, "div_floor_cpu")
    refuse_zero(x, y, dtype)
    return record(
        lower(broadcast(np.floor_divide, x, y), dtype),
        "DivBackward2",
        (input, other),
        lambda grad: (
            reduce_to(np.zeros_like(grad), target(input)),
            reduce_to(np.zeros_like(grad), target(other)),
        ),
    )


def _remainder(x: Any, y: Any) -> Any:
    rest = np.remainder(x, y)
    # NumPy gives a zero the sign of the divisor, C and PyTorch that of the dividend.
    return rest if rest.dtype.kind in "iu" else np.where(rest == 0, np.copysign(rest, x), rest)


def remainder(input: Operand, other: Operand) -> Tensor:
    """Returns input - other * floor(input / other), which has the sign of `other` (torch.remainder).

    Args:
        input: dividend, tensor or number.
        other: divisor, tensor or number; the shapes broadcast, and one is not boolean.

    Raises:
        NotImplementedError: both are boolean.
        RuntimeError: an integer is divided by zero, or the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    x, y, dtype = pair(input, other)
    refuse_bool(dtype, "remainder_cpu")
    refuse_zero(x, y, dtype)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return reduce_to(grad, a), b and reduce_to(-grad * np.floor_divide(x, y), b)

    name = "RemainderBackward1" if isinstance(other, Variable) else "RemainderBackward0"
    inputs = (input, other) if isinstance(other, Variable) else (input,)
    if len(inputs) == 1:
        return record(
            lower(broadcast(_remainder, x, y), dtype), name, inputs, lambda grad: (reduce_to(grad, a),)
        )
    saved = needed_among((input, b), (other, b))
    return record(lower(broadcast(_remainder, x, y), dtype), name, inputs, backward, saved)


def neg(input: Tensor) -> Tensor:
    """Returns -input (torch.neg); also named `negative`.

    Args:
        input: any shape, any dtype but bool.

    Raises:
        RuntimeError: `input` is boolean.
    """
    if input._array.dtype == np.bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )
    return record(np.negative(input._array), "NegBackward0", (input,), lambda grad: (-grad,))


def reciprocal(input: Tensor) -> Tensor:
    """Returns 1 / input (torch.reciprocal).

    Args:
        input: any shape and dtype; integers and booleans are taken in the default dtype.

    Raises:
        AttributeError: `input` is no tensor.
    """
    x = floating(input._array)
    result = lower(compute(np.true_divide, 1, lift(x)), x.dtype)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return (lower(-grad * result * result, x.dtype),)

    return record(result, "ReciprocalBackward0", (input,), backward, saves_result=True)


def pow(input: Operand, exponent: Operand) -> Tensor:
    """Returns input to the power of exponent (torch.pow).

    An integer to a negative power that a tensor holds is rounded towards 0.

    Args:
        input: tensor or number.
        exponent: tensor or number; the shapes broadcast.

    Returns:
        The shape to which both broadcast; the dtype is that of `result_type`.

    Raises:
        NotImplementedError: `exponent` is a tensor, and both are boolean.
        RuntimeError: integers are raised to a negative number, or the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    x, y, dtype = pair(input, exponent)
    if isinstance(exponent, Variable):
        refuse_bool(dtype, "pow")
    elif dtype.kind in "iu" and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    array = lower(broadcast(_integer_power if dtype.kind == "i" else np.power, x, y), dtype)
    a, b = target(input), target(exponent)

    def of_base(grad: Array) -> Any:
        # The derivative of x**0 is 0, also at x = 0, where 0 * x**-1 is not.
        return np.where(
            np.equal(y, 0), 0, grad * (y * np.power(x, np.subtract(y, 1, dtype=np.result_type(x, y))))
        )

    def of_exponent(grad: Array) -> Any:
        # 0**y is constantly 0 for y > 0: its derivative is 0, where 0 * log(0) is not.
        slope = np.where(np.equal(x, 0) & np.greater_equal(y, 0), 0, array * np.log(x))
        return grad * slope

    if not isinstance(exponent, Variable):
        return record(
            array,
            "PowBackward0",
            (input,),
            lambda grad: (reduce_to(of_base(grad), a),),
            needed_among((input, a)),
        )
    if not isinstance(input, Variable):
        return record(
            array,
            "PowBackward2",
            (exponent,),
            lambda grad: (reduce_to(of_exponent(grad), b),),
            (exponent,),
            saves_result=True,
        )

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return a and reduce_to(of_base(grad), a), b and reduce_to(of_exponent(grad), b)

    return record(array, "PowBackward1", (input, exponent), backward, (input, exponent), saves_result=True)


def _integer_power(x: Array, y: Array) -> Array:
    negative = np.less(y, 0)
    if has_no_memory(x) or has_no_memory(y) or not negative.any():
        return as_array(np.power(x, y))
    # Of the inverses, only those of 1 and -1 are whole.
    sign = np.where(np.equal(x, -1), 1 - 2 * (y & 1), np.equal(x, 1))
    return np.where(negative, sign, np.power(x, np.where(negative, 0, y))).astype(x.dtype)


def rpow(input: Tensor, other: Operand) -> Tensor:
    """Returns other to the power of input."""
    return pow(other, input)


def square(input: Tensor) -> Tensor:
    """Returns the square of each element (torch.square).

    Args:
        input: any shape and dtype; booleans become int64.

    Raises:
        TypeError: `input` is neither tensor nor number.
    """
    return pow(input, 2)


def rfloor_divide(input: Tensor, other: Operand) -> Tensor:
    """Returns other // input."""
    return floor_divide(other, input)


def rremainder(input: Tensor, other: Operand) -> Tensor:
    """Returns other % input."""
    return remainder(other, input)


subtract, multiply, divide, true_divide, negative = sub, mul, div, div, neg

add_ = in_place(add)
sub_ = in_place(sub)
mul_ = in_place(mul)
div_ = in_place(div)
floor_divide_ = in_place(floor_divide)
remainder_ = in_place(remainder)
pow_ = in_place(pow)
neg_ = in_place(neg)
reciprocal_ = in_place(reciprocal)
square_ = in_place(square)
subtract_, multiply_, divide_, true_divide_, negative_ = sub_, mul_, div_, div_, neg_
