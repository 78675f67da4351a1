"""Reading the arguments that creation functions share, with PyTorch's messages for what they cannot be."""

import operator
from typing import Any

import numpy as np

from .autograd import Variable

__all__ = ["class_name", "integer", "lengths_of", "number"]


def class_name(value: object) -> str:
    """Returns the name that messages give to the class of a value: `int`, `Tensor`, `numpy.ndarray`."""
    kind = type(value)
    plain = kind.__module__ == "builtins" or isinstance(value, Variable)
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"


def lengths_of(function: str, size: tuple[Any, ...], keyword: Any = None) -> tuple[int, ...]:
    """Reads a size that is given as numbers, as one sequence, or by keyword.

    Raises:
        RuntimeError: a length is negative.
        TypeError: a length is not an integer, or there is no size.
    """
    if keyword is not None:
        size = (keyword,)
    if not size:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    in_sequence = isinstance(size[0], list | tuple)
    if in_sequence:
        if len(size) > 1:
            raise TypeError(f"{function}() takes 1 positional argument but {len(size)} were given")
        size = tuple(size[0])
    for position, length in enumerate(size, 1):
        if isinstance(length, bool) or not hasattr(length, "__index__"):
            kind = class_name(length)
            if in_sequence or position > 1:
                raise TypeError(
                    f"{function}(): argument 'size' failed to unpack the object at pos {position} "
                    f'with error "type must be tuple of ints,but got {kind}"'
                )
            raise TypeError(f"{function}(): argument 'size' (position 1) must be tuple of ints, not {kind}")
    lengths = tuple(map(operator.index, size))
    for length in lengths:
        if length < 0:
            if function == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {length}: {list(lengths)}")
    return lengths


def number(function: str, argument: str, position: int, value: Any) -> bool | int | float:
    """Returns a number as Python's; a tensor of no dimension is one.

    Raises:
        TypeError: `value` is no number.
    """
    array = value._array if isinstance(value, Variable) else value
    plain = array.item() if isinstance(array, np.generic | np.ndarray) and array.ndim == 0 else array
    if not isinstance(plain, bool | int | float):
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be Number, "
            f"not {class_name(value)}"
        )
    return plain


def integer(function: str, argument: str, position: int, value: Any) -> int:
    """Returns an integer as Python's.

    Raises:
        TypeError: `value` is no integer.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be int, not {class_name(value)}"
        )
    return operator.index(value)
