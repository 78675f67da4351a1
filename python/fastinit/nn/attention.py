"""Attention as a layer."""

from .. import creation, dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from . import init
from .functional.multi_head_attention import canonical_mask
from .linear import Linear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear under the name that PyTorch prints for the last projection of an attention."""


class MultiheadAttention(Module):
    """Projects query, key and value, attends with several heads, and projects what all of them give.

    Args:
        embed_dim: E, the number of features; every head gets E / num_heads of them.
        num_heads: the number of heads.
        dropout: the probability of dropping a weight, in training.
        bias: learn the biases of the projections (from 0).
        add_bias_kv: learn one more key and one more value.
        add_zero_attn: add a key and a value of zeros.
        kdim: K, the number of features of the keys; None for E.
        vdim: V, the number of features of the values; None for E.
        batch_first: the batch is the first dimension, not the second.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        query `(L, N, E)`, key `(S, N, K)`, value `(S, N, V)`, output `(L, N, E)`; with batch_first
        `(N, L, E)` and so on; without a batch `(L, E)` and so on.

    Attributes:
        in_proj_weight: Parameter of shape `(3 E, E)`; None where K or V differ from E.
        q_proj_weight: Parameter of shape `(E, E)`, where K or V differ from E, else None.
        k_proj_weight: Parameter of shape `(E, K)`, where K or V differ from E, else None.
        v_proj_weight: Parameter of shape `(E, V)`, where K or V differ from E, else None.
        in_proj_bias: Parameter of shape `(3 E,)`, or None.
        out_proj: the last projection, as a Linear.
        bias_k: Parameter of shape `(1, 1, E)`, or None.
        bias_v: Parameter of shape `(1, 1, E)`, or None.

    Raises:
        AssertionError: num_heads does not divide embed_dim.
        ValueError: embed_dim or num_heads is not positive.

    Source: Vaswani et al. 2017, arXiv:1706.03762; torch.nn.MultiheadAttention.
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, "
                f"got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if embed_dim % num_heads:
            raise AssertionError("embed_dim must be divisible by num_heads")
        packed = self._qkv_same_embed_dim
        shapes = {
            "q_proj_weight": None if packed else (embed_dim, embed_dim),
            "k_proj_weight": None if packed else (embed_dim, self.kdim),
            "v_proj_weight": None if packed else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if packed else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            values = None if shape is None else creation.empty(shape, device=device, dtype=dtype)
            self.register_parameter(name, None if values is None else Parameter(values))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Fills weights by xavier_uniform_, biases with 0, the learned key and value by xavier_normal_."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Returns the output and, if asked for, the weights.

        Args:
            query: what asks.
            key: what is compared with the queries.
            value: what is averaged.
            key_padding_mask: `(N, S)` or `(S)`; bool, true for keys to be left out, or added to the scores.
            need_weights: return the weights, too.
            attn_mask: `(L, S)` or `(N * num_heads, L, S)`; bool, true where a query may not attend to a key,
                or added to the scores.
            average_attn_weights: average the weights over the heads.
            is_causal: says that attn_mask is the causal one.

        Returns:
            The output, and the weights `(N, L, S)` (per head: `(N, num_heads, L, S)`) or None.
        """
        key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
        attn_mask = canonical_mask(attn_mask, "attn_mask", query)
        swapped = self.batch_first and query.dim() == 3
        if swapped:
            query, key, value = (each.transpose(1, 0) for each in (query, key, value))
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return output.transpose(1, 0) if swapped else output, weights
