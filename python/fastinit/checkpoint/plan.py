"""What a checkpoint will hold, file by file and byte by byte, known before the first byte exists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..recipe import Assignment, Recipe, RecipeError
from ..recipe.errors import located
from .digest import LEAF
from .header import CODES, FILE, MOST_BYTES, Entry, encode
from .local import PAGE
from .sizes import format_bytes, parse_bytes
from .values import divisible, working_bytes

MAX_SHARD_SIZE = "5GB"
"""How large a file may become, if nobody says."""

MOST_PART_BYTES = 4 << 30
"""The largest part of a file that one task writes: S3 puts parts of up to 5 GiB together."""


@dataclass(frozen=True)
class Part:
    """What one task writes: a range of the data of a file."""

    file: int
    start: int
    stop: int


@dataclass(frozen=True)
class File:
    """One safetensors file.

    Args:
        name: its name.
        tensors: what is stored in it, in the order of its bytes.
        entries: where each lies.
        header: the bytes before the data.
        cuts: where its data begins, is cut into what tasks of their own write, and ends: nowhere between, but
            for a tensor larger than a shard.

    Source: the safetensors format, https://github.com/huggingface/safetensors.
    """

    name: str
    tensors: tuple[Assignment, ...]
    entries: Mapping[str, Entry]
    header: bytes
    cuts: tuple[int, ...]

    @property
    def data_bytes(self) -> int:
        """The bytes of its values."""
        return self.cuts[-1]

    @property
    def nbytes(self) -> int:
        """The bytes of the whole file."""
        return len(self.header) + self.data_bytes

    @property
    def whole(self) -> bool:
        """Whether one task writes it."""
        return len(self.cuts) == 2


@dataclass(frozen=True)
class Plan:
    """The files of a checkpoint, and the names that only point at a tensor of one of them.

    A tied name is stored nowhere, as `transformers` leaves it out of what it saves: a model whose
    configuration ties two parameters loads the one and points the other at it. The header of the file that
    has the source says so, in the way of `safetensors.torch.save_model`: `{"lm_head.weight": "wte.weight"}`.

    Args:
        files: the files, in the order of their names.
        ties: each name that is stored nowhere, to the one that stands for it.

    Source: fastinit's own; see docs/checkpoints.md.
    """

    files: tuple[File, ...]
    ties: Mapping[str, str]

    @property
    def tensors(self) -> tuple[Assignment, ...]:
        """All that is stored, in the order of the files."""
        return tuple(tensor for file in self.files for tensor in file.tensors)

    @property
    def nbytes(self) -> int:
        """The bytes of all files, headers included."""
        return sum(file.nbytes for file in self.files)

    @property
    def numel(self) -> int:
        """The number of all values."""
        return sum(tensor.spec.numel for tensor in self.tensors)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The tasks, in the order of the files."""
        return tuple(
            Part(number, start, stop)
            for number, file in enumerate(self.files)
            for start, stop in zip(file.cuts, file.cuts[1:], strict=False)
        )

    @property
    def largest_matrix(self) -> tuple[int, str | None]:
        """The bytes that making a matrix takes beside the buffers, at most, and for which tensor.

        0 and None where every initialiser is elementwise.
        """
        most = max(self.tensors, key=working_bytes, default=None)
        nbytes = 0 if most is None else working_bytes(most)
        return (nbytes, most.name) if most is not None and nbytes else (0, None)

    @cached_property
    def index(self) -> bytes | None:
        """The text of `model.safetensors.index.json`; None where there is one file, which needs none."""
        if len(self.files) == 1:
            return None
        weight_map = {tensor.name: file.name for file in self.files for tensor in file.tensors}
        total = sum(file.data_bytes for file in self.files)
        document = {"metadata": {"total_size": total}, "weight_map": weight_map}
        return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()


