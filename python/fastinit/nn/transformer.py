"""The encoder of a transformer, and the layer that it stacks."""

import copy
from collections.abc import Callable

from .. import dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from .attention import MultiheadAttention
from .container import ModuleList
from .dropout import Dropout
from .functional.multi_head_attention import canonical_mask
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = ["TransformerEncoder", "TransformerEncoderLayer"]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}


class TransformerEncoderLayer(Module):
    """Self-attention and two linear layers, each added to its input and normalised.

    Args:
        d_model: E, the number of features.
        nhead: the number of heads.
        dim_feedforward: the number of features between the two linear layers.
        dropout: the probability of a zero, in training.
        activation: between the linear layers: 'relu', 'gelu', a function or a module.
        layer_norm_eps: eps of the normalisations.
        batch_first: the batch is the first dimension, not the second.
        norm_first: normalise what goes into attention and linear layers, not the sums.
        bias: learn biases.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input and output `(S, N, E)`; with batch_first `(N, S, E)`; without a batch `(S, E)`.

    Attributes:
        self_attn: the MultiheadAttention.
        linear1: Linear from E to dim_feedforward features.
        linear2: Linear back.
        norm1: LayerNorm of the attention.
        norm2: LayerNorm of the linear layers.

    Raises:
        RuntimeError: activation is another string.

    Source: Vaswani et al. 2017, arXiv:1706.03762; norm_first: Xiong et al. 2020, arXiv:2002.04745;
    torch.nn.TransformerEncoderLayer.
    """

    activation: Callable[[Tensor], Tensor]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = activation_named(activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Returns the layer's output.

        Args:
            src: the sequence.
            src_mask: as MultiheadAttention's attn_mask.
            src_key_padding_mask: as MultiheadAttention's key_padding_mask.
            is_causal: says that src_mask is the causal one.
        """
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", src, src_mask, "src_mask")
        mask = canonical_mask(src_mask, "src_mask", src)
        if self.norm_first:
            x = src + self._attend(self.norm1(src), mask, padding, is_causal)
            return x + self._feed(self.norm2(x))
        x = self.norm1(src + self._attend(src, mask, padding, is_causal))
        output: Tensor = self.norm2(x + self._feed(x))
        return output

    def _attend(self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        attended, _ = self.self_attn(
            x, x, x, key_padding_mask=padding, need_weights=False, attn_mask=mask, is_causal=is_causal
        )
        dropped: Tensor = self.dropout1(attended)
        return dropped

    def _feed(self, x: Tensor) -> Tensor:
        fed: Tensor = self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return fed


class TransformerEncoder(Module):
    """Copies of a layer, one behind the other.

    The copies start with the same values; initialise them anew to have them differ.

    Args:
        encoder_layer: the layer, of which copies are made.
        num_layers: how many.
        norm: a normalisation of the output, or None.
        enable_nested_tensor: accepted for compatibility; there are no nested tensors.
        mask_check: accepted for compatibility.

    Shape:
        src and output `(S, N, E)`; with a layer of `batch_first` `(N, S, E)`; without a batch `(S, E)`; mask
        `(S, S)`, src_key_padding_mask `(N, S)` or `(S)`.

    Attributes:
        layers: ModuleList of the copies.

    Raises:
        AssertionError: in `forward`, the number of dimensions or of features, or the dtype of a mask does not
            fit.
        RuntimeError: in `forward`, a mask's shape or the input's dtype does not fit, or `is_causal` comes
            without a mask.
        TypeError: `encoder_layer` is not a Module.

    Source: Vaswani et al. 2017, arXiv:1706.03762; torch.nn.TransformerEncoder.
    """

    norm: Module | None

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Returns what the last layer gives, normalised if there is a norm.

        Args:
            src: the sequence.
            mask: as MultiheadAttention's attn_mask.
            src_key_padding_mask: as MultiheadAttention's key_padding_mask.
            is_causal: says that mask is the causal one.
        """
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", src, mask, "mask")
        mask = canonical_mask(mask, "mask", src)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, src_key_padding_mask=padding, is_causal=is_causal is True)
        return output if self.norm is None else self.norm(output)


def activation_named(activation: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Returns the function that a name stands for, or what is no name as it is.

    Raises:
        RuntimeError: the name is neither 'relu' nor 'gelu'.
    """
    if not isinstance(activation, str):
        return activation
    if activation not in _ACTIVATIONS:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return _ACTIVATIONS[activation]


def copies(layer: Module, count: int) -> ModuleList:
    """Returns `count` copies of a layer."""
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])
