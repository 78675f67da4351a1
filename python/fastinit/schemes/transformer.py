"""The stacks of a Transformer, and the weights in them that schemes for deep ones scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..nn.init import Layout
from .calls import Call
from .model import Model
from .names import Patterns, Stack, matching, stack

__all__ = ["Stacks", "Weights", "stacks_of", "weights_of"]

_ENCODER = ("*encoder.layers.[0-9]*", "*encoder.layer.[0-9]*", "*encoder.block.[0-9]*")
_DECODER = (
    "*decoder.layers.[0-9]*",
    "*decoder.block.[0-9]*",
    "h.[0-9]*",
    "*.h.[0-9]*",
    "model.layers.[0-9]*",
)

_SCALED = (
    "*.v_proj.weight",
    "*.v_proj_weight",
    "*.value.weight",
    "*.out_proj.weight",
    "*.o_proj.weight",
    "*.linear1.weight",
    "*.linear2.weight",
    "*.fc1.weight",
    "*.fc2.weight",
    "*.dense.weight",
    "*.c_fc.weight",
    "*.c_proj.weight",
    "*.gate_proj.weight",
    "*.up_proj.weight",
    "*.down_proj.weight",
)
_FUSED = ("*.in_proj_weight", "*.c_attn.weight", "*.qkv.weight")


class Stacks(NamedTuple):
    """Both stacks of a Transformer, of which one may be empty."""

    encoder: Stack
    decoder: Stack


def stacks_of(
    what: str,
    model: Model,
    encoder: Patterns,
    decoder: Patterns,
    encoder_layers: int | None,
    decoder_layers: int | None,
) -> Stacks:
    """Finds the stacks of a model.

    Args:
        what: the scheme, for messages.
        model: the parameters.
        encoder: globs for the parameters of the encoder's layers; None: the usual names.
        decoder: globs for those of the decoder's.
        encoder_layers: how many layers the encoder has; None: as the names say.
        decoder_layers: how many the decoder has.

    Raises:
        ValueError: a pattern matches nothing, there is no stack, the layers cannot be counted, or a parameter
            is in both.
    """
    found = Stacks(
        stack(what, "encoder", encoder, _ENCODER, model.tensors, encoder_layers),
        stack(what, "decoder", decoder, _DECODER, model.tensors, decoder_layers),
    )
    if not found.encoder.layers and not found.decoder.layers:
        usual = ", ".join((*_ENCODER, *_DECODER))
        raise ValueError(f"{what}: no layers are called as usual, {usual}: give encoder= or decoder=")
    for name in found.encoder.names & found.decoder.names:
        raise ValueError(f'{what}: "{name}" is both of the encoder and of the decoder')
    return found


class Weights(NamedTuple):
    """The weights of value, output and feed-forward layers.

    Attributes:
        gains: the factor of the standard deviation of each that is scaled as a whole or in part.
        fused: those that hold query, key and value, of which the last third alone is scaled.
        transposed: those that are stored as [in, out].
    """

    gains: Mapping[str, float]
    fused: frozenset[str]
    transposed: frozenset[str]

    def call(self, init: str, name: str) -> Call:
        """The call for a weight: `init`, which has a gain, with its fans counted for each matrix.

        Args:
            init: "xavier_normal_" or "xavier_uniform_".
            name: of the weight.
        """
        gain = self.gains.get(name, 1.0)
        if name in self.fused:
            layout = Layout(splits=3, transposed=name in self.transposed, gains=(1.0, 1.0, gain))
            return Call(init, {}, layout)
        return Call(init, {"gain": gain})


def weights_of(
    what: str,
    model: Model,
    stacks: Stacks,
    scaled: Patterns,
    fused: Patterns,
    encoder_gain: float,
    decoder_gain: float,
) -> Weights:
    """Finds the weights that are scaled in both stacks.

    Args:
        what: the scheme, for messages.
        model: the parameters.
        stacks: its stacks.
        scaled: globs for the weights of value, output and feed-forward layers; None: the usual names.
        fused: globs for those that hold query, key and value; None: the usual names.
        encoder_gain: the factor in the encoder.
        decoder_gain: the factor in the decoder.

    Raises:
        ValueError: a pattern matches nothing, or nothing in a stack is scaled.
    """
    inside = stacks.encoder.names | stacks.decoder.names
    names = [name for name in model.tensors if name in inside and len(model.tensors[name].shape) > 1]
    whole = matching(what, "scaled", scaled, _SCALED, names)
    parts = matching(what, "fused", fused, _FUSED, names, required=False)
    gains = {
        name: encoder_gain if name in stacks.encoder.names else decoder_gain for name in (*whole, *parts)
    }
    return Weights(gains, parts, model.transposed)