def plan(recipe: Recipe, max_shard_size: int | str = MAX_SHARD_SIZE) -> Plan:
    """Plans the checkpoint of a recipe.

    Args:
        recipe: a recipe that lists its tensors.
        max_shard_size: how many bytes of values a file may hold, as a number or as `"5GB"`. A tensor that is
            larger has a file to itself.

    Returns:
        The files, whose headers are made and whose data is cut into what tasks write; nothing is computed
        yet.

    Raises:
        RecipeError: the recipe lists no tensors, or one has a name that safetensors keeps for itself.
        ValueError: `max_shard_size` is no size.

    Source: fastinit's own, with the shard sizes of transformers' `save_pretrained`; see docs/checkpoints.md.
    """
    limit = parse_bytes(max_shard_size)
    with located(recipe.source):
        if not recipe.assignments:
            raise RecipeError("[tensors] is empty: a checkpoint needs names, shapes and dtypes")
        if "__metadata__" in recipe.assignments:
            raise RecipeError('no tensor can be called "__metadata__": safetensors keeps the name for itself')
        groups = _groups(recipe.assignments.values(), limit)
        ties = {name: source for name, source in recipe.ties.items() if source in recipe.assignments}
        return Plan(
            tuple(
                _file(_name(number, len(groups)), group, ties, limit)
                for number, group in enumerate(groups, 1)
            ),
            ties,
        )


def _groups(tensors: Iterable[Assignment], limit: int) -> list[list[Assignment]]:
    """Which tensors share a file: as many as it may hold, in the recipe's order."""
    groups: list[list[Assignment]] = []
    room = -1  # not even for a tensor without values
    for tensor in tensors:
        nbytes = tensor.spec.nbytes
        if nbytes > room:
            groups.append([])
            room = limit
        groups[-1].append(tensor)
        room -= nbytes  # below 0 behind a tensor larger than a file, which stays alone
    return groups


def _name(number: int, count: int) -> str:
    return FILE if count == 1 else f"model-{number:05d}-of-{count:05d}.safetensors"


def _file(name: str, tensors: list[Assignment], ties: Mapping[str, str], limit: int) -> File:
    # Wide dtypes first, so that each value lies at a multiple of its size; then by name, as safetensors does.
    ordered = sorted(tensors, key=lambda tensor: (-tensor.spec.numpy_dtype.itemsize, tensor.name))
    entries: dict[str, Entry] = {}
    offset = 0
    for tensor in ordered:
        stop = offset + tensor.spec.nbytes
        entries[tensor.name] = Entry(CODES[tensor.spec.dtype], tensor.spec.shape, offset, stop)
        offset = stop
    cuts = _cuts(ordered, offset, limit)
    # Where several processes write to a file, none shares a page of it with another.
    header = encode(entries, _metadata(entries, ties), multiple=8 if len(cuts) == 2 else PAGE)
    if len(header) > MOST_BYTES:
        raise RecipeError(
            f"the header of {name} would take {format_bytes(len(header))}, and safetensors reads "
            f"{format_bytes(MOST_BYTES)}: give it fewer tensors by a smaller shard size"
        )
    return File(name, tuple(ordered), entries, header, cuts)


def _metadata(entries: Mapping[str, Entry], ties: Mapping[str, str]) -> dict[str, str]:
    here = {name: source for name, source in ties.items() if source in entries}
    return {"format": "pt", **here}


def _cuts(tensors: list[Assignment], nbytes: int, limit: int) -> tuple[int, ...]:
    """Where the data of a file is cut into parts: between leaves of the digest of its one huge tensor.

    A tensor of matrices that are made whole is cut nowhere if one of them takes more than a part, or if their
    rows take turns in it: each part would make what the others make.
    """
    size = max(min(limit, MOST_PART_BYTES) // LEAF, 1) * LEAF
    if nbytes <= limit or len(tensors) > 1 or working_bytes(tensors[0]) > size or not divisible(tensors[0]):
        return (0, nbytes)
    return (*range(0, nbytes, size), nbytes)
