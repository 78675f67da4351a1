"""Tensors made from a size or a range: constants, sequences of numbers, the identity."""

import math
from typing import Any

import numpy as np

from . import dtypes
from .arguments import class_name, integer, lengths_of, number
from .conversion import finished
from .devices import META, DeviceLike, as_device
from .docstrings import documented
from .meta import has_no_memory, without_memory
from .ops.operands import scalar
from .tensor import Tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

Array = np.ndarray[Any, np.dtype[Any]]

_of_a_size = documented(
    """
    Args:
        *lengths: the size, as numbers or as one sequence.
        size: the size, by keyword.
        dtype: the default dtype if not given.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: a length is negative, there is no such device, or a dtype that is not floating point is
            to get a gradient.
        TypeError: a length is not an integer, or there is no size.
    """
)
_like_another = documented(
    """
    Args:
        input: any shape; the result has its size, and its dtype and device unless others are given.
        dtype: another dtype.
        device: another device: "cpu" or "meta".
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: there is no such device, or a dtype that is not floating point is to get a gradient.
        TypeError: `input` is no tensor.
    """
)


def memory(lengths: tuple[int, ...], dtype: dtypes.dtype | None, device: DeviceLike) -> Array:
    """Returns an array of the size, whose values are whatever its memory held."""
    kind = dtypes.as_dtype(dtype).numpy
    if as_device(device) == META:
        return without_memory(lengths, kind)
    return np.empty(lengths, kind)


def placed(array: Array, device: DeviceLike) -> Array:
    """Returns an array of numbers, or what the device has in its place."""
    return without_memory(array.shape, array.dtype) if as_device(device) == META else array


def _filled(array: Array, value: Any, requires_grad: bool) -> Tensor:
    array.fill(value)
    return finished(array, requires_grad)


