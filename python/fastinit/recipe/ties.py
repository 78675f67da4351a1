"""Which of its names stands for a tensor that a model holds under several."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["ties_of"]


def ties_of(model: Any, tensors: Mapping[str, Any]) -> dict[str, str]:
    """Returns every further name of a tensor, to the name that stands for it.

    That is the first one which the model does not list in `_tied_weights_keys`, the names that transformers
    leaves out of a checkpoint; the first one, if it lists them all.

    Args:
        model: what has `named_modules()`.
        tensors: its tensors by name, a shared one under each of its names.
    """
    names_of: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        names_of.setdefault(id(tensor), []).append(name)
    left_out = _left_out(model)
    ties: dict[str, str] = {}
    for names in names_of.values():
        kept = [name for name in names if not any(each.fullmatch(name) for each in left_out)]
        source = (kept or names)[0]
        ties |= {name: source for name in names if name != source}
    return ties


def _left_out(model: Any) -> list[re.Pattern[str]]:
    """The patterns of the names that transformers ties when it loads, each module's below its own name."""
    return [
        re.compile(re.escape(f"{name}." if name else "") + key)
        for name, module in model.named_modules()
        for key in getattr(module, "_tied_weights_keys", None) or ()
    ]
