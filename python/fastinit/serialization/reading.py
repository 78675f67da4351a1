"""PyTorch's zip files and the pickles in them; what a file may make of itself is listed in `names`."""

from __future__ import annotations

import io
import mmap
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np
import numpy.typing as npt

from ..devices import CPU, META, as_device, device
from ..dtypes import dtype
from ..meta import without_memory
from ..storage import UntypedStorage
from .names import CALLABLE, KNOWN, Memory, StorageType

if TYPE_CHECKING:
    from . import FileLike, MapLocation

__all__ = ["read"]

Bytes = npt.NDArray[np.uint8]

_UNSAFE = (
    "Re-running `load` with `weights_only` set to `False` will likely succeed, but it can result in "
    "arbitrary code execution. Do it only if you got the file from a trusted source."
)
_CUDA = (
    "Attempting to deserialize object on a CUDA device but fastinit.cuda.is_available() is False. If you are "
    "running on a CPU-only machine, please use fastinit.load with map_location=fastinit.device('cpu') to map "
    "your storages to the CPU."
)
_PIECE = 1 << 24  # bytes that are read at a time
_HEADER = 30  # of a record in a zip file, before its name


class _Storages:
    """The memory in a file, each piece of it read once."""

    def __init__(
        self, archive: zipfile.ZipFile, top: str, map_location: MapLocation, whole: mmap.mmap | None
    ) -> None:
        self._archive = archive
        self._top = top
        self._map_location = map_location
        self._whole = whole
        self._known: dict[str, Memory] = {}
        order = self.record("byteorder") if f"{top}/byteorder" in archive.namelist() else b"little"
        self._swapped = order.decode() != sys.byteorder

    def record(self, name: str) -> bytes:
        """Returns the bytes of a record."""
        return self._archive.read(self._info(name))

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._archive.getinfo(f"{self._top}/{name}")
        if info.compress_type != zipfile.ZIP_STORED:
            raise pickle.UnpicklingError(f"record {name} is compressed, which PyTorch's are not")
        return info

    def get(self, identity: Any) -> Memory:
        """Returns the memory that a pickle refers to."""
        if not (isinstance(identity, tuple) and len(identity) == 5 and identity[0] == "storage"):
            raise pickle.UnpicklingError(f"persistent_load of something that is no storage: {identity!r}")
        _, kind, key, location, count = identity
        if not isinstance(kind, StorageType) or type(count) is not int:
            raise pickle.UnpicklingError("a storage needs the type of its elements and their number")
        if key not in self._known:
            self._known[key] = self._load(f"data/{key}", kind.dtype, location, count * kind.dtype.itemsize)
        return self._known[key]

    def _load(self, name: str, kind: dtype, location: str, size: int) -> Memory:
        info = self._info(name)
        if info.file_size != size:
            raise pickle.UnpicklingError(f"record {name} has {info.file_size} bytes, not {size}")
        place = None if callable(self._map_location) else _destination(location, self._map_location)
        if place == META:
            return Memory(without_memory((size,), np.uint8), kind)
        memory = self._read(info, size) if self._whole is None else self._mapped(info, size)
        if self._swapped and kind.itemsize > 1:
            memory.view(f"u{kind.itemsize}").byteswap(inplace=True)
        if callable(self._map_location):
            chosen = self._map_location(UntypedStorage(memory), location)
            if chosen is None:
                _destination(location, None)
            else:
                memory = chosen._owner
        return Memory(memory, kind)

    def _read(self, info: zipfile.ZipInfo, size: int) -> Bytes:
        memory = np.empty(size, np.uint8)
        with self._archive.open(info) as record:
            for start in range(0, size, _PIECE):
                piece = record.read(_PIECE)
                memory[start : start + len(piece)] = np.frombuffer(piece, np.uint8)
        return memory

    def _mapped(self, info: zipfile.ZipInfo, size: int) -> Bytes:
        assert self._whole is not None
        name_and_extra = self._whole[info.header_offset + 26 : info.header_offset + _HEADER]
        skipped = sum(int.from_bytes(name_and_extra[i : i + 2], "little") for i in (0, 2))
        return np.frombuffer(self._whole, np.uint8, size, info.header_offset + _HEADER + skipped)


_HARMLESS = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.POP, pickle.POP_MARK, pickle.DUP),
    *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BINFLOAT),
    *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.LONG4),
    *(pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8),
    *(pickle.BINSTRING, pickle.SHORT_BINSTRING),
    *(pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8, pickle.BYTEARRAY8),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
    *(pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_DICT, pickle.DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.EMPTY_SET, pickle.ADDITEMS, pickle.FROZENSET),
    *(pickle.BINGET, pickle.LONG_BINGET, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE),
    *(pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.BINPERSID),
)


