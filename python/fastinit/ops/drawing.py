"""Random values in place of a tensor's own; nothing is recorded, as in PyTorch the gradient stops here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..autograd import Variable, bump, check_writable, rebase, record
from ..overloads import is_integer, no_overload
from ..random import Generator
from .shape import expand

if TYPE_CHECKING:
    from ..tensor import Tensor

_GENERATOR = "*, Generator generator = None"
_RANDOM = [_GENERATOR, f"int from, int to, {_GENERATOR}", f"int to, {_GENERATOR}"]


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


def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills the tensor with values whose logarithm is normal (torch.Tensor.log_normal_).

    Raises:
        RuntimeError: std <= 0, or autograd forbids the write.
    """
    check_writable(self)
    random.log_normal(self._array, mean, std, generator)
    return _drawn(self, "LogNormalBackward0")


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills the tensor with exponential values of the rate `lambd`, above 0 (torch.Tensor.exponential_).

    Raises:
        RuntimeError: lambd <= 0, or autograd forbids the write.
    """
    check_writable(self)
    random.exponential(self._array, lambd, generator)
    return _drawn(self, "ExponentialBackward0")


def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills the tensor with Cauchy values, none of them infinite (torch.Tensor.cauchy_).

    Raises:
        RuntimeError: sigma <= 0, or autograd forbids the write.
    """
    check_writable(self)
    random.cauchy(self._array, median, sigma, generator)
    return _drawn(self, "CauchyBackward0")


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fills the tensor with the numbers of trials up to the first success (torch.Tensor.geometric_).

    Raises:
        RuntimeError: `p` is outside (0, 1), or autograd forbids the write.
    """
    check_writable(self)
    random.geometric(self._array, p, generator)
    return _drawn(self, "GeometricBackward0")


def bernoulli_(self: Tensor, p: float | Tensor = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fills the tensor with 1 with probability `p`, else 0 (torch.Tensor.bernoulli_).

    Args:
        self: any dtype.
        p: the probability, or a tensor of them that expands to the size.
        generator: where the words come from; the default generator if None.

    Raises:
        NotImplementedError: `p` is a tensor of integers.
        RuntimeError: `p` is outside [0, 1] or does not expand to the size, or autograd forbids the write.
        TypeError: `p` is neither a number nor a tensor.
    """
    check_writable(self)
    if isinstance(p, Variable):
        random.bernoulli_each(self._array, expand(p, self._array.shape)._array, generator)
        return _drawn(self, "BernoulliBackward1")
    if isinstance(p, str) or not hasattr(p, "__float__"):
        raise no_overload("bernoulli_", [p], {}, [f"Tensor p, {_GENERATOR}", f"float p = 0.5, {_GENERATOR}"])
    random.bernoulli(self._array, p, generator)
    return _drawn(self, "BernoulliBackward2")


def random_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fills the tensor with uniform integers (torch.Tensor.random_).

    Args:
        self: any dtype.
        *bounds: none, for integers from 0 as far as the dtype holds them all; `to`, above every value; or
            `from` and `to`, the least value and the bound, which may be None for the dtype's own.
        generator: where the words come from; the default generator if None.
        **named: `to`, or `from` and `to`, by name.

    Raises:
        RuntimeError: the range is empty, the dtype cannot hold it, or autograd forbids the write.
        TypeError: a bound is not an integer, or there are other arguments.
    """
    check_writable(self)
    if len(bounds) > 2:
        raise TypeError(f"random_() takes 2 positional arguments but {len(bounds)} were given")
    ends = [*bounds, *(named[name] for name in ("from", "to") if name in named)]
    node = {0: "RandomBackward2", 1: "RandomBackward1", 2: "RandomBackward0"}.get(len(ends))
    known = sorted(named) in ([], ["to"], ["from", "to"]) and len(bounds) + 2 * ("from" in named) <= 2
    integers = ends[:1] if len(ends) == 2 and ends[1] is None else ends
    if node is None or not known or not all(map(is_integer, integers)):
        raise no_overload("random_", bounds, named, _RANDOM)
    low, high = ends if len(ends) == 2 else (0, ends[0] if ends else None)
    random.integers(self._array, low, high, generator)
    return _drawn(self, node)


def _drawn(self: Tensor, name: str) -> Tensor:
    """Counts the change, and cuts the gradient: what was there before no longer matters."""
    node = record(self._array, name, (self,), lambda grad: (np.zeros_like(grad),))._node
    bump(self)
    if node is not None:
        rebase(self, node)
    return self
