"""The fills of mean 0 whose scale depends on a matrix: one per stretch of the tensor that has one scale."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import _core
from ...floating_point import rounding_to_nearest
from ...meta import has_no_memory
from ...random import Generator
from ...random.bounds import FLOATING, check_floating
from ...random.fills import check_normal, check_trunc_normal, check_uniform, take
from ...shard import Shard
from .gain import global_shape
from .layout import Layout, resolve

__all__ = ["fill_scaled", "whole_shape"]

Array = np.ndarray[Any, np.dtype[Any]]
Numbers = tuple[float, ...]

# The standard deviation of a standard normal truncated to [-2, 2].
_TRUNCATED_STD = 0.87962566103423978


class _Fill(NamedTuple):
    """A distribution's fill.

    Attributes:
        name: in messages.
        kernel: in PyTorch's messages.
        arguments: those that give a standard deviation.
        check: raises where the fill of a dtype would not take them.
        run: the compiled fill.
    """

    name: str
    kernel: str
    arguments: Callable[[float], Numbers]
    check: Callable[..., Numbers]
    run: Callable[..., None]


def whole_shape(array: Array, shard: Shard | None, layout: Layout | None) -> tuple[int, ...]:
    """Returns the shape of the whole tensor, which both `shard` and `layout` fit.

    Raises:
        TypeError: `shard` is not a Shard, or `layout` not a Layout.
        ValueError: `array` does not have the shard's shape, or the layout does not fit the tensor's.
    """
    shape = global_shape(array, shard)
    if layout is not None:
        resolve(layout, shape)
    return shape


def fill_scaled(
    array: Array,
    distribution: str,
    std_of: Callable[..., float],
    parameters: tuple[Any, ...],
    generator: Generator | None,
    shard: Shard | None,
    layout: Layout | None,
    shape: tuple[int, ...],
) -> None:
    """Fills `array`, each element at its own place in the stream, with the scale of the matrix it belongs to.

    Args:
        array: float16, bfloat16, float32 or float64, any strides.
        distribution: "uniform", "normal", or "truncated_normal", which is cut at two standard deviations of
            the normal, wide enough for the standard deviation to be right after the cut.
        std_of: gives the standard deviation in a matrix of a shape `(out, in, *kernel)`, from the shape and
            `parameters` alone.
        parameters: what the initialiser was given.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `array` is; the whole if None.
        layout: which matrices the tensor holds; it is one if None.
        shape: of the whole tensor, as `whole_shape` gives it.

    Raises:
        Whatever the fill and `std_of` raise; then nothing has been written.
    """
    fill = _FILLS[distribution]
    dtype = array.dtype.type.__name__
    if layout is None:
        arguments = _arguments_of(distribution, dtype, std_of, parameters, shape, 1.0)
        check_floating(array, fill.kernel)
        fill.run(array, *arguments, *take(fill.name, array, generator, shard))
        return
    arguments_of = functools.partial(_arguments_of, distribution, dtype, std_of, parameters)
    axis, spans = _spans(layout, shape, arguments_of)
    check_floating(array, fill.kernel)
    place = take(fill.name, array, generator, shard)
    if len(spans) == 1:
        fill.run(array, *spans[0][2], *place)
    elif not has_no_memory(array):
        begin = (0,) * len(shape) if shard is None else shard.start
        end = begin[axis] + array.shape[axis]
        for start, stop, arguments in spans:
            first, last = max(start, begin[axis]), min(stop, end)
            if first < last:
                part = array[(*(slice(None),) * axis, slice(first - begin[axis], last - begin[axis]))]
                fill.run(part, *arguments, *place[:3], shape, (*begin[:axis], first, *begin[axis + 1 :]))


def _spans(
    layout: Layout, shape: tuple[int, ...], arguments_of: Callable[[tuple[int, ...], float], Numbers]
) -> tuple[int, list[tuple[int, int, Numbers]]]:
    """Returns the output dimension, and where in it the fill with each arguments begins and ends."""
    resolved = resolve(layout, shape)
    spans: list[tuple[int, int, Numbers]] = []
    gains = layout.gains or (1.0,) * len(resolved.splits)
    for (start, stop), matrix, gain in zip(resolved.splits, resolved.shapes(shape), gains, strict=True):
        arguments = arguments_of(matrix, gain)
        if spans and spans[-1][2] == arguments:
            start = spans.pop()[0]  # noqa: PLW2901 - one longer span
        spans.append((start, stop, arguments))
    return resolved.matrix[0], spans


# What cannot change, and so can be part of a key.
_FIXED = frozenset({float, int, str, bool, type(None)})


def _arguments_of(
    distribution: str,
    dtype: str,
    std_of: Callable[..., float],
    parameters: tuple[Any, ...],
    shape: tuple[int, ...],
    gain: float,
) -> Numbers:
    """Returns a fill's arguments for a matrix; a model has few shapes, so they are remembered."""
    compute = _compute_arguments
    if _FIXED.issuperset(map(type, parameters)):
        compute = _remember_arguments
    return compute(distribution, dtype, std_of, shape, gain, *parameters)


@rounding_to_nearest
def _compute_arguments(
    distribution: str,
    dtype: str,
    std_of: Callable[..., float],
    shape: tuple[int, ...],
    gain: float,
    *parameters: Any,
) -> Numbers:
    fill = _FILLS[distribution]
    arguments = fill.arguments(gain * std_of(shape, *parameters))
    limits = FLOATING.get(dtype)  # another dtype is refused later
    return arguments if limits is None else fill.check(limits, *arguments)


_remember_arguments = functools.lru_cache(maxsize=1024, typed=True)(_compute_arguments)


def _of_normal(std: float) -> Numbers:
    return 0.0, std


def _of_uniform(std: float) -> Numbers:
    bound = math.sqrt(3.0) * std
    return -bound, bound


def _of_truncated_normal(std: float) -> Numbers:
    std /= _TRUNCATED_STD
    return 0.0, std, -2 * std, 2 * std


_FILLS = {
    "uniform": _Fill("uniform_", "check_uniform_bounds", _of_uniform, check_uniform, _core.fill_uniform),
    "normal": _Fill("normal_", "normal_kernel_cpu", _of_normal, check_normal, _core.fill_normal),
    "truncated_normal": _Fill(
        "trunc_normal_",
        "normal_kernel_cpu",
        _of_truncated_normal,
        check_trunc_normal,
        _core.fill_trunc_normal,
    ),
}
