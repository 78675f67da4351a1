"""Which names of a module are one parameter."""

from __future__ import annotations

from typing import Any

from ..recipe.named import named_in_module

__all__ = ["sharing"]


def sharing(module: Any) -> dict[str, tuple[str, ...]]:
    """Finds the parameters that a module holds under several names.

    Args:
        module: one of fastinit or of torch. What PyTorch's wrappers add to names is left out.

    Returns:
        Of each shared parameter the name that stands for it, which keys its values in a recipe, to its other
        names; nothing where none is shared.

    Raises:
        TypeError: it is no module.

    Source: fastinit's own; see docs/diagnostics.md.

    Examples:
        >>> shared = nn.Linear(8, 8)
        >>> sharing(nn.Sequential(nn.Linear(8, 8), shared, nn.ReLU(), shared))
        {'1.weight': ('3.weight',), '1.bias': ('3.bias',)}
    """
    if not hasattr(module, "named_parameters"):
        raise TypeError(f"sharing: expected a module, got {type(module).__name__}")
    named = named_in_module(module, module.named_parameters(remove_duplicate=False))
    shared: dict[str, tuple[str, ...]] = {}
    for name, first in named.second_names.items():
        shared[first] = (*shared.get(first, ()), name)
    return shared
