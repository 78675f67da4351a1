"""Where a checkpoint lies: a directory, or the address of one on whatever `fsspec` reaches."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

Bytes = bytes | bytearray | memoryview


class Sink(Protocol):
    """A file that is written from its start to its end."""

    def write(self, data: Bytes, /) -> int:
        """Appends all of `data`."""
        ...


class Store(ABC):
    """One directory of files. Names may have one folder: `"work/model.safetensors"`.

    Whatever a store writes appears whole or not at all, and what has appeared outlives the machine.

    Attributes:
        url: the directory, as the user wrote it.
        renames: whether moving a file to another name costs next to nothing.
    """

    url: str
    renames: bool

    @abstractmethod
    def make(self, folder: str = "") -> None:
        """Makes the directory, or a folder in it, unless it is there."""

    @abstractmethod
    def names(self, folder: str = "") -> list[str]:
        """The names in the directory or in a folder of it; none if it is not there."""

    @abstractmethod
    def size(self, name: str) -> int | None:
        """The bytes of a file; None if there is none of this name."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """All of a file."""

    @abstractmethod
    def read_into(self, name: str, offset: int, buffer: memoryview) -> None:
        """Fills `buffer` from the bytes of a file at `offset`.

        Raises:
            OSError: the file ends before.
        """

    @abstractmethod
    def create(self, name: str, nbytes: int) -> AbstractContextManager[Sink]:
        """Opens a new file of `nbytes` bytes, which has its name once the block has ended well."""

    @abstractmethod
    def part(self, name: str, offset: int, nbytes: int) -> AbstractContextManager[Sink]:
        """Opens the part of a file at `offset`, of `nbytes` bytes; `join` then makes the parts one file."""

    @abstractmethod
    def has_part(self, name: str, offset: int, nbytes: int) -> bool:
        """Whether a part is there, as far as its size tells."""

    @abstractmethod
    def join(self, name: str, offsets: list[int], new: str) -> None:
        """Makes the parts of `name` at these offsets, all written, one file called `new`."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Gives a file another name, in the place of what has it."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Removes a file or a folder with all that is in it; nothing where there is none."""

    @abstractmethod
    def free(self) -> int | None:
        """The bytes that the disk can still take; None where nobody knows."""

    @abstractmethod
    def lock(self) -> AbstractContextManager[None]:
        """Keeps others from the directory's lock; where that cannot be had, does nothing.

        Raises:
            BlockingIOError: another process has it.
        """

    def write(self, name: str, data: Bytes) -> None:
        """Writes a whole file, in the place of what has its name."""
        with self.create(name, len(data)) as sink:
            sink.write(data)

    def path(self, name: str) -> str:
        """A file of the store as messages call it."""
        return f"{self.url.rstrip('/')}/{name}"


def open_store(url: str | os.PathLike[str], options: Mapping[str, Any] | None = None) -> Store:
    """The store at a path or an address (`s3://bucket/model`, `memory://model`).

    Args:
        url: a path of this machine's file system, or an address of any protocol of `fsspec`.
        options: what `fsspec` takes beside the address (its `storage_options`).

    Raises:
        OSError: `fsspec`, or what it needs for this protocol, is not installed.
    """
    from .local import LocalStore

    address = os.fspath(url)
    protocol, separator, path = address.partition("://")
    if not separator:
        return LocalStore(address)
    if protocol in ("file", "local"):
        return LocalStore(path)
    from .remote import RemoteStore

    return RemoteStore(address, options or {})
