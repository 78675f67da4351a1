"""Random values in place of a tensor's own; nothing is recorded, as in PyTorch the gradient stops here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import random
from ..autograd import bump, check_writable, rebase, record
from ..random import Generator

if TYPE_CHECKING:
    from ..tensor import Tensor


def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **bounds: float
) -> Tensor:
    """Fills the tensor with values uniform on [from, to) (torch.Tensor.uniform_).

    Raises:
        RuntimeError: from > to, or autograd forbids the write.
    """
    check_writable(self)
    random.uniform(self._array, bounds.pop("from", from_), to, generator)
    return _drawn(self, "UniformBackward0")


def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills the tensor with normal values (torch.Tensor.normal_).

    Raises:
        RuntimeError: std < 0, or autograd forbids the write.
    """
    check_writable(self)
    random.normal(self._array, mean, std, generator)
    return _drawn(self, "NormalBackward0")


def bernoulli_(self: Tensor, p: float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fills the tensor with 1 with probability `p`, else 0 (torch.Tensor.bernoulli_).

    Raises:
        RuntimeError: `p` is outside [0, 1], or autograd forbids the write.
    """
    check_writable(self)
    random.bernoulli(self._array, p, generator)
    return _drawn(self, "BernoulliBackward2")


def random_(
    self: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Fills the tensor with uniform integers (torch.Tensor.random_).

    Args:
        self: any dtype.
        from_: the least value; alone, it is the bound above every value, and 0 the least.
        to: above every value. Without both, the integers reach as far as the dtype holds them all.
        generator: where the words come from; the default generator if None.

    Raises:
        RuntimeError: the range is empty, the dtype cannot hold it, or autograd forbids the write.
    """
    check_writable(self)
    if from_ is not None and to is None:
        random.integers(self._array, 0, from_, generator)
        return _drawn(self, "RandomBackward1")
    random.integers(self._array, from_ or 0, to, generator)
    return _drawn(self, "RandomBackward2" if to is None else "RandomBackward0")


def _drawn(self: Tensor, name: str) -> Tensor:
    """Counts the change, and cuts the gradient: what was there before no longer matters."""
    node = record(self._array, name, (self,), lambda grad: (np.zeros_like(grad),))._node
    bump(self)
    if node is not None:
        rebase(self, node)
    return self
