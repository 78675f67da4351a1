"""Pickles as PyTorch writes them, and the zip file around them."""

from __future__ import annotations

import io
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..devices import device
from ..dtypes import dtype
from ..meta import has_no_memory
from ..nn.parameter import Parameter, is_lazy
from ..size import Size
from ..storage import UntypedStorage
from ..tensor import Tensor

__all__ = ["write"]

Bytes = npt.NDArray[np.uint8]

#: PyTorch maps the records of a file where this many bytes divide their places.
_ALIGNMENT = 64
# Of a record in a zip file: its fixed header, what sizes above 4 GiB add to it, and the fields of padding.
_HEADER, _LARGE, _FIELD = 30, 20, 4


class _Global:
    """A name that the pickle has in it, of a module that need not be here."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __call__(self) -> None:
        """Never called: a pickle takes nothing else as a function."""


class _Stored:
    """A storage, as elements of one dtype."""

    def __init__(self, key: str, kind: dtype, count: int) -> None:
        self.key = key
        self.kind = kind
        self.count = count


class _Pickler(pickle._Pickler):
    """Writes tensors by PyTorch's names, and collects their memory."""

    def __init__(self, file: IO[bytes], protocol: int) -> None:
        super().__init__(file, protocol)
        self.records: list[Bytes] = []
        self._stored: dict[int, _Stored] = {}
        self._globals: dict[tuple[str, str], _Global] = {}
        self._alive: list[object] = []  # an object is known by its address

    def persistent_id(self, obj: Any) -> Any:
        """Returns what names a storage in the pickle."""
        if not isinstance(obj, _Stored):
            return None
        kind = self._named("torch", f"{obj.kind.type_name}Storage")
        return "storage", kind, obj.key, "cpu", obj.count

    def reducer_override(self, obj: Any) -> Any:
        """Returns a function and its arguments that make the object again."""
        if isinstance(obj, Size):
            return self._named("torch", "Size"), (tuple(obj),)
        if isinstance(obj, device):
            return self._named("torch", "device"), (obj.type,)
        if type(obj) in (Tensor, Parameter) and not is_lazy(obj):
            return self._reduced(obj)
        return NotImplemented

    def _reduced(self, tensor: Tensor) -> tuple[Any, ...]:
        of_views = {"_reshaped", "_observed"}
        state = {name: value for name, value in tensor.__dict__.items() if name not in of_views}
        if isinstance(tensor, Parameter):
            data = tensor.detach()
            self._alive.append(data)
            name = "_rebuild_parameter_with_state" if state else "_rebuild_parameter"
            parts: tuple[Any, ...] = (data, tensor.requires_grad, OrderedDict())
            return self._named("torch._utils", name), (*parts, state) if state else parts
        function, arguments = self._plain(tensor)
        if not state:
            return function, arguments
        whole = (function, self._named("torch", "Tensor"), arguments, state)
        return self._named("torch._tensor", "_rebuild_from_type_v2"), whole

    def _plain(self, tensor: Tensor) -> tuple[_Global, tuple[Any, ...]]:
        array, shape = tensor._array, tuple(tensor.shape)
        if has_no_memory(array):
            meta = (tensor.dtype, shape, tensor.stride(), tensor.requires_grad)
            return self._named("torch._utils", "_rebuild_meta_tensor_no_storage"), meta
        storage = UntypedStorage(array)
        memory = _all_of(storage, array)
        if memory is None:
            tensor = tensor.detach().clone()
            self._alive.append(tensor)
            return self._plain(tensor)
        place = (self._store(storage, memory, tensor.dtype), storage.offset_of(array), shape, tensor.stride())
        return self._named("torch._utils", "_rebuild_tensor_v2"), (
            *place,
            tensor.requires_grad,
            OrderedDict(),
        )

    def _store(self, storage: UntypedStorage, memory: Bytes, kind: dtype) -> _Stored:
        known = self._stored.get(storage.data_ptr())
        if known is None:
            known = _Stored(str(len(self.records)), kind, memory.size // kind.itemsize)
            self.records.append(memory)
            self._alive.append(known)
            if memory.size:
                self._stored[storage.data_ptr()] = known
        elif known.kind is not kind:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types"
            )
        return known

    def _named(self, module: str, name: str) -> _Global:
        return self._globals.setdefault((module, name), _Global(module, name))

    def _save_global(self, obj: _Global) -> None:
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]
        self.memoize(obj)  # type: ignore[attr-defined]

    def _save_dtype(self, obj: dtype) -> None:
        self.save(self._named("torch", obj.name))  # type: ignore[attr-defined]

    # Pickle's own function would import the module, to see whether the name is right.
    dispatch: ClassVar[Any] = {**pickle._Pickler.dispatch, _Global: _save_global, dtype: _save_dtype}


def _all_of(storage: UntypedStorage, array: npt.NDArray[Any]) -> Bytes | None:
    """Returns all bytes of a storage; None where the array cannot be told by its place among them."""
    owner = storage._owner
    if not storage.nbytes():
        return np.empty(0, np.uint8)
    if not owner.flags.forc or min(array.strides, default=0) < 0:
        return None
    memory = (owner if owner.flags.c_contiguous else owner.T).reshape(-1).view(np.uint8)
    size = array.itemsize
    whole = memory.size % size == 0 and (array.ctypes.data - storage.data_ptr()) % size == 0
    steps = all(step % size == 0 for step in array.strides)
    return np.asarray(memory) if whole and steps else None


def write(obj: object, f: str | os.PathLike[str] | IO[bytes], protocol: int) -> None:
    """Writes what `fastinit.save` promises."""
    pickled = io.BytesIO()
    pickler = _Pickler(pickled, protocol)
    pickler.dump(obj)
    top = Path(os.fspath(f)).stem if isinstance(f, str | os.PathLike) else "archive"
    with zipfile.ZipFile(f, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, data: Any) -> None:
            _add(archive, f"{top}/{name}", memoryview(data))

        add("data.pkl", pickled.getvalue())
        add("byteorder", sys.byteorder.encode())
        for number, record in enumerate(pickler.records):
            add(f"data/{number}", record)
        add("version", b"3\n")


def _add(archive: zipfile.ZipFile, name: str, data: memoryview) -> None:
    """Adds a record whose bytes start at a multiple of the alignment, as in PyTorch's own files."""
    record = zipfile.ZipInfo(name)
    start = archive.start_dir + _HEADER + len(name.encode())
    if data.nbytes * 1.05 > zipfile.ZIP64_LIMIT:
        start += _LARGE
    padding = -(start + _FIELD) % _ALIGNMENT
    record.extra = b"FB" + padding.to_bytes(2, "little") + bytes(padding)
    archive.writestr(record, data)
