"""What operations do to their operands first: find the common dtype and the shape of the result."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar, cast

import numpy as np

from .. import dtypes
from ..autograd import Variable
from ..autograd.graph import Array
from ..autograd.record import before_write, check_writable, write
from ..floating_point import compute
from ..random import fills

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = [
    "NATIVE_FLOATS",
    "Array",
    "Number",
    "Operand",
    "Target",
    "broadcast",
    "compute",
    "floating",
    "in_place",
    "lift",
    "lower",
    "mismatch",
    "operator",
    "pair",
    "reduce_to",
    "refuse_bool",
    "refuse_integers",
    "refuse_zero",
    "scalar",
    "target",
]

Number: TypeAlias = bool | int | float
Operand: TypeAlias = "Tensor | Number"
P = ParamSpec("P")
R = TypeVar("R")

#: The dtypes that the compiled kernels compute in.
NATIVE_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _is_half(dtype: np.dtype[Any]) -> bool:
    return dtype.itemsize == 2 and dtype.kind in "fV"  # to NumPy, bfloat16 is a V


def lift(array: Array) -> Array:
    """Returns 16-bit floats as float32, in which their arithmetic is done; other arrays as they are."""
    return array.astype(np.float32) if _is_half(array.dtype) else array


def lower(result: Any, dtype: np.dtype[Any]) -> Any:
    """Rounds what was computed on lifted arrays to `dtype`."""
    return result if result.dtype == dtype else compute(result.astype, dtype)


def floating(array: Array) -> Array:
    """Returns integers and booleans in the default dtype; other arrays as they are."""
    return array.astype(dtypes.get_default_dtype().numpy) if array.dtype.kind in "biu" else array


def pair(input: Operand, other: Operand) -> tuple[Any, Any, np.dtype[Any]]:
    """Returns two operands ready for a NumPy function, and the dtype of the result under PyTorch's rules.

    Operands of a 16-bit dtype are lifted to float32; Python numbers stay numbers where NumPy treats them as
    PyTorch does.

    Raises:
        TypeError: an operand is neither tensor nor number.
    """
    if isinstance(input, Variable):
        x = input._array
        dtype: np.dtype[Any] = x.dtype
        if isinstance(other, Variable):
            y = other._array
            if y.dtype is dtype and dtype.itemsize > 2:
                return x, y, dtype
        elif (type(other) is float or type(other) is int) and dtype in NATIVE_FLOATS:
            return x, other, dtype
    return _promoted(input, other)


def _promoted(input: Operand, other: Operand) -> tuple[Any, Any, np.dtype[Any]]:
    dtype = dtypes.result_type(input, other).numpy
    working = np.dtype(np.float32) if _is_half(dtype) else dtype
    return _converted(input, working), _converted(other, working), dtype


def _converted(operand: Operand, dtype: np.dtype[Any]) -> Any:
    if isinstance(operand, Variable):
        return operand._array.astype(dtype, copy=False)
    return np.asarray(operand).astype(dtype)


def scalar(value: Number, dtype: np.dtype[Any]) -> Array:
    """Returns a Python number as an array of no dimension.

    Raises:
        RuntimeError: the dtype cannot hold it.
        TypeError: it is no number.
    """
    array = np.empty((), dtype)
    fills.constant(array, value)
    return array


def refuse_bool(dtype: np.dtype[Any], kernel: str) -> None:
    """Refuses booleans where PyTorch has no kernel for them.

    Raises:
        NotImplementedError: `dtype` is bool.
    """
    if dtype == np.bool_:
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def refuse_zero(dividend: Any, divisor: Any, dtype: np.dtype[Any]) -> None:
    """Refuses to divide integers by zero.

    Raises:
        RuntimeError: there is an integer to be divided by zero.
    """
    if dtype.kind in "iu" and not np.all(divisor) and np.size(dividend):
        raise RuntimeError("ZeroDivisionError")


def refuse_integers(dtype: np.dtype[Any], kernel: str) -> None:
    """Refuses integers and booleans where PyTorch has no kernel for them.

    Raises:
        NotImplementedError: `dtype` is not a floating-point one.
    """
    if dtype.kind in "biu":
        name = dtypes.as_dtype(dtype).type_name
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{name}'")


def broadcast(function: Callable[..., R], x: Any, y: Any) -> R:
    """Computes an elementwise function of two operands that `pair` made ready.

    Raises:
        RuntimeError: their shapes cannot be broadcast together.
    """
    try:
        return compute(function, x, y)
    except ValueError:
        raise mismatch(np.shape(x), np.shape(y)) from None


def mismatch(a: tuple[int, ...], b: tuple[int, ...]) -> RuntimeError:
    """Returns the error that names the last dimension in which two shapes cannot be broadcast together."""
    dims = max(len(a), len(b))
    lengths = zip((1,) * (dims - len(a)) + a, (1,) * (dims - len(b)) + b, strict=True)
    for dim, (m, n) in reversed(list(enumerate(lengths))):
        if 1 not in {m, n} and m != n:
            return RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton "
                f"dimension {dim}"
            )
    return RuntimeError(f"The shapes {list(a)} and {list(b)} cannot be broadcast together")


# Some of PyTorch's messages name the element types of C++.
_CPP_NAMES = {
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "uint8": "unsigned char",
    "bool": "bool",
}


def cpp_name(dtype: np.dtype[Any]) -> str:
    """Returns the name of an element type in C++."""
    return _CPP_NAMES[dtype.name]


#: What a gradient has to be brought to: an operand's shape and dtype; None if it needs no gradient.
Target: TypeAlias = tuple[tuple[int, ...], np.dtype[Any]] | None


def target(operand: object) -> Target:
    """Returns what the gradient of `operand` has to be brought to, or None if nobody asks for it."""
    if isinstance(operand, Variable) and operand.requires_grad:
        return operand._array.shape, operand._array.dtype
    return None


def reduce_to(grad: Any, to: Target) -> Any:
    """Returns an operand's share of `grad`: summed over what was broadcast, in the operand's dtype."""
    if to is None:
        return None
    shape, dtype = to
    if grad.shape != shape:
        extra = grad.ndim - len(shape)
        axes = tuple(range(extra)) + tuple(
            axis + extra for axis, length in enumerate(shape) if length == 1 and grad.shape[axis + extra] != 1
        )
        grad = lift(grad).sum(axis=axes).reshape(shape)
    return grad if grad.dtype == dtype else grad.astype(dtype)


def in_place(function: Callable[Concatenate[Tensor, P], Tensor]) -> Callable[Concatenate[Tensor, P], Tensor]:
    """Returns the in-place form of an operation: its result overwrites its first operand."""

    @functools.wraps(function)
    def method(self: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        others = (*args, *kwargs.values())
        check_writable(self, others)
        former = before_write(self, others)
        return write(self, function(cast("Tensor", former), *args, **kwargs))

    method.__name__ = method.__qualname__ = f"{function.__name__}_"
    return method


def operator(function: Callable[[Tensor, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """Returns an operation as an operator's method, which leaves unknown operands to their classes."""

    def method(self: Tensor, other: Any) -> Any:
        if isinstance(other, _OPERANDS):
            return function(self, other)
        return NotImplemented

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = function.__doc__
    return method


_OPERANDS = (Variable, float, int, np.number, np.bool_)
