"""The memory of PyTorch's CPU tensors, to be filled in place; PyTorch itself is never imported here."""

import functools
import sys
from typing import Any

import numpy as np

from ..dtypes import as_dtype

__all__ = ["adopt_torch", "count_torch_fill", "is_torch"]

Array = np.ndarray[Any, np.dtype[Any]]


def is_torch(tensor: object) -> bool:
    """Tells whether `tensor` is one of PyTorch's."""
    # There is no such tensor before the program has imported PyTorch.
    kind = getattr(sys.modules.get("torch"), "Tensor", ())
    return isinstance(tensor, kind)


def adopt_torch(tensor: Any) -> Array:
    """Returns the memory of a tensor of PyTorch's as an array that shares it, and keeps the tensor alive.

    Not by `tensor.numpy()`, after which PyTorch never resizes the memory again, as sharded training does.

    Args:
        tensor: a torch.Tensor or a torch.nn.Parameter on the CPU, of any strides; it may require grad.

    Raises:
        TypeError: it is on another device, is not strided, is quantised or nested, is the conjugate or the
            negative of what lies in memory, wraps other tensors, is of a dtype that NumPy has not, or has no
            memory.
        RuntimeError, ValueError: what PyTorch raises of tensors that have no memory of their own.
    """
    torch: Any = sys.modules["torch"]
    kind = type(tensor)
    if kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        raise _refusal(tensor, "it stands for other tensors: fill those, a shard of a DTensor with shard=")
    if not tensor.is_cpu:
        raise _refusal(tensor, f'it is on the device "{tensor.device}", and fills are made on the CPU')
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.is_quantized:
        form = "quantised" if tensor.is_quantized else "nested" if tensor.is_nested else str(tensor.layout)
        raise _refusal(tensor, f"it is {form}: only strided memory holds each element as it is")
    if tensor.is_conj() or tensor.is_neg():
        raise _refusal(tensor, "it is a view that negates what lies in memory: fill what it is a view of")
    dtype = _numpy_dtype(tensor.dtype)
    if dtype is None:
        raise _refusal(tensor, f"NumPy has no {tensor.dtype}")
    shape = tuple(tensor.shape)
    if 0 in shape:
        return np.empty(shape, dtype)
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
        raise _refusal(tensor, "its storage is freed or too small")
    return np.asarray(_Memory(tensor, address, shape, strides, dtype.itemsize)).view(dtype)


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
        sys.modules["torch"].autograd.graph.increment_version(tensor)


@functools.cache
def _numpy_dtype(dtype: Any) -> np.dtype[Any] | None:
    _ = as_dtype("bfloat16").numpy  # from here on NumPy knows this one by its name, and others of 8 bits
    try:
        return np.dtype(str(dtype).removeprefix("torch."))
    except TypeError:
        return None


def _refusal(tensor: Any, reason: str) -> TypeError:
    return TypeError(f"cannot fill this {type(tensor).__name__} in place: {reason}")
