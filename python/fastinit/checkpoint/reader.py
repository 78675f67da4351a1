"""Reading a checkpoint: which tensors it has, and any range of their values."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import CheckpointError
from .header import FILE, INDEX, MOST_BYTES, PREFIX, Entry, Header, HeaderError, parse, text_size
from .store import Store, open_store

_AT_ONCE = 16
"""Headers that are asked for together: of a store far away, each takes its time to come."""


class Place(NamedTuple):
    """Where a tensor lies: the name of the file, and where in its data."""

    file: str
    entry: Entry


class Checkpoint:
    """The tensors of a checkpoint, of which only the headers are read until values are asked for.

    Args:
        path_or_url: a `.safetensors` file, an index (`.json`), or a directory with an index, with one
            `model.safetensors`, or with any `.safetensors` files.
        options: what `fsspec` takes beside an address (its `storage_options`).

    Raises:
        CheckpointError: what is there is no checkpoint; the message names the file and the tensor.
        OSError: it is not there, or cannot be read.

    Attributes:
        directory: where its files lie.
        tensors: where each tensor lies, file after file.
        headers: what the header of each file says.

    Source: the safetensors format, https://github.com/huggingface/safetensors, and transformers' index.
    """

    def __init__(self, path_or_url: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> None:
        self.source = os.fspath(path_or_url)
        directory, name = _split(self.source)
        self.directory = directory
        self._store: Store = open_store(directory, options)
        listed = self._listed(name)
        files = sorted(set(listed.values())) if listed is not None else self._files(name)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            self.headers: Mapping[str, Header] = dict(zip(files, pool.map(self._header, files), strict=True))
        self.tensors: Mapping[str, Place] = self._placed()
        for tensor, file in (listed or {}).items():
            if tensor not in self.headers[file].entries:
                raise CheckpointError(
                    f'{self.source}: the index says that "{tensor}" is in {file}, which lacks it'
                )

    @property
    def nbytes(self) -> int:
        """The bytes of all values."""
        return sum(place.entry.nbytes for place in self.tensors.values())

    def dtype(self, name: str) -> np.dtype[Any]:
        """The dtype of the arrays that a tensor is read into.

        Raises:
            CheckpointError: there is no such tensor, or no array can have its values.
        """
        entry = self._place(name).entry
        if entry.numpy_dtype is None:
            raise CheckpointError(
                f'{self.source}: "{name}" is of dtype {entry.dtype}, which no array can have'
            )
        return entry.numpy_dtype

    def read(
        self, name: str, start: int = 0, stop: int | None = None, out: npt.NDArray[Any] | None = None
    ) -> npt.NDArray[Any]:
        """Reads the values [start, stop) of a tensor, counted in row-major order.

        Args:
            name: the tensor.
            start: the first value.
            stop: the one behind the last; if not given, all that follow are read.
            out: a contiguous vector of the tensor's dtype and of that size, to read into.

        Returns:
            `out`, or a new vector.

        Raises:
            CheckpointError: there is no such tensor, or no array can have its values.
            ValueError: the range is not inside it, or `out` does not fit.
            OSError: the file cannot be read.
        """
        file, entry = self._place(name)
        dtype = self.dtype(name)
        stop = entry.numel if stop is None else stop
        if not 0 <= start <= stop <= entry.numel:
            raise ValueError(f'read: "{name}" has {entry.numel} values, not [{start}, {stop})')
        if out is None:
            out = np.empty(stop - start, dtype)
        elif out.dtype != dtype or out.shape != (stop - start,) or not out.flags.c_contiguous:
            raise ValueError(f"read: expected out to be a contiguous vector of {stop - start} {dtype}")
        if out.size:
            offset = self.headers[file].data + entry.start + start * dtype.itemsize
            self._store.read_into(file, offset, out.view(np.uint8).data)
        return out

    def pieces(self, name: str, nbytes: int) -> Iterator[npt.NDArray[Any]]:
        """Reads a tensor piece by piece, each a vector of at most `nbytes` bytes and one value at least.

        A piece lies in the memory of the one before, and is gone when the next is asked for.
        """
        entry, dtype = self._place(name).entry, self.dtype(name)
        step = max(1, nbytes // dtype.itemsize)
        buffer = np.empty(min(step, entry.numel), dtype)
        for start in range(0, entry.numel, step):
            stop = min(start + step, entry.numel)
            yield self.read(name, start, stop, buffer[: stop - start])

    def _place(self, name: str) -> Place:
        if name not in self.tensors:
            raise CheckpointError(f'{self.source}: there is no tensor "{name}"')
        return self.tensors[name]

    def _listed(self, name: str | None) -> dict[str, str] | None:
        """The file of each tensor, if there is an index."""
        if name is None and INDEX in self._store.names():
            name = INDEX
        if name is None or not name.endswith(".json"):
            return None
        if self._size(name) > MOST_BYTES:
            raise CheckpointError(f"{self._at(name)}: more than {MOST_BYTES} bytes are no index")
        try:
            document = json.loads(self._store.read(name))
            listed = document["weight_map"]
            fits = isinstance(listed, dict) and all(isinstance(file, str) for file in listed.values())
        except (ValueError, TypeError, KeyError, RecursionError):
            fits = False
        if not fits:
            raise CheckpointError(f'{self._at(name)}: no index: it has no "weight_map" from names to files')
        for tensor, file in listed.items():
            if not _is_plain(file):
                raise CheckpointError(
                    f'{self._at(name)}: the file of "{tensor}" must be one beside the index, not {file!r}'
                )
        return {str(tensor): str(file) for tensor, file in listed.items()}

    def _files(self, name: str | None) -> list[str]:
        """The files of a checkpoint without an index."""
        if name is not None:
            return [name]
        names = self._store.names()
        files = [FILE] if FILE in names else sorted(each for each in names if each.endswith(".safetensors"))
        if not files:
            raise FileNotFoundError(f"{self.source}: there is no .safetensors file")
        return files

    def _header(self, file: str) -> Header:
        try:
            size = self._size(file)
            prefix = self._bytes(file, 0, min(PREFIX, size))
            return parse(self._bytes(file, PREFIX, text_size(prefix, size)), size)
        except HeaderError as error:
            raise HeaderError(f"{self._at(file)}: {error}") from None

    def _size(self, file: str) -> int:
        size = self._store.size(file)
        if size is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._at(file))
        return size

    def _bytes(self, file: str, offset: int, size: int) -> bytes:
        buffer = bytearray(size)
        if size:
            self._store.read_into(file, offset, memoryview(buffer))
        return bytes(buffer)

    def _placed(self) -> dict[str, Place]:
        placed: dict[str, Place] = {}
        for file, header in self.headers.items():
            for name, entry in header.entries.items():
                if name in placed:
                    raise CheckpointError(
                        f'{self.source}: both {placed[name].file} and {file} hold a tensor "{name}"'
                    )
                placed[name] = Place(file, entry)
        return placed

    def _at(self, file: str) -> str:
        return f"{self.directory.rstrip('/')}/{file}"


def _split(source: str) -> tuple[str, str | None]:
    """The directory and, if a file of it is meant, the file's name."""
    if not source.endswith((".safetensors", ".json")) or Path(source).is_dir():
        return source, None
    directory, slash, name = source.replace(os.sep, "/").rpartition("/")
    return (directory or slash or "."), name


def _is_plain(file: str) -> bool:
    """Whether it is the name of a file, and no way to another directory or store."""
    return file not in ("", ".", "..") and not any(letter in "/\\:\0" for letter in file)
