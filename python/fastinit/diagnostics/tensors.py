"""The tensors of a module, a mapping or a checkpoint by name, any range of their values to be read."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checkpoint import Checkpoint
from ..memory import adopt
from ..meta import has_no_memory
from ..recipe.named import Named, named_in_mapping, named_in_module
from ..recipe.wrappers import reach_parameters

__all__ = ["Held", "Source", "array_of", "numbers_of", "source_of"]

Array = npt.NDArray[Any]

_PIECE = 16 << 20
"""Values that are read together."""


@dataclass(frozen=True)
class Held:
    """A tensor whose values can be read.

    Attributes:
        shape: of what is held.
        whole_shape: of the tensor that it is a part of, as a rank holds it of a DTensor; else the same.
        dtype: its name.
        real: whether the values are real numbers, which have figures.
        read: gives the values [start, stop) in row-major order as a vector.
    """

    shape: tuple[int, ...]
    whole_shape: tuple[int, ...]
    dtype: str
    real: bool
    read: Callable[[int, int], Array]

    @property
    def count(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    def pieces(self, size: int = _PIECE) -> Iterator[Array]:
        """Reads the values piece by piece, each a vector of at most `size`."""
        for start in range(0, self.count, size):
            yield self.read(start, min(start + size, self.count))


@dataclass(frozen=True)
class Source:
    """What holds tensors.

    Attributes:
        tensors: each once, under the name that stands for it.
        ties: the names of tensors that should be one with another, to that other's.
        module: the module that holds them, if one does.
    """

    tensors: Mapping[str, Held]
    ties: Mapping[str, str]
    module: Any = None


def source_of(what: str, given: Any) -> Source:
    """Finds the tensors of a module, a mapping, a checkpoint, or of a path to one.

    Args:
        what: the function that asks, for messages.
        given: any of these.

    Raises:
        TypeError: it is none of these, or holds tensors without values, as on the device "meta".
    """
    if isinstance(given, str | os.PathLike):
        given = Checkpoint(given)
    if isinstance(given, Checkpoint):
        return Source({name: _in_checkpoint(given, name) for name in given.tensors}, {})
    if hasattr(given, "named_parameters"):
        reach_parameters(given)
        named = named_in_module(given, given.named_parameters(remove_duplicate=False))
        return _in_memory(what, named, given)
    if isinstance(given, Mapping):
        return _in_memory(what, named_in_mapping(given), None)
    kind = type(given).__name__
    raise TypeError(
        f"{what}: expected a module, a mapping from names to arrays, a Checkpoint or a path, got {kind}"
    )


def array_of(tensor: Any) -> Array:
    """The values of a tensor as an array, which shares its memory where it lies on the CPU.

    Raises:
        TypeError, ValueError, RuntimeError: it has no values, or none that an array can hold.
    """
    return _adopted(tensor)[0]


def numbers_of(what: str, tensor: Any) -> Array:
    """The real numbers of a tensor of fastinit or of PyTorch, or of an array, which they share memory with.

    Raises:
        TypeError: it is none of these, has no values, or they are no real numbers.
    """
    try:
        array = np.asarray(array_of(tensor))  # of a np.matrix, which no slice makes a vector, an array
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{what}: expected a tensor or an array with values: {error}") from None
    if array.dtype.kind in "cOSUMm" or array.dtype.names is not None:
        raise TypeError(f"{what}: expected real numbers, got {array.dtype}")
    return array


def _adopted(tensor: Any) -> tuple[Array, tuple[int, ...]]:
    """The values, and the shape of the tensor that they are of."""
    on_meta = getattr(tensor, "is_meta", False)
    if getattr(tensor, "is_cpu", True) is False and not on_meta:
        tensor = tensor.detach().cpu()
    array, shard = (tensor, None) if on_meta else adopt(tensor)
    if on_meta or has_no_memory(array):
        raise TypeError('it is on the device "meta"')
    return array, array.shape if shard is None else shard.global_shape


def _in_memory(what: str, named: Named, module: Any) -> Source:
    tensors: dict[str, Held] = {}
    for name, tensor in named.tensors.items():
        try:
            array, whole_shape = _adopted(tensor)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f'{what}: "{name}" has no values to read: {error}') from None
        real = array.dtype.kind not in "cOSUMm"
        tensors[name] = Held(array.shape, whole_shape, array.dtype.name, real, _reader(array))
    return Source(tensors, named.ties, module)


def _reader(array: Array) -> Callable[[int, int], Array]:
    def read(start: int, stop: int) -> Array:
        if array.flags.c_contiguous:
            return array.reshape(-1)[start:stop]
        if start == 0 and stop == array.size:
            return array.flatten()
        return array.flat[start:stop]

    return read


def _in_checkpoint(checkpoint: Checkpoint, name: str) -> Held:
    entry = checkpoint.tensors[name].entry
    dtype = entry.numpy_dtype
    real = dtype is not None and dtype.kind != "c"

    def read(start: int, stop: int) -> Array:
        return checkpoint.read(name, start, stop)

    return Held(entry.shape, entry.shape, entry.dtype if dtype is None else dtype.name, real, read)
