"""Objects with tensors in files, in the form that PyTorch writes and reads: `save` and `load`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from ..devices import device

if TYPE_CHECKING:
    from ..storage import UntypedStorage

__all__ = ["load", "save"]

FileLike: TypeAlias = "str | os.PathLike[str] | IO[bytes]"
MapLocation: TypeAlias = (
    "Callable[[UntypedStorage, str], UntypedStorage | None] | device | str | Mapping[str, str] | None"
)


def save(
    obj: object,
    f: FileLike,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Writes an object, and the tensors in it, to a file (torch.save).

    `torch.load` reads it. Tensors that share memory still do when they are loaded; for a view, all the
    memory that it looks into is written.

    Args:
        obj: a tensor, a state dict, or anything else that can be pickled.
        f: a path, or a file that is open for writing bytes.
        pickle_module: accepted, without effect.
        pickle_protocol: the version of the pickle format.
        _use_new_zipfile_serialization: must be true.

    Raises:
        AttributeError: `f` is neither a path nor a file.
        NotImplementedError: the format of PyTorch before 1.6 is asked for.
        RuntimeError: tensors view the same memory as different dtypes.

    >>> import io
    >>> file = io.BytesIO()
    >>> fastinit.save({"weight": fastinit.ones(2)}, file)
    >>> fastinit.load(file)
    {'weight': tensor([1., 1.])}
    """
    if not _use_new_zipfile_serialization:
        raise NotImplementedError(
            "save() writes the zip format alone: _use_new_zipfile_serialization is false"
        )
    if not (isinstance(f, str | os.PathLike) or hasattr(f, "write")):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
        )
    from .writing import write

    write(obj, f, pickle_protocol)


def load(
    f: FileLike,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Reads what `save` or `torch.save` wrote (torch.load).

    Args:
        f: a path, or a file that is open for reading bytes and can seek.
        map_location: where tensors that were saved on other devices go: a device, a mapping from device names
            to device names, or a function of a storage and the name of its device, whose result counts if it
            is not None. "meta" leaves the values in the file.
        pickle_module: what unpickles where `weights_only` is false; default: pickle.
        weights_only: load tensors, numbers, strings and containers of these alone; by default, if no
            `pickle_module` is given. Nothing in such a file can make this process run code. **False runs
            whatever the file says: only for files of those you trust.**
        mmap: map the file instead of reading it: pages are read when they are used, and writes stay private.
        **pickle_load_args: for the unpickler, where `weights_only` is false.

    Returns:
        The object. Its tensors are on the CPU, or on the device "meta".

    Raises:
        pickle.UnpicklingError: the file is damaged, or has something that `weights_only` does not allow.
        RuntimeError: a tensor was saved on a device that is not here, and `map_location` leaves it there;
            or a `pickle_module` is given where `weights_only` is true.
        ValueError: `mmap` is true, and `f` is no path.
    """
    if weights_only is None:
        weights_only = pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if mmap and not isinstance(f, str | os.PathLike):
        raise ValueError("f must be a file path in order to use the mmap argument")
    from .reading import read

    return read(f, map_location, pickle_module, weights_only, bool(mmap), pickle_load_args)
