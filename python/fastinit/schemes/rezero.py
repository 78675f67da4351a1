"""ReZero: every residual branch starts behind a gate that is 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..recipe import Recipe, Rule
from .calls import ZEROS, Call, embedded, recipe_of
from .model import read
from .names import Patterns, matching

__all__ = ["rezero"]

_GATES = ("*alpha", "*resweight")


def rezero(model: Any, *, gates: Patterns = None, gain: float = 1.0, rules: Iterable[Rule] = ()) -> Recipe:
    r"""ReZero's scheme: the gates are 0, all else as usual.

    .. math::
        x_{i+1} = x_i + \alpha_i F_i(x_i), \qquad \alpha_i = 0

    Every block begins as the identity, however deep the model is, and the gradient reaches each gate and the
    input unchanged. The model itself must have the gates, one number for each branch. Weights have normal
    values of Xavier's variance, embeddings of rows of d values a variance of 1 / d; biases are 0, scales of
    normalisations 1.

    Args:
        model: a module of fastinit or of torch, or a mapping from names to shapes.
        gates: globs for the gates; None: "alpha" or "resweight", at the end of a name.
        gain: the factor of Xavier's standard deviation: 1 in the authors' Transformer, sqrt(2) in their
            network of fully connected layers with ReLUs.
        rules: rules of one's own, which are tried first.

    Returns:
        The recipe, which lists the model's parameters.

    Raises:
        TypeError: `model` is neither a module nor a mapping.
        ValueError: the model has no gates, a pattern matches nothing, or nothing says how a parameter starts;
            the message says what to add.

    Source:
        Bachlechner et al. 2020, *ReZero is All You Need*, arXiv:2003.04887, section 3.

    Examples:
        >>> recipe = rezero({"blocks.0.linear.weight": (8, 8), "blocks.0.alpha": (1,)})
        >>> [str(each.initialiser) for each in recipe.assignments.values()]
        ['xavier_normal_(gain=1)', 'zeros_()']
    """
    found = read("rezero", model)
    closed = matching("rezero", "gates", gates, _GATES, found.tensors)
    weights = Call("xavier_normal_", {"gain": gain})
    return recipe_of(
        "rezero",
        found,
        lambda name, spec: embedded(spec) if name in found.embeddings else weights,
        rules,
        dict.fromkeys(closed, ZEROS),
    )
