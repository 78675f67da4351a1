"""Fixup: residual networks without normalisations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..nn.init import Layout
from ..recipe import Recipe, Rule, TensorSpec
from .calls import ZEROS, Call, embedded, recipe_of, refuse_normalisations
from .model import read
from .names import Patterns, matching

__all__ = ["fixup"]

_BRANCHES = (("conv1", "conv2", "conv3"), ("conv1", "conv2"))
_CLASSIFIERS = (
    "*fc.weight",
    "*classifier.weight",
    "*head.weight",
    "*output.weight",
)


def fixup(
    model: Any,
    *,
    branches: Iterable[Sequence[str]] | None = None,
    classifier: Patterns = None,
    gain: float = math.sqrt(2.0),
    mode: str = "fan_out",
    rules: Iterable[Rule] = (),
) -> Recipe:
    r"""Fixup's scheme: He's initialisation, with smaller residual branches that end in zeros.

    .. math::
        \text{std} = L^{-\frac{1}{2m - 2}} \frac{\text{gain}}{\sqrt{\text{fan}}}

    in the first m - 1 layers of each of the L residual branches, each of m layers. The last layer of each
    branch and the classifier are 0; all other weights have He's standard deviation, gain / sqrt(fan); biases
    are 0 and multipliers 1. Then a step of SGD of rate r changes what the network returns by the order of r,
    however deep it is, without any normalisation. The model itself must have Fixup's scalar biases and
    multipliers.

    Args:
        model: a module of fastinit or of torch, or a mapping from names to shapes.
        branches: what a residual branch looks like: the names of its layers within a block, in their order,
            such as `[("conv1", "conv2")]`; several if there are several kinds. There is a branch wherever all
            layers of a kind are, those of more layers first. None: as ResNets call them.
        classifier: globs for the weights of the last layer, none of them if `()`; None: the usual names.
        gain: of the nonlinearity, sqrt(2) for a ReLU.
        mode: the fan, "fan_out" as in the authors' code, or "fan_in".
        rules: rules of one's own, which are tried first.

    Returns:
        The recipe, which lists the model's parameters.

    Raises:
        TypeError: `model` is neither a module nor a mapping.
        ValueError: no branch or no classifier is found, the model has normalisations, or nothing says how a
            parameter starts; the message says what to add.

    Source:
        Zhang et al. 2019, *Fixup Initialization: Residual Learning Without Normalization*, arXiv:1901.09321,
        section 3.

    Examples:
        >>> blocks = {f"layer1.{n}.conv{k}.weight": (8, 8, 3, 3) for n in range(16) for k in (1, 2)}
        >>> recipe = fixup({**blocks, "fc.weight": (10, 8)})
        >>> str(recipe.assignment("layer1.5.conv1.weight").initialiser)
        'variance_scaling_(scale=0.125, mode="fan_out", distribution="normal")'
    """
    found = read("fixup", model)
    rules = tuple(rules)
    refuse_normalisations("fixup", found, rules)
    kinds = _BRANCHES if branches is None else _kinds(branches)
    scales = _branches(found.tensors, kinds)
    if classifier is None or classifier:
        last = matching("fixup", "classifier", classifier, _CLASSIFIERS, found.tensors)
        scales.update(dict.fromkeys(last, 0.0))

    def weights(name: str, spec: TensorSpec) -> Call:
        scale = scales.get(name, 1.0)
        if scale == 0:
            return ZEROS
        if name in found.embeddings:
            return embedded(spec)
        return Call(
            "variance_scaling_",
            {"scale": scale * gain**2, "mode": mode, "distribution": "normal"},
            Layout(transposed=True) if name in found.transposed else None,
        )

    return recipe_of("fixup", found, weights, rules)


def _kinds(branches: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    kinds = (branches,) if isinstance(branches, str) else tuple(branches)
    for kind in kinds:
        if not kind or isinstance(kind, str):
            raise ValueError(f"fixup: expected branches to be tuples of names of layers, got {kind!r}")
    return tuple(map(tuple, kinds))


def _branches(tensors: Mapping[str, TensorSpec], kinds: Sequence[tuple[str, ...]]) -> dict[str, float]:
    """The factor of the variance of each weight in a branch: L^(-1 / (m - 1)), and 0 of the last layers."""
    found: list[list[str]] = []
    taken: set[str] = set()
    for kind in sorted(kinds, key=len, reverse=True):
        count = len(found)
        for block in _blocks(tensors, kind[0]):
            names = [_weight(tensors, f"{block}.{layer}") for layer in kind]
            layers = [name for name in names if name is not None]
            if len(layers) == len(kind) and taken.isdisjoint(layers):
                taken.update(layers)
                found.append(layers)
        if len(found) == count and kinds is not _BRANCHES:
            raise ValueError(f"fixup: branches: no block has the layers {', '.join(kind)}")
    if not found:
        raise ValueError("fixup: no residual branch is found, of blocks with conv1 and conv2: give branches=")
    return {
        name: len(found) ** (-1 / (len(layers) - 1)) if name != layers[-1] else 0.0
        for layers in found
        for name in layers
    }


def _blocks(tensors: Mapping[str, TensorSpec], layer: str) -> list[str]:
    """The paths of the modules that have such a layer, in the order of the model."""
    ends = f".{layer}.weight", f".{layer}"
    return list(
        dict.fromkeys(name.removesuffix(end) for name in tensors for end in ends if name.endswith(end))
    )


def _weight(tensors: Mapping[str, TensorSpec], layer: str) -> str | None:
    return next((name for name in (f"{layer}.weight", layer) if name in tensors), None)
