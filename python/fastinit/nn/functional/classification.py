"""Losses of a choice among classes: negative log-likelihood and cross entropy.

Scores are `(C)`, `(N, C)` or `(N, C, d1, ...)`. Inside, they become a matrix of rows: one row per sample (and
position d1, ...), one column per class.
"""

from typing import Any, NamedTuple

import numpy as np

from ... import _core
from ...autograd.grad_mode import is_grad_enabled
from ...autograd.record import record
from ...autograd.variable import wrap
from ...dtypes import as_dtype, int64, result_type, uint8
from ...ops.operands import NATIVE_FLOATS, Array, compute, lift, lower
from ...ops.operands import target as gradient_of
from ...tensor import Tensor
from .activation import log_softmax_rows
from .operands import refuse_gradient, refuse_integers
from .reduction import check_reduction, reduced, resolve_reduction, unreduced


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `-weight[target] * input[target]` for log-probabilities `input`.

    Args:
        input: log-probabilities, `(C)`, `(N, C)` or `(N, C, d1, ...)`; floating point.
        target: classes in [0, C), int64 or uint8, of the input's shape without its class axis.
        weight: `(C)`, of the input's dtype; a factor per class.
        size_average: deprecated.
        ignore_index: targets of this value contribute nothing.
        reduce: deprecated.
        reduction: 'none', 'sum', or 'mean': the sum divided by the sum of the targets' weights.

    Raises:
        IndexError: a target is outside [0, C).
        RuntimeError: target's dtype is neither int64 nor uint8, or a shape does not fit.
        ValueError: the batch sizes differ, or reduction is none of the three.

    Source: torch.nn.functional.nll_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    refuse_integers(input._array.dtype, "nll_loss_out_frame")
    chosen = _choose(input, target, weight, ignore_index)
    x = input._array
    log_p = _as_rows(lift(x))
    total = chosen.weight.sum()

    def forward() -> Array:
        return reduced(_weighted_negative(chosen, log_p).reshape(_sample_shape(x)), reduction, total)

    def backward(grad: Array) -> tuple[Array, None]:
        rows = np.zeros(log_p.shape, log_p.dtype)
        rows[chosen.row, chosen.column] = -np.where(
            chosen.kept, _row_grad(grad, reduction, total) * chosen.weight, 0
        )
        return _from_rows(rows, x), None

    result = lower(compute(forward), x.dtype)
    return record(result, _nll_name(x, reduction), (input, target), backward, (input, target))


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Returns the cross entropy between softmax(input) and target: one node, its gradient softmax - target.

    Args:
        input: logits, `(C)`, `(N, C)` or `(N, C, d1, ...)`; floating point.
        target: classes in [0, C), int64 or uint8, of the input's shape without its class axis; or class
            probabilities, floating point, of the input's shape.
        weight: `(C)`, a factor per class.
        size_average: deprecated.
        ignore_index: targets of this class contribute nothing; not with probabilities.
        reduce: deprecated.
        reduction: 'none', 'sum', or 'mean': the sum divided by the sum of the targets' weights, with
            probabilities by the number of samples.
        label_smoothing: the share of each target that is spread evenly over the classes, in [0, 1].

    Raises:
        IndexError: a target is outside [0, C).
        RuntimeError: a dtype or a shape does not fit, or label_smoothing is outside [0, 1].
        ValueError: the batch sizes differ, or reduction is none of the three.

    Source: torch.nn.functional.cross_entropy; label smoothing: Szegedy et al. 2015, arXiv:1512.00567.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    if label_smoothing > 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    # A negative share means none, as in PyTorch.
    smoothing = max(label_smoothing, 0.0)
    if input._array.shape == target._array.shape:
        return _against_probabilities(input, target, weight, ignore_index, reduction, smoothing)
    return _against_classes(input, target, weight, ignore_index, reduction, smoothing)


