"""Where the files of a checkpoint are read from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """A directory of files, here or elsewhere."""

    def names(self) -> list[str]:
        """The names of its files."""

    def size(self, name: str) -> int:
        """The bytes of a file."""

    def read_into(self, name: str, offset: int, buffer: memoryview) -> None:
        """Fills a buffer with the bytes of a file from `offset` on."""

    def read(self, name: str) -> bytes:
        """All bytes of a file."""


class _Local:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def names(self) -> list[str]:
        return sorted(path.name for path in self._directory.iterdir() if path.is_file())

    def size(self, name: str) -> int:
        return (self._directory / name).stat().st_size

    def read_into(self, name: str, offset: int, buffer: memoryview) -> None:
        path = self._directory / name
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            filled = 0
            while filled < len(buffer):
                count = file.readinto(buffer[filled:])
                if not count:
                    raise EOFError(f"{path} ends at byte {offset + filled}")
                filled += count

    def read(self, name: str) -> bytes:
        return (self._directory / name).read_bytes()

    def __str__(self) -> str:
        return str(self._directory)


def open_store(path_or_url: str | os.PathLike[str]) -> Store:
    """The store of a directory."""
    return _Local(Path(path_or_url))