def _destination(location: str, map_location: Any) -> device:
    if isinstance(map_location, Mapping):
        location = map_location.get(location, location)
    elif map_location is not None:
        return as_device(map_location)
    if location.startswith("cuda"):
        raise RuntimeError(_CUDA)
    if location not in {"cpu", "meta"}:
        raise RuntimeError(
            f"don't know how to restore data location of fastinit.UntypedStorage (tagged with {location})"
        )
    return CPU if location == "cpu" else META


def _refuse_name(module: str, name: str) -> NoReturn:
    raise pickle.UnpicklingError(
        f"Unsupported global: GLOBAL {module}.{name} was not an allowed global by default."
    )


class _WeightsUnpickler(pickle._Unpickler):
    """Makes tensors, numbers, strings and their containers, and calls nothing but what `names` lists."""

    def __init__(self, file: IO[bytes], storages: _Storages) -> None:
        super().__init__(file, encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        """Returns what a name stands for here."""
        module = "builtins" if module == "__builtin__" else module
        if (module, name) not in KNOWN:
            _refuse_name(module, name)
        return KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Memory:
        """Returns the memory of a storage."""
        return self._storages.get(pid)

    def _load_reduce(self) -> None:
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        arguments = stack.pop()
        function = stack[-1]
        if not any(function is each for each in CALLABLE.values()):
            raise pickle.UnpicklingError(f"Trying to call reduce for unrecognized function {function!r}")
        if function is bytearray and arguments and not isinstance(arguments[0], bytes):
            raise pickle.UnpicklingError("bytearray() of something else than bytes")
        stack[-1] = function(*arguments)

    def _load_build(self) -> None:
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        state = stack.pop()
        target = stack[-1]
        # Of a state dict: its metadata.
        if type(target) is not OrderedDict or type(state) is not dict:
            raise pickle.UnpicklingError(f"Can not set the state of {type(target).__name__}")
        target.__dict__.update(state)

    # Of all that a pickle can say, what is harmless: values, their containers, and the three above.
    dispatch: ClassVar[Any] = {
        **{opcode[0]: pickle._Unpickler.dispatch[opcode[0]] for opcode in _HARMLESS},
        pickle.REDUCE[0]: _load_reduce,
        pickle.BUILD[0]: _load_build,
    }


def read(
    f: FileLike,
    map_location: MapLocation,
    pickle_module: Any,
    weights_only: bool,
    mapped: bool,
    arguments: dict[str, Any],
) -> Any:
    """Reads what `fastinit.load` promises."""
    if isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:  # noqa: PTH123 - any kind of path
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if mapped else None
            return _read(file, map_location, pickle_module, weights_only, whole, arguments)
    return _read(f, map_location, pickle_module, weights_only, None, arguments)


def _read(
    file: IO[bytes],
    map_location: MapLocation,
    pickle_module: Any,
    weights_only: bool,
    whole: mmap.mmap | None,
    arguments: dict[str, Any],
) -> Any:
    try:
        archive = zipfile.ZipFile(file)
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    except zipfile.BadZipFile as error:
        raise pickle.UnpicklingError(
            f"the file is not in the zip format that save() writes ({error}); files of PyTorch before 1.6 "
            "are not read"
        ) from None
    if not names:
        raise pickle.UnpicklingError("the zip file has no data.pkl in it")
    storages = _Storages(archive, names[0].removesuffix("/data.pkl"), map_location, whole)
    pickled = io.BytesIO(storages.record("data.pkl"))
    if not weights_only:
        return _trusting(pickled, storages, pickle_module or pickle, arguments)
    try:
        return _WeightsUnpickler(pickled, storages).load()
    except RuntimeError:
        raise  # of a tensor that may not be where, or what, the file says
    except Exception as error:
        # A pickle that makes no sense can lead to any.
        raise pickle.UnpicklingError(f"Weights only load failed. {_UNSAFE}\n{error}") from error


def _trusting(pickled: IO[bytes], storages: _Storages, module: Any, arguments: dict[str, Any]) -> Any:
    """Reads a pickle that may name anything, and call it."""

    class Unpickler(module.Unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            known = KNOWN.get((module, name))
            return super().find_class(module, name) if known is None else known

        def persistent_load(self, pid: Any) -> Memory:
            return storages.get(pid)

    return Unpickler(pickled, **arguments).load()
