"""Copies: of a tensor, into a tensor, to another dtype, and out to Python and NumPy."""

from __future__ import annotations

import copy as copying
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..autograd import Variable
from ..autograd.grad_mode import is_grad_enabled
from ..autograd.record import check_writable, record, write
from ..autograd.variable import wrap
from ..devices import CPU, META, DeviceLike, as_device, device
from ..meta import CANNOT_COPY, has_no_memory, without_memory
from .operands import Array, Operand, compute, mismatch, reduce_to, scalar, target

if TYPE_CHECKING:
    from ..tensor import Tensor


def clone(input: Tensor, *, memory_format: object = None) -> Tensor:
    """Returns a copy that gradients flow through (torch.clone).

    Args:
        input: any shape and dtype.
        memory_format: changes nothing here: the dimensions keep their order in memory.

    Raises:
        AttributeError: `input` is no tensor.
    """
    return record(input._array.copy(order="K"), "CloneBackward0", (input,), lambda grad: (grad,))


def contiguous(input: Tensor, memory_format: object = None) -> Tensor:
    """Returns the tensor itself if it is contiguous, else a contiguous copy (torch.Tensor.contiguous)."""
    if input._array.flags.c_contiguous:
        return input
    return record(input._array.copy(), "CloneBackward0", (input,), lambda grad: (grad,))


def cast(input: Tensor, dtype: dtypes.dtype, *, copy: bool = False) -> Tensor:
    """Returns the tensor in another dtype: itself if that is its own and no copy is asked for."""
    x = input._array
    if x.dtype == dtype.numpy and not copy:
        return input
    array = compute(x.astype, dtype.numpy)
    if not dtype.is_floating_point:
        return record(array, "", (), lambda grad: ())
    return record(array, "ToCopyBackward0", (input,), lambda grad: (grad.astype(x.dtype),))


def to(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Returns the tensor with the dtype asked for (torch.Tensor.to).

    Args:
        input: any tensor.
        *args: a dtype (also Python's float, int and bool), a device and a dtype, or a tensor to be like.
        **kwargs: `dtype`, `device`, `copy`; `non_blocking` and `memory_format` change nothing here.

    Raises:
        NotImplementedError: a tensor on the device "meta", which has no values, is to be on the CPU.
        RuntimeError: there is no such device.
    """
    kind, where, copy = _destination(input, args, kwargs)
    if where is not None and (place := as_device(where)) != input.device:
        return _moved(input, place, kind)
    return cast(input, kind, copy=copy)


def _moved(input: Tensor, place: device, dtype: dtypes.dtype) -> Tensor:
    if place != META:
        raise NotImplementedError(CANNOT_COPY)
    array = without_memory(input._array.shape, dtype.numpy)
    own = input._array.dtype
    return record(array, "ToCopyBackward0", (input,), lambda grad: (grad.astype(own),))


def _destination(
    input: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dtypes.dtype, DeviceLike, bool]:
    kind: dtypes.dtype | None = kwargs.get("dtype")
    where: DeviceLike = kwargs.get("device")
    other = kwargs.get("other")
    flags = [each for each in args if isinstance(each, bool)]
    for each in args:
        if isinstance(each, dtypes.dtype | type):
            kind = dtypes.as_dtype(each)
        elif isinstance(each, str | device):
            where = each
        elif isinstance(each, Variable):
            other = each
        elif each is not None and not isinstance(each, bool):
            raise TypeError(f"to() received an invalid argument of type {type(each).__name__}")
    if isinstance(other, Variable):
        kind, where = dtypes.as_dtype(other._array.dtype), META if has_no_memory(other._array) else CPU
    copy = bool(kwargs.get("copy", len(flags) > 1 and flags[1]))
    return dtypes.as_dtype(input._array.dtype if kind is None else kind), where, copy


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """Returns the tensor in the dtype of `other` (torch.Tensor.type_as)."""
    return to(input, other)


def half(input: Tensor) -> Tensor:
    """Returns the tensor as float16."""
    return cast(input, dtypes.float16)


def bfloat16(input: Tensor) -> Tensor:
    """Returns the tensor as bfloat16."""
    return cast(input, dtypes.bfloat16)


def single(input: Tensor) -> Tensor:
    """Returns the tensor as float32."""
    return cast(input, dtypes.float32)


def double(input: Tensor) -> Tensor:
    """Returns the tensor as float64."""
    return cast(input, dtypes.float64)


def long(input: Tensor) -> Tensor:
    """Returns the tensor as int64, rounded towards 0."""
    return cast(input, dtypes.int64)


def integer(input: Tensor) -> Tensor:
    """Returns the tensor as int32, rounded towards 0."""
    return cast(input, dtypes.int32)


def short(input: Tensor) -> Tensor:
    """Returns the tensor as int16, rounded towards 0."""
    return cast(input, dtypes.int16)


def char(input: Tensor) -> Tensor:
    """Returns the tensor as int8, rounded towards 0."""
    return cast(input, dtypes.int8)


def byte(input: Tensor) -> Tensor:
    """Returns the tensor as uint8, rounded towards 0."""
    return cast(input, dtypes.uint8)


def boolean(input: Tensor) -> Tensor:
    """Tells which elements are not 0."""
    return cast(input, dtypes.bool)


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Overwrites the tensor with `src`, broadcast and converted (torch.Tensor.copy_).

    Raises:
        RuntimeError: the shapes do not fit, or autograd forbids the write.
    """
    check_writable(self, (src,))
    x, value = self._array, src._array
    if value.shape != x.shape:
        value = _broadcast_into(value, x.shape)
    a, b = target(self), target(src)
    value = compute(value.astype, x.dtype, copy=False)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return a and np.zeros_like(grad), reduce_to(grad, b)

    if x.dtype.kind in "biu":
        return write(self, wrap(value))
    return write(self, record(value, "CopyBackwards", (self, src), backward))


def _broadcast_into(value: Array, shape: tuple[int, ...]) -> Array:
    try:
        joint = np.broadcast_shapes(shape, value.shape)
    except ValueError:
        raise mismatch(shape, value.shape) from None
    if joint != shape:
        raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(joint)}")
    return np.broadcast_to(value, shape)


def fill_(self: Tensor, value: Operand) -> Tensor:
    """Overwrites every element with `value` (torch.Tensor.fill_).

    Raises:
        RuntimeError: `value` is a tensor of more than 0 dimensions or a number that the dtype cannot hold, or
            autograd forbids the write.
        TypeError: `value` is neither.
    """
    check_writable(self, (value,))
    x = self._array
    if isinstance(value, Variable) and value._array.ndim:
        raise RuntimeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value._array.ndim} dimensions."
        )
    number = compute(value._array.astype, x.dtype) if isinstance(value, Variable) else scalar(value, x.dtype)
    array = np.broadcast_to(number, x.shape)
    a, b = target(self), target(value)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return a and np.zeros_like(grad), reduce_to(grad, b)

    name = "FillBackward3" if isinstance(value, Variable) else "FillBackward2"
    return write(self, record(array, name, (self, value), backward))


