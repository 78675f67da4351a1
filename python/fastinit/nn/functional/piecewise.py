"""Activations in pieces, which have no compiled kernel."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.record import record
from ...dtypes import finfo
from ...ops.operands import Array, compute, in_place, lift, lower, reduce_to
from ...ops.operands import target as gradient_of
from ...tensor import Tensor
from .operands import array_of, refuse_integers

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "prelu",
    "relu6",
    "softshrink",
    "threshold",
    "threshold_",
]


def _activated(
    input: Tensor, name: str, function: Callable[[Array], Any], slope: Callable[[Array], Any]
) -> Tensor:
    """Applies `function`, whose derivative is `slope`, a function of the input, too."""
    x = input._array
    working = lift(x)

    def backward(grad: Array) -> tuple[Array]:
        return (lower(compute(lambda: lift(grad) * slope(working)), x.dtype),)

    return record(lower(compute(function, working), x.dtype), name, (input,), backward, (input,))


_overwritten = in_place(_activated)


def applied(
    input: Tensor,
    inplace: bool,
    name: str,
    function: Callable[[Array], Any],
    slope: Callable[[Array], Any],
) -> Tensor:
    """Applies a function elementwise, to a new tensor or over the input; see `_activated`."""
    return (_overwritten if inplace else _activated)(input, name, function, slope)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Returns x, clipped to [min_val, max_val].

    Args:
        input: any shape.
        min_val: the least value.
        max_val: the largest.
        inplace: write the result over the input, and return the input.

    Raises:
        RuntimeError: the tape forbids writing over the input.
        ValueError: min_val > max_val.

    Source: torch.nn.functional.hardtanh.
    """
    x = array_of(input, "hardtanh")
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if x.dtype.kind in "iu":
        bounds = int(min_val), int(max_val)
        return input.clamp_(*bounds) if inplace else input.clamp(*bounds)
    return applied(
        input,
        inplace,
        "HardtanhBackward0",
        lambda x: np.clip(x, min_val, max_val),
        lambda x: (x > min_val) & (x < max_val),
    )


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns x, clipped to [0, 6].

    Args:
        input: any shape and dtype.
        inplace: write the result over the input, and return the input.

    Raises:
        RuntimeError: the tape forbids writing over the input.
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.relu6.
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns x * clip(x + 3, 0, 6) / 6.

    Args:
        input: any shape, floating point.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Howard et al. 2019, arXiv:1905.02244; torch.nn.functional.hardswish.
    """
    refuse_integers(array_of(input, "hardswish").dtype, "hardswish_cpu")
    return applied(
        input,
        inplace,
        "HardswishBackward0",
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        lambda x: np.where(x <= -3, 0, np.where(x < 3, x / 3 + x.dtype.type(0.5), 1)).astype(x.dtype),
    )


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns clip(x + 3, 0, 6) / 6.

    Args:
        input: any shape, floating point.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: torch.nn.functional.hardsigmoid.
    """
    refuse_integers(array_of(input, "hardsigmoid").dtype, "hardsigmoid_cpu")
    return applied(
        input,
        inplace,
        "HardsigmoidBackward0",
        lambda x: np.clip(x + 3, 0, 6) / 6,
        lambda x: ((x > -3) & (x < 3)) * x.dtype.type(1 / 6),
    )


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Returns x where x > threshold, else value.

    Args:
        input: any shape.
        threshold: what x is compared with.
        value: what replaces the others.
        inplace: write the result over the input, and return the input.

    Raises:
        RuntimeError: the tape forbids writing over the input.

    Source: torch.nn.functional.threshold.
    """
    array_of(input, "threshold")
    return applied(
        input,
        inplace,
        f"ThresholdBackward{int(inplace)}",
        lambda x: np.where(x <= threshold, x.dtype.type(value), x),
        lambda x: x > threshold,
    )


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Returns x where `|x| > lambd`, else 0.

    Args:
        input: any shape, floating point.
        lambd: the bound.

    Raises:
        NotImplementedError: the input is not floating point.

    Source: torch.nn.functional.hardshrink.
    """
    refuse_integers(array_of(input, "hardshrink").dtype, "hardshrink_cpu")

    def stays(x: Array) -> Any:
        return ~((x >= -lambd) & (x <= lambd))

    return applied(
        input, False, "HardshrinkBackward0", lambda x: np.where(stays(x), x, x.dtype.type(0)), stays
    )


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """Returns x moved towards 0 by lambd; 0 where `|x| <= lambd`.

    Args:
        input: any shape, floating point.
        lambd: how far, at least 0.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: lambd is negative.

    Source: torch.nn.functional.softshrink.
    """
    x = array_of(input, "softshrink")
    refuse_integers(x.dtype, "softshrink_check")
    if not 0 <= lambd <= finfo(input.dtype).max:
        raise RuntimeError(
            f"lambda must be in range [0, {finfo(input.dtype).max:g}] for input dtype "
            f"{input.dtype.type_name}, but found {lambd:g}"
        )

    def moved(x: Array) -> Any:
        return np.where(np.isnan(x), x, np.sign(x) * np.maximum(np.abs(x) - lambd, 0)).astype(x.dtype)

    return applied(input, False, "SoftshrinkBackward0", moved, lambda x: ~((x >= -lambd) & (x <= lambd)))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Returns x where x > 0, else weight * x.

    Args:
        input: `(N, C, *)`, or any shape for one weight; floating point.
        weight: of one element, or `(C,)`; of the input's dtype.

    Raises:
        RuntimeError: the weight's shape or dtype does not fit.

    Source: He et al. 2015, arXiv:1502.01852; torch.nn.functional.prelu.
    """
    x, w = array_of(input, "prelu"), weight._array
    if x.dtype != w.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype.type_name} and {weight.dtype.type_name}"
        )
    if w.size != 1:
        if x.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x.shape[1] if x.ndim > 1 else 1
        if channels != w.size:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {w.size} "
                f"and channel size = {channels}."
            )
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    shape = (1, -1, *(1,) * (x.ndim - 2)) if x.ndim > 1 else (-1,) if x.ndim else ()
    working, slopes = lift(x), lift(w).reshape(shape)
    into_x, into_w = gradient_of(input), gradient_of(weight)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        g, above = lift(grad), working > 0
        of_w = None
        if into_w is not None:
            spread = reduce_to(np.where(above, 0, working * g), (slopes.shape, slopes.dtype))
            of_w = lower(spread.reshape(w.shape), w.dtype)
        return into_x and lower(np.where(above, g, slopes * g), x.dtype), of_w

    result = lower(compute(lambda: np.where(working > 0, working, slopes * working)), x.dtype)
    return record(result, "PreluKernelBackward0", (input, weight), backward, (input, weight))


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """Clips the input to [min_val, max_val], in place.

    Args:
        input: any shape and dtype.
        min_val: the least value.
        max_val: the largest.

    Returns:
        The input.

    Raises:
        RuntimeError: the tape forbids writing over the input.
        ValueError: min_val > max_val.

    Source: `torch.nn.functional.hardtanh_`.
    """
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """Replaces x by value, in place, where x <= threshold.

    Args:
        input: any shape and dtype.
        threshold: what x is compared with.
        value: what replaces the others.

    Returns:
        The input.

    Raises:
        RuntimeError: the tape forbids writing over the input.

    Source: `torch.nn.functional.threshold_`.
    """
    return _threshold(input, threshold, value, inplace=True)


_threshold = threshold
