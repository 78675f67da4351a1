"""Tensors of random values: each call draws from a generator as the fills of `nn.init` do."""

from typing import Any

import numpy as np

from . import dtypes, random
from .arguments import integer, lengths_of
from .autograd.record import record
from .conversion import finished
from .creation import memory, memory_like
from .devices import META, DeviceLike, as_device
from .docstrings import documented
from .meta import without_memory
from .ops import drawing
from .ops.operands import Array, broadcast, lift, lower
from .overloads import is_integer, no_overload
from .random import Generator
from .random.bounds import check_floating
from .random.fills import check_normal
from .tensor import Tensor

__all__ = [
    "bernoulli",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]

_of_a_size = documented(
    """
    Args:
        *lengths: the size, as numbers or as one sequence.
        size: the size, by keyword.
        generator: where the random words come from; the default generator if not given.
        dtype: a floating-point dtype; the default dtype if not given.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is not floating point.
        RuntimeError: a length is negative, or there is no such device.
        TypeError: a length is not an integer, or there is no size.
    """
)
_like_another = documented(
    """
    Args:
        input: any shape; the result has its size, and its dtype and device unless others are given.
        generator: where the random words come from; the default generator if not given.
        dtype: a floating-point dtype.
        device: another device: "cpu" or "meta".
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is not floating point.
        RuntimeError: there is no such device.
        TypeError: `input` is no tensor.
    """
)
_NORMAL = [
    "Tensor mean, Tensor std, *, Generator generator = None",
    "Tensor mean, float std = 1, *, Generator generator = None",
    "float mean, Tensor std, *, Generator generator = None",
    "float mean, float std, tuple of ints size, *, Generator generator = None, dtype dtype = None",
]


