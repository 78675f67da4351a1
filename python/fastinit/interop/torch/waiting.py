"""Fills that wait until somebody looks, so that those which are overwritten before are never made."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.multiprocessing.reductions import StorageWeakRef

from ...memory import adopt

__all__ = ["LOOKS_AT_NO_VALUE", "Waiting", "can_wait", "waiting_here"]

Array = np.ndarray[Any, np.dtype[Any]]

# Smaller fills take less time than to wait.
_FEWEST = 1 << 16

#: Functions that a constructor calls on what it has filled, and that neither read nor write a value. (So do
#: the getters and setters of attributes, of which there are too many to name.)
LOOKS_AT_NO_VALUE = frozenset(
    {
        torch.Tensor.detach,
        torch.Tensor.dim,
        torch.Tensor.element_size,
        torch.Tensor.is_complex,
        torch.Tensor.is_contiguous,
        torch.Tensor.is_floating_point,
        torch.Tensor.numel,
        torch.Tensor.requires_grad_,
        torch.Tensor.size,
        torch.Tensor.stride,
        torch.is_complex,
        torch.is_floating_point,
    }
)


def can_wait(tensor: torch.Tensor) -> bool:
    """Tells whether a fill of `tensor` may wait: it is large, and overwrites all that its storage holds."""
    return (
        tensor.numel() >= _FEWEST
        and tensor.is_contiguous()
        and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.itemsize
    )


class _Fill(NamedTuple):
    """A fill that waits.

    Attributes:
        storage: what it fills, and does not keep alive.
        shape: of the tensor over the storage.
        dtype: of the tensor.
        run: fills an array of that shape and dtype.
    """

    storage: StorageWeakRef
    shape: torch.Size
    dtype: torch.dtype
    run: Callable[[Array], object]

    def make(self) -> None:
        """Makes the fill, if anybody still has the storage."""
        with torch._C.DisableTorchFunction(), warnings.catch_warnings(action="ignore"):  # the call has warned
            storage = torch.UntypedStorage._new_with_weak_ptr(self.storage.cdata)
            if storage is not None:
                tensor = torch.empty(0, dtype=self.dtype, device="cpu").set_(storage).view(self.shape)
                self.run(adopt(tensor)[0])


class Waiting:
    """The fills of a thread that wait, by the storage that they fill; of each, one at most."""

    def __init__(self) -> None:
        self._fills: dict[int, _Fill] = {}

    def __bool__(self) -> bool:
        return bool(self._fills)

    def put(self, tensor: torch.Tensor, run: Callable[[Array], object]) -> None:
        """Has a fill wait that overwrites the whole storage of `tensor`; one that waited is never made."""
        storage = StorageWeakRef(tensor.untyped_storage())
        self._fills[storage.cdata] = _Fill(storage, tensor.shape, tensor.dtype, run)

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
        while self._fills:
            _, fill = self._fills.popitem()
            fill.make()

    def _make_of(self, tensor: torch.Tensor) -> None:
        with torch._C.DisableTorchFunction():
            try:
                storage = tensor.untyped_storage()._cdata
            except (NotImplementedError, RuntimeError, ValueError):  # it stands for others, of these perhaps
                self.make_all()
                return
        fill = self._fills.pop(storage, None)
        if fill is not None:
            fill.make()


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
