"""What a scheme reads of a model: names, shapes, and what the types of its layers say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..memory import adopt
from ..recipe import TensorSpec
from ..recipe.named import named_in_mapping, named_in_module
from ..recipe.wrappers import bare_names, reach_parameters

__all__ = ["Model", "read"]

_EMBEDDINGS = (
    "*wte.weight",
    "*wpe.weight",
    "*embed_tokens.weight",
    "*embed_positions.weight",
    "*_embeddings.weight",
    "*embedding.weight",
    "*pos_embed",
    "*pos_embedding",
    "*position_embeddings",
    "*cls_token",
    "*class_token",
)
"""How the parameters are called whose rows are looked up or added; the type of a layer may say it, too."""

_LOOKED_UP = frozenset({"Embedding", "EmbeddingBag"})
_STORED_IN_OUT = frozenset({"Conv1D", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"})


@dataclass(frozen=True)
class Model:
    """The parameters of a model.

    Attributes:
        tensors: each once, under the name that stands for it.
        ties: further names, to those.
        embeddings: those whose rows are looked up or added, also if under another name they multiply.
        tied_outputs: of embeddings, the other names under which they multiply, to those.
        transposed: those that are stored as [in, out], as the layer's type says.
    """

    tensors: Mapping[str, TensorSpec]
    ties: Mapping[str, str]
    embeddings: frozenset[str]
    tied_outputs: Mapping[str, str]
    transposed: frozenset[str]

    @property
    def normalisations(self) -> list[str]:
        """The scales of normalisations: vectors called "weight"; one number is rather a PReLU's."""
        return [
            name
            for name, spec in self.tensors.items()
            if len(spec.shape) == 1 and spec.shape != (1,) and name.rpartition(".")[2] == "weight"
        ]


def read(what: str, model: Any) -> Model:
    """Reads a model, of which nothing but names, shapes, dtypes and types is looked at.

    Args:
        what: the function that asks, for messages.
        model: a module of fastinit or of torch, which may be on the device "meta"; or a mapping from names to
            shapes, to `TensorSpec`s, as `fastinit.recipe.tensors_of` gives them, or to arrays.

    Raises:
        TypeError: it is neither, or a name is no string.
        ValueError: it has no parameters, or a parameter has no shape yet or no floating dtype.
    """
    embeddings: set[str] = set()
    transposed: set[str] = set()
    if hasattr(model, "named_parameters"):
        reach_parameters(model)
        named = named_in_module(model, model.named_parameters(remove_duplicate=False))
        for name, kinds in _owners(model):
            if kinds & _LOOKED_UP:
                embeddings.add(name)
            if kinds & _STORED_IN_OUT:
                transposed.add(name)
        tensors, ties = named.tensors, {**named.second_names, **named.ties}
    elif isinstance(model, Mapping):
        ties = named_in_mapping(
            {name: each for name, each in model.items() if _has_memory(each)}
        ).second_names
        tensors = dict(model)
    else:
        kind = type(model).__name__
        raise TypeError(f"{what}: expected a module or a mapping from names to shapes, got {kind}")
    for name in tensors:
        if not isinstance(name, str):
            raise TypeError(f"{what}: expected names to be strings, got {name!r}")
    specs = {name: _spec(what, name, each) for name, each in tensors.items() if name not in ties}
    if not specs:
        raise ValueError(f"{what}: the model has no parameters")
    names = {**{name: name for name in specs}, **ties}
    embeddings.update(name for name in names if any(fnmatchcase(name, each) for each in _EMBEDDINGS))
    looked_up = frozenset(key for name, key in names.items() if name in embeddings)
    outputs = {name: key for name, key in names.items() if key in looked_up and name not in embeddings}
    return Model(specs, ties, looked_up, outputs, frozenset(transposed))


def _owners(module: Any) -> Iterator[tuple[str, set[str]]]:
    """The name of each parameter, with the types that its layer is of."""
    bare = bare_names(module)
    for path, layer in module.named_modules(remove_duplicate=False):
        kinds = {kind.__name__ for kind in type(layer).__mro__}
        for name in layer._parameters:
            yield bare(f"{path}.{name}" if path else name), kinds


def _has_memory(given: Any) -> bool:
    """Whether it is an array, which two names may share; one shape under two names says nothing."""
    try:
        adopt(given)
    except (TypeError, ValueError, RuntimeError):
        return False
    return True


def _spec(what: str, name: str, given: Any) -> TensorSpec:
    if isinstance(given, TensorSpec):
        return given
    try:
        shape = tuple(getattr(given, "shape", given))
    except (RuntimeError, TypeError) as error:  # RuntimeError: that of a lazy module
        raise ValueError(f'{what}: "{name}" has no shape: {error}') from None
    return TensorSpec(shape, str(getattr(given, "dtype", "float32")).rpartition(".")[2])
