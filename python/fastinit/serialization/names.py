"""What the pickles in PyTorch's files name, and what that is here."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import numpy as np

from .. import dtypes
from ..autograd.variable import wrap
from ..devices import device
from ..meta import has_no_memory, without_memory
from ..nn.parameter import Parameter
from ..size import Size
from ..tensor import Tensor

__all__ = ["CALLABLE", "KNOWN", "Memory", "StorageType"]

T = TypeVar("T", bound=Tensor)
Lengths: TypeAlias = tuple[int, ...]


class StorageType(NamedTuple):
    """What stands for `torch.FloatStorage` and the like."""

    dtype: dtypes.dtype


class Memory(NamedTuple):
    """The memory of a storage that was loaded.

    Attributes:
        bytes: all of it, or an array without memory.
        dtype: the type of the elements.
    """

    bytes: np.ndarray[Any, np.dtype[Any]]
    dtype: dtypes.dtype


def rebuild_tensor(
    storage: Memory,
    storage_offset: int,
    size: Lengths,
    stride: Lengths,
    requires_grad: bool = False,
    backward_hooks: object = None,
    metadata: object = None,
) -> Tensor:
    """Returns a tensor on a storage (torch._utils._rebuild_tensor_v2).

    Raises:
        ValueError: it would reach beyond the storage.
    """
    if not isinstance(storage, Memory):
        raise TypeError("a tensor needs a storage")
    numbers = (storage_offset, *size, *stride)
    if not all(type(each) is int and each >= 0 for each in numbers):
        raise ValueError("lengths, strides and offsets must be integers from 0 on")
    kind = storage.dtype.numpy
    if has_no_memory(storage.bytes):
        return _on_meta(size, storage.dtype).requires_grad_(requires_grad)
    steps = tuple(step * kind.itemsize for step in stride)
    # NumPy refuses what would reach beyond the memory.
    array: np.ndarray[Any, Any] = np.ndarray(
        tuple(size), kind, storage.bytes, storage_offset * kind.itemsize, steps
    )
    return wrap(array).requires_grad_(bool(requires_grad))


def rebuild_meta_tensor(dtype: dtypes.dtype, size: Lengths, stride: Lengths, requires_grad: bool) -> Tensor:
    """Returns a tensor on the device "meta" (torch._utils._rebuild_meta_tensor_no_storage)."""
    return _on_meta(size, dtype).requires_grad_(bool(requires_grad))


def _on_meta(size: Lengths, dtype: dtypes.dtype) -> Tensor:
    return wrap(without_memory(tuple(size), dtype.numpy))


def rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: object) -> Parameter:
    """Returns a parameter (torch._utils._rebuild_parameter)."""
    return Parameter(data, bool(requires_grad))


def rebuild_parameter_with_state(
    data: Tensor, requires_grad: bool, backward_hooks: object, state: Any
) -> Parameter:
    """Returns a parameter with attributes of the user's (torch._utils._rebuild_parameter_with_state)."""
    return _with_attributes(rebuild_parameter(data, requires_grad, backward_hooks), state)


def rebuild_from_type(
    func: Callable[..., Tensor], new_type: type[Tensor], args: tuple[Any, ...], state: Any
) -> Tensor:
    """Returns a tensor with attributes of the user's (torch._tensor._rebuild_from_type_v2)."""
    if func not in (rebuild_tensor, rebuild_meta_tensor):
        raise TypeError("a tensor is rebuilt by the function for tensors")
    return _with_attributes(func(*args), state)


def _with_attributes(tensor: T, state: Any) -> T:
    values: Mapping[str, Any] = (state[0] if isinstance(state, tuple) else state) or {}
    for name, value in values.items():
        # What a tensor has of its own is not for a file to set.
        if not hasattr(Tensor, name):
            tensor.__dict__[name] = value
    return tensor


def encode(text: str, encoding: str) -> bytes:
    """Returns bytes, which the old protocols write as text (_codecs.encode)."""
    return text.encode("latin1" if encoding == "latin1" else "utf-8")


#: What may be called.
CALLABLE: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    ("torch._utils", "_rebuild_tensor"): rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): rebuild_meta_tensor,
    ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): rebuild_parameter_with_state,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild_from_type,
    ("torch", "Size"): Size,
    ("torch", "device"): device,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "Counter"): Counter,
    ("builtins", "set"): set,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "complex"): complex,
    ("_codecs", "encode"): encode,
}

#: All that is known.
KNOWN: Final[dict[tuple[str, str], Any]] = {
    **CALLABLE,
    **{("torch", f"{each.type_name}Storage"): StorageType(each) for each in dtypes.ALL},
    **{("torch", each.name): each for each in dtypes.ALL},
    ("torch", "Tensor"): Tensor,
    ("torch.nn.parameter", "Parameter"): Parameter,
}
