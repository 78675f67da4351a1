"""T-Fixup: Transformers without normalisations and without a warm-up of the learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..recipe import Recipe, Rule, TensorSpec
from .calls import Call, normal, recipe_of, refuse_normalisations
from .model import read
from .names import Patterns
from .transformer import stacks_of, weights_of

__all__ = ["t_fixup"]


def t_fixup(
    model: Any,
    encoder_layers: int | None = None,
    decoder_layers: int | None = None,
    *,
    encoder: Patterns = None,
    decoder: Patterns = None,
    scaled: Patterns = None,
    fused: Patterns = None,
    rules: Iterable[Rule] = (),
) -> Recipe:
    r"""T-Fixup's scheme: Xavier's initialisation, with smaller value, output and feed-forward weights.

    .. math::
        \text{encoder: } 0.67 N^{-\frac{1}{4}} \qquad
        \text{decoder: } (9 M)^{-\frac{1}{4}} \qquad
        \text{embeddings: } (9 M)^{-\frac{1}{4}} d^{-\frac{1}{2}}

    are the gains of value, output and feed-forward weights in an encoder of N layers and a decoder of M, and
    the standard deviation of embeddings of rows of d values, which the model multiplies by sqrt(d). Query,
    key and all other weights have gain 1; biases are 0. Then a step of SGD that moves weights at a rate r
    changes what the model returns by the order of r, however deep it is, without any normalisation; biases,
    of which the paper does not speak, add more, the more there are. The values are uniform, as in the
    authors' code.

    Args:
        model: a module of fastinit or of torch, or a mapping from names to shapes.
        encoder_layers: N, where the model is but a part; None: as the names say. A decoder may be alone.
        decoder_layers: M.
        encoder: globs for the parameters of the encoder's layers; None: the usual names.
        decoder: globs for those of the decoder's.
        scaled: globs for the weights of value, output and feed-forward layers; None: the usual names.
        fused: globs for weights that hold query, key and value, of which the last third is scaled; None: the
            usual names, if there are any.
        rules: rules of one's own, which are tried first.

    Returns:
        The recipe, which lists the model's parameters.

    Raises:
        TypeError: `model` is neither a module nor a mapping.
        ValueError: there is no decoder, the layers cannot be counted, a pattern matches nothing, the model
            has normalisations, or nothing says how a parameter starts; the message says what to add.

    Source:
        Huang et al. 2020, *Improving Transformer Optimization Through Better Initialization*, ICML 2020,
        section 3; layer6ai-labs/T-Fixup, whose code gives query and key a gain of sqrt(1/2), unlike the
        paper.

    Examples:
        >>> shapes = {f"decoder.layers.{n}.fc1.weight": (8, 8) for n in range(9)}
        >>> recipe = t_fixup({**shapes, "embedding.weight": (50, 16)})
        >>> print(recipe.assignment("decoder.layers.0.fc1.weight").initialiser)
        xavier_uniform_(gain=0.333333)
        >>> print(recipe.assignment("embedding.weight").initialiser)
        normal_(std=0.0833333)
    """
    found = read("t_fixup", model)
    rules = tuple(rules)
    refuse_normalisations("t_fixup", found, rules)
    stacks = stacks_of("t_fixup", found, encoder, decoder, encoder_layers, decoder_layers)
    if not stacks.decoder.layers:
        raise ValueError("t_fixup: the scale of the embeddings follows from a decoder, and there is none")
    in_decoder = (9 * stacks.decoder.layers) ** -0.25
    in_encoder = 0.67 * stacks.encoder.layers**-0.25 if stacks.encoder.layers else 1.0
    weights = weights_of("t_fixup", found, stacks, scaled, fused, in_encoder, in_decoder)

    def call(name: str, spec: TensorSpec) -> Call:
        if name in found.embeddings:
            return normal(in_decoder * spec.shape[-1] ** -0.5)
        return weights.call("xavier_uniform_", name)

    return recipe_of("t_fixup", found, call, rules)
