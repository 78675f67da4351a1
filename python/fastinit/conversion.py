"""Tensors from what Python and NumPy hold: the shape and dtype that PyTorch would infer."""

import warnings
from typing import Any, Final

import numpy as np

from . import dtypes
from .arguments import class_name
from .autograd import wrap
from .devices import META, DeviceLike, as_device
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
    """Returns a tensor that holds a copy of `data` and has no history.

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
    """Returns `data` as a tensor that shares its memory, history included, where the dtype allows it.

    Args:
        data: a tensor, which is returned itself; an array, whose memory is shared; or what `tensor` takes.
        dtype: the tensor's; that of `data` if not given.
        device: "cpu" or "meta"; the default device if not given.

    Raises:
        Exception: what `tensor` and `from_numpy` raise.
    """
    if isinstance(data, Tensor):
        if device is None and as_device(None) != META:
            device = data.device
        return data.to(device=as_device(device), dtype=dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(device=as_device(device), dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: Array) -> Tensor:
    """Returns a tensor over the memory of an array: what is written to one shows in the other.

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
        obj: a tensor, an array, what DLPack can hand over, or what `tensor` takes.
        dtype: the tensor's; that of `obj` if not given.
        device: the CPU.
        copy: whether to copy; None does where memory cannot be shared.
        requires_grad: whether it gets a gradient, and keeps the history that `obj` has; as `obj` by default.

    Raises:
        ValueError: memory is to be shared, and cannot be.
        Exception: what `tensor` and `from_numpy` raise.
    """
    as_device(device)
    shares = isinstance(obj, Tensor | np.ndarray) or hasattr(obj, "__dlpack__")
    if not shares:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return tensor(obj, dtype=dtype, requires_grad=bool(requires_grad))
    if requires_grad is None:
        requires_grad = isinstance(obj, Tensor) and obj.requires_grad
    source = (
        obj
        if isinstance(obj, Tensor)
        else as_tensor(obj)
        if isinstance(obj, np.ndarray)
        else from_dlpack(obj)
    )
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


class _Handed:
    """Hands a capsule over to NumPy, which asks an object for it."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: object) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the CPU


def from_dlpack(ext_tensor: Any) -> Tensor:
    """Returns a tensor over the memory that another library hands over by DLPack (torch.from_dlpack).

    Args:
        ext_tensor: what has `__dlpack__`: an array or a tensor of any library, on the CPU; or the capsule
            that `__dlpack__` gives, which can be taken once; one older than version 1 gives a tensor that
            refuses writes.

    Raises:
        BufferError: it cannot be handed over; bfloat16, for which NumPy has no name there.
        RuntimeError: it has no `__dlpack__` and is no capsule, or is one that was taken before.
    """
    if hasattr(ext_tensor, "__dlpack__"):
        return from_numpy(np.from_dlpack(ext_tensor))
    try:
        return from_numpy(np.from_dlpack(_Handed(ext_tensor)))
    except (TypeError, ValueError):
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, "
            "so you might have already constructed a tensor from it once."
        ) from None


def frombuffer(
    buffer: Any, *, dtype: dtypes.dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Returns a vector over the memory of a bytes-like object (torch.frombuffer).

    Args:
        buffer: what has the buffer protocol; if it is read-only, so is the tensor.
        dtype: of the elements.
        count: how many; -1 takes all.
        offset: how many bytes to skip.
        requires_grad: whether it gets a gradient.

    Raises:
        ValueError: the buffer has not so many.
    """
    return finished(np.frombuffer(buffer, dtypes.as_dtype(dtype).numpy, count, offset), requires_grad)


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
