"""The streams of a module's names, found by the memory that is filled."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds

from ...memory import adopt
from ...random import Generator
from ...recipe.named import named_in_module

__all__ = ["Names"]

Array = np.ndarray[Any, np.dtype[Any]]
# The first byte of a tensor's memory, the one behind the last, and how many elements lie between.
Extent = tuple[int, int, int]


class Names:
    """The generators of the names of a module's parameters and buffers.

    A tensor is known by its memory, as `parameter.data` and a view have none of their own.

    Args:
        module: the module; its tensors may get memory, or be replaced, between two fills.
        root: the generator whose forks the names' generators are.

    Raises:
        RecipeError: two tensors have the same name where nothing is wrapped.
    """

    def __init__(self, module: torch.nn.Module, root: Generator) -> None:
        self._module = module
        self._root = root
        self._tensors: dict[Extent, tuple[str, torch.Tensor]] = {}
        self._listed: list[tuple[int, object]] = []
        self._generators: dict[str, Generator] = {}
        self._list()  # now: an error within a fill would leave that to PyTorch, without a word

    def generator_of(self, array: Array) -> Generator | None:
        """Returns the generator for a fill of `array`, or None where the memory is none of the module's.

        That of a whole tensor is at position 0, whatever was filled before; that of a part goes on behind
        the last fill of the same tensor.
        """
        if array.size == 0:  # the rank's part of a sharded tensor: the other ranks take from its name
            return self._root.fork("")
        extent = _extent(array)
        found = self._find(extent)
        if found is None and self._list():
            found = self._find(extent)
        if found is None:
            return None
        name, is_whole = found
        if is_whole or name not in self._generators:
            self._generators[name] = self._root.fork(name)
        return self._generators[name]

    def _find(self, extent: Extent) -> tuple[str, bool] | None:
        """The name of the smallest tensor that the memory lies in, and whether it is the whole of it."""
        for each in [extent] if extent in self._tensors else self._around(extent):
            name, tensor = self._tensors[each]
            # Memory that the tensor has given up since may be another's by now.
            if _extent_of(tensor) == each:
                return name, each == extent
        return None

    def _around(self, extent: Extent) -> list[Extent]:
        around = [each for each in self._tensors if each[0] <= extent[0] and extent[1] <= each[1]]
        return sorted(around, key=lambda each: each[1] - each[0])

    def _list(self) -> bool:
        """Lists where the module's tensors lie by now; returns whether anything has changed."""
        tensors = [
            *self._module.named_parameters(remove_duplicate=False),
            *self._module.named_buffers(remove_duplicate=False),
        ]
        listed = [(id(tensor), _address_of(tensor)) for _, tensor in tensors]
        if listed == self._listed:
            return False
        self._listed = listed
        named = named_in_module(self._module, tensors)
        self._tensors = {}
        for name, tensor in named.tensors.items():
            extent = _extent_of(tensor)
            if extent is not None:
                self._tensors.setdefault(extent, (named.ties.get(name, name), tensor))
        return True


def _extent(array: Array) -> Extent:
    return *byte_bounds(array), array.size


def _extent_of(tensor: torch.Tensor) -> Extent | None:
    """Where a tensor's memory lies; None if it has none, or none that can be filled."""
    try:
        array, _ = adopt(tensor)
    except (TypeError, ValueError, RuntimeError):
        return None
    return _extent(array) if array.size else None


def _address_of(tensor: torch.Tensor) -> object:
    """What tells whether a tensor's memory is still the same; its address, where that is quickly had."""
    try:
        return tensor.data_ptr() or _extent_of(tensor)
    except (TypeError, ValueError, RuntimeError):
        return None
