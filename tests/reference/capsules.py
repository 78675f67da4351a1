"""Capsules of DLPack made by hand, so that each field can be what a library seldom makes it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

CPU, CUDA, PINNED = 1, 2, 3
INT, UINT, FLOAT, BFLOAT, COMPLEX, BOOL, FLOAT8_E5M2 = 0, 1, 2, 4, 5, 6, 12
READ_ONLY, COPIED = 1, 2

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_name = ctypes.pythonapi.PyCapsule_GetName
_name.restype, _name.argtypes = ctypes.c_char_p, [ctypes.py_object]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]

_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Unversioned(ctypes.Structure):
    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))


class Versioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", _Deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    )


def name_of(capsule: object) -> str:
    """What a capsule is called, which says whether it was taken."""
    return _name(capsule).decode()


def contents(capsule: object) -> Versioned | Unversioned:
    """What a capsule that nobody has taken yet points at."""
    name = name_of(capsule)
    kind = Versioned if name == "dltensor_versioned" else Unversioned
    return kind.from_address(_pointer(capsule, name.encode()))


class Lender:
    """Lends 64 bytes, once, as what `fields` say, and counts how often they are given back.

    Args:
        shape: of the tensor.
        strides: in elements; None hands over none.
        version: of DLPack; None for the form before version 1.
        flags: READ_ONLY, COPIED.
        memory: what to lend instead.
        fields: of the tensor, where they are to be others than those of a float32 array on the CPU.
    """

    def __init__(
        self,
        shape: Sequence[int] = (3,),
        strides: Sequence[int] | None = None,
        *,
        version: tuple[int, int] | None = (1, 0),
        flags: int = 0,
        memory: Any = None,
        **fields: Any,
    ) -> None:
        self.memory = (ctypes.c_float * 16)(*range(16)) if memory is None else memory
        self.deleted = 0
        self._deleter = _Deleter(self._delete)
        self._shape = (ctypes.c_int64 * len(shape))(*shape) if shape else None
        self._strides = None if strides is None else (ctypes.c_int64 * len(strides))(*strides)
        self.device_type = fields.get("device_type", CPU)
        tensor = {
            "data": ctypes.addressof(self.memory),
            "device_type": CPU,
            "ndim": len(shape),
            "code": FLOAT,
            "bits": 32,
            "lanes": 1,
            "shape": self._shape,
            "strides": self._strides,
            **fields,
        }
        self._managed: Any
        if version is None:
            self._managed = Unversioned(tensor=Tensor(**tensor), deleter=self._deleter)
            self._name = b"dltensor"
        else:
            self._managed = Versioned(*version, flags=flags, tensor=Tensor(**tensor), deleter=self._deleter)
            self._name = b"dltensor_versioned"
        self.capsule = _new(ctypes.addressof(self._managed), self._name, None)

    def _delete(self, managed: int) -> None:
        assert managed == ctypes.addressof(self._managed)
        self.deleted += 1

    def __dlpack__(self, *, max_version: tuple[int, int] | None = None) -> object:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device_type, 0
