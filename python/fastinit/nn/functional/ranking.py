"""Losses of pairs and triples: which of two is larger, or nearer, and by how much."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from ...autograd.record import record
from ...ops.operands import Array, broadcast, compute, lift, lower, pair, reduce_to
from ...ops.operands import target as gradient_of
from ...ops.selection import minimum, where
from ...tensor import Tensor
from .distance import pairwise_distance
from .reduction import check_reduction, reduced, resolve_reduction, unreduced

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
]


def reduce_tensor(losses: Tensor, reduction: str) -> Tensor:
    """Returns the losses, their mean or their sum."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def _either(condition: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return cast("Tensor", where(condition, first, second))


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `max(0, -target (input1 - input2) + margin)`, reduced.

    Args:
        input1: any shape.
        input2: the same shape.
        target: 1 where input1 should be larger, -1 where input2 should.
        margin: by how much.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        RuntimeError: they have different numbers of dimensions.
        ValueError: reduction is none of the three.

    Source: torch.nn.functional.margin_ranking_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    if not input1._array.ndim == input2._array.ndim == target._array.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduce_tensor((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns the input where target is 1, and `max(0, margin - input)` where it is -1, reduced.

    Args:
        input: distances, any shape.
        target: 1 or -1, of the same shape.
        margin: how far what is unlike should be apart.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        ValueError: reduction is none of the three.

    Source: torch.nn.functional.hinge_embedding_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    nothing = input.detach().new_zeros(())
    apart = _either(target == 1, nothing, (margin - input).clamp_min(0))
    return reduce_tensor(apart + _either(target == -1, nothing, input), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `1 - cos` where target is 1, and `max(0, cos - margin)` where it is -1, reduced.

    Args:
        input1: `(N, D)`, or `(D)`.
        input2: the same shape.
        target: `(N)`, or `()`: 1 or -1.
        margin: how large the cosine of what is unlike may be.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        RuntimeError: the shapes do not fit.
        ValueError: reduction is none of the three.

    Source: torch.nn.functional.cosine_embedding_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    count = target._array.ndim
    if count > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1._array.ndim == input2._array.ndim == count + 1:
        raise RuntimeError(
            f"{count}D target tensor expects {count + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    # PyTorch's bound for vectors without a length.
    squares = [(each * each).sum(count) + 1e-12 for each in (input1, input2)]
    cosine = (input1 * input2).sum(count) / (squares[0] * squares[1]).sqrt()
    nothing = cosine.detach().new_zeros(())
    alike = _either(target == 1, 1 - cosine, nothing)
    return reduce_tensor(alike + _either(target == -1, (cosine - margin).clamp_min(0), nothing), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-06,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `max(0, |anchor - positive| - |anchor - negative| + margin)`, reduced.

    Args:
        anchor: `(N, D)` or `(D)`.
        positive: what is like it, of the same shape.
        negative: what is unlike it.
        margin: how much farther that should be; above 0.
        p: of the norm.
        eps: added to differences.
        swap: take the distance of positive and negative, where it is the smaller one.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        RuntimeError: they have different numbers of dimensions.
        ValueError: margin is not above 0, or reduction is none of the three.

    Source: Balntas et al. 2016; torch.nn.functional.triplet_margin_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    ndims = [each._array.ndim for each in (anchor, positive, negative)]
    if len(set(ndims)) > 1:
        raise RuntimeError(_different(ndims))
    near, far = (pairwise_distance(anchor, each, p, eps) for each in (positive, negative))
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduce_tensor((margin + near - far).clamp_min(0), reduction)


def _different(ndims: Sequence[int]) -> str:
    anchor, positive, negative = ndims
    return (
        "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but "
        f"got: anchor {anchor}D, positive {positive}D, and negative {negative}D inputs"
    )


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `log(1 + exp(-target input))`, reduced.

    Args:
        input: any shape, floating point.
        target: 1 or -1, of the same shape; it gets no gradient.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        RuntimeError: the shapes do not broadcast.
        ValueError: reduction is none of the three.

    Source: torch.nn.functional.soft_margin_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    x, y, dtype = pair(input, target)
    product = broadcast(np.multiply, x, -y)
    to_input = gradient_of(input)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        def pull() -> Array:
            z = np.exp(product)
            slope: Array = -y * z / (1 + z) * unreduced(lift(grad), reduction, product.size)
            return slope

        return to_input and reduce_to(compute(pull), to_input), None

    loss = compute(lambda: reduced(np.log1p(np.exp(product)), reduction))
    return record(lower(loss, dtype), "SoftMarginLossBackward0", (input, target), backward, (input, target))
