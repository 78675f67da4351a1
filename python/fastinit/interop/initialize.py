"""`fastinit.initialize_`: from a recipe, or as another framework does it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TypeVar

from ..recipe import Recipe
from ..recipe import initialize_ as _from_recipe
from ..recipe.errors import unknown
from ..shard import Shard

__all__ = ["initialize_"]

Target = TypeVar("Target")

_SCHEMES = ("like-torch",)


def initialize_(
    module_or_mapping: Target,
    recipe: Recipe | str,
    seed: int,
    *,
    shards: Mapping[str, Shard] | None = None,
) -> Target:
    """Fills the parameters of a module, or the arrays of a mapping, in place, each from its name's stream.

    A recipe gives the bits of the checkpoint that it and the seed give; `fastinit.recipe.initialize_` says
    what of ties, wrapped modules and DTensors.

    `"like-torch"` gives a module of PyTorch's the values that its layers' constructors give it, PyTorch's own
    scheme for each type of layer, but keyed by name: adding a layer changes no other. It calls the
    `reset_parameters()` of each within `fastinit.interop.torch.fast_init(seed, module=module)`, children
    first, which also resets the buffers that those reset. Layers that are copies of each other, as in
    torch.nn.TransformerEncoder, get values of their own.

    Args:
        module_or_mapping: what has `named_parameters()`, or a mapping from names to what `fastinit.nn.init`
            fills: Tensors, ndarrays, memory maps, PyTorch's tensors. An array keeps its dtype.
        recipe: what gives each name its initialiser; or `"like-torch"`.
        seed: the seed of every parameter's stream, a 64-bit int.
        shards: for a recipe: which box of which whole tensor is here, by name, where that is not a DTensor.

    Returns:
        The same object.

    Raises:
        RecipeError: a name, a shape, a dtype or a rule that does not fit; a string that names no scheme; a
            layer with parameters and without `reset_parameters()`. Then nothing has been written.
        TypeError: what cannot be filled in place; `"like-torch"` of no torch.nn.Module, or with `shards`.
        ValueError: an array is read-only.

    Draws: each parameter from position 0 of `Generator(seed=seed).fork(name)`; no other generator moves.

    Source: a stream for each name, as counter-based generators allow: Salmon et al., Parallel random numbers:
        as easy as 1, 2, 3, SC 2011; `"like-torch"` is what the layers of torch.nn do themselves.
    """
    if not isinstance(recipe, str):
        return _from_recipe(module_or_mapping, recipe, seed, shards=shards)
    if recipe not in _SCHEMES:
        raise unknown("scheme", recipe, _SCHEMES)
    # There is no such module before the program has imported PyTorch.
    torch: Any = sys.modules.get("torch")
    if torch is None or not isinstance(module_or_mapping, torch.nn.Module):
        kind = type(module_or_mapping)
        raise TypeError(
            f'initialize_: "{recipe}" is for a torch.nn.Module, got {kind.__module__}.{kind.__qualname__}: '
            "give a recipe"
        )
    if shards is not None:
        raise TypeError(
            f'initialize_: "{recipe}" takes no shards: its layers read fans from their own weights'
        )
    from .torch.like_torch import like_torch

    like_torch(module_or_mapping, seed)
    return module_or_mapping
