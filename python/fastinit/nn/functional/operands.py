"""What the functions ask of their operands: to be tensors, of a dtype that they know."""

from typing import Any, Final

import numpy as np

from ... import dtypes
from ...dtypes import as_dtype, dtype
from ...ops.operands import Array
from ...tensor import Tensor

__all__ = ["C_NAMES", "array_of", "refuse_gradient", "refuse_integers", "wrapped_dim"]


#: What some of PyTorch's messages call the dtypes.
C_NAMES: Final[dict[dtype, str]] = {
    dtypes.float16: "c10::Half",
    dtypes.bfloat16: "c10::BFloat16",
    dtypes.float32: "float",
    dtypes.float64: "double",
    dtypes.int8: "signed char",
    dtypes.int16: "short",
    dtypes.int32: "int",
    dtypes.int64: "long int",
    dtypes.uint8: "unsigned char",
    dtypes.bool: "bool",
}


def array_of(value: Any, function: str, argument: str = "input", position: int = 1) -> Array:
    """Returns the array of a tensor.

    Args:
        value: a Tensor.
        function: who asks, for the message.
        argument: the argument's name.
        position: its place, from 1.

    Raises:
        TypeError: `value` is something else.
    """
    try:
        array: Array = value._array
    except AttributeError:
        given = type(value).__name__
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be Tensor, not {given}"
        ) from None
    return array


def refuse_integers(array_dtype: np.dtype[Any], kernel: str) -> None:
    """Raises PyTorch's error if the dtype is not floating point.

    Args:
        array_dtype: of the operand.
        kernel: what PyTorch's message calls the function.

    Raises:
        NotImplementedError: the dtype is an integer or bool.
    """
    if array_dtype.kind in "biu":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{as_dtype(array_dtype).type_name}'")


def refuse_gradient(operand: Tensor | None, function: str, argument: str) -> None:
    """Raises PyTorch's error if an operand that the function has no derivative for requires grad.

    Raises:
        RuntimeError: the operand requires grad.
    """
    if operand is not None and operand.requires_grad:
        raise RuntimeError(
            f"The function '{function}' is not differentiable with respect to argument '{argument}'. "
            "This input cannot have requires_grad True."
        )


def wrapped_dim(dim: int, dimensions: int) -> int:
    """Returns `dim` counted from the front; a 0-d tensor has the dimensions -1 and 0.

    Raises:
        IndexError: there is no such dimension.
    """
    count = max(dimensions, 1)
    if not -count <= dim < count:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got {dim})"
        )
    return dim % count
