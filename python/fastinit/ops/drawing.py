"""Random values in place of a tensor's own; nothing is recorded, as in PyTorch the gradient stops here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..autograd import Variable
from ..autograd.record import bump, check_writable, rebase, record
from ..autograd.variable import wrap
from ..overloads import is_integer, no_overload
from ..random import Generator
from .broadcasting import expand
from .operands import lift

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


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Returns ones and zeros: of the probabilities in the tensor, or of one for all (torch.Tensor.bernoulli).

    Raises:
        NotImplementedError: the tensor is of integers, and `p` is not given.
        RuntimeError: a probability is not in [0, 1].
    """
    array = np.empty_like(input._array)
    if p is not None:
        random.bernoulli(array, p, generator)
        return wrap(array)
    random.bernoulli_each(array, input._array, generator)
    return record(array, "BernoulliBackward0", (input,), lambda grad: (np.zeros_like(grad),))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Returns the places of elements, each drawn with its weight (torch.multinomial).

    Args:
        input: (n,) or (rows, n): floating-point weights, which need not sum to 1.
        num_samples: how many are drawn of each row.
        replacement: whether an element may be drawn again.
        generator: where the random words come from; the default generator if not given. One word is taken for
            each weight without replacement, and one for each draw with it.

    Returns:
        int64, (num_samples,) or (rows, num_samples). Without replacement, elements of weight 0 come last.

    Raises:
        RuntimeError: a weight is negative, infinite or NaN, all of a row are 0, or there are too few; they
            are not of floating point, or of more dimensions; or `num_samples` is not above 0.

    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir, Inf. Process. Lett. 2006.
    """
    weights = input._array
    if not input.is_floating_point():
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {input.dtype.type_name}"
        )
    if weights.ndim not in {1, 2}:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    rows = lift(weights).astype(np.float64).reshape(-1, weights.shape[-1])
    if not (np.isfinite(rows).all() and (rows >= 0).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    totals = rows.sum(axis=1, keepdims=True)
    if not (totals > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if replacement:
        places = np.empty((len(rows), num_samples))
        random.uniform(places, 0.0, 1.0, generator)
        bounds = np.cumsum(rows / totals, axis=1)
        # A draw above the last bound, by the rounding of the sums, is one of the last weight above 0.
        bounds[bounds >= bounds[:, -1:]] = np.inf
        pairs = zip(bounds, places, strict=True)
        drawn = (
            np.stack([np.searchsorted(each, draws, "right") for each, draws in pairs])
            if len(rows)
            else places
        )
    else:
        # Of exponential clocks, each as fast as its weight, the first to ring.
        clocks = np.empty(rows.shape)
        random.exponential(clocks, 1.0, generator)
        drawn = np.argsort(-rows / clocks, axis=1, kind="stable")[:, :num_samples]
    return wrap(drawn.astype(np.int64).reshape(*weights.shape[:-1], num_samples))


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