def zero_(self: Tensor) -> Tensor:
    """Overwrites every element with 0 (torch.Tensor.zero_)."""
    check_writable(self)
    zeros = np.broadcast_to(np.zeros((), self._array.dtype), self._array.shape)
    return write(self, record(zeros, "ZeroBackward0", (self,), lambda grad: (np.zeros_like(grad),)))


def item(input: Tensor) -> float | int | bool:
    """Returns the only element as a Python number (torch.Tensor.item).

    Raises:
        RuntimeError: there is not exactly one.
    """
    x = input._array
    if x.size != 1:
        raise RuntimeError(f"a Tensor with {x.size} elements cannot be converted to Scalar")
    number: float | int | bool = x.item()
    return number if isinstance(number, float | int) else float(number)


def tolist(input: Tensor) -> Any:
    """Returns the elements as nested lists of Python numbers, or as a number (torch.Tensor.tolist)."""
    x = input._array
    if has_no_memory(x):
        raise NotImplementedError(CANNOT_COPY)
    return (x.astype(np.float32) if x.dtype.kind == "V" else x).tolist()


def numpy(input: Tensor, *, force: bool = False) -> Array:
    """Returns the memory as an ndarray that shares it (torch.Tensor.numpy).

    Args:
        input: a tensor that requires no grad, unless operations are not recorded anyway.
        force: accept one that does.

    Raises:
        RuntimeError: it requires grad, operations are recorded, and `force` is false.
    """
    if input.requires_grad and not force and is_grad_enabled():
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if has_no_memory(input._array):
        if force:
            raise NotImplementedError(CANNOT_COPY)
        raise TypeError(
            "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
            "memory first."
        )
    return input._array


def deep_copy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """Copies a leaf: its values, its gradient, and what else the user hung on it (copy.deepcopy).

    Raises:
        RuntimeError: the tensor is no leaf.
    """
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
            "moment.  If you were attempting to deepcopy a module, this may be because of a "
            "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        known: Tensor = memo[id(self)]
        return known
    duplicate = memo[id(self)] = object.__new__(type(self))
    duplicate.__setstate__(copying.deepcopy(self.__getstate__(), memo))
    return duplicate
