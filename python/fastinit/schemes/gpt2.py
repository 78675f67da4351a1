"""GPT-2 and GPT-3: what is added to the residual stream is smaller, the more is added."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..recipe import Recipe, Rule
from .calls import normal, recipe_of
from .model import read
from .names import Patterns, matching

__all__ = ["gpt2"]

_RESIDUAL = (
    "*.c_proj.weight",
    "*.out_proj.weight",
    "*.o_proj.weight",
    "*.linear2.weight",
    "*.fc2.weight",
    "*.down_proj.weight",
)


def gpt2(
    model: Any,
    *,
    std: float = 0.02,
    residual: Patterns = None,
    residual_layers: int | None = None,
    rules: Iterable[Rule] = (),
) -> Recipe:
    r"""GPT-2's scheme: normal values, smaller by the root of the number of layers that end a residual branch.

    .. math::
        \text{std}_\text{residual} = \frac{\text{std}}{\sqrt{N}}

    N layers add to the residual stream, two in each block. Each adds a variance of 1 / N of what one alone
    would, so that all of them add as much, however deep the model is. All other weights and embeddings have
    `std`; biases are 0, scales of normalisations 1.

    Args:
        model: a module of fastinit or of torch, or a mapping from names to shapes.
        std: the standard deviation of all weights that add nothing to the residual stream.
        residual: globs for the weights that do; None: as GPT-2, Llama and nn.Transformer call them.
        residual_layers: N, where the model is but a part; None: as many as there are such weights.
        rules: rules of one's own, which are tried first.

    Returns:
        The recipe, which lists the model's parameters.

    Raises:
        TypeError: `model` is neither a module nor a mapping.
        ValueError: a pattern matches nothing, `std` is negative, `residual_layers` is below 1, or nothing
            says how a parameter starts; the message says what to add.

    Source:
        Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*, section 2.3; Brown et al.
        2020, arXiv:2005.14165, section 2.1.

    Examples:
        >>> shapes = {f"h.{n}.mlp.{each}.weight": (8, 8) for n in range(8) for each in ("c_fc", "c_proj")}
        >>> recipe = gpt2(shapes)
        >>> [str(recipe.assignment(f"h.3.mlp.{each}.weight").initialiser) for each in ("c_fc", "c_proj")]
        ['normal_(std=0.02)', 'normal_(std=0.00707107)']
    """
    found = read("gpt2", model)
    ends = matching("gpt2", "residual", residual, _RESIDUAL, found.tensors)
    count = len(ends) if residual_layers is None else residual_layers
    if count < 1:
        raise ValueError(f"gpt2: expected residual_layers of at least 1, got {count}")
    scaled, plain = normal(std / math.sqrt(count)), normal(std)
    return recipe_of("gpt2", found, lambda name, _: scaled if name in ends else plain, rules)
