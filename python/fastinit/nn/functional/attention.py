"""Attention: values, averaged by how well their keys fit a query."""

import math

import numpy as np

from ... import random
from ...autograd.record import record
from ...dtypes import as_dtype
from ...ops.operands import Array, compute, lift, lower, mismatch, reduce_to, target
from ...tensor import Tensor
from .operands import C_NAMES, array_of

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Returns `softmax(query @ key.T * scale + mask) @ value`.

    A query that may attend to nothing gets zeros.

    Args:
        query: `(..., L, E)`.
        key: `(..., S, E)`.
        value: `(..., S, V)`; what stands before the last two dimensions broadcasts.
        attn_mask: broadcasts to `(..., L, S)`; bool, true where a query may attend to a key, or added to the
            scores, of the query's dtype or float32.
        dropout_p: the probability of dropping a weight, whatever the mode; pass 0 in evaluation.
        is_causal: let query i attend to the keys up to i only.
        scale: of the scores; None for 1 / sqrt(E).
        enable_gqa: let groups of query heads (dimension -3) share a head of key and value.

    Returns:
        `(..., L, V)`.

    Raises:
        RuntimeError: shapes or dtypes do not fit, both masks are asked for, or dropout_p is not in [0, 1].
        TypeError: an argument is not a tensor.

    Draws: one word per weight from the default generator, if dropout_p is above 0 and below 1.

    Source: Vaswani et al. 2017, arXiv:1706.03762; torch.nn.functional.scaled_dot_product_attention.
    """
    operands = {"query": query, "key": key, "value": value}
    given = [
        array_of(each, "scaled_dot_product_attention", name, position)
        for position, (name, each) in enumerate(operands.items(), 1)
    ]
    _check(given[0], given[1], given[2], None if attn_mask is None else attn_mask._array, is_causal)
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p:g}")
    if enable_gqa:
        key, value = _shared_heads(query, key), _shared_heads(query, value)
    q, k, v = (lift(each._array) for each in (query, key, value))
    _check_product(q.shape, (*k.shape[:-2], k.shape[-1], k.shape[-2]))
    factor = q.dtype.type((1 / math.sqrt(q.shape[-1]) if q.shape[-1] else 1.0) if scale is None else scale)
    mask = None if attn_mask is None else attn_mask._array
    if is_causal:
        mask = np.tri(q.shape[-2], k.shape[-2], dtype=bool)

    def weigh() -> tuple[Array, Array | None]:
        scores = q @ k.swapaxes(-1, -2) * factor
        if mask is not None:
            try:
                scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else lift(mask))
            except ValueError:
                raise mismatch(scores.shape, mask.shape) from None
        weights = _softmax_or_zeros(scores.astype(q.dtype, copy=False))
        return weights, _dropped(weights, dropout_p)

    weights, kept = compute(weigh)
    _check_product(weights.shape, v.shape)
    applied = weights if kept is None else weights * kept
    result = lower(compute(np.matmul, applied, v), given[0].dtype)
    inputs = (query, key, value) if attn_mask is None else (query, key, value, attn_mask)
    targets = [target(each) for each in inputs]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        slope = lift(grad)
        of_weights = slope @ v.swapaxes(-1, -2)
        if kept is not None:
            of_weights = of_weights * kept
        of_scores = weights * (of_weights - (of_weights * weights).sum(-1, keepdims=True))
        scaled = of_scores * factor
        grads = (scaled @ k, scaled.swapaxes(-1, -2) @ q, applied.swapaxes(-1, -2) @ slope, of_scores)
        return tuple(reduce_to(each, to) for each, to in zip(grads, targets, strict=False))

    return record(result, "ScaledDotProductFlashAttentionForCpuBackward0", inputs, backward, inputs[:3])


def _softmax_or_zeros(scores: Array) -> Array:
    """Returns the softmax of the last dimension, 0 where all of it is -inf."""
    largest = scores.max(-1, keepdims=True, initial=-np.inf)
    powers = np.exp(scores - np.where(np.isneginf(largest), 0, largest))
    total = powers.sum(-1, keepdims=True)
    return np.asarray(powers / np.where(total == 0, 1, total))


def _dropped(weights: Array, p: float) -> Array | None:
    """Returns what the weights are multiplied by, or None where none is dropped."""
    if p == 0:
        return None
    kept = np.zeros_like(weights)
    if p < 1:
        random.bernoulli(kept, 1 - p)
        kept *= 1 / (1 - p)
    return kept


def _shared_heads(query: Tensor, shared: Tensor) -> Tensor:
    heads, own = query.size(-3), shared.size(-3)
    if heads % own:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    *batch, _, length, width = shared.shape
    return shared.unsqueeze(-3).expand(*batch, own, heads // own, length, width).flatten(-4, -3)


def _check(q: Array, k: Array, v: Array, mask: Array | None, is_causal: bool) -> None:
    if not q.dtype == k.dtype == v.dtype:
        names = [C_NAMES[as_dtype(each.dtype)] for each in (q, k, v)]
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got "
            f"query.dtype: {names[0]} key.dtype: {names[1]} and value.dtype: {names[2]} instead."
        )
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim: {q.ndim} key.dim: {k.ndim} and value.dim: {v.ndim} instead."
        )
    if mask is not None:
        if mask.dtype not in {np.dtype(bool), np.dtype(np.float32), q.dtype}:
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                f"attn_mask.dtype: {C_NAMES[as_dtype(mask.dtype)]} and  "
                f"query.dtype: {C_NAMES[as_dtype(q.dtype)]} instead."
            )
        if is_causal:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            )
    if not as_dtype(q.dtype).is_floating_point:
        raise RuntimeError(f"expected scalar type Float but found {as_dtype(q.dtype).type_name}")


def _check_product(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """Refuses what a product of batches of matrices refuses, in its words."""
    try:
        count = math.prod(np.broadcast_shapes(a[:-2], b[:-2]))
    except ValueError:
        raise mismatch((*a[:-2], 1, 1), (*b[:-2], 1, 1)) from None
    if a[-1] == b[-2]:
        return
    if len(a) == len(b) == 2:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})")
    raise RuntimeError(
        f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {a[-1]}] "
        f"but got: [{count}, {b[-2]}]."
    )
