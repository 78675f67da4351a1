"""PyTorch's wrappers of modules: what they add to the names of parameters, and where they put the values."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .errors import RecipeError

_INNER = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "OptimizedModule": "_orig_mod",
    "ActivationWrapper": "_checkpoint_wrapped_module",
}
"""Under which name a wrapper of each class holds the module that it wraps."""


def bare_names(module: Any) -> Callable[[str], str]:
    """Returns what turns a name inside a module into the one that it has where nothing is wrapped.

    Wrappers are told by their class: a module may well call a child of its own "module".

    Args:
        module: one of fastinit or of torch; wrappers around it and inside it are PyTorch's.
    """
    modules = list(module.named_modules(remove_duplicate=False))
    added = {_join(path, inner) for path, each in modules if (inner := _inner(each))}

    def bare(name: str) -> str:
        if not added:
            return name
        parts = name.split(".")
        return ".".join(part for end, part in enumerate(parts, 1) if ".".join(parts[:end]) not in added)

    return bare


def reach_parameters(module: Any) -> None:
    """Sees to it that the parameters of a torch module are what the module keeps, and what training reads.

    Of FSDP2's modules, which may hold the whole of their parameters between two passes, each goes back to
    its shards: a whole is thrown away later. PyTorch does so, too, before it changes parameters.

    Raises:
        RecipeError: FSDP1 keeps the parameters in a flat tensor.
    """
    fsdp: Any = sys.modules.get("torch.distributed.fsdp")
    if fsdp is None:
        return
    modules = list(module.modules())
    for each in modules:
        flattens = isinstance(each, fsdp.FullyShardedDataParallel)
        if flattens and each.training_state.name != "SUMMON_FULL_PARAMS":
            raise RecipeError(
                "FullyShardedDataParallel keeps parameters in a flat tensor, where they have no shapes: fill "
                "them within FullyShardedDataParallel.summon_full_params(module), or use fully_shard"
            )
    for each in modules:
        if isinstance(each, fsdp.FSDPModule):
            each.reshard()


def _inner(module: Any) -> str | None:
    for kind in type(module).__mro__:
        if kind.__name__ in _INNER and kind.__module__.startswith("torch."):
            return _INNER[kind.__name__]
    return None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
