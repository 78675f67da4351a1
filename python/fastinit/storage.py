"""The memory that tensors share: the whole block in which an array is a window."""

from __future__ import annotations

from typing import Any

import numpy as np

from .devices import CPU, META, device
from .meta import has_no_memory, refuse

__all__ = ["UntypedStorage", "window"]

Array = np.ndarray[Any, np.dtype[Any]]


class UntypedStorage:
    """The memory of a tensor and of all its views, as bytes (torch.UntypedStorage).

    Two tensors share memory if `data_ptr()` of their storages is the same.

    Args:
        array: a window in it, a NumPy array of any shape.

    Raises:
        AttributeError: it is no array.
    """

    __slots__ = ("_first", "_owner", "_size")

    def __init__(self, array: Array) -> None:
        owner, outer = array, _outer(array)
        while outer is not None and has_no_memory(outer) == has_no_memory(array):
            owner, outer = outer, _outer(outer)
        first, end = np.lib.array_utils.byte_bounds(owner)
        self._owner = owner
        self._first = first if owner.size else 0
        self._size = end - first if owner.size else 0

    def data_ptr(self) -> int:
        """Returns the address of the first byte; 0 if there is no memory."""
        return 0 if has_no_memory(self._owner) else self._first

    def nbytes(self) -> int:
        """Returns the number of bytes."""
        return self._size

    size = __len__ = nbytes

    @property
    def device(self) -> device:
        """Where it is: the CPU's, or on the device "meta"."""
        return META if has_no_memory(self._owner) else CPU

    def is_shared(self) -> bool:
        """Tells whether other processes map the same memory: a file does, say."""
        return isinstance(self._owner, np.memmap)

    def offset_of(self, array: Array) -> int:
        """Returns how many elements of its dtype lie before the first one of `array`."""
        return int(array.ctypes.data - self._first) // array.itemsize if self._size else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntypedStorage) and self._first == other._first

    def __hash__(self) -> int:
        return hash(self._first)

    def __repr__(self) -> str:
        return f"<fastinit.UntypedStorage of {self._size} bytes at {self._first:#x}>"


def _outer(array: Array) -> Array | None:
    """Returns the array that this one is a window in."""
    # Between the two may stand what lends the memory: `as_strided` of NumPy has such an object, too.
    base = array.base if isinstance(array.base, np.ndarray) else getattr(array.base, "base", None)
    return base if isinstance(base, np.ndarray) else None


class _Lender:
    """What NumPy asks for memory: the address, lengths and strides; it keeps the owner alive."""

    def __init__(self, owner: Array, interface: dict[str, Any]) -> None:
        self.base = owner
        self.__array_interface__ = interface


def window(array: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Returns an array on the storage of another one, of its dtype.

    Args:
        array: any array.
        offset: where its storage is to be entered, in elements.
        shape: the lengths.
        strides: the steps, in elements; neither they nor the offset may lead out of the storage.
    """
    if has_no_memory(array):
        refuse("as_strided")
    storage = UntypedStorage(array)
    size = array.itemsize
    owner = storage._owner
    if owner.flags.forc:
        # An array whose chain of bases leads to the owner: it has the same storage.
        memory = (owner if owner.flags.c_contiguous else owner.T).reshape(-1).view(np.uint8)
        return np.ndarray(shape, array.dtype, memory, offset * size, tuple(step * size for step in strides))
    interface = {
        "version": 3,
        "shape": shape,
        "typestr": f"|V{size}",
        "data": (storage.data_ptr() + offset * size, not array.flags.writeable),
        "strides": tuple(step * size for step in strides),
    }
    return np.asarray(_Lender(storage._owner, interface)).view(array.dtype)
