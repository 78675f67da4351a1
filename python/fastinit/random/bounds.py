"""What a dtype can hold: the checks of a fill's arguments against it, with PyTorch's messages."""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from .. import _core, dtypes

__all__ = [
    "FLOATING",
    "INTEGERS",
    "FloatingLimits",
    "IntegerLimits",
    "as_real",
    "check_finite",
    "check_floating",
    "check_interval",
    "least_at_or_above",
    "require_value_between",
    "type_name",
]

Array = np.ndarray[Any, np.dtype[Any]]


class FloatingLimits(NamedTuple):
    """A floating-point dtype, as the checks need it.

    Attributes:
        dtype: its NumPy name.
        name: its name in PyTorch's messages.
        limits_name: its name in PyTorch's messages about ranges.
        digits: bits of the significand, the leading one included.
        epsilon: the step from 1 to the next value.
        largest: its largest finite value.
        smallest: its smallest value above 0.
        largest_computed: the largest finite value of the type that its values are computed in, which for the
            half types is float32.
    """

    dtype: str
    name: str
    limits_name: str
    digits: int
    epsilon: float
    largest: float
    smallest: float
    largest_computed: float


class IntegerLimits(NamedTuple):
    """An integer dtype: its names in PyTorch's messages, in general and of `fill_`, and its range."""

    name: str
    fill_name: str
    least: int
    largest: int


_LARGEST_FLOAT32: Final = math.ldexp(2**24 - 1, 104)
_LARGEST_FLOAT64: Final = math.ldexp(2**53 - 1, 971)

# By the names of NumPy's scalar types: the type itself of bfloat16 may not have been imported yet.
FLOATING: Final = {
    limits.dtype: limits
    for limits in (
        FloatingLimits("float16", "c10::Half", "Half", 11, 2.0**-10, 65504.0, 2.0**-24, _LARGEST_FLOAT32),
        FloatingLimits(
            "bfloat16",
            "c10::BFloat16",
            "BFloat16",
            8,
            2.0**-7,
            math.ldexp(255, 120),
            2.0**-133,
            _LARGEST_FLOAT32,
        ),
        FloatingLimits(
            "float32", "float", "Float", 24, 2.0**-23, _LARGEST_FLOAT32, 2.0**-149, _LARGEST_FLOAT32
        ),
        FloatingLimits(
            "float64", "double", "Double", 53, 2.0**-52, _LARGEST_FLOAT64, 2.0**-1074, _LARGEST_FLOAT64
        ),
    )
}
INTEGERS: Final = {
    "bool": IntegerLimits("bool", "bool", 0, 1),
    "uint8": IntegerLimits("unsigned char", "uint8_t", 0, 2**8 - 1),
    "int8": IntegerLimits("signed char", "int8_t", -(2**7), 2**7 - 1),
    "int16": IntegerLimits("short int", "int16_t", -(2**15), 2**15 - 1),
    "int32": IntegerLimits("int", "int", -(2**31), 2**31 - 1),
    "int64": IntegerLimits("long int", "int64_t", -(2**63), 2**63 - 1),
}

# NumPy's names of element types -> the names that PyTorch's messages use.
_TYPE_NAMES = {
    "bool": "Bool",
    "uint8": "Byte",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}


def check_floating(array: Array, kernel: str) -> FloatingLimits:
    """Checks that `array` has floating-point elements that can be filled; returns what its dtype can hold.

    Args:
        array: the array to fill.
        kernel: the name that PyTorch's message would give.

    Raises:
        NotImplementedError: its dtype is another.
        ValueError: `array` is read-only, not aligned, or not of this machine's byte order.
        RuntimeError: two elements share memory.
    """
    limits = FLOATING.get(array.dtype.type.__name__)
    if limits is None:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{type_name(array)}'")
    _core.check_writable(array)
    return limits


def type_name(array: Array) -> str:
    """Returns what PyTorch's messages call the dtype."""
    name = array.dtype.name
    return _TYPE_NAMES.get(name, name)


def as_real(value: Any, function: str, argument: str, position: int) -> float:
    """Returns `value` as a float; `argument` and its 1-based `position` are those of PyTorch's message.

    Raises:
        TypeError: `value` is not a real number (a string is none).
    """
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be float, "
            f"not {type(value).__name__}"
        )
    return float(value)


def check_finite(value: float, function: str, argument: str, limits: FloatingLimits) -> None:
    """Checks that `value` is a number that the arithmetic of the dtype (float32 for half types) can hold.

    Raises:
        ValueError: `value` is NaN, infinite or too large.
    """
    if not -limits.largest_computed <= value <= limits.largest_computed:
        raise ValueError(f"{function} expects {argument} to be finite, but found {argument} {value:g}")


def check_interval(low: float, high: float, limits: FloatingLimits) -> None:
    """Checks that a uniform value of the dtype can be drawn from [low, high).

    Raises:
        RuntimeError: a bound is NaN or more than the dtype holds, `low > high`, or `high - low` is too large.
        ValueError: the dtype has no value in [low, high).
    """
    largest = limits.largest
    if -largest <= low <= high <= largest and high - low <= largest:
        require_value_between(low, high, limits, closed=False)
        return
    for bound, argument in ((low, "from"), (high, "to")):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{argument} is out of bounds for {limits.name}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    raise RuntimeError(
        f"uniform_ expects to-from <= std::numeric_limits<{limits.limits_name}>::max(), but found "
        f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
    )


def require_value_between(low: float, high: float, limits: FloatingLimits, *, closed: bool) -> None:
    """Checks that the dtype has a value in [low, high], or in [low, high) where that is not `closed`.

    An interval of one point counts as having one: it is filled with the point, rounded.

    Raises:
        ValueError: the dtype has none.
    """
    # Wider than one step of the dtype at either end, the interval holds a value; the exact test is slow.
    width, epsilon = high - low, limits.epsilon
    if (width > epsilon * high and width > -epsilon * low and width > limits.smallest) or low == high:
        return
    least = least_at_or_above(low, limits)
    if not (least <= high if closed else least < high):
        interval = f"[{low!r}, {high!r}{']' if closed else ')'}"
        raise ValueError(f"{limits.dtype} has no value in {interval}: widen the bounds")


def least_at_or_above(value: float, limits: FloatingLimits) -> float:
    """Returns the least value of the dtype that is not below `value`."""
    number = dtypes.as_dtype(limits.dtype).numpy.type
    with np.errstate(over="ignore"):
        rounded = number(value)
        if float(rounded) < value:
            rounded = np.nextafter(rounded, number(math.inf))
    return float(rounded)
