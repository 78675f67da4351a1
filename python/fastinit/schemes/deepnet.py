"""DeepNet: Transformers of a thousand layers, whose residual stream weighs more than what is added to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..recipe import Recipe, Rule, TensorSpec
from .calls import Call, embedded, recipe_of
from .model import read
from .names import Patterns
from .transformer import stacks_of, weights_of

__all__ = ["BranchScale", "DeepNetScales", "deepnet", "deepnet_scales"]


class BranchScale(NamedTuple):
    """How a stack of layers is scaled.

    Attributes:
        alpha: the factor of the residual stream: LayerNorm(alpha * x + branch(x)).
        beta: the gain of the weights of value, output and feed-forward layers.

    Source:
        Wang et al. 2022, *DeepNet: Scaling Transformers to 1,000 Layers*, arXiv:2203.00555, figure 2.
    """

    alpha: float
    beta: float


class DeepNetScales(NamedTuple):
    """How both stacks of a Transformer are scaled; one that is not there by 1 and 1.

    Attributes:
        encoder: the encoder.
        decoder: the decoder.

    Source:
        Wang et al. 2022, *DeepNet: Scaling Transformers to 1,000 Layers*, arXiv:2203.00555, figure 2.
    """

    encoder: BranchScale
    decoder: BranchScale


def deepnet_scales(encoder_layers: int = 0, decoder_layers: int = 0) -> DeepNetScales:
    r"""DeepNet's factors, from the number N of layers of the encoder and M of the decoder.

    ===============  ===========================  ============================
    model            alpha                        beta
    ===============  ===========================  ============================
    encoder alone    (2 N)^(1/4)                  (8 N)^(-1/4)
    decoder alone    (2 M)^(1/4)                  (8 M)^(-1/4)
    both, encoder    0.81 (N^4 M)^(1/16)          0.87 (N^4 M)^(-1/16)
    both, decoder    (3 M)^(1/4)                  (12 M)^(-1/4)
    ===============  ===========================  ============================

    Args:
        encoder_layers: N, 0 if there is no encoder.
        decoder_layers: M, 0 if there is no decoder.

    Returns:
        alpha, by which the model itself must multiply the residual stream, and beta, of each stack.

    Raises:
        ValueError: a number is negative, or both are 0.

    Source:
        Wang et al. 2022, *DeepNet: Scaling Transformers to 1,000 Layers*, arXiv:2203.00555, figure 2.

    Examples:
        >>> scales = deepnet_scales(decoder_layers=8)
        >>> scales.decoder.alpha, round(scales.decoder.beta, 4)
        (2.0, 0.3536)
    """
    if min(encoder_layers, decoder_layers) < 0 or not encoder_layers + decoder_layers:
        raise ValueError(
            f"deepnet_scales: expected the layers of a stack, got {encoder_layers} and {decoder_layers}"
        )
    none = BranchScale(1.0, 1.0)
    if not decoder_layers:
        return DeepNetScales(_alone(encoder_layers), none)
    if not encoder_layers:
        return DeepNetScales(none, _alone(decoder_layers))
    both = (encoder_layers**4 * decoder_layers) ** (1 / 16)
    return DeepNetScales(
        BranchScale(0.81 * both, 0.87 / both),
        BranchScale((3 * decoder_layers) ** 0.25, (12 * decoder_layers) ** -0.25),
    )


def _alone(layers: int) -> BranchScale:
    return BranchScale((2 * layers) ** 0.25, (8 * layers) ** -0.25)


def deepnet(
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
    r"""DeepNet's scheme: Xavier's initialisation, with smaller value, output and feed-forward weights.

    .. math::
        \text{std} = \beta \sqrt{\frac{2}{\text{fan\_in} + \text{fan\_out}}}

    with the beta of the stack that `deepnet_scales` gives; query, key and all other weights have gain 1. Each
    layer of the model must be LayerNorm(alpha * x + branch(x)), with the alpha of `deepnet_scales`: then a
    step of SGD that moves weights changes the output by a bounded amount, however deep the model is; biases
    add more, the more there are. Embeddings of rows of d values have a variance of 1 / d, of which the paper
    does not speak; biases are 0, scales of normalisations 1.

    Args:
        model: a module of fastinit or of torch, or a mapping from names to shapes.
        encoder_layers: how many layers the encoder has, where the model is but a part; None: as the names
            say.
        decoder_layers: how many the decoder has.
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
        ValueError: no stack of layers is found or it cannot be counted, a pattern matches nothing, or nothing
            says how a parameter starts; the message says what to add.

    Source:
        Wang et al. 2022, *DeepNet: Scaling Transformers to 1,000 Layers*, arXiv:2203.00555, figure 2.

    Examples:
        >>> recipe = deepnet({f"h.{n}.fc1.weight": (8, 8) for n in range(2)})
        >>> str(recipe.assignment("h.1.fc1.weight").initialiser)
        'xavier_normal_(gain=0.5)'
    """
    found = read("deepnet", model)
    stacks = stacks_of("deepnet", found, encoder, decoder, encoder_layers, decoder_layers)
    scales = deepnet_scales(stacks.encoder.layers, stacks.decoder.layers)
    weights = weights_of("deepnet", found, stacks, scaled, fused, scales.encoder.beta, scales.decoder.beta)

    def call(name: str, spec: TensorSpec) -> Call:
        if name in found.embeddings:
            return embedded(spec)
        return weights.call("xavier_normal_", name)

    return recipe_of("deepnet", found, call, rules)
