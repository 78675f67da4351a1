"""The tensors of a module by name: which name stands for a tensor that has several, and which are tied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..memory import adopt
from ..meta import has_no_memory
from .errors import RecipeError
from .wrappers import bare_names


class Named(NamedTuple):
    """Tensors by name.

    Attributes:
        tensors: each once, under the name that stands for it; two objects over one memory are one tensor.
        second_names: each further name of one of them, to the name that stands for it.
        ties: the names of tensors that should be one with another but are not, to that other's: what
            `to_empty` makes of a model of transformers.
    """

    tensors: dict[str, Any]
    second_names: dict[str, str]
    ties: dict[str, str]


def named_in_module(module: Any, items: Iterable[tuple[str, Any]]) -> Named:
    """Gives the tensors of a module the names that they have where nothing wraps it.

    Of a tensor's names, the first stands for it which the module does not list in `_tied_weights_keys`, the
    names that transformers leaves out of a checkpoint.

    Args:
        module: one of fastinit or of torch.
        items: names and tensors as the module gives them, a shared tensor under each of its names.

    Raises:
        RecipeError: two tensors have the same name where nothing is wrapped.
    """
    bare = bare_names(module)
    tensors: dict[str, Any] = {}
    for name, tensor in items:
        if tensors.setdefault(bare(name), tensor) is not tensor:
            raise RecipeError(f'"{name}" is called "{bare(name)}" without what wraps it, as another one is')
    models = [(bare(path), each) for path, each in module.named_modules()]
    left_out = [
        re.compile(rf"{re.escape(_below(path))}(?:{key})(?:\..*)?")
        for path, model in models
        for key in getattr(model, "_tied_weights_keys", None) or ()
    ]
    found = _once(tensors, left_out)
    ties = {}
    for path, model in models:
        # transformers' own has patterns replaced by names, and is empty where the configuration ties nothing.
        tied: Any = getattr(model, "all_tied_weights_keys", getattr(model, "_tied_weights_keys", None))
        for each in tied if isinstance(tied, Mapping) else ():
            names = (_below(path) + each, _below(path) + _source(tied, each))
            target, source = (found.second_names.get(name, name) for name in names)
            if target != source and {target, source} <= found.tensors.keys():
                ties[target] = source
    return found._replace(ties=ties)


def named_in_mapping(mapping: Mapping[str, Any]) -> Named:
    """Takes the names as they are; the first of a tensor's names stands for it."""
    return _once(mapping, [])


def _once(tensors: Mapping[str, Any], left_out: Iterable[re.Pattern[str]]) -> Named:
    names_of: dict[object, list[str]] = {}
    for name, tensor in tensors.items():
        names_of.setdefault(_identity(tensor), []).append(name)
    second_names: dict[str, str] = {}
    for names in names_of.values():
        kept = (name for name in names if not any(each.fullmatch(name) for each in left_out))
        first = names[0] if len(names) == 1 else next(kept, names[0])
        second_names |= {name: first for name in names if name != first}
    return Named({name: each for name, each in tensors.items() if name not in second_names}, second_names, {})


def _identity(tensor: Any) -> object:
    """What tells whether a tensor is the same as another: its memory, which two objects may be over."""
    try:
        array, _ = adopt(tensor)
    except (TypeError, ValueError, RuntimeError):
        return id(tensor)
    if has_no_memory(array) or array.size == 0:
        return id(tensor)
    return array.ctypes.data, array.shape, array.strides, array.dtype


def _source(tied: Mapping[str, str], name: str) -> str:
    """The name at the end of a chain of ties; of a circle, the one that it began with."""
    chain = [name]
    while (source := tied.get(chain[-1])) is not None:
        if source in chain:
            return name
        chain.append(source)
    return chain[-1]


def _below(path: str) -> str:
    return f"{path}." if path else ""
