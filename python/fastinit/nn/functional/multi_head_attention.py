"""Attention by several heads at once, each over its own part of projected features."""

import math
import warnings

from ... import dtypes
from ...creation import zeros, zeros_like
from ...ops.joining import cat
from ...ops.product import baddbmm, bmm
from ...tensor import Tensor
from .activation import softmax
from .attention import scaled_dot_product_attention
from .dropout import dropout
from .linear import linear
from .padding import pad

__all__ = ["canonical_mask", "multi_head_attention_forward"]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Projects query, key and value, attends with each head, and projects what all heads give.

    Args:
        query: `(L, N, E)`, or `(L, E)` without a batch.
        key: `(S, N, K)` or `(S, K)`.
        value: `(S, N, V)` or `(S, V)`.
        embed_dim_to_check: E.
        num_heads: how many parts E is cut into.
        in_proj_weight: `(3 E, E)`, the projections of query, key and value one below the other.
        in_proj_bias: `(3 E)` or None.
        bias_k: `(1, 1, E)`, one more key; given together with bias_v.
        bias_v: `(1, 1, E)`, one more value.
        add_zero_attn: add a key and a value of zeros.
        dropout_p: the probability of dropping a weight, in training.
        out_proj_weight: `(E, E)`.
        out_proj_bias: `(E)` or None.
        training: whether to drop weights.
        key_padding_mask: `(N, S)` or `(S)`; bool, true for keys to be left out, or added to the scores.
        need_weights: return the weights, too.
        attn_mask: `(L, S)` or `(N * num_heads, L, S)`; bool, true where a query may not attend to a key, or
            added to the scores.
        use_separate_proj_weight: project with the next three instead of with in_proj_weight.
        q_proj_weight: `(E, E)`.
        k_proj_weight: `(E, K)`.
        v_proj_weight: `(E, V)`.
        static_k: `(N * num_heads, S, E / num_heads)`, keys to use as they are.
        static_v: `(N * num_heads, S, E / num_heads)`, values to use as they are.
        average_attn_weights: average the weights that are returned over the heads.
        is_causal: says that attn_mask is the causal one.

    Returns:
        `(L, N, E)` or `(L, E)`, and the weights `(N, L, S)` or `(L, S)` (per head: `(N, num_heads, L, S)` or
        `(num_heads, L, S)`), or None.

    Raises:
        AssertionError: a shape does not fit.
        RuntimeError: a mask's shape does not fit, or is_causal is set without a mask.

    Source: Vaswani et al. 2017, arXiv:1706.03762; torch.nn.functional.multi_head_attention_forward.
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        query, key, value = (each.unsqueeze(1) for each in (query, key, value))
    length, batch, width = query.shape
    padding = canonical_mask(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    # The hint replaces the mask where there is nothing else to add to it.
    is_causal = is_causal and padding is None and not need_weights
    mask = None if is_causal else canonical_mask(attn_mask, "attn_mask", query)
    _check_widths(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    weights: tuple[Tensor | None, ...] = (q_proj_weight, k_proj_weight, v_proj_weight)
    if not use_separate_proj_weight:
        if in_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
        weights = in_proj_weight.split(width)
    q, k, v = _projected((query, key, value), weights, in_proj_bias, width)
    heads = batch * num_heads
    if mask is not None:
        mask = _checked_mask(mask, (heads, length, len(key)))
    k, v, added = _with_learned(k, v, bias_k, bias_v, static_k, static_v)
    q = _heads(q, heads, width // num_heads)
    k = _heads(k, heads, width // num_heads) if static_k is None else _checked_static("k", static_k, q)
    v = _heads(v, heads, width // num_heads) if static_v is None else _checked_static("v", static_v, q)
    if add_zero_attn:
        nothing = zeros((heads, 1, width // num_heads), dtype=k.dtype)
        k, v = cat([k, nothing], dim=1), cat([v, nothing], dim=1)
        added += 1
    mask = _merged(_widened(mask, added), _widened(padding, added), batch, num_heads, k.size(1))
    p = dropout_p if training else 0.0
    if need_weights:
        result, returned = _with_weights(q, k, v, mask, p)
        returned = returned.view(batch, num_heads, length, k.size(1))
        returned = returned.mean(dim=1) if average_attn_weights else returned
        returned = returned if batched else returned.squeeze(0)
    else:
        result = _without_weights(q, k, v, mask, p, is_causal, (batch, num_heads))
        returned = None
    result = linear(result.reshape(length * batch, width), out_proj_weight, out_proj_bias)
    result = result.view(length, batch, result.size(1))
    return result if batched else result.squeeze(1), returned


def canonical_mask(
    mask: Tensor | None, name: str, like: Tensor, other: Tensor | None = None, other_name: str = ""
) -> Tensor | None:
    """Returns a mask as numbers to be added: a bool mask's true becomes -inf.

    Args:
        mask: bool or floating point, or None.
        name: what a message calls it.
        like: of the dtype that the numbers are to have.
        other: another mask, whose dtype should be the same.
        other_name: what a message calls that.

    Raises:
        AssertionError: the mask is of another dtype.
    """
    if mask is None:
        return None
    floating = mask.is_floating_point()
    if mask.dtype != dtypes.bool and not floating:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype != mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    return mask if floating else zeros_like(mask, dtype=like.dtype).masked_fill_(mask, -math.inf)


def _is_batched(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: Tensor | None,
    attn_mask: Tensor | None,
    num_heads: int,
) -> bool:
    dims = query.dim()
    if dims not in {2, 3}:
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    head = f"For {'batched' if dims == 3 else 'unbatched'} ({dims}-D) `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{head} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D tensors "
            "respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != dims - 1:
        raise AssertionError(
            f"{head} `key_padding_mask` to be `None` or {dims - 1}-D but found {key_padding_mask.dim()}-D "
            "tensor instead"
        )
    if attn_mask is not None and attn_mask.dim() not in {2, 3}:
        raise AssertionError(
            f"{head} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead"
        )
    if dims == 2 and attn_mask is not None and attn_mask.dim() == 3:
        expected = (num_heads, len(query), len(key))
        if attn_mask.shape != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}")
    return dims == 3


def _check_widths(
    query: Tensor, key: Tensor, value: Tensor, expected: int, num_heads: int, separate: bool
) -> None:
    width = query.size(-1)
    if width != expected:
        raise AssertionError(f"was expecting embedding dimension of {expected}, but got {width}")
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _projected(
    inputs: tuple[Tensor, ...], weights: tuple[Tensor | None, ...], bias: Tensor | None, width: int
) -> list[Tensor]:
    biases = (None, None, None) if bias is None else bias.split(width)
    projected = []
    for name, x, w, b in zip("qkv", inputs, weights, biases, strict=True):
        if w is None:
            raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
        projected.append(linear(x, w, b))
    return projected


def _heads(x: Tensor, count: int, width: int) -> Tensor:
    """Cuts the features of all samples into heads of a width, which come first."""
    return x.contiguous().view(len(x), count, width).transpose(0, 1)


def _with_learned(
    k: Tensor,
    v: Tensor,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    static_k: Tensor | None,
    static_v: Tensor | None,
) -> tuple[Tensor, Tensor, int]:
    """Adds the learned key and value, if there are any; returns how many were added, too."""
    if bias_k is None or bias_v is None:
        if bias_k is not None or bias_v is not None:
            given, missing = ("bias_v", "bias_k") if bias_k is None else ("bias_k", "bias_v")
            raise AssertionError(f"{given} is set but {missing} is None")
        return k, v, 0
    for name, static in (("key", static_k), ("value", static_v)):
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    batch = k.size(1)
    return cat([k, bias_k.repeat(1, batch, 1)]), cat([v, bias_v.repeat(1, batch, 1)]), 1


def _widened(mask: Tensor | None, added: int) -> Tensor | None:
    """Lets the keys that were added pass."""
    return mask if mask is None or added == 0 else pad(mask, (0, added))


def _merged(
    mask: Tensor | None, padding: Tensor | None, batch: int, num_heads: int, keys: int
) -> Tensor | None:
    if padding is None:
        return mask
    for dim, expected in enumerate((batch, keys)):
        if padding.size(dim) != expected:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{dim}] to be {expected}, but got {padding.size(dim)}"
            )
    of_heads = padding.view(batch, 1, 1, keys).expand(-1, num_heads, -1, -1)
    left_out = of_heads.reshape(batch * num_heads, 1, keys)
    return left_out if mask is None else mask + left_out


def _with_weights(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float) -> tuple[Tensor, Tensor]:
    scaled, keys = q * math.sqrt(1 / q.size(-1)), k.transpose(-2, -1)
    weights = softmax(bmm(scaled, keys) if mask is None else baddbmm(mask, scaled, keys), dim=-1)
    weights = dropout(weights, p) if p > 0 else weights
    return bmm(weights, v).transpose(0, 1), weights


def _without_weights(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float, is_causal: bool, heads: tuple[int, int]
) -> Tensor:
    q, k, v = (each.view(*heads, *each.shape[1:]) for each in (q, k, v))
    if mask is not None:
        mask = mask.unsqueeze(0) if mask.size(0) == 1 else mask.view(*heads, *mask.shape[1:])
    return scaled_dot_product_attention(q, k, v, mask, p, is_causal).permute(2, 0, 1, 3)


def _checked_mask(mask: Tensor, shape: tuple[int, int, int]) -> Tensor:
    expected = shape[3 - mask.dim() :]
    if mask.shape != expected:
        raise RuntimeError(
            f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}."
        )
    return mask.unsqueeze(0) if mask.dim() == 2 else mask


def _checked_static(name: str, static: Tensor, q: Tensor) -> Tensor:
    for dim in (0, 2):
        if static.size(dim) != q.size(dim):
            raise AssertionError(
                f"expecting static_{name}.size({dim}) of {q.size(dim)}, but got {static.size(dim)}"
            )
    return static
