"""The memory of PyTorch's CPU tensors, to be filled in place; PyTorch itself is never imported here."""

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from .. import _core
from ..dtypes import as_dtype
from ..shard import Shard
from .dtensor import is_dtensor, local_part
from .refusal import refusal

__all__ = ["adopt_torch", "count_torch_fill", "is_torch_class"]

Array = np.ndarray[Any, np.dtype[Any]]


@functools.lru_cache
def is_torch_class(kind: Any) -> bool:
    """Tells whether tensors of this class are PyTorch's."""
    # There is no such class before the program has imported PyTorch.
    return issubclass(kind, getattr(sys.modules.get("torch"), "Tensor", ()))


@functools.lru_cache
def _stands_for_others(kind: Any) -> bool:
    """Whether tensors of this class of PyTorch's have no memory of their own."""
    torch: Any = sys.modules["torch"]
    return kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__


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
    kind: Any = type(tensor)
    if _stands_for_others(kind):
        return _adopt_part(tensor, shard)
    torch = _torch()
    array = _core.torch_array(tensor, torch.dtypes, torch.strided)
    if array is None:
        raise refusal(tensor, _obstacle(torch, tensor))
    return array, shard


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


def count_torch_fill(tensor: Any) -> None:
    """Moves the version of a tensor of PyTorch's on, so that autograd notices that a saved value is gone.

    Nothing else has a version.
    """
    kind: Any = type(tensor)
    if is_torch_class(kind):
        _torch().increment_version(tensor)
        if _stands_for_others(kind):
            count_torch_fill(tensor._local_tensor)  # which has a version of its own


class _Torch(NamedTuple):
    """What is needed of PyTorch, looked up once.

    Attributes:
        dtypes: NumPy's dtypes by PyTorch's, of those that both have; ml_dtypes' among them.
        strided: the layout of tensors with a place in memory for each element.
        increment_version: moves the version of a tensor on.
    """

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
    return _Torch(dtypes, torch.strided, increment_version)


def _obstacle(torch: _Torch, tensor: Any) -> str:
    """Says why a tensor has no memory to fill."""
    if tensor.is_meta:
        return 'it is on the device "meta", without memory: to_empty(device="cpu") gives a module some'
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
