"""The memory of PyTorch's CPU tensors, to be filled in place; PyTorch itself is never imported here."""

import functools
import sys
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..shard import Shard
from .dtensor import is_dtensor, local_part
from .refusal import refusal

__all__ = ["adopt_torch", "count_torch_fill", "is_torch"]

Array = np.ndarray[Any, np.dtype[Any]]


def is_torch(tensor: object) -> bool:
    """Tells whether `tensor` is one of PyTorch's."""
    # There is no such tensor before the program has imported PyTorch.
    kind = getattr(sys.modules.get("torch"), "Tensor", ())
    return isinstance(tensor, kind)


def adopt_torch(tensor: Any, shard: Shard | None = None) -> tuple[Array, Shard | None]:
    """Returns the memory of a tensor of PyTorch's as an array that shares it, and keeps the tensor alive.

    Not by `tensor.numpy()`, after which PyTorch never resizes the memory again, as sharded training does.

    Args:
        tensor: a torch.Tensor or a torch.nn.Parameter on the CPU, of any strides; it may require grad. Of a
            DTensor, the memory is that of its local part.
        shard: which box of which tensor the caller says that it is.

    Returns:
        The array, and which box of which tensor that is; None where it is the whole.

    Raises:
        TypeError: it is on another device, is not strided, is quantised or nested, is the conjugate or the
            negative of what lies in memory, wraps other tensors, is of a dtype that NumPy has not, or has no
            memory; a DTensor's local part is such a tensor, or is not one box.
        ValueError: a DTensor's local part is another box than `shard`.
        RuntimeError, ValueError: what PyTorch raises of tensors that have no memory of their own.
    """
    torch: Any = sys.modules["torch"]
    kind = type(tensor)
    if kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        return _adopt_part(tensor, shard)
    if not tensor.is_cpu:
        raise refusal(tensor, f'it is on the device "{tensor.device}", and fills are made on the CPU')
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.is_quantized:
        form = "quantised" if tensor.is_quantized else "nested" if tensor.is_nested else str(tensor.layout)
        raise refusal(tensor, f"it is {form}: only strided memory holds each element as it is")
    if tensor.is_conj() or tensor.is_neg():
        raise refusal(tensor, "it is a view that negates what lies in memory: fill what it is a view of")
    dtype = _numpy_dtype(tensor.dtype)
    if dtype is None:
        raise refusal(tensor, f"NumPy has no {tensor.dtype}")
    shape = tuple(tensor.shape)
    if 0 in shape:
        return np.empty(shape, dtype), shard
    if tensor.is_contiguous():
        strides, extent = None, tensor.numel()
    else:
        steps = tensor.stride()
        strides = tuple(step * dtype.itemsize for step in steps)
        extent = 1 + sum((size - 1) * step for size, step in zip(shape, steps, strict=True))
    address = tensor.data_ptr()
    # Who frees a tensor's storage, as FSDP does between uses, leaves its shape.
    available = tensor.untyped_storage().nbytes() - tensor.storage_offset() * dtype.itemsize
    if address == 0 or extent * dtype.itemsize > available:
        raise refusal(tensor, "its storage is freed or too small")
    return np.asarray(_Memory(tensor, address, shape, strides, dtype.itemsize)).view(dtype), shard


def _adopt_part(tensor: Any, shard: Shard | None) -> tuple[Array, Shard | None]:
    if not is_dtensor(tensor):
        raise refusal(tensor, "it stands for other tensors: fill those")
    local, part = local_part(tensor)
    if shard is not None and shard != part:
        raise ValueError(
            f"this rank's part of the {type(tensor).__name__} is {part}, but shard= says {shard}"
        )
    try:
        array, _ = adopt_torch(local)
    except TypeError as error:
        raise TypeError(f"the local part of a {type(tensor).__name__}: {error}") from None
    if array.shape != part.shape:  # neither has elements, or the rank has no part
        array = np.empty(part.shape, array.dtype)
    return array, None if part.shape == part.global_shape else part


class _Memory:
    """A tensor's memory in the form that NumPy takes it, which becomes the base of the array."""

    __slots__ = ("__array_interface__", "tensor")

    def __init__(
        self,
        tensor: Any,
        address: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...] | None,
        itemsize: int,
    ) -> None:
        self.tensor = tensor
        self.__array_interface__ = {
            "version": 3,
            "data": (address, False),
            "shape": shape,
            "strides": strides,
            "typestr": f"|V{itemsize}",  # bfloat16 has no letter of its own
        }


def count_torch_fill(tensor: Any) -> None:
    """Moves the version of a tensor of PyTorch's on, so that autograd notices that a saved value is gone."""
    if not tensor.is_inference():  # those have no version
        torch: Any = sys.modules["torch"]
        torch.autograd.graph.increment_version(tensor)
        if type(tensor).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
            count_torch_fill(tensor._local_tensor)  # which has a version of its own


@functools.cache
def _numpy_dtype(dtype: Any) -> np.dtype[Any] | None:
    _ = as_dtype("bfloat16").numpy  # from here on NumPy knows this one by its name, and others of 8 bits
    try:
        return np.dtype(str(dtype).removeprefix("torch."))
    except TypeError:
        return None
