"""Memory that is handed from one library to another by DLPack, in a capsule that says what lies where."""

from typing import Any, Final

import numpy as np

from .. import _core

__all__ = ["DEVICE", "give", "take", "take_capsule"]

Array = np.ndarray[Any, np.dtype[Any]]

#: The CPU, as `__dlpack_device__` says it.
DEVICE: Final = (1, 0)


def take(holder: Any) -> tuple[Array, bool]:
    """Returns an array over the memory of what has `__dlpack__`, and whether that is a copy made for it.

    The array is read-only where the other library says so, or hands over by the form before DLPack 1, which
    cannot say that memory may be written to.

    Raises:
        BufferError: the memory is not the CPU's, the elements are of a dtype that fastinit has not, or what
            the other library raises.
    """
    _core.check_dlpack_device(holder.__dlpack_device__()[0])
    if isinstance(holder, np.ndarray) and holder.dtype.kind == "V":  # bfloat16, which NumPy's own knows not
        return take_capsule(give(holder, max_version=(1, 0)))
    try:
        capsule = holder.__dlpack__(max_version=(1, 0))
    except TypeError:  # older than the keyword
        capsule = holder.__dlpack__()
    return take_capsule(capsule)


def take_capsule(capsule: Any) -> tuple[Array, bool]:
    """Returns the same of a capsule that `__dlpack__` has given, which is used up.

    Raises:
        BufferError: as of `take`; the capsule is as it was.
        RuntimeError: it is no capsule, or used up.
    """
    return _core.take_dlpack(capsule)


def give(
    array: Array,
    stream: object = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Returns a capsule over the memory of an array, which stays alive as long: what `__dlpack__` gives.

    Args:
        array: of a dtype that fastinit has, its strides not negative.
        stream: None or -1: the CPU has none.
        max_version: the newest version of DLPack that the other library knows; None if that is older than 1.
        dl_device: the CPU.
        copy: whether to hand over a copy.

    Raises:
        AssertionError: `stream` is another.
        BufferError: the array cannot be handed over, or not to that device; or it is read-only, and the other
            library could not be told.
        TypeError: `max_version` or `dl_device` is no pair.
    """
    if stream not in {None, -1}:
        raise AssertionError("stream should be None on cpu.")
    for name, pair in (("max_version", max_version), ("dl_device", dl_device)):
        if pair is not None and not (isinstance(pair, tuple) and len(pair) == 2):
            raise TypeError(f"__dlpack__: expected {name} to be None or a tuple of two ints, got {pair!r}")
    if dl_device is not None and tuple(dl_device) != DEVICE:
        raise BufferError(f"__dlpack__: expected dl_device to be the CPU, {DEVICE}, got {dl_device}")
    versioned = max_version is not None and max_version[0] >= 1
    return _core.give_dlpack(array.copy() if copy else array, versioned, bool(copy))
