"""What can be filled in place, and why the rest cannot."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from ml_dtypes import bfloat16

__all__ = ["adopt", "check_floating", "check_writable", "filled"]

T = TypeVar("T")

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
_FLOATING = frozenset({np.float16, bfloat16, np.float32, np.float64})


def adopt(tensor: Any) -> npt.NDArray[Any]:
    """Returns the memory of `tensor` as an array that shares it, to be filled in place.

    Nothing is recorded; what has filled it says so with `filled`.

    Args:
        tensor: a Tensor, a Parameter, or an ndarray (a memmap included).

    Raises:
        TypeError: `tensor` is something else, whose values could be filled in a copy only.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    share = getattr(tensor, "_adopt_for_fill", None)
    if share is None:
        raise TypeError(
            f"expected a Tensor or a NumPy array to fill in place, got {type(tensor).__name__}: "
            "make an array of it first, and keep that array"
        )
    array: npt.NDArray[Any] = share()
    return array


def filled(tensor: T) -> T:
    """Returns `tensor`, whose memory a fill has changed.

    A tensor's version counter moves on, so that autograd notices that a value which it saved is gone.
    """
    if not isinstance(tensor, np.ndarray):
        tensor._count_fill()  # type: ignore[attr-defined]  # adopt found a tensor
    return tensor


def check_writable(array: npt.NDArray[Any]) -> None:
    """Checks that `array` can be written element by element.

    Raises:
        ValueError: `array` is read-only, not aligned, or not of this machine's byte order.
        RuntimeError: two elements share memory.
    """
    flags = array.flags
    if flags.carray and array.dtype.isnative:  # the usual case: contiguous, aligned, writable
        return
    if not flags.writeable:
        raise ValueError(
            "cannot fill a read-only array in place: copy it, or open the memory map with mode 'r+'"
        )
    if not flags.aligned:
        raise ValueError("cannot fill an array in place that is not aligned to its element size: copy it")
    if not array.dtype.isnative:
        raise ValueError(
            f"cannot fill an array of dtype {array.dtype.str!r} in place, which is not in this machine's "
            "byte order: convert it with array.astype(array.dtype.newbyteorder('='))"
        )
    if not flags.forc and _may_overlap(array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def check_floating(array: npt.NDArray[Any], kernel: str) -> None:
    """Checks that `array` holds floating-point elements that a kernel can write.

    Args:
        array: the array to fill.
        kernel: the name that PyTorch's message would give.

    Raises:
        NotImplementedError: its dtype is another.
        ValueError: `array` is read-only, not aligned, or not of this machine's byte order.
        RuntimeError: two elements share memory.
    """
    if array.dtype.type not in _FLOATING:
        name = array.dtype.name
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{_TYPE_NAMES.get(name, name)}'")
    check_writable(array)


def _may_overlap(array: npt.NDArray[Any]) -> bool:
    # By rising stride, each dimension must step over all that the smaller ones span. An exotic array that
    # interleaves its dimensions without sharing an element is refused with the rest.
    span = array.itemsize
    for stride, size in sorted(
        (abs(stride), size) for stride, size in zip(array.strides, array.shape, strict=True)
    ):
        if size > 1:
            if stride < span:
                return array.size > 0
            span += stride * (size - 1)
    return False
