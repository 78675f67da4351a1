"""Initialisers that draw each element from one distribution, or give all one value."""

import warnings
from typing import TypeVar

from ... import random
from ...memory import adopt, filled
from ...random import Generator
from ...shard import Shard

__all__ = ["constant_", "masked_uniform_", "normal_", "ones_", "trunc_normal_", "uniform_", "zeros_"]

T = TypeVar("T")


def uniform_(
    tensor: T,
    a: float = 0.0,
    b: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> T:
    r"""Fills `tensor` with values of the uniform distribution :math:`\mathcal{U}[a, b)`.

    Args:
        tensor: float16, bfloat16, float32 or float64, any shape and strides; filled in place.
        a: the least value.
        b: above every value, also after rounding to the dtype; where it equals `a`, all values are `a`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None.

    Returns:
        The same object.

    Raises:
        RuntimeError: a bound is NaN or does not fit the dtype, or `a > b`.
        ValueError: the dtype has no value in [a, b).

    Draws:
        One word per element, two in float64; the generator moves by the number of elements of the whole
        tensor, rounded up to 4.

    Source:
        `torch.nn.init.uniform_`.

    Examples:
        >>> uniform_(fastinit.empty(2, 3), -1, 1, generator=Generator(seed=0))
        tensor([[-0.2019,  0.7610,  0.4714],
                [ 0.2110,  0.9445, -0.2758]])
    """
    array, shard = adopt(tensor, shard)
    random.uniform(array, a, b, generator, shard)
    return filled(tensor)


def normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> T:
    r"""Fills `tensor` with values of the normal distribution :math:`\mathcal{N}(\text{mean}, \text{std}^2)`.

    Args:
        tensor: float16, bfloat16, float32 or float64, any shape and strides; filled in place.
        mean: the mean.
        std: the standard deviation, at least 0.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None.

    Returns:
        The same object.

    Raises:
        RuntimeError: `std` is negative or NaN.
        ValueError: `mean` or `std` is not finite.

    Draws:
        One word per element, two in float64; the generator moves by the number of elements of the whole
        tensor, rounded up to 4.

    Source:
        Box and Muller 1958; `torch.nn.init.normal_`.

    Examples:
        >>> normal_(fastinit.empty(2, 3), std=0.02, generator=Generator(seed=0))
        tensor([[-0.0185, -0.0198, -0.0124],
                [ 0.0096,  0.0031,  0.0036]])
    """
    array, shard = adopt(tensor, shard)
    random.normal(array, mean, std, generator, shard)
    return filled(tensor)


def trunc_normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> T:
    r"""Fills `tensor` with normal values under the condition that they lie in :math:`[a, b]`.

    The bounds are values, not multiples of `std`, and the distribution is exact wherever they lie. `mean` and
    `std` are those of the normal before it is truncated.

    Args:
        tensor: float16, bfloat16, float32 or float64, any shape and strides; filled in place.
        mean: the mean of the normal.
        std: its standard deviation, above 0.
        a: the least value; may be -inf.
        b: the largest value; may be inf.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None.

    Returns:
        The same object.

    Raises:
        RuntimeError: a bound is NaN, or `a > b`.
        ValueError: `std` is not above 0, `mean` or `std` is not finite, or the dtype has no value in [a, b].

    Warns:
        UserWarning: `mean` lies more than 2 `std` outside [a, b].

    Draws:
        The generator moves by the number of elements of the whole tensor, rounded up to 4, however many words
        an element needs.

    Source:
        `torch.nn.init.trunc_normal_`.

    Examples:
        >>> trunc_normal_(fastinit.empty(2, 3), a=-1, b=1, generator=Generator(seed=0))
        tensor([[-0.1736,  0.7056,  0.4150],
                [ 0.1815,  0.9245, -0.2382]])
    """
    array, shard = adopt(tensor, shard)
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    random.trunc_normal(array, mean, std, a, b, generator, shard)
    return filled(tensor)


def masked_uniform_(
    tensor: T,
    low: float,
    high: float,
    threshold: float,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{U}[low, high)`, and the small ones of them with 0.

    Bit for bit what these two lines give, in one pass over the memory; a negative value becomes -0.0::

        tensor.uniform_(low, high)
        tensor *= tensor.abs() >= threshold

    Args:
        tensor: float16, bfloat16, float32 or float64, any shape and strides; filled in place.
        low: the least value.
        high: above every value, also after rounding to the dtype.
        threshold: the least magnitude that stays.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None.

    Returns:
        The same object.

    Raises:
        RuntimeError: a bound is NaN or does not fit the dtype, or `low > high`.
        ValueError: `threshold` is NaN, or the dtype has no value in [low, high).

    Draws:
        As `uniform_`.

    Source:
        The custom initialiser of *Dive into Deep Learning*, section 6.3.

    Examples:
        >>> masked_uniform_(fastinit.empty(2, 3), -10, 10, 5, generator=Generator(seed=0))
        tensor([[-0.0000, 7.6104, 0.0000],
                [0.0000, 9.4448, -0.0000]])
    """
    array, shard = adopt(tensor, shard)
    random.masked_uniform(array, low, high, threshold, generator, shard)
    return filled(tensor)


def constant_(tensor: T, val: float) -> T:
    """Fills `tensor` with `val`.

    Args:
        tensor: any dtype of numbers or bool, any shape and strides; filled in place.
        val: a number, rounded to the dtype; in an integer dtype cut to an integer.

    Returns:
        The same object.

    Raises:
        RuntimeError: the dtype cannot hold `val`.
        TypeError: `val` is not a number.

    Source:
        `torch.nn.init.constant_`.

    Examples:
        >>> constant_(fastinit.empty(2, 3), 0.3)
        tensor([[0.3000, 0.3000, 0.3000],
                [0.3000, 0.3000, 0.3000]])
    """
    array, _ = adopt(tensor)
    random.constant(array, val)
    return filled(tensor)


def ones_(tensor: T) -> T:
    """Fills `tensor` with 1.

    Args:
        tensor: any dtype of numbers or bool, any shape and strides; filled in place.

    Returns:
        The same object.

    Raises:
        NotImplementedError: its dtype is none that a tensor may have.
        RuntimeError: two of its elements share memory.
        TypeError: it is no tensor or array.
        ValueError: it cannot be written to.

    Source:
        `torch.nn.init.ones_`.

    Examples:
        >>> ones_(fastinit.empty(2, 3))
        tensor([[1., 1., 1.],
                [1., 1., 1.]])
    """
    array, _ = adopt(tensor)
    random.constant(array, 1.0)
    return filled(tensor)


def zeros_(tensor: T) -> T:
    """Fills `tensor` with 0.

    Args:
        tensor: any dtype of numbers or bool, any shape and strides; filled in place.

    Returns:
        The same object.

    Raises:
        NotImplementedError: its dtype is none that a tensor may have.
        RuntimeError: two of its elements share memory.
        TypeError: it is no tensor or array.
        ValueError: it cannot be written to.

    Source:
        `torch.nn.init.zeros_`.

    Examples:
        >>> zeros_(fastinit.empty(2, 3))
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    array, _ = adopt(tensor)
    random.constant(array, 0.0)
    return filled(tensor)
