"""The decoder of a transformer, and the layer that it stacks."""

from collections.abc import Callable

from .. import dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm
from .transformer import activation_named, copies

__all__ = ["TransformerDecoder", "TransformerDecoderLayer"]


class TransformerDecoderLayer(Module):
    """Self-attention, attention to a memory, and two linear layers, each added to its input and normalised.

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
        tgt and output `(T, N, E)`, memory `(S, N, E)`; with batch_first `(N, T, E)` and `(N, S, E)`; without
        a batch `(T, E)` and `(S, E)`.

    Attributes:
        self_attn: the MultiheadAttention of the sequence to itself.
        multihead_attn: the MultiheadAttention to the memory.
        linear1: Linear from E to dim_feedforward features.
        linear2: Linear back.
        norm1: LayerNorm of the attention to itself.
        norm2: LayerNorm of the attention to the memory.
        norm3: LayerNorm of the linear layers.

    Raises:
        RuntimeError: activation is another string.

    Source: Vaswani et al. 2017, arXiv:1706.03762; torch.nn.TransformerDecoderLayer.
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

        def attention() -> MultiheadAttention:
            return MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
            )

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.self_attn = attention()
        self.multihead_attn = attention()
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        self.norm1, self.norm2, self.norm3 = norm(), norm(), norm()
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation = activation_named(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Returns the layer's output.

        Args:
            tgt: the sequence.
            memory: what an encoder gave.
            tgt_mask: attn_mask of the attention to itself.
            memory_mask: attn_mask of the attention to the memory.
            tgt_key_padding_mask: key_padding_mask of the attention to itself.
            memory_key_padding_mask: key_padding_mask of the attention to the memory.
            tgt_is_causal: says that tgt_mask is the causal one.
            memory_is_causal: says that memory_mask is the causal one.
        """

        def attend(x: Tensor) -> Tensor:
            masks = (tgt_key_padding_mask, False, tgt_mask, True, tgt_is_causal)
            attended: Tensor = self.dropout1(self.self_attn(x, x, x, *masks)[0])
            return attended

        def recall(x: Tensor) -> Tensor:
            masks = (memory_key_padding_mask, False, memory_mask, True, memory_is_causal)
            recalled: Tensor = self.dropout2(self.multihead_attn(x, memory, memory, *masks)[0])
            return recalled

        def feed(x: Tensor) -> Tensor:
            fed: Tensor = self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))
            return fed

        x = tgt
        for step, norm in ((attend, self.norm1), (recall, self.norm2), (feed, self.norm3)):
            x = x + step(norm(x)) if self.norm_first else norm(x + step(x))
        return x


class TransformerDecoder(Module):
    """Copies of a layer, one behind the other, which all attend to the same memory.

    The copies start with the same values; initialise them anew to have them differ.

    Args:
        decoder_layer: the layer, of which copies are made.
        num_layers: how many.
        norm: a normalisation of the output, or None.

    Shape:
        tgt and output `(T, N, E)`, memory `(S, N, E)`; with a layer of `batch_first` `(N, T, E)` and
        `(N, S, E)`; without a batch `(T, E)` and `(S, E)`; tgt_mask `(T, T)`, memory_mask `(T, S)`.

    Attributes:
        layers: ModuleList of the copies.

    Raises:
        AssertionError: in `forward`, the number of dimensions or of features, or the dtype of a mask does not
            fit.
        RuntimeError: in `forward`, a shape or a dtype does not fit, or `tgt_is_causal` comes without a mask.
        TypeError: `decoder_layer` is not a Module.

    Source: Vaswani et al. 2017, arXiv:1706.03762; torch.nn.TransformerDecoder.
    """

    norm: Module | None

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Returns what the last layer gives, normalised if there is a norm.

        Args:
            tgt: the sequence.
            memory: what an encoder gave.
            tgt_mask: as in TransformerDecoderLayer.
            memory_mask: as in TransformerDecoderLayer.
            tgt_key_padding_mask: as in TransformerDecoderLayer.
            memory_key_padding_mask: as in TransformerDecoderLayer.
            tgt_is_causal: as in TransformerDecoderLayer.
            memory_is_causal: as in TransformerDecoderLayer.
        """
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=tgt_is_causal is True,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)
