"""Tensors of random values: each call draws from a generator as the fills of `nn.init` do."""

from typing import Any

from . import dtypes, random
from .arguments import integer, lengths_of
from .conversion import finished
from .creation import memory, memory_like
from .devices import DeviceLike, as_device
from .random import Generator
from .tensor import Tensor

__all__ = ["rand", "rand_like", "randint", "randn", "randn_like", "randperm"]


def rand(
    *lengths: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, uniform on [0, 1).

    Args:
        *lengths: the size, as numbers or as one sequence.
        size: the size, by keyword.
        generator: where the random words come from; the default generator if not given.
        dtype: a floating-point dtype; the default dtype if not given.
        device: the CPU.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is not floating point.
        RuntimeError: a length is negative.
        TypeError: a length is not an integer.
    """
    array = memory(lengths_of("rand", lengths, size), dtype, device)
    random.uniform(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)


def randn(
    *lengths: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, normal with mean 0 and variance 1; the arguments are those of `rand`."""
    array = memory(lengths_of("randn", lengths, size), dtype, device)
    random.normal(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)


def randint(
    *bounds_and_size: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random integers, uniform on [low, high): `randint(high, size)`, `randint(low, high, size)`.

    Args:
        *bounds_and_size: the bounds, then the size as one sequence.
        low: the least, by keyword; 0 if not given.
        high: one more than the greatest, by keyword.
        size: the size, by keyword.
        generator: where the random words come from; the default generator if not given.
        dtype: int64 if not given.
        device: the CPU.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: `low` is not below `high`, one does not fit the dtype, or a length is negative.
        TypeError: an argument is of a wrong type, or there are too few or too many.
    """
    rest = list(bounds_and_size)
    if size is None and rest:
        size = rest.pop()
    if high is None and rest:
        high = rest.pop()
    if low is None:
        low = rest.pop() if rest else 0
    if rest or high is None or size is None:
        raise TypeError("randint() takes high and size, or low, high and size")
    if not isinstance(size, list | tuple):
        raise TypeError(
            f"randint(): argument 'size' (position {len(bounds_and_size)}) must be tuple of ints, "
            f"not {type(size).__name__}"
        )
    least, bound = integer("randint", "low", 1, low), integer("randint", "high", 1, high)
    array = memory(lengths_of("randint", (size,)), dtype or dtypes.int64, device)
    random.integers(array, least, bound, generator)
    return finished(array, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns the numbers 0 to n - 1 in a random order, each order as likely.

    Args:
        n: how many.
        generator: where the random words come from; the default generator if not given.
        dtype: int64 if not given.
        device: the CPU.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is bool.
        RuntimeError: `n` is negative, or the dtype does not hold the numbers.
        TypeError: `n` is not an integer.
    """
    as_device(device)
    dtype = dtype or dtypes.int64
    count = integer("randperm", "n", 1, n)
    if count < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
    if dtype is dtypes.bool:
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    # The largest integer up to which the dtype has them all.
    largest = int(2 / dtypes.finfo(dtype).eps) if dtype.is_floating_point else dtypes.iinfo(dtype).max
    if count > largest + 1:
        raise RuntimeError(f"n cannot be greater than {largest + 1} for {dtype.type_name} type.")
    return finished(random.permutation(count, generator).astype(dtype.numpy), requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, uniform on [0, 1), of the size of a tensor.

    Args:
        input: whose size, and dtype unless another is given, the result has.
        generator: where the random words come from; the default generator if not given.
        dtype: a floating-point dtype.
        device: the CPU.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is not floating point.
        TypeError: `input` is no tensor.
    """
    array = memory_like("rand_like", input, dtype, device)
    random.uniform(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, normal with mean 0 and variance 1; the arguments are those of `rand_like`."""
    array = memory_like("randn_like", input, dtype, device)
    random.normal(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)
