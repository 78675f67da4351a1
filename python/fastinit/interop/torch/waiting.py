"""Fills that wait until somebody looks, so that those which are overwritten before are never made."""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.multiprocessing.reductions import StorageWeakRef

__all__ = ["LOOKS_AT_ANY", "LOOKS_AT_NO_VALUE", "Waiting", "can_wait", "waiting_here"]

Array = np.ndarray[Any, np.dtype[Any]]

# Smaller fills take less time than to wait.
_FEWEST = 1 << 16

# With more of them, those are looked for whose storage is gone.
_MOST = 1 << 10

#: Functions that a constructor calls on what it has filled, and that neither read nor write a value. (Nor do
#: the getters and setters of attributes, of which there are too many to name.)
LOOKS_AT_NO_VALUE = frozenset(
    {
        torch.Tensor.detach,
        torch.Tensor.dim,
        torch.Tensor.element_size,
        torch.Tensor.is_complex,
        torch.Tensor.is_contiguous,
        torch.Tensor.is_floating_point,
        torch.Tensor.is_inference,
        torch.Tensor.numel,
        torch.Tensor.requires_grad_,
        torch.Tensor.size,
        torch.Tensor.stride,
        torch.is_complex,
        torch.is_floating_point,
    }
)

#: Functions that may look at any tensor: autograd goes on from those that it is given.
LOOKS_AT_ANY = frozenset({torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad})


def can_wait(tensor: torch.Tensor) -> bool:
    """Tells whether a fill of `tensor` may wait: it is large, and overwrites all that its storage holds.

    Memory that PyTorch would not resize has, or may have, others who read and write it: arrays, processes.
    """
    if tensor.numel() < _FEWEST or not tensor.is_contiguous() or _may_hold_others(tensor):
        return False
    storage = tensor.untyped_storage()
    return storage.resizable() and storage.nbytes() == tensor.numel() * tensor.itemsize


def _may_hold_others(tensor: torch.Tensor) -> bool:
    """Whether the tensor's class, such as DTensor, has a say in what an operation does to which memory."""
    return type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__


class _Fill(NamedTuple):
    """A fill that waits.

    Attributes:
        storage: what it fills, and does not keep alive.
        shape: of the array.
        dtype: of the array.
        run: fills an array of that shape and dtype.
    """

    storage: StorageWeakRef
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    run: Callable[[Array], object]

    def make(self) -> None:
        """Makes the fill, if anybody still has the storage.

        By no operation of PyTorch's: what traces, transforms or counts those must not see it.
        """
        with torch._C.DisableTorchFunction():
            storage = torch.UntypedStorage._new_with_weak_ptr(self.storage.cdata)
            if storage is None:
                return
            size = math.prod(self.shape) * self.dtype.itemsize
            left = min(size, storage.nbytes())  # it may have been resized since
            if not left:
                return
            memory = memoryview((ctypes.c_byte * left).from_address(storage.data_ptr())).cast("B")
            if left == size:
                self.run(np.ndarray(self.shape, self.dtype, memory))
            else:
                array = np.empty(self.shape, self.dtype)
                self.run(array)
                memory[:] = array.reshape(-1).view(np.uint8)[:left].data


class Waiting:
    """The fills of a thread that wait, by the storage that they fill; of each, one at most."""

    def __init__(self) -> None:
        self._fills: dict[int, _Fill] = {}
        self._most = _MOST

    def __bool__(self) -> bool:
        return bool(self._fills)

    def put(self, tensor: torch.Tensor, array: Array, run: Callable[[Array], object]) -> None:
        """Has a fill wait that overwrites the whole storage of `tensor`; one that waited is never made.

        Args:
            tensor: what is filled.
            array: over its memory.
            run: fills an array of the same shape and dtype.
        """
        storage = StorageWeakRef(tensor.untyped_storage())
        self._fills[storage.cdata] = _Fill(storage, array.shape, array.dtype, run)
        if len(self._fills) > self._most:
            for fill in [fill for fill in self._fills.values() if fill.storage.expired()]:
                del self._fills[fill.storage.cdata]
            self._most = max(_MOST, 2 * len(self._fills))

    def make(self, values: Iterable[Any]) -> None:
        """Makes the fills of the tensors that `values` holds, in sequences and mappings too."""
        for value in values:
            if isinstance(value, torch.Tensor):
                self._make_of(value)
            elif isinstance(value, Mapping):
                self.make(value.values())
            elif isinstance(value, (list, tuple)):
                self.make(value)

    def make_all(self) -> None:
        """Makes all fills."""
        for storage in list(self._fills):
            self._make(storage)

    def leave(self) -> None:
        """Makes all fills; if that is interrupted, none is left that would overwrite what comes later."""
        try:
            self.make_all()
        finally:
            self._fills.clear()

    def _make_of(self, tensor: torch.Tensor) -> None:
        if _may_hold_others(tensor):
            self.make_all()
            return
        with torch._C.DisableTorchFunction():
            try:
                storage = tensor.untyped_storage()._cdata
            except (NotImplementedError, RuntimeError, ValueError):  # it stands for others, of these perhaps
                self.make_all()
                return
        self._make(storage)

    def _make(self, storage: int) -> None:
        fill = self._fills.get(storage)
        if fill is not None:
            fill.make()  # one that is interrupted waits on
            self._fills.pop(storage, None)


class _Here(threading.local):
    def __init__(self) -> None:
        self.waiting = Waiting()


_HERE = _Here()


def waiting_here() -> Waiting:
    """Returns the fills that wait in this thread."""
    return _HERE.waiting


def _make_all_here() -> None:
    waiting_here().make_all()


# The child has no context in which they could be made.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_make_all_here)
