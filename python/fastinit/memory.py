"""The memory of what is filled in place."""

from typing import Any, TypeVar

import numpy as np

from .torch_memory import adopt_torch, count_torch_fill, is_torch

__all__ = ["adopt", "filled"]

T = TypeVar("T")


def adopt(tensor: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """Returns the memory of `tensor` as an array that shares it, to be filled in place.

    Nothing is recorded; what has filled it says so with `filled`.

    Args:
        tensor: a Tensor, a Parameter, an ndarray (a memmap included), or a tensor of PyTorch's on the CPU.

    Raises:
        TypeError: `tensor` is something else, whose values could be filled in a copy only.
        RuntimeError, ValueError: what PyTorch raises of tensors that have no memory of their own.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    share = getattr(tensor, "_adopt_for_fill", None)
    if share is None:
        if is_torch(tensor):
            return adopt_torch(tensor)
        raise TypeError(
            f"expected a Tensor, an array or a torch.Tensor to fill in place, got {type(tensor).__name__}: "
            "make an array of it first, and keep that array"
        )
    array: np.ndarray[Any, np.dtype[Any]] = share()
    return array


def filled(tensor: T) -> T:
    """Returns `tensor`, whose memory a fill has changed.

    A tensor's version counter moves on, so that autograd notices that a value which it saved is gone.
    """
    if not isinstance(tensor, np.ndarray):
        count = getattr(tensor, "_count_fill", None)
        if count is None:
            count_torch_fill(tensor)
        else:
            count()
    return tensor
