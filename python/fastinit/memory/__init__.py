"""The memory of what is filled in place."""

from typing import Any, TypeVar

import numpy as np

from ..shard import Shard
from .exchanged import adopt_exchanged
from .torch_tensor import adopt_torch, count_torch_fill, is_torch_class

__all__ = ["adopt", "filled"]

T = TypeVar("T")
Array = np.ndarray[Any, np.dtype[Any]]


def adopt(tensor: Any, shard: Shard | None = None) -> tuple[Array, Shard | None]:
    """Returns the memory of `tensor` as an array that shares it, to be filled in place, and what it is of.

    Nothing is recorded; what has filled it says so with `filled`.

    Args:
        tensor: a Tensor, a Parameter, an ndarray (a memmap included), a tensor of PyTorch's on the CPU (a
            DTensor gives its local part), or what else lends its memory by DLPack or as a buffer.
        shard: which box of which tensor the caller says that it is; a DTensor knows it, too.

    Returns:
        The array, and which box of which tensor that is; None where it is the whole.

    Raises:
        TypeError: `tensor` is something else, whose values could be filled in a copy only, or lends memory
            that cannot be written to.
        ValueError: a DTensor's local part is another box than `shard`.
        RuntimeError, ValueError: what PyTorch raises of tensors that have no memory of their own.
    """
    if isinstance(tensor, np.ndarray):
        return tensor, shard
    share = getattr(tensor, "_adopt_for_fill", None)
    if share is None:
        kind: Any = type(tensor)
        if is_torch_class(kind):
            return adopt_torch(tensor, shard)
        return adopt_exchanged(tensor), shard
    return share(), shard


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
