"""The fills that only the in-place methods of a tensor draw from: exponential, log-normal, Cauchy, geometric.

PyTorch checks their arguments before the dtype, and so do these.
"""

from typing import Any

import numpy as np

from .. import _core
from ..shard import Shard
from .bounds import FLOATING, INTEGERS, as_real, check_finite, check_floating, type_name
from .fills import take
from .generator import Generator

__all__ = ["cauchy", "exponential", "geometric", "log_normal"]

Array = np.ndarray[Any, np.dtype[Any]]


def exponential(
    array: Array, lambd: float = 1.0, generator: Generator | None = None, shard: Shard | None = None
) -> None:
    """Fills `array` with values exponential with the rate `lambd`: -log(u) / lambd.

    u is (n + 1/2) / 2^32 of the element's word n, in float64 (n + 1/2) / 2^53 of the upper 53 of 64 bits, and
    keeps all its bits near 0 and near 1: in units of 1 / lambd the values reach from 1.2e-10 to 22.9, in
    float64 from 5.6e-17 to 37.4. No value is 0 or infinite: what the dtype would round to either is its
    smallest or largest number. At lambd 1 the largest error is 2.5 units in the last place.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        lambd: the rate, above 0; it and its reciprocal, the mean, are numbers of the dtype's arithmetic.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `lambd` is not above 0, the array is not of a floating-point dtype, or elements share
            memory.
        ValueError: `lambd` or 1 / lambd is not finite, the array is read-only, or the shard is of another
            shape.
        TypeError: an argument is of a wrong type.

    Draws: one word per element, two in float64; the generator moves by the number of elements of the global
        shape, rounded up to 4.
    """
    lambd = as_real(lambd, "exponential_", "lambd", 1)
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    _require_continuous(array, "Exponential", type_name(array))
    limits = check_floating(array, "exponential_kernel_cpu")
    check_finite(lambd, "exponential_", "lambda", limits)
    # The mean, which the values are multiples of: beyond float64 it would be infinite.
    if lambd * limits.largest_computed < 1:
        raise ValueError(f"exponential_ expects 1 / lambda to be finite, but found lambda {lambd:g}")
    _core.fill_exponential(array, lambd, *take("exponential_", array, generator, shard))


def log_normal(
    array: Array,
    mean: float = 1.0,
    std: float = 2.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with values whose logarithm is normal with `mean` and `std`: e^(mean + std z).

    z is the standard normal that `normal` gives the same element, in the dtype (float32 for the half types).
    The power is taken in more than the dtype's precision: it is within 1.7 units in the last place of
    e^(mean + std z) whatever the exponent, so that the error of z, 4 units at most, is all that grows with
    `std`. No value is 0 or infinite: what the dtype would round to either is its smallest or largest number.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        mean: the mean of the logarithm, finite.
        std: the standard deviation of the logarithm, above 0.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `std` is not above 0, or elements share memory.
        ValueError: `mean` or `std` is not finite, the array is read-only, or the shard is of another shape.
        NotImplementedError: the array is not of a floating-point dtype.
        TypeError: an argument is of a wrong type.

    Draws: one word per element, two in float64; the generator moves by the number of elements of the global
        shape, rounded up to 4.
    """
    mean = as_real(mean, "log_normal_", "mean", 1)
    std = as_real(std, "log_normal_", "std", 2)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    limits = check_floating(array, "log_normal_cpu")
    check_finite(mean, "log_normal_", "mean", limits)
    check_finite(std, "log_normal_", "std", limits)
    _core.fill_log_normal(array, mean, std, *take("log_normal_", array, generator, shard))


def cauchy(
    array: Array,
    median: float = 0.0,
    sigma: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills `array` with Cauchy values about `median`: half of them within `sigma` of it.

    median + sigma tan(angle), the angle uniform and symmetric about 0. Where it is within pi/4 of the axis it
    has 31 bits, and otherwise 31 bits as the angle from the other axis: standard values keep their relative
    accuracy from 3.7e-10 to 2.7e9, in float64 from 1.7e-16 to 5.7e15, within 2.2 units in the last place. No
    value is infinite: what the dtype cannot hold is its largest number.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        median: the median, finite.
        sigma: the half width at half the density's maximum, above 0.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `sigma` is not above 0, the array is not of a floating-point dtype, or elements share
            memory.
        ValueError: `median` or `sigma` is not finite, the array is read-only, or the shard is of another
            shape.
        TypeError: an argument is of a wrong type.

    Draws: one word per element, two in float64; the generator moves by the number of elements of the global
        shape, rounded up to 4.
    """
    median = as_real(median, "cauchy_", "median", 1)
    sigma = as_real(sigma, "cauchy_", "sigma", 2)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    integer = INTEGERS.get(array.dtype.type.__name__)
    _require_continuous(array, "Cauchy", integer.name if integer else type_name(array))
    limits = check_floating(array, "cauchy_cpu")
    check_finite(median, "cauchy_", "median", limits)
    check_finite(sigma, "cauchy_", "sigma", limits)
    _core.fill_cauchy(array, median, sigma, *take("cauchy_", array, generator, shard))


def geometric(array: Array, p: float, generator: Generator | None = None, shard: Shard | None = None) -> None:
    """Fills `array` with numbers of trials up to the first success, each of which has the probability `p`.

    The least k >= 1 with u >= (1 - p)^k, where u is (n + 1/2) / 2^32 of the element's word n, in float64 and
    int64 (n + 1/2) / 2^53 of the upper 53 of 64 bits; decided in float64. So P(k = 1) is p to the last bit of
    the word, for small p and for p near 1 alike. A value that the dtype cannot hold is its largest (int64:
    2^63 - 1024, the largest that a float64 holds).

    Args:
        array: any floating-point or integer dtype, any strides.
        p: the probability, in (0, 1).
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.

    Raises:
        RuntimeError: `p` is not in (0, 1), or elements share memory.
        ValueError: the array is read-only, or the shard is of another shape.
        NotImplementedError: the array is not of numbers.
        TypeError: an argument is of a wrong type.

    Draws: one word per element, two in float64 and int64; the generator moves by the number of elements of
        the global shape, rounded up to 4.
    """
    p = as_real(p, "geometric_", "p", 1)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    if array.dtype.type.__name__ in INTEGERS and array.dtype.type is not np.bool_:
        _core.check_writable(array)
    else:
        check_floating(array, "geometric_cpu")
    _core.fill_geometric(array, p, *take("geometric_", array, generator, shard))


def _require_continuous(array: Array, distribution: str, name: str) -> None:
    if array.dtype.type.__name__ not in FLOATING:
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. dtype must be a floating "
            f"point but you specified {name}"
        )
