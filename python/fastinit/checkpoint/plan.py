"""What a checkpoint will hold, known before a byte of it exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..recipe import Assignment, Recipe, RecipeError
from ..recipe.errors import located


@dataclass(frozen=True)
class Plan:
    """The tensors that are stored, and the names that only point at one of them.

    A tied name is left out of the file, as `transformers` leaves it out of what it saves: a model whose
    configuration ties two parameters loads the one and points the other at it.
    """

    tensors: tuple[Assignment, ...]
    ties: Mapping[str, str]

    @property
    def nbytes(self) -> int:
        """The bytes of all values, the file's header not counted."""
        return sum(tensor.spec.nbytes for tensor in self.tensors)


def plan(recipe: Recipe) -> Plan:
    """Plans the checkpoint of a recipe.

    Raises:
        RecipeError: the recipe lists no tensors, or one has a name that safetensors keeps for itself.
    """
    with located(recipe.source):
        if not recipe.assignments:
            raise RecipeError("[tensors] is empty: a checkpoint needs names, shapes and dtypes")
        if "__metadata__" in recipe.assignments:
            raise RecipeError('no tensor can be called "__metadata__": safetensors keeps the name for itself')
    return Plan(tuple(recipe.assignments.values()), dict(recipe.ties))