@_of_a_size
def rand(
    *lengths: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, uniform on [0, 1) (torch.rand)."""
    array = memory(lengths_of("rand", lengths, size), dtype, device)
    random.uniform(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)


@_of_a_size
def randn(
    *lengths: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, normal with mean 0 and variance 1 (torch.randn)."""
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
    """Returns random integers, uniform on [low, high) (torch.randint).

    It is called as `randint(high, size)` or `randint(low, high, size)`.

    Args:
        *bounds_and_size: the bounds, then the size as one sequence.
        low: the least, by keyword; 0 if not given.
        high: one more than the greatest, by keyword.
        size: the size, by keyword.
        generator: where the random words come from; the default generator if not given.
        dtype: int64 if not given.
        device: "cpu" or "meta"; the default device if not given.
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


def randint_like(
    input: Tensor,
    *bounds: Any,
    low: Any = None,
    high: Any = None,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random integers, uniform on [low, high), of the size of a tensor (torch.randint_like).

    Args:
        input: any shape; the result has its size, and its dtype and device unless others are given.
        *bounds: `high`, or `low` and `high`.
        low: the least, by keyword; 0 if not given.
        high: one more than the greatest, by keyword.
        generator: where the random words come from; the default generator if not given.
        dtype: any dtype.
        device: another device: "cpu" or "meta".
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: `low` is not below `high`, or one does not fit the dtype.
        TypeError: an argument is of a wrong type, or there are too few or too many.
    """
    rest = list(bounds)
    if high is None and rest:
        high = rest.pop()
    if low is None:
        low = rest.pop() if rest else 0
    if rest or high is None or not isinstance(input, Tensor) or not all(map(is_integer, (low, high))):
        ways = [f"Tensor input, int {'low, int ' * both}high, *, Generator generator" for both in (1, 0)]
        raise no_overload("randint_like", (input, *bounds), {}, ways)
    array = memory_like("randint_like", input, dtype, device)
    random.integers(array, low, high, generator)
    return finished(array, requires_grad)


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns normal values (torch.normal): each of its own mean and deviation, or a size of them of one.

    Args:
        mean: the means, a tensor; or one number.
        std: the standard deviations, a tensor; or one number. Two tensors broadcast.
        size: of the result, where both are numbers; as a sequence.
        generator: where the random words come from; the default generator if not given.
        dtype: a floating-point dtype, where both are numbers; otherwise it is the mean's, or else that of
            `std`.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is not floating point.
        RuntimeError: a standard deviation is negative or NaN, or the sizes do not fit each other.
        TypeError: an argument is of a wrong type, or the size is given beside a tensor or missing.
    """
    tensors = [each for each in (mean, std) if isinstance(each, Tensor)]
    if len(tensors) + sum(map(_is_real, (mean, std))) < 2 or bool(tensors) == (size is not None):
        raise no_overload("normal", [mean, std, *([] if size is None else [size])], {}, _NORMAL)
    if not tensors:
        array = memory(lengths_of("normal", (size,)), dtype, device)
        random.normal(array, mean, std, generator)
        return finished(array, requires_grad)
    like = tensors[0]._array
    means, deviations = (each._array if isinstance(each, Tensor) else each for each in (mean, std))
    limits = check_floating(np.empty(0, like.dtype), "normal_kernel_cpu")
    check_normal(limits, 0.0 if mean is tensors[0] else mean, 1.0 if isinstance(std, Tensor) else std)
    if isinstance(std, Tensor) and not (deviations >= 0).all():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = broadcast(np.add, means, deviations).shape if len(tensors) == 2 else like.shape
    values = np.empty(shape, lift(np.empty(0, like.dtype)).dtype)
    random.normal(values, 0.0, 1.0, generator)
    np.multiply(values, deviations, out=values, casting="unsafe")
    np.add(values, means, out=values, casting="unsafe")
    node = "NormalBackward3" if len(tensors) == 2 else f"NormalBackward{1 if mean is tensors[0] else 2}"
    inputs = [(each._array.shape, each._array.dtype) for each in tensors]

    def backward(grad: Array) -> tuple[Array, ...]:
        return tuple(np.zeros(*each) for each in inputs)

    return record(lower(values, like.dtype), node, tuple(tensors), backward)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Returns ones and zeros: of the probabilities that a tensor holds, or of one for all (torch.bernoulli).

    Args:
        input: any shape: the probabilities; where `p` is given, whose size and dtype the result has.
        p: the probability of each.
        generator: where the random words come from; the default generator if not given.

    Raises:
        NotImplementedError: `input` is of integers, and `p` is not given.
        RuntimeError: a probability is not in [0, 1].
        TypeError: `input` is no tensor.
    """
    if not isinstance(input, Tensor):
        raise TypeError(
            f"bernoulli(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}"
        )
    return drawing.bernoulli(input, p, generator=generator)


def _is_real(value: object) -> bool:
    return isinstance(value, float | int | np.number)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns the numbers 0 to n - 1 in a random order, each order as likely (torch.randperm).

    Args:
        n: how many.
        generator: where the random words come from; the default generator if not given.
        dtype: int64 if not given.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is bool.
        RuntimeError: `n` is negative, or the dtype does not hold the numbers.
        TypeError: `n` is not an integer.
    """
    dtype = dtypes.as_dtype(dtype or dtypes.int64)
    count = integer("randperm", "n", 1, n)
    if count < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
    if dtype is dtypes.bool:
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    # The largest integer up to which the dtype has them all.
    largest = int(2 / dtypes.finfo(dtype).eps) if dtype.is_floating_point else dtypes.iinfo(dtype).max
    if count > largest + 1:
        raise RuntimeError(f"n cannot be greater than {largest + 1} for {dtype.type_name} type.")
    if as_device(device) == META:
        return finished(without_memory((count,), dtype.numpy), requires_grad)
    array = random.permutation(count, generator).astype(dtype.numpy)
    return finished(array, requires_grad)


@_like_another
def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns random numbers, uniform on [0, 1), of the size of a tensor (torch.rand_like)."""
    array = memory_like("rand_like", input, dtype, device)
    random.uniform(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)


@_like_another
def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns normal random numbers, of mean 0 and variance 1, of the size of a tensor (torch.randn_like)."""
    array = memory_like("randn_like", input, dtype, device)
    random.normal(array, 0.0, 1.0, generator)
    return finished(array, requires_grad)
