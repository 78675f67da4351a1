"""The memory of anything else that lends it, by DLPack or as a buffer, to be filled in place."""

from typing import Any, Final

import numpy as np

from .dlpack import take
from .refusal import refusal

__all__ = ["adopt_exchanged", "of_buffer"]

Array = np.ndarray[Any, np.dtype[Any]]

#: By the package that their class is of: arrays that never change, though they lend memory that could.
_IMMUTABLE: Final = {
    "jax": "fill an array and hand it over by jax.numpy.asarray(array), or make each device's part by "
    "jax.make_array_from_callback",
    "tensorflow": "fill an array and hand it over by tensorflow.convert_to_tensor(array)",
    "pyarrow": "fill an array and hand it over by pyarrow.array(array)",
}


def adopt_exchanged(holder: Any) -> Array:
    """Returns the memory that `holder` lends as an array that shares it, until that array is gone.

    Args:
        holder: what has `__dlpack__`, or the buffer protocol (array.array, memoryview, bytearray, mmap, an
            array of ctypes, the `buf` of shared memory).

    Raises:
        TypeError: it lends none, or none that can be written to in place.
    """
    if hasattr(holder, "__dlpack__"):
        return _of_dlpack(holder)
    array = of_buffer(holder)
    if array is None:
        raise TypeError(
            f"expected a Tensor, an array, a torch.Tensor or a buffer to fill in place, got "
            f"{type(holder).__name__}: make an array of it first, and keep that array"
        )
    if not array.flags.writeable:
        raise refusal(holder, "its memory is read-only")
    if not array.dtype.isnative:
        raise refusal(holder, f"its elements, {array.dtype.str}, are not in this machine's byte order")
    return array


def of_buffer(holder: Any) -> Array | None:
    """Returns an array over the memory of a buffer, of the dtype that its format says; None if it is none."""
    # A scalar of NumPy's has a buffer too, which nobody means by it.
    if isinstance(holder, np.generic):
        return None
    try:
        view = memoryview(holder)
    except TypeError:
        return None
    try:
        return np.asarray(view)
    except ValueError:  # pointers and other elements that are no numbers
        return None


def _of_dlpack(holder: Any) -> Array:
    package = type(holder).__module__.partition(".")[0].replace("jaxlib", "jax")
    if package in _IMMUTABLE:
        raise refusal(holder, f"it never changes: {_IMMUTABLE[package]}")
    try:
        array, copied = take(holder)
    except BufferError as error:
        raise refusal(holder, str(error)) from None
    if copied:
        raise refusal(holder, "what it hands over by DLPack is a copy")
    if not array.flags.writeable:
        raise refusal(
            holder,
            "its memory is read-only, or handed over by the form before DLPack 1, which cannot say otherwise",
        )
    return array
