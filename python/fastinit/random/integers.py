"""Random integers and permutations, exactly uniform."""

import operator
import warnings
from typing import Any, SupportsIndex

import numpy as np

from .. import _core
from ..shard import Shard
from .bounds import FLOATING, INTEGERS, FloatingLimits, check_floating, least_at_or_above
from .fills import take
from .generator import Generator

__all__ = ["integers", "permutation"]


def integers(
    array: np.ndarray[Any, np.dtype[Any]],
    low: SupportsIndex = 0,
    high: SupportsIndex | None = None,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with integers uniform on [low, high).

    Without `high` they reach up to the dtype's largest integer, or in a floating-point one up to the end of
    the integers that it holds one and all (2^24 in float32), that value included.

    Every value is as likely as any other: the upper half of word x (high - low), tried again at the element's
    next draw where the lower half is among those that would favour some values (Lemire 2019, ACM Trans.
    Model. Comput. Simul. 29). The range decides how long the words are, 32 or 64 bits, so that every dtype
    gets the same values. PyTorch takes a remainder, which favours the small values of a large range.

    Args:
        array: any floating-point, integer or bool dtype, any strides.
        low: the least value.
        high: above every value.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `low >= high`, a bound does not fit the dtype, or elements share memory.
        ValueError: the array is read-only, or the shard is of another shape.
        NotImplementedError: the array is neither of numbers nor of bools.
        TypeError: a bound is not an int, or another argument is of a wrong type.

    Warns:
        UserWarning: the bounds reach past the integers that a floating-point dtype holds one and all.

    Draws: one word per element and try, two for more than 2^32 values; a try fails with a probability below
        1/2. The generator moves by the number of elements of the global shape, rounded up to 4.
    """
    dtype = array.dtype.type.__name__
    if dtype in INTEGERS:
        _core.check_writable(array)
    else:
        check_floating(array, "random_kernel_cpu")
    first = _as_int(low, "from", 1)
    last = _largest(dtype) if high is None else _as_int(high, "to", 2) - 1
    if first > last:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={first} >= to={last + 1}"
        )
    first, last = _fit(first, last, dtype)
    _core.fill_integers(array, first, last, *take("random_", array, generator, shard))


def permutation(n: int, generator: Generator | None = None) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Returns the numbers 0 to n - 1 in random order, each order with the same probability.

    The order in which 64-bit words of the numbers' own sort them, two equal ones by number: that two are
    equal, which n numbers do with a probability of n^2 / 2^65, is all that favours an order.

    Raises:
        ValueError: `n` is negative.
        TypeError: `generator` is not a Generator.
    """
    keys = np.empty(n, np.uint64)
    _core.random_words(keys, *take("randperm", keys, generator))
    return _core.argsort(keys)


def _as_int(value: SupportsIndex, argument: str, position: int) -> int:
    if not hasattr(value, "__index__"):
        raise TypeError(
            f"random_(): argument '{argument}' (position {position}) must be int, not {type(value).__name__}"
        )
    return operator.index(value)


def _largest(dtype: str) -> int:
    return INTEGERS[dtype].largest if dtype in INTEGERS else 1 << FLOATING[dtype].digits


def _fit(first: int, last: int, dtype: str) -> tuple[int, int]:
    """Returns the ends that the dtype can hold: in a floating-point one rounded inwards."""
    if dtype in INTEGERS:
        limits = INTEGERS[dtype]
        _check_end(limits.least <= first <= limits.largest, "from", limits.name)
        _check_end(limits.least <= last <= limits.largest, "to - 1", limits.name)
        return first, last
    floating = FLOATING[dtype]
    for end, argument in ((first, "from"), (last, "to - 1")):
        _check_end(abs(end) <= floating.largest and -(1 << 63) <= end < 1 << 63, argument, floating.name)
        if abs(end) > 1 << floating.digits:
            exact = f"[-(2^{floating.digits}), 2^{floating.digits}]"
            warnings.warn(
                f"{argument} is out of bounds {exact}. Due to precision limitations {floating.name} can "
                "support discrete uniform distribution only within this range.",
                UserWarning,
                stacklevel=4,
            )
    return _ceil(first, floating), -_ceil(-last, floating)


def _check_end(fits: bool, argument: str, name: str) -> None:
    if not fits:
        raise RuntimeError(f"{argument} is out of bounds for {name}")


def _ceil(value: int, limits: FloatingLimits) -> int:
    return value if abs(value) <= 1 << limits.digits else int(least_at_or_above(value, limits))
