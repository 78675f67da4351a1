"""The memory of PyTorch's CPU tensors, to be filled in place; PyTorch itself is never imported here."""

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from .. import _core
from ..dtypes import as_dtype

__all__ = ["adopt_torch", "count_torch_fill", "is_torch"]

Array = np.ndarray[Any, np.dtype[Any]]


# There is no tensor of PyTorch's before the program has imported it.
_tensor_class: Any = ()


def is_torch(tensor: object) -> bool:
    """Tells whether `tensor` is one of PyTorch's."""
    global _tensor_class  # noqa: PLW0603 - looked up once
    if not _tensor_class:
        _tensor_class = getattr(sys.modules.get("torch"), "Tensor", ())
    return isinstance(tensor, _tensor_class)


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
    torch = _torch()
    if type(tensor).__torch_dispatch__ is torch.plain_dispatch:
        array = _core.torch_array(tensor, torch.dtypes, torch.strided)
        if array is not None:
            return array
    raise TypeError(f"cannot fill this {type(tensor).__name__} in place: {_obstacle(torch, tensor)}")


def count_torch_fill(tensor: Any) -> None:
    """Moves the version of a tensor of PyTorch's on, so that autograd notices that a saved value is gone.

    Nothing else has a version.
    """
    if is_torch(tensor):
        _torch().increment_version(tensor)


class _Torch(NamedTuple):
    """What is needed of PyTorch, looked up once.

    Attributes:
        plain_dispatch: the `__torch_dispatch__` of tensors that do not stand for others.
        dtypes: NumPy's dtypes by PyTorch's, of those that both have; ml_dtypes' among them.
        strided: the layout of tensors with a place in memory for each element.
        increment_version: moves the version of a tensor on.
    """

    plain_dispatch: Any
    dtypes: dict[Any, np.dtype[Any]]
    strided: Any
    increment_version: Callable[[Any], None]


@functools.cache
def _torch() -> _Torch:
    torch: Any = sys.modules["torch"]
    _ = as_dtype("bfloat16").numpy  # from here on NumPy knows this one by its name, and others of 8 bits
    dtypes = {}
    for kind in {each for each in vars(torch).values() if isinstance(each, torch.dtype)}:
        with suppress(TypeError):
            dtypes[kind] = np.dtype(str(kind).removeprefix("torch."))
    increment_version = torch.autograd.graph.increment_version
    return _Torch(torch.Tensor.__torch_dispatch__, dtypes, torch.strided, increment_version)


def _obstacle(torch: _Torch, tensor: Any) -> str:
    """Says why a tensor has no memory to fill."""
    if type(tensor).__torch_dispatch__ is not torch.plain_dispatch:
        return "it stands for other tensors: fill those, a shard of a DTensor with shard="
    if not tensor.is_cpu:
        return f'it is on the device "{tensor.device}", and fills are made on the CPU'
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.is_quantized:
        form = "quantised" if tensor.is_quantized else "nested" if tensor.is_nested else str(tensor.layout)
        return f"it is {form}: only strided memory holds each element as it is"
    if tensor.is_conj() or tensor.is_neg():
        return "it is a view that negates what lies in memory: fill what it is a view of"
    if tensor.dtype not in torch.dtypes:
        return f"NumPy has no {tensor.dtype}"
    return "its storage is freed or too small"