@_of_a_size
def zeros(
    *lengths: Any,
    size: Any = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of zeros (torch.zeros)."""
    return _filled(memory(lengths_of("zeros", lengths, size), dtype, device), 0, requires_grad)


@_of_a_size
def ones(
    *lengths: Any,
    size: Any = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of ones (torch.ones)."""
    return _filled(memory(lengths_of("ones", lengths, size), dtype, device), 1, requires_grad)


@_of_a_size
def empty(
    *lengths: Any,
    size: Any = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor whose values are whatever its memory held (torch.empty)."""
    return finished(memory(lengths_of("empty", lengths, size), dtype, device), requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of one value (torch.full).

    Args:
        size: the size, one sequence.
        fill_value: a number, or a tensor of no dimension.
        dtype: if not given, what `fill_value` is: bool, int64 or the default dtype.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: a length is negative, the dtype cannot hold `fill_value`, or one that is not floating
            point is to get a gradient.
        TypeError: `size` is no sequence of integers, or `fill_value` is no number.
    """
    if not isinstance(size, list | tuple):
        raise TypeError(
            f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
        )
    value = number("full", "fill_value", 2, fill_value)
    array = memory(lengths_of("full", (size,)), dtype or dtypes.result_type(value), device)
    return _filled(array, scalar(value, array.dtype), requires_grad)


def arange(
    *bounds: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns the numbers from `start` up to, without, `end` (torch.arange).

    It is called as `arange(end)` or `arange(start, end, step=1)`.

    Args:
        *bounds: the end; start and end; or start, end and step.
        start: the first number, by keyword; 0 if not given.
        end: where the numbers stop, by keyword.
        step: the distance between two, by keyword; 1 if not given.
        dtype: if not given, int64 if all of these are integers, else the default dtype.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        NotImplementedError: the dtype is bool.
        RuntimeError: the step is zero or leads away from the end, or a bound is not finite.
        TypeError: a bound is no number, or there are too few or too many.
    """
    if len(bounds) == 1 and end is None:
        bounds = (start if start is not None else 0, *bounds)
        start = None
    given = [*bounds, *(each for each in (start, end, step) if each is not None)]
    if len(bounds) == 0 and start is None:
        given.insert(0, 0)
    if not 2 <= len(given) <= 3:
        raise TypeError("arange() takes end, or start, end and optionally step")
    first, last, stride = (
        number("arange", name, position, value)
        for position, (name, value) in enumerate(zip(("start", "end", "step"), [*given, 1], strict=False), 1)
    )
    inferred = dtypes.get_default_dtype() if float in map(type, (first, last, stride)) else dtypes.int64
    dtype = dtypes.as_dtype(dtype or inferred)
    if dtype is dtypes.bool:
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first:g} -> {last:g}")
    if not dtype.is_floating_point:
        first, last, stride = int(first), int(last), int(stride)
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    if (last - first) * stride < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype.is_floating_point:
        numbers: Array = first + np.arange(math.ceil((last - first) / stride)) * np.float64(stride)
    else:
        numbers = np.arange(first, last, stride, dtype=np.int64)
    with np.errstate(over="ignore"):
        return finished(placed(numbers.astype(dtype.numpy), device), requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns `steps` numbers at equal distances from `start` to `end`, both included (torch.linspace).

    Args:
        start: the first number.
        end: the last number.
        steps: how many.
        dtype: the default dtype if not given; integers are rounded towards zero.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: `steps` is negative.
        TypeError: an end is no number, or `steps` no integer.
    """
    first, last = number("linspace", "start", 1, start), number("linspace", "end", 2, end)
    count = integer("linspace", "steps", 3, steps)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    dtype = dtypes.as_dtype(dtype)
    # From the nearer end, so that both ends are exact; rounded to the dtype at each step, as in PyTorch.
    real = dtype.numpy.type if dtype.is_floating_point else np.float64
    index = np.arange(count).astype(real)
    low, high = real(first), real(last)
    step = (high - low) / real(max(count - 1, 1))
    numbers = np.where(index < count / 2, low + step * index, high - step * (count - 1 - index))
    return finished(placed(numbers.astype(dtype.numpy), device), requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a matrix with ones on its diagonal and zeros elsewhere (torch.eye).

    Args:
        n: the number of rows.
        m: the number of columns; `n` if not given.
        dtype: the default dtype if not given.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: a number is negative.
        TypeError: a number is not an integer.
    """
    rows = integer("eye", "n", 1, n)
    columns = rows if m is None else integer("eye", "m", 2, m)
    for name, length in (("n", rows), ("m", columns)):
        if length < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {length}")
    array = memory((rows, columns), dtype, device)
    array.fill(0)
    np.fill_diagonal(array, 1)
    return finished(array, requires_grad)


def memory_like(function: str, input: Any, dtype: dtypes.dtype | None, device: DeviceLike) -> Array:
    """An array of a tensor's size and order of dimensions in memory."""
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{function}(): argument 'input' (position 1) must be Tensor, not {class_name(input)}"
        )
    array = input._array
    kind = array.dtype if dtype is None else dtypes.as_dtype(dtype).numpy
    if as_device(input.device if device is None else device) == META:
        return without_memory(array.shape, kind)
    if has_no_memory(array):
        return np.empty(array.shape, kind)
    return np.empty_like(array, dtype=kind, subok=False)


@_like_another
def zeros_like(
    input: Tensor,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of zeros of the size of another (torch.zeros_like)."""
    return _filled(memory_like("zeros_like", input, dtype, device), 0, requires_grad)


@_like_another
def ones_like(
    input: Tensor,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of ones of the size of another (torch.ones_like)."""
    return _filled(memory_like("ones_like", input, dtype, device), 1, requires_grad)


@_like_another
def empty_like(
    input: Tensor,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of the size of another, of any values (torch.empty_like)."""
    return finished(memory_like("empty_like", input, dtype, device), requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns a tensor of one value, of the size of another (torch.full_like).

    Args:
        input: any shape; the result has its size, and its dtype and device unless others are given.
        fill_value: a number, or a tensor of no dimension.
        dtype: another dtype.
        device: another device: "cpu" or "meta".
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: the dtype cannot hold `fill_value`, there is no such device, or a dtype that is not
            floating point is to get a gradient.
        TypeError: `input` is no tensor, or `fill_value` no number.
    """
    value = number("full_like", "fill_value", 2, fill_value)
    array = memory_like("full_like", input, dtype, device)
    return _filled(array, scalar(value, array.dtype), requires_grad)
