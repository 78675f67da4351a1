"""Losses of a difference: squared, absolute, and smooth between the two."""

import warnings
from typing import Any

import numpy as np

from ... import _core
from ...autograd.record import record
from ...ops.operands import NATIVE_FLOATS, Array, broadcast, compute, lift, lower, pair, reduce_to
from ...ops.operands import target as gradient_of
from ...tensor import Tensor
from .operands import refuse_integers
from .reduction import check_reduction, reduced, resolve_reduction, unreduced


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Returns `(input - target)^2`, reduced.

    Args:
        input: any shape, floating point.
        target: the same shape; another that broadcasts works and warns.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.
        weight: of the input's shape; a factor per element, whose sum 'mean' divides by.

    Raises:
        NotImplementedError: both are integers.
        RuntimeError: the shapes do not broadcast.
        ValueError: weight's shape is not the input's, or reduction is none of the three.

    Source: torch.nn.functional.mse_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    _warn_of_sizes(input, target)
    if weight is not None:
        return _weighted(mse_loss(input, target, reduction="none"), input, weight, reduction)
    check_reduction(reduction)
    x, y = input._array, target._array
    if x.shape == y.shape and x.dtype == y.dtype and x.dtype in NATIVE_FLOATS and _in_order(x, y):
        return _compiled_mse(input, target, reduction)
    difference, dtype = _difference(input, target, "mse_cpu")
    result = compute(_squares, difference, reduction)

    to_input, to_target = gradient_of(input), gradient_of(target)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        slope = difference * (2 * unreduced(lift(grad), reduction, difference.size))
        return reduce_to(slope, to_input), to_target and reduce_to(-slope, to_target)

    return record(lower(result, dtype), "MseLossBackward0", (input, target), backward, (input, target))


def _in_order(x: Array, y: Array) -> bool:
    return x.flags.c_contiguous and y.flags.c_contiguous


def _compiled_mse(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """Of contiguous tensors of one shape: one pass over both, and one for the gradient."""
    x, y = input._array, target._array
    to_input, to_target = input.requires_grad, target.requires_grad
    divisor = x.size if reduction == "mean" else 1

    def backward(grad: Array) -> tuple[Array | None, ...]:
        slope = _core.mse_loss_backward(x, y, grad, divisor)
        return slope if to_input else None, np.negative(slope) if to_target else None

    loss = _core.mse_loss(x, y, reduction)
    return record(loss, "MseLossBackward0", (input, target), backward, (input, target))


def _squares(difference: Array, reduction: str) -> Array:
    return reduced(np.square(difference), reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Returns `|input - target|`, reduced.

    Args:
        input: any shape.
        target: the same shape; another that broadcasts works and warns.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.
        weight: of the input's shape; a factor per element, whose sum 'mean' divides by.

    Raises:
        RuntimeError: the shapes do not broadcast, or 'mean' of integers.
        ValueError: weight's shape is not the input's, or reduction is none of the three.

    Source: torch.nn.functional.l1_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    _warn_of_sizes(input, target)
    if weight is not None:
        return _weighted((input - target).abs(), input, weight, reduction)
    check_reduction(reduction)
    return _reduce((input - target).abs(), reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Returns `d^2 / (2 beta)` where `d = |input - target| < beta`, else `d - beta / 2`, reduced.

    Args:
        input: any shape, floating point.
        target: the same shape; another that broadcasts works and warns.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.
        beta: where the square becomes a line; 0 gives `l1_loss`.

    Raises:
        NotImplementedError: both are integers.
        RuntimeError: beta is negative, or the shapes do not broadcast.
        ValueError: reduction is none of the three.

    Source: Girshick 2015, arXiv:1504.08083, eq. 3; torch.nn.functional.smooth_l1_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    _warn_of_sizes(input, target)
    check_reduction(reduction)
    if beta == 0.0:
        return _reduce((input - target).abs(), reduction)
    if beta < 0.0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    difference, dtype = _difference(input, target, "smooth_l1_cpu")
    result = compute(_smooth, difference, beta, reduction)

    to_input, to_target = gradient_of(input), gradient_of(target)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        slope = np.clip(difference / beta, -1, 1) * unreduced(lift(grad), reduction, difference.size)
        return reduce_to(slope, to_input), to_target and reduce_to(-slope, to_target)

    return record(lower(result, dtype), "SmoothL1LossBackward0", (input, target), backward, (input, target))


def _smooth(difference: Array, beta: float, reduction: str) -> Array:
    distance = np.abs(difference)
    losses = np.where(distance < beta, np.square(distance) * (0.5 / beta), distance - 0.5 * beta)
    return reduced(losses, reduction)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Returns `d^2 / 2` where `d = |input - target| <= delta`, else `delta (d - delta / 2)`, reduced.

    Args:
        input: any shape, floating point.
        target: the same shape; another that broadcasts works and warns.
        reduction: 'none', 'sum' or 'mean'.
        delta: where the square becomes a line; above 0.
        weight: of the input's shape; a factor per element.

    Raises:
        NotImplementedError: both are integers.
        RuntimeError: delta is not above 0, or the shapes do not broadcast.
        ValueError: weight's shape is not the input's, or reduction is none of the three.

    Source: Huber 1964; torch.nn.functional.huber_loss.
    """
    _warn_of_sizes(input, target)
    if weight is not None:
        if weight._array.shape != input._array.shape:
            raise ValueError("Weights and input must have the same size.")
        losses = huber_loss(input, target, "none", delta) * weight
        if reduction not in {"none", "sum", "mean"}:
            raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
        return _reduce(losses, reduction)
    check_reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    difference, dtype = _difference(input, target, "huber_cpu")

    def losses_of(difference: Array) -> Array:
        size = np.abs(difference)
        return reduced(np.where(size <= delta, size * size / 2, delta * (size - delta / 2)), reduction)

    to_input, to_target = gradient_of(input), gradient_of(target)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        slope = np.clip(difference, -delta, delta) * unreduced(lift(grad), reduction, difference.size)
        return reduce_to(slope, to_input), to_target and reduce_to(-slope, to_target)

    result = lower(compute(losses_of, difference).astype(difference.dtype), dtype)
    return record(result, "HuberLossBackward0", (input, target), backward, (input, target))


def _warn_of_sizes(input: Tensor, target: Tensor) -> None:
    if input._array.shape != target._array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). "
            "This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def _difference(input: Tensor, target: Tensor, kernel: str) -> tuple[Array, np.dtype[Any]]:
    """Returns input - target in the precision that the loss is computed in, and the dtype of the loss."""
    x, y, dtype = pair(input, target)
    refuse_integers(dtype, kernel)
    return broadcast(np.subtract, x, y), dtype


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def _weighted(losses: Tensor, input: Tensor, weight: Tensor, reduction: str) -> Tensor:
    if weight._array.shape != input._array.shape:
        raise ValueError("Weights and input must have the same size.")
    check_reduction(reduction)
    losses = losses * weight
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / weight.sum()
