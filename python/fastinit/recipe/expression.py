"""Simple arithmetic on named numbers, read from a string: a walk over the syntax tree, never `eval`."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from ..floating_point import rounding_to_nearest
from .errors import RecipeError, unknown

Number = int | float

_LONGEST = 1000
_MOST_BITS = 1024
_CONSTANTS: Mapping[str, Number] = {"pi": math.pi, "e": math.e}
_FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
    "min": min,
    "max": max,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Number], Number]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_BINARY: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@rounding_to_nearest
def evaluate(text: str, variables: Mapping[str, Number]) -> Number:
    """The value of an expression such as `"0.02 / sqrt(2 * n_layer)"`.

    It may hold numbers, the names in `variables`, `pi` and `e`, the operators `+ - * / // % **`, parentheses,
    and the functions `sqrt exp log abs min max`. Every value on the way must be finite and below 2^1024.

    Args:
        text: the expression, in Python's notation.
        variables: the numbers that it may name.

    Raises:
        RecipeError: the text is no such expression, or has no value (a division by zero, the root of -1).
    """
    if len(text) > _LONGEST:
        raise RecipeError(f"an expression of {len(text)} characters; at most {_LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _value(tree.body, variables)
    except (SyntaxError, RecursionError, MemoryError):
        raise RecipeError(f'"{text}" is not an arithmetic expression') from None
    except RecipeError as error:
        raise RecipeError(f'{error}, in "{text}"') from None
    except (ArithmeticError, ValueError, TypeError) as error:
        raise RecipeError(f'"{text}" has no value: {error}') from None


def whole(number: Number, written: object) -> int:
    """The number as an int.

    Args:
        number: what should be whole: `12`, `12.0`.
        written: how it stands in the recipe, for the message.

    Raises:
        RecipeError: it is not whole.
    """
    if isinstance(number, float) and not number.is_integer():
        raise RecipeError(f"{written!r} is {number}, not a whole number")
    return int(number)


def _value(node: ast.expr, variables: Mapping[str, Number]) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            result: Number = number
        case ast.Name(id=name) if name in variables:
            result = variables[name]
        case ast.Name(id=name) if name in _CONSTANTS:
            result = _CONSTANTS[name]
        case ast.Name(id=name):
            raise unknown("name", name, variables)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            result = _UNARY[type(op)](_value(operand, variables))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            result = _power(_value(left, variables), _value(right, variables))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            result = _BINARY[type(op)](_value(left, variables), _value(right, variables))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            if name not in _FUNCTIONS:
                raise unknown("function", name, _FUNCTIONS)
            result = _FUNCTIONS[name](*(_value(argument, variables) for argument in arguments))
        case _:
            raise RecipeError(f'"{ast.unparse(node)}" is not arithmetic')
    return _bounded(result)


def _power(base: Number, exponent: Number) -> Number:
    # The size of an integer power is judged before it is computed: 9 ** 9 ** 9 would take all memory.
    if (
        isinstance(base, int)
        and isinstance(exponent, int)
        and (base.bit_length() - 1) * abs(exponent) > _MOST_BITS
    ):
        raise OverflowError("the power is too large")
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise ValueError("a negative number has no real power of that exponent")
    return result


def _bounded(value: Number) -> Number:
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            raise OverflowError("the value is too large")
    elif not math.isfinite(value):
        raise OverflowError("the value is not finite")
    return value
