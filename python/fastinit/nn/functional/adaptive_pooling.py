"""Means of as many windows as asked for."""

import itertools
from collections.abc import Sequence

import numpy as np

from ...autograd.record import record
from ...meta import has_no_memory, refuse
from ...ops.operands import Array, lift, lower
from ...tensor import Tensor
from .operands import array_of, refuse_integers
from .pooling_windows import Sizes, check_rows, one_size

__all__ = ["adaptive_avg_pool1d", "adaptive_avg_pool2d"]


def adaptive_avg_pool2d(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    """Returns the means of as many windows as asked for, which part the input evenly.

    Args:
        input: `(N, C, H, W)` or `(C, H, W)`, floating point.
        output_size: how many windows, of both dimensions or of each; None keeps a dimension's size.

    Returns:
        `(N, C, *output_size)`; window i of n over a length L begins at `i L // n` and ends before
        `ceil((i + 1) L / n)`.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a shape or a number does not fit.
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.adaptive_avg_pool2d.
    """
    x = array_of(input, "adaptive_avg_pool2d")
    if has_no_memory(x):
        refuse("adaptive_avg_pool2d")
    asked = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    if len(asked) != 2:
        raise RuntimeError("adaptive_avg_pool2d: output_size must be 2")
    if x.ndim not in {3, 4}:
        raise RuntimeError(f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {list(x.shape)}")
    for axis in range(x.ndim - 2, x.ndim):
        if x.shape[axis] == 0:
            raise RuntimeError(
                "adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {list(x.shape)} with dimension {axis} being empty"
            )
    sizes = [own if each is None else each for own, each in zip(x.shape[-2:], asked, strict=True)]
    if min(sizes) < 0:
        raise RuntimeError(
            "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received "
            f"{{{sizes[0]}, {sizes[1]}}}"
        )
    refuse_integers(x.dtype, "adaptive_avg_pool2d")
    cuts = [_cuts(length, size) for length, size in zip(x.shape[-2:], sizes, strict=True)]
    result = np.empty((*x.shape[:-2], *sizes), lift(x[:0]).dtype)
    wide, dtype, shape = lift(x), x.dtype, x.shape
    cells = list(itertools.product(*map(enumerate, cuts)))
    for (row, (top, bottom)), (column, (left, right)) in cells:
        result[..., row, column] = wide[..., top:bottom, left:right].mean((-2, -1))

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(shape, result.dtype)
        for (row, (top, bottom)), (column, (left, right)) in cells:
            share = lift(grad)[..., row, column] / ((bottom - top) * (right - left))
            total[..., top:bottom, left:right] += share[..., None, None]
        return (lower(total, dtype),)

    name = "MeanBackward1" if sizes == [1, 1] else "AdaptiveAvgPool2DBackward0"
    return record(lower(result, dtype), name, (input,), backward)


def adaptive_avg_pool1d(input: Tensor, output_size: Sizes) -> Tensor:
    """Returns the means of as many windows as asked for, which part one dimension evenly.

    Args:
        input: `(N, C, L)` or `(C, L)`, floating point.
        output_size: how many windows.

    Returns:
        `(N, C, output_size)` or `(C, output_size)`; the windows are those of `adaptive_avg_pool2d`.

    Raises:
        NotImplementedError: the input is not floating point, or a meta tensor.
        RuntimeError: a shape or a number does not fit.
        TypeError: the input is not a tensor, or output_size is None.

    Source: torch.nn.functional.adaptive_avg_pool1d.
    """
    x = array_of(input, "adaptive_avg_pool1d")
    if has_no_memory(x):
        refuse("adaptive_avg_pool1d")
    if output_size is None:
        raise TypeError(
            "adaptive_avg_pool1d(): argument 'output_size' (position 2) must be tuple of ints, not NoneType"
        )
    check_rows(x, "adaptive_avg_pool1d")
    size = one_size("adaptive_avg_pool1d", "output_size", output_size)
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, size)).squeeze(-2)


def _cuts(length: int, count: int) -> list[tuple[int, int]]:
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
