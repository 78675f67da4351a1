"""The fills: each checks its arguments as PyTorch does, takes its positions and calls its kernel."""

import math
from typing import Any

import numpy as np

from .. import _core
from ..meta import has_no_memory
from ..shard import Shard
from .bounds import (
    FLOATING,
    INTEGERS,
    FloatingLimits,
    IntegerLimits,
    as_real,
    check_finite,
    check_floating,
    check_interval,
    require_value_between,
    type_name,
)
from .generator import Generator, default_generator

__all__ = [
    "Place",
    "bernoulli",
    "bernoulli_each",
    "check_normal",
    "check_trunc_normal",
    "check_uniform",
    "constant",
    "masked_uniform",
    "normal",
    "take",
    "trunc_normal",
    "uniform",
]

Array = np.ndarray[Any, np.dtype[Any]]
# Seed, stream and position, and for a shard the shape of the whole and where in it the shard begins.
Place = tuple[int, int, int] | tuple[int, int, int, tuple[int, ...], tuple[int, ...]]


def uniform(
    array: Array,
    low: float = 0.0,
    high: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with values uniform on [low, high); with `low` where both are equal.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        low: the least value.
        high: above every value, also after rounding to the dtype.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: a bound is NaN or does not fit the dtype, `low > high`, or elements share memory.
        ValueError: the dtype has no value in [low, high), the array is read-only, or the shard is of another
            shape.
        NotImplementedError: the array is of another dtype.
        TypeError: an argument is of a wrong type.
    """
    low, high = check_uniform(check_floating(array, "check_uniform_bounds"), low, high)
    _core.fill_uniform(array, low, high, *take("uniform_", array, generator, shard))


def check_uniform(limits: FloatingLimits, low: float, high: float) -> tuple[float, float]:
    """Checks arguments of `uniform` against a dtype, raising as it does; returns them as floats."""
    low = as_real(low, "uniform_", "from", 1)
    high = as_real(high, "uniform_", "to", 2)
    check_interval(low, high, limits)
    return low, high


def normal(
    array: Array,
    mean: float = 0.0,
    std: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with values normal with `mean` and `std`.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        mean: the mean, finite.
        std: the standard deviation, at least 0.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `std` is negative or NaN, or elements share memory.
        ValueError: `mean` or `std` is not finite, the array is read-only, or the shard is of another shape.
        NotImplementedError: the array is of another dtype.
        TypeError: an argument is of a wrong type.
    """
    mean, std = check_normal(check_floating(array, "normal_kernel_cpu"), mean, std)
    _core.fill_normal(array, mean, std, *take("normal_", array, generator, shard))


def check_normal(limits: FloatingLimits, mean: float, std: float) -> tuple[float, float]:
    """Checks arguments of `normal` against a dtype, raising as it does; returns them as floats."""
    mean = as_real(mean, "normal_", "mean", 1)
    std = as_real(std, "normal_", "std", 2)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    check_finite(mean, "normal_", "mean", limits)
    check_finite(std, "normal_", "std", limits)
    return mean, std


def trunc_normal(
    array: Array,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with values normal with `mean` and `std` under the condition that they lie in [a, b].

    The distribution is exact wherever the bounds lie; `a` where both are equal.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        mean: the mean of the normal before it is truncated, finite.
        std: its standard deviation, above 0.
        a: the least value; may be -inf.
        b: the largest value; may be inf.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: a bound is NaN, `a > b`, or elements share memory.
        ValueError: `std` is not above 0, `mean` or `std` is not finite, the dtype has no value in [a, b], the
            array is read-only, or the shard is of another shape.
        NotImplementedError: the array is of another dtype.
        TypeError: an argument is of a wrong type.
    """
    arguments = check_trunc_normal(check_floating(array, "normal_kernel_cpu"), mean, std, a, b)
    _core.fill_trunc_normal(array, *arguments, *take("trunc_normal_", array, generator, shard))


def check_trunc_normal(
    limits: FloatingLimits, mean: float, std: float, a: float, b: float
) -> tuple[float, float, float, float]:
    """Checks arguments of `trunc_normal` against a dtype, raising as it does; returns them as floats."""
    mean = as_real(mean, "trunc_normal_", "mean", 2)
    std = as_real(std, "trunc_normal_", "std", 3)
    a = as_real(a, "trunc_normal_", "a", 4)
    b = as_real(b, "trunc_normal_", "b", 5)
    if not std > 0:
        raise ValueError(f"trunc_normal_ expects std > 0.0, but found std {std:g}")
    check_finite(mean, "trunc_normal_", "mean", limits)
    check_finite(std, "trunc_normal_", "std", limits)
    # NaN, and the two infinities that no value can reach.
    if not a < math.inf:
        raise RuntimeError(f"from is out of bounds for {limits.name}")
    if not b > -math.inf:
        raise RuntimeError(f"to is out of bounds for {limits.name}")
    if a > b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a:g} > to={b:g}")
    require_value_between(max(a, -limits.largest), min(b, limits.largest), limits, closed=True)
    return mean, std, a, b


def masked_uniform(
    array: Array,
    low: float,
    high: float,
    threshold: float,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with values uniform on [low, high), then 0 where their magnitude is below `threshold`.

    Bit for bit what `uniform_` followed by `*= (abs() >= threshold)` gives: a negative value becomes -0.0.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        low: the least value.
        high: above every value.
        threshold: the least magnitude that stays.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: a bound is NaN or does not fit the dtype, `low > high`, or elements share memory.
        ValueError: `threshold` is NaN, the dtype has no value in [low, high), the array is read-only, or the
            shard is of another shape.
        NotImplementedError: the array is of another dtype.
        TypeError: an argument is of a wrong type.
    """
    limits = check_floating(array, "check_uniform_bounds")
    low = as_real(low, "masked_uniform_", "low", 2)
    high = as_real(high, "masked_uniform_", "high", 3)
    threshold = as_real(threshold, "masked_uniform_", "threshold", 4)
    check_interval(low, high, limits)
    if math.isnan(threshold):
        raise ValueError("masked_uniform_ expects threshold to be a number, but found nan")
    _core.fill_masked_uniform(array, low, high, threshold, *take("masked_uniform_", array, generator, shard))


def bernoulli(
    array: Array, p: float = 0.5, generator: Generator | None = None, shard: Shard | None = None
) -> None:
    """Fills `array` with 1 with probability `p`, else 0.

    Args:
        array: any floating-point, integer or bool dtype, any strides.
        p: the probability, in [0, 1].
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `p` is not in [0, 1], or elements share memory.
        ValueError: the array is read-only, or the shard is of another shape.
        NotImplementedError: the array is neither of numbers nor of bools.
        TypeError: an argument is of a wrong type.
    """
    p = as_real(p, "bernoulli_", "p", 1)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    if array.dtype.type.__name__ in INTEGERS:
        _core.check_writable(array)
    else:
        check_floating(array, "bernoulli_scalar_cpu_")
    _core.fill_bernoulli(array, p, *take("bernoulli_", array, generator, shard))


def bernoulli_each(
    array: Array, p: Array, generator: Generator | None = None, shard: Shard | None = None
) -> None:
    """Fills `array` with 1 with each element's own probability, else 0: as `bernoulli` with that `p`.

    Args:
        array: any floating-point, integer or bool dtype, any strides.
        p: the probabilities, in [0, 1], of the shape of `array`; of a floating-point dtype.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: a probability is not in [0, 1], or elements share memory.
        ValueError: the array is read-only, or the shard is of another shape.
        NotImplementedError: a dtype is not what it should be.
        TypeError: an argument is of a wrong type.
    """
    if p.dtype.type.__name__ not in FLOATING:
        raise NotImplementedError(f"\"bernoulli_tensor_cpu_p_\" not implemented for '{type_name(p)}'")
    count = np.multiply(p, 2.0**32, dtype=np.float64)
    if not np.logical_and(count >= 0, count <= 2.0**32).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    if array.dtype.type.__name__ in INTEGERS:
        _core.check_writable(array)
    else:
        check_floating(array, "bernoulli_tensor_cpu_self_")
    words = np.empty(array.shape, np.uint32)
    _core.random_words(words, *take("bernoulli_", array, generator, shard))
    np.copyto(array, words < count, casting="unsafe")


def constant(array: Array, value: float) -> None:
    """Fills `array` with `value`, rounded to its dtype (cut to an integer in an integer one).

    Args:
        array: any floating-point, integer or bool dtype, any strides.
        value: a number; infinities and NaN where the dtype has them.

    Raises:
        RuntimeError: the dtype cannot hold `value`, or elements share memory.
        ValueError: the array is read-only.
        NotImplementedError: the array is neither of numbers nor of bools.
        TypeError: `value` is not a number.
    """
    if not (isinstance(value, int | float | complex | np.number | np.bool_) or _is_bfloat16(value)):
        raise TypeError(f"fill_(): argument 'value' (position 1) must be Number, not {type(value).__name__}")
    if array.dtype.type.__name__ in INTEGERS:
        _core.check_writable(array)
        array[...] = _as_integer(value, INTEGERS[array.dtype.type.__name__])
        return
    limits = check_floating(array, "fill_cpu")
    try:
        real = float(value)
    except (TypeError, OverflowError):  # a complex number, an int past float64
        real = math.nan
    if (real != real and value == value) or limits.largest < abs(real) < math.inf:  # noqa: PLR0124 - NaN
        raise RuntimeError(f"value cannot be converted to type {limits.name} without overflow")
    _core.fill_constant(array, real)


def _is_bfloat16(value: object) -> bool:
    return isinstance(value, np.generic) and type(value).__name__ == "bfloat16"


def _as_integer(value: Any, limits: IntegerLimits) -> int:
    if limits.name == "bool":
        return bool(value)
    # An unsigned type takes the negative of each of its integers, modulo its size, as in PyTorch.
    wraps = limits.least == 0 and isinstance(value, int | np.integer)
    least = -limits.largest if wraps else limits.least
    if isinstance(value, complex) or not least <= value <= limits.largest:
        raise RuntimeError(f"value cannot be converted to type {limits.fill_name} without overflow")
    return int(value) % (limits.largest + 1) if wraps else int(value)


def take(
    function: str,
    array: Array,
    generator: Generator | None = None,
    shard: Shard | None = None,
    numel: int | None = None,
) -> Place:
    """Takes the positions of one fill of `array`; call it when everything else has been checked.

    Args:
        function: the name that an error message gives.
        array: what will be filled.
        generator: where the positions are taken from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.
        numel: how many positions are taken; as many as the whole tensor has elements if None.

    Returns:
        The last arguments of the compiled fills, which tell where each element's words lie.

    Raises:
        TypeError: `generator` is not a Generator, or `shard` not a Shard.
        ValueError: the shard is of another shape, or the positions would pass 2^50.
    """
    if has_no_memory(array):
        return 0, 0, 0  # nothing is filled, so nothing is drawn
    if generator is None:
        generator = default_generator
    elif not isinstance(generator, Generator):
        raise TypeError(
            f"{function}(): argument 'generator' must be fastinit.Generator, not {type(generator).__name__}"
        )
    if shard is None:
        return generator._take(array.size if numel is None else numel)
    if not isinstance(shard, Shard):
        raise TypeError(f"{function}(): argument 'shard' must be fastinit.Shard, not {type(shard).__name__}")
    shard.check(array.shape)
    numel = shard.global_numel() if numel is None else numel
    return *generator._take(numel), shard.global_shape, shard.start