def _against_classes(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Tensor:
    x, y = input._array, target._array
    if (
        weight is None
        and not smoothing
        and x.ndim == 2
        and x.shape[1]
        and y.shape == x.shape[:1]
        and x.dtype in NATIVE_FLOATS
        and y.dtype == np.int64
    ):
        return _compiled(input, target, ignore_index, reduction)
    refuse_integers(x.dtype, "log_softmax_lastdim_kernel_impl")
    chosen = _choose(input, target, weight, ignore_index)
    log_p = log_softmax_rows(_as_rows(lift(x)))
    total = chosen.weight.sum()
    share = np.full(log_p.shape[1], smoothing / log_p.shape[1], log_p.dtype) if smoothing else None
    if share is not None and weight is not None:
        share *= lift(weight._array)

    def forward() -> Array:
        losses = _weighted_negative(chosen, log_p)
        if share is not None:
            losses = (1 - smoothing) * losses - np.where(chosen.kept, log_p @ share, 0)
        return reduced(losses.reshape(_sample_shape(x)), reduction, total)

    def backward(grad: Array) -> tuple[Array, None]:
        # Where all rows are ignored their mean is NaN, but none of them has a part in it.
        row_grad = np.where(chosen.kept, _row_grad(grad, reduction, total), 0)
        # What the target of a row weighs: `hard` on its class and, smoothed, `share` on all.
        hard = row_grad * (1 - smoothing) * chosen.weight
        rows = np.exp(log_p)
        if share is None:
            rows *= hard[:, None]
        else:
            rows *= (hard + row_grad * share.sum())[:, None]
            rows -= row_grad[:, None] * share
        rows[chosen.row, chosen.column] -= hard
        return _from_rows(rows, x), None

    name = "AddBackward0" if smoothing else _nll_name(x, reduction)
    return record(lower(compute(forward), x.dtype), name, (input, target), backward, (target,))


def _compiled(input: Tensor, target: Tensor, ignore_index: int, reduction: str) -> Tensor:
    """Scores of shape `(N, C)` and one class each: one pass over the scores, and one over their gradient."""
    classes = target._array
    differentiated = is_grad_enabled() and input.requires_grad
    loss, kept, exponentials, sums = _core.cross_entropy(
        input._array, classes, ignore_index, reduction, differentiated
    )
    if not differentiated:
        return wrap(loss)
    divisor = kept if reduction == "mean" else 1

    def backward(grad: Array) -> tuple[Array, None]:
        return _core.cross_entropy_backward(exponentials, sums, classes, ignore_index, grad, divisor), None

    return record(loss, "NllLossBackward0", (input, target), backward, (target,))


def _against_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Tensor:
    x, y = input._array, target._array
    refuse_integers(x.dtype, "log_softmax_lastdim_kernel_impl")
    if y.dtype.kind in "biu":
        given = as_dtype(y.dtype).type_name
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {given}")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    log_p = log_softmax_rows(_as_rows(lift(x)))
    samples, classes = log_p.shape
    if weight is not None and weight._array.shape != (classes,):
        raise RuntimeError(f"cross_entropy: {_weight_text(weight, classes)}")
    factor = np.ones(classes, log_p.dtype) if weight is None else lift(weight._array)
    share = _as_rows(lift(y))
    if smoothing:
        share = share * (1 - smoothing) + smoothing / classes
    wanted = share * factor
    to_input, to_target = gradient_of(input), gradient_of(target)
    inputs = (input, target) if weight is None else (input, target, weight)
    to_weight = None if weight is None else gradient_of(weight)

    def forward() -> Array:
        losses = -(log_p * wanted).sum(1)
        return reduced(losses.reshape(_sample_shape(x)), reduction, samples)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        row_grad = np.asarray(_row_grad(grad, reduction, samples))[..., None]
        grad_x = grad_y = grad_w = None
        if to_input:
            slope = np.exp(log_p) * wanted.sum(1, keepdims=True) - wanted
            grad_x = _from_rows(row_grad * slope, x)
        if to_target:
            grad_y = _from_rows(row_grad * (smoothing - 1) * log_p * factor, y)
        if to_weight:
            grad_w = lower(-(row_grad * log_p * share).sum(0), to_weight[1])
        return (grad_x, grad_y, grad_w)[: len(inputs)]

    name = "DivBackward1" if reduction == "mean" and samples else "NegBackward0"
    return record(lower(compute(forward), result_type(*inputs).numpy), name, inputs, backward, (target,))


class _Chosen(NamedTuple):
    """The targets of the rows: where each stands in the matrix, and how much it counts."""

    row: Array
    column: Array
    kept: Array
    weight: Array


def _choose(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> _Chosen:
    """Checks target and weight in PyTorch's order and with its messages, then locates each row's class."""
    _check_target_shape(input._array.shape, target._array.shape)
    target_dtype = as_dtype(target._array.dtype)
    if target_dtype not in {int64, uint8}:
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {target_dtype.type_name}")
    classes = input._array.shape[min(1, input._array.ndim - 1)]
    if weight is not None:
        _check_class_weight(weight, input, classes)
    column = target._array.reshape(-1).astype(np.int64)
    kept = column != ignore_index
    outside = kept & ((column < 0) | (column >= classes))
    if outside.any():
        raise IndexError(f"Target {column[outside][0]} is out of bounds.")
    column[~kept] = 0
    if weight is None:
        weights = kept.astype(np.float64 if input._array.dtype == np.float64 else np.float32)
    else:
        weights = np.where(kept, lift(weight._array)[column], 0)
    return _Chosen(np.arange(len(column)), column, kept, weights)


def _check_target_shape(scores: tuple[int, ...], target: tuple[int, ...]) -> None:
    if not scores:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if len(scores) == 1 and len(target) == 1 and target[0] != 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {target[0]}")
    if len(scores) > 1 and target[:1] != scores[:1]:
        got = target[0] if target else 0
        raise ValueError(f"Expected input batch_size ({scores[0]}) to match target batch_size ({got}).")
    if len(scores) <= 2:
        if len(target) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        return
    expected = scores[:1] + scores[2:]
    if len(scores) == 4:
        if len(target) != 3:
            raise RuntimeError(
                "only batches of spatial targets supported (3D tensors) "
                f"but got targets of dimension: {len(target)}"
            )
        if target != expected:
            raise RuntimeError(f"size mismatch (got input: {list(scores)} , target: {list(target)}")
    elif target != expected:
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(target)}")


def _check_class_weight(weight: Tensor, input: Tensor, classes: int) -> None:
    flat = input._array.ndim <= 2
    refuse_gradient(weight, "nll_loss_forward" if flat else "nll_loss2d_forward", "weight")
    if weight._array.shape != (classes,):
        raise RuntimeError(
            _weight_text(weight, classes)
            if flat
            else "weight tensor should be defined either for all or no classes"
        )
    if weight._array.dtype != input._array.dtype:
        expected, found = as_dtype(input._array.dtype), as_dtype(weight._array.dtype)
        raise RuntimeError(f"expected scalar type {expected.type_name} but found {found.type_name}")


def _weight_text(weight: Tensor, classes: int) -> str:
    return (
        f"weight tensor should be defined either for all {classes} classes or no classes "
        f"but got weight tensor of shape: {list(weight._array.shape)}"
    )


def _weighted_negative(chosen: _Chosen, log_p: Array) -> Array:
    # An ignored row is 0 whatever its scores, also where they are infinite.
    return np.where(chosen.kept, -chosen.weight * log_p[chosen.row, chosen.column], 0)


def _row_grad(grad: Array, reduction: str, total: Any) -> Array:
    scaled = np.asarray(unreduced(lift(grad), reduction, total))
    return scaled.reshape(-1) if reduction == "none" else scaled


def _sample_shape(scores: Array) -> tuple[int, ...]:
    shape = scores.shape
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def _as_rows(scores: Array) -> Array:
    if scores.ndim == 2:
        return scores
    moved = np.moveaxis(scores, min(1, scores.ndim - 1), -1)
    return moved.reshape(int(np.prod(moved.shape[:-1])), moved.shape[-1])


def _from_rows(rows: Array, like: Array) -> Array:
    if like.ndim > 2:
        rows = np.moveaxis(rows.reshape(like.shape[:1] + like.shape[2:] + like.shape[1:2]), -1, 1)
    result: Array = lower(rows.reshape(like.shape), like.dtype)
    return result


def _nll_name(scores: Array, reduction: str) -> str:
    if scores.ndim <= 2:
        return "NllLossBackward0"
    # Without a reduction PyTorch folds other than four dimensions into four and views the result back.
    return "ViewBackward0" if reduction == "none" and scores.ndim != 4 else "NllLoss2DBackward0"
