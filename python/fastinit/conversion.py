"""Tensors from what Python and NumPy hold: the shape and dtype that PyTorch would infer."""

import warnings
from typing import Any, Final

import numpy as np

from . import dtypes
from .arguments import class_name
from .autograd.variable import wrap
from .devices import META, DeviceLike, as_device
from .memory.dlpack import take, take_capsule
from .memory.exchanged import of_buffer
from .meta import CANNOT_COPY, has_no_memory, without_memory
from .sequences import check_array, to_array
from .tensor import Tensor

__all__ = ["as_tensor", "asarray", "from_dlpack", "from_numpy", "frombuffer", "tensor", "to_array"]

Array = np.ndarray[Any, np.dtype[Any]]

_COPY_OF_A_TENSOR: Final = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than fastinit.tensor(sourceTensor)."
)


def tensor(
    data: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor that holds a copy of `data` and has no history (torch.tensor).

    Args:
        data: a number, an array, or a sequence of such, nested to any depth.
        dtype: the tensor's; if not given, that of an array, and of Python's numbers the least that
            holds them: bool, int64 or the default dtype.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: `data` is no data, a number does not fit `dtype`, or a dtype that is not floating point
            is to get a gradient.
        TypeError: `data` has something that is no number.
        ValueError: the sequences of one level differ in length.

    Example:
        >>> fastinit.tensor([[1, 2.5], [3, 4]])
        tensor([[1.0000, 2.5000],
                [3.0000, 4.0000]])
    """
    where = as_device(device)
    if isinstance(data, Tensor):
        warnings.warn(_COPY_OF_A_TENSOR, UserWarning, stacklevel=2)
        if device is None:
            where = data.device
    array = to_array(data, dtype)
    if where == META:
        array = without_memory(array.shape, array.dtype)
    elif has_no_memory(array):
        raise NotImplementedError(CANNOT_COPY)
    return finished(array, requires_grad)


def as_tensor(data: Any, dtype: dtypes.dtype | None = None, device: DeviceLike = None) -> Tensor:
    """Returns `data` as a tensor, over the same memory where the dtype allows it (torch.as_tensor).

    A tensor keeps its history.

    Args:
        data: a tensor, which is returned itself; an array, or what has `__dlpack__`, whose memory is shared;
            or what `tensor` takes.
        dtype: the tensor's; that of `data` if not given.
        device: "cpu" or "meta"; the default device if not given.

    Raises:
        Exception: what `tensor`, `from_numpy` and `from_dlpack` raise.
    """
    if isinstance(data, Tensor):
        if device is None and as_device(None) != META:
            device = data.device
        return data.to(device=as_device(device), dtype=dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(device=as_device(device), dtype=dtype)
    if hasattr(data, "__dlpack__"):
        return from_dlpack(data).to(device=as_device(device), dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: Array) -> Tensor:
    """Returns a tensor over the memory of an array (torch.from_numpy).

    What is written to one shows in the other.

    Args:
        ndarray: any of the dtypes that tensors have, any strides.

    Raises:
        TypeError: it is no array, or of another dtype.
        ValueError: it is not of this machine's byte order.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {class_name(ndarray)})")
    check_array(ndarray)
    return wrap(ndarray)


def asarray(
    obj: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:
    """Returns `obj` as a tensor, over the same memory where that can be (torch.asarray).

    Args:
        obj: a tensor, an array, what DLPack can hand over, a capsule of it, a buffer, or what `tensor` takes.
            A buffer of bytes is read as elements of `dtype`.
        dtype: the tensor's; that of `obj` if not given, of bytes the default dtype.
        device: the CPU.
        copy: whether to copy; None does where memory cannot be shared.
        requires_grad: whether it gets a gradient, and keeps the history that `obj` has; as `obj` by default.

    Raises:
        ValueError: memory is to be shared, and cannot be.
        Exception: what `tensor` and `from_numpy` raise.
    """
    as_device(device)
    source = _sharing(obj, dtype)
    if source is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return tensor(obj, dtype=dtype, requires_grad=bool(requires_grad))
    if requires_grad is None:
        requires_grad = isinstance(obj, Tensor) and obj.requires_grad
    if dtype is not None and source.dtype is not dtype:
        if copy is False:
            raise ValueError(
                "can't alias tensor with dtype '"
                + source.dtype.type_name
                + f"' into dtype '{dtype.type_name}'."
            )
        source = source.to(dtype)
    elif copy:
        source = source.clone()
    if source.grad_fn is not None and not requires_grad:
        return source.detach()
    return source.requires_grad_(requires_grad)


def _sharing(obj: Any, dtype: dtypes.dtype | None) -> Tensor | None:
    """Returns a tensor over the memory of `obj`, history included; None if it has none to share."""
    if isinstance(obj, Tensor):
        return obj
    if isinstance(obj, np.ndarray):
        return from_numpy(obj)
    if hasattr(obj, "__dlpack__") or class_name(obj) == "PyCapsule":
        return from_dlpack(obj)
    buffer = of_buffer(obj)
    if buffer is None:
        return None
    if buffer.itemsize == 1 and buffer.dtype.kind in "uiS":
        return frombuffer(obj, dtype=dtypes.as_dtype(dtype))
    return from_numpy(buffer)


def from_dlpack(ext_tensor: Any, *, device: DeviceLike = None, copy: bool | None = None) -> Tensor:
    """Returns a tensor over the memory that another library hands over by DLPack (torch.from_dlpack).

    It refuses writes where the other library says that the memory is read-only, or hands over by the form
    before DLPack 1, which cannot say that it is not: JAX's arrays never change.

    Args:
        ext_tensor: what has `__dlpack__`: an array or a tensor of any library, on the CPU; or the capsule
            that `__dlpack__` gives, which can be taken once.
        device: the CPU.
        copy: whether to copy; None does where the other library does.

    Raises:
        AssertionError: a capsule comes with a device or with `copy`.
        BufferError: the memory is on another device, or its elements are of a dtype that tensors have not; or
            the other library copies, and `copy` is False.
        RuntimeError: it has no `__dlpack__` and is no capsule, or is one that was taken before.
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        if device is not None or copy is not None:
            raise AssertionError(
                "device and copy kwargs not supported when ext_tensor is already a DLPack capsule."
            )
        return wrap(take_capsule(ext_tensor)[0])
    if device is not None and as_device(device) == META:
        raise BufferError("Cannot pack tensors on meta")
    array, copied = take(ext_tensor)
    if copied and copy is False:
        raise BufferError(f"{class_name(ext_tensor)} hands over a copy of its memory, and copy is False")
    return wrap(array.copy() if copy and not copied else array)


def frombuffer(
    buffer: Any, *, dtype: dtypes.dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Returns a vector over the memory of a bytes-like object (torch.frombuffer).

    Args:
        buffer: what has the buffer protocol; if it is read-only, so is the tensor.
        dtype: of the elements, whatever the buffer says of its own.
        count: how many; a negative number takes all.
        offset: how many bytes to skip.
        requires_grad: whether it gets a gradient.

    Raises:
        ValueError: it is no buffer, or has not so many elements.
        RuntimeError: its bytes do not lie one after the other.
    """
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    if not view.c_contiguous:
        raise RuntimeError("could not retrieve buffer from object")
    exact = dtypes.as_dtype(dtype)
    _check_window(view.nbytes, exact.itemsize, count, offset)
    return finished(np.frombuffer(view, exact.numpy, max(count, -1), offset), requires_grad)


def _check_window(length: int, itemsize: int, count: int, offset: int) -> None:
    """Refuses a part of a buffer that PyTorch refuses, by its words."""
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % itemsize:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({itemsize})"
        )
    if count * itemsize > length - offset:
        raise ValueError(
            f"requested buffer length ({count} * {itemsize} bytes) after offset ({offset} bytes) must not be "
            f"greater than actual buffer length ({length} bytes)"
        )


def finished(array: Array, requires_grad: bool) -> Tensor:
    """Returns a new tensor over an array, which gets a gradient if asked to.

    Raises:
        RuntimeError: it is to get one, and its dtype is not floating point.
    """
    result = wrap(array)
    if requires_grad:
        if not dtypes.as_dtype(array.dtype).is_floating_point:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        result.requires_grad_()
    return result
