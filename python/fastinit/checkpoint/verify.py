"""Proving that a checkpoint is the one that its recipe and its seed give."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..recipe import Assignment
from .digest import LEAF
from .errors import MismatchError
from .header import INDEX
from .manifest import MANIFEST, Manifest
from .plan import File, Part, Plan
from .record import Record, Tally, summaries
from .store import Store, open_store
from .stream import buffer_bytes
from .task import Progress, ranges
from .values import Values

Array = npt.NDArray[Any]


def verify(
    directory: str | os.PathLike[str],
    *,
    options: Mapping[str, Any] | None = None,
    progress: Progress = lambda _: None,
) -> Manifest:
    """Compares every byte of a checkpoint with what its manifest's recipe and seed give.

    The values are made again, piece by piece, while the next piece is read: neither the checkpoint nor a
    tensor of it is ever in memory whole (but where an initialiser makes whole matrices, one of these).

    Args:
        directory: where `write` has written it, a path or an address that `fsspec` knows.
        options: what `fsspec` takes beside an address.
        progress: called with the bytes of each piece that is right.

    Returns:
        The manifest, whose digests and statistics are right, too.

    Raises:
        MismatchError: something differs; the message names the first place, in the order of the files.
        CheckpointError: the manifest is none, or of another version of the stream.
        FileNotFoundError: the directory has no manifest.
        OSError: a file cannot be read.

    Source: fastinit's own; see docs/checkpoints.md.
    """
    store = open_store(directory, options)
    manifest = Manifest.read(store)
    for file in manifest.job.plan.files:
        _check_frame(store, file)
    _check_index(store, manifest)
    buffers = [np.empty(buffer_bytes() // LEAF * LEAF, np.uint8) for _ in range(2)]
    scratch = np.empty_like(buffers[0])
    expected = _Expected(manifest, scratch)
    with ThreadPoolExecutor(1, "fastinit-read") as reader:
        ahead: tuple[_Piece, Array, Future[None]] | None = None
        for number, piece in enumerate(_pieces(manifest.job.plan, scratch.size)):
            place = buffers[number % 2][: piece.nbytes]
            read = reader.submit(store.read_into, piece.file.name, piece.offset, place.data)
            if ahead is not None:
                expected.check(*ahead)
                progress(ahead[0].nbytes)
            ahead = (piece, place, read)
        if ahead is not None:
            expected.check(*ahead)
            progress(ahead[0].nbytes)
    return manifest


@dataclass(frozen=True)
class _Piece:
    """Some leaves of a tensor, in one part of one file."""

    part: Part
    file: File
    tensor: Assignment
    start: int
    nbytes: int

    @property
    def offset(self) -> int:
        return len(self.file.header) + self.file.entries[self.tensor.name].start + self.start

    @property
    def last(self) -> bool:
        return self.start + self.nbytes == self.tensor.spec.nbytes


def _pieces(plan: Plan, most: int) -> Iterator[_Piece]:
    for part in plan.parts:
        file = plan.files[part.file]
        for tensor, low, high in ranges(file, part):
            for start in range(low, max(high, low + 1), most):
                yield _Piece(part, file, tensor, start, min(most, high - start))


class _Expected:
    """Makes the values again, tensor by tensor, and compares."""

    def __init__(self, manifest: Manifest, scratch: Array) -> None:
        self._manifest = manifest
        self._scratch = scratch
        self._values: Values | None = None
        self._tallies: dict[Part, Tally] = {}

    def check(self, piece: _Piece, found: Array, read: Future[None]) -> None:
        tensor = piece.tensor
        if piece.start == 0:
            self._values, self._tallies = Values(tensor, self._manifest.job.seed), {}
        assert self._values is not None
        made = self._scratch[: piece.nbytes]
        dtype = tensor.spec.numpy_dtype
        first = piece.start // dtype.itemsize
        self._values.fill(made.view(dtype), first)
        self._tallies.setdefault(piece.part, Tally(dtype)).add(made, piece.start // LEAF, piece.last)
        read.result()
        bits = np.dtype(f"u{dtype.itemsize}")
        if not np.array_equal(made.view(bits), found.view(bits)):
            place = int(np.flatnonzero(made.view(bits) != found.view(bits))[0])
            index = tuple(map(int, np.unravel_index(first + place, tensor.spec.shape)))
            raise MismatchError(
                f'{piece.file.name}: tensor "{tensor.name}" differs first at flat index {first + place} '
                f"{list(index)}: it holds {found.view(dtype)[place]!s}, "
                f"and the seed gives {made.view(dtype)[place]!s}",
                piece.file.name,
                tensor.name,
                first + place,
            )
        if piece.last:
            self._check_summary(piece)

    def _check_summary(self, piece: _Piece) -> None:
        """What the manifest says of a tensor whose values are right."""
        name = piece.tensor.name
        records = (Record.of({name: tally}, piece.file.whole) for tally in self._tallies.values())
        expected = summaries(records)[name].to_dict()
        said = self._manifest.tensors[name].to_dict()
        if said["blake2b"] != expected["blake2b"]:
            what = "digest"
        elif said != expected:
            what = "summary"
        else:
            return
        raise MismatchError(
            f'{MANIFEST}: the {what} of "{name}" is not that of its values, which are right', MANIFEST, name
        )


def _check_frame(store: Store, file: File) -> None:
    """The size of a file, and its header."""
    size = store.size(file.name)
    if size is None:
        raise MismatchError(f"{file.name} is missing", file.name)
    if size != file.nbytes:
        raise MismatchError(f"{file.name} has {size:,} bytes, and should have {file.nbytes:,}", file.name)
    header = bytearray(len(file.header))
    store.read_into(file.name, 0, memoryview(header))
    if header != file.header:
        raise MismatchError(f"{file.name}: its header is not the one that the recipe gives", file.name)


def _check_index(store: Store, manifest: Manifest) -> None:
    index = manifest.job.plan.index
    there = store.size(INDEX) is not None
    if (index is None) == there or (index is not None and store.read(INDEX) != index):
        state = (
            "should not be there" if index is None else "is missing" if not there else "is not the recipe's"
        )
        raise MismatchError(f"{INDEX} {state}", INDEX)
