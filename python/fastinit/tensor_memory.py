"""A tensor's memory: its address, what shares it, and the ways in which others get hold of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .autograd import Variable
from .autograd.record import bump, check_writable
from .memory import dlpack
from .meta import has_no_memory, refuse
from .ops.operands import cpp_name
from .storage import UntypedStorage

__all__ = ["Memory"]


class Memory(Variable):
    """What `Tensor` inherits: where its elements lie."""

    def data_ptr(self) -> int:
        """Returns the address of the first element; 0 if there is none."""
        return 0 if has_no_memory(self._array) else self._array.ctypes.data

    const_data_ptr = data_ptr

    def untyped_storage(self) -> UntypedStorage:
        """Returns the memory that this tensor shares with its views; `data_ptr()` tells it from others."""
        return UntypedStorage(self._array)

    def storage_offset(self) -> int:
        """Returns how many elements of the storage lie before the first one."""
        return UntypedStorage(self._array).offset_of(self._array)

    def is_contiguous(self, memory_format: object = None) -> bool:
        """Tells whether the elements lie in row-major order without gaps."""
        return self._array.flags.c_contiguous

    def is_set_to(self, tensor: Memory) -> bool:
        """Tells whether `tensor` is over the same elements, with the same shape and strides."""
        mine, other = self._array, tensor._array
        return (mine.ctypes.data, mine.shape, mine.strides) == (other.ctypes.data, other.shape, other.strides)

    def set_(self, source: Memory) -> Self:
        """Makes this tensor one over the memory of `source`, of its shape and strides (torch.Tensor.set_).

        Raises:
            RuntimeError: the dtypes differ, or autograd forbids the write.
        """
        check_writable(self)
        if source._array.dtype != self._array.dtype:
            raise RuntimeError(
                f"Could not set tensor of type {cpp_name(source._array.dtype)} to a tensor of type "
                f"{cpp_name(self._array.dtype)}"
            )
        self._array = source._array
        bump(self)
        return self

    def is_shared(self) -> bool:
        """Tells whether other processes see what is written here: the memory is a file that is mapped."""
        return self.untyped_storage().is_shared()

    def share_memory_(self) -> Self:
        """Returns the tensor as it is, if its memory is shared (torch.Tensor.share_memory_).

        Raises:
            RuntimeError: it is not: memory cannot be moved under the views that look into it.
        """
        if not self.is_shared():
            raise RuntimeError(
                "share_memory_() cannot move a tensor into shared memory: make it of an array that is in "
                "shared memory (numpy.memmap, or multiprocessing.shared_memory and from_numpy)"
            )
        return self

    def is_pinned(self) -> bool:
        """Returns False: there is no device to pin memory for."""
        return False

    def pin_memory(self) -> Self:
        """Refuses, as PyTorch does where there is no accelerator.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("Cannot access accelerator device when none is available.")

    # Element by element, by Python

    def apply_(self, callable: Callable[[Any], Any]) -> Self:
        """Replaces each element by what a function makes of it (torch.Tensor.apply_); slow.

        Raises:
            TypeError: the tensor requires grad.
        """
        return self._mapped("apply_", (), callable)

    def map_(self, tensor: Memory, callable: Callable[[Any, Any], Any]) -> Self:
        """Replaces each element by what a function makes of it and of one of `tensor` (torch.Tensor.map_)."""
        return self._mapped("map_", (tensor,), callable)

    def _mapped(self, name: str, others: tuple[Memory, ...], function: Callable[..., Any]) -> Self:
        if self.requires_grad or any(each.requires_grad for each in others):
            raise RuntimeError(
                f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead."
            )
        check_writable(self)
        arrays = [self._array, *(np.broadcast_to(each._array, self._array.shape) for each in others)]
        for index in np.ndindex(self._array.shape):
            self._array[index] = function(*(each[index].item() for each in arrays))
        bump(self)
        return self

    # Exchange

    def __dlpack_device__(self) -> tuple[int, int]:
        return dlpack.DEVICE

    def __dlpack__(
        self,
        *,
        stream: object = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if has_no_memory(self._array):
            refuse("exchange by DLPack")
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return dlpack.give(self._array, stream, max_version, dl_device, copy)
