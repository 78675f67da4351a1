"""A checkpoint's directory on whatever `fsspec` reaches: object stores, other machines, memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from .store import Bytes, Sink, Store

_OBJECTS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci"})
"""Where a file has its name only once it is whole, and where renaming it copies it."""

_BLOCK = 16 << 20
_MOST_BLOCKS = 9_000
"""An object of S3 is sent in at most 10,000 blocks."""

_LEAST_COPY = 5 << 20
_MOST_COPIES = 10_000
"""S3 puts so many objects together, each of so many bytes but the last."""


class RemoteStore(Store):
    """A directory behind an address. The protocol's own `fsspec` driver moves the bytes, and tries again."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        except (ImportError, ValueError) as error:
            extra = "s3" if url.startswith("s3") else "remote"
            how = f' (pip install "fastinit[{extra}]")' if isinstance(error, ImportError) else ""
            raise OSError(f"cannot reach {url}: {error}{how}") from None
        self.url = url
        protocols = self._files.protocol
        self._objects = not _OBJECTS.isdisjoint((protocols,) if isinstance(protocols, str) else protocols)
        self.renames = not self._objects
        # S3's driver can put objects together where they are, without their bytes coming here.
        self._merges = "s3" in protocols

    def make(self, folder: str = "") -> None:
        if not self._objects:  # they have no directories
            self._call("makedirs", self._path(folder), exist_ok=True)

    def names(self, folder: str = "") -> list[str]:
        self._files.invalidate_cache()
        try:
            paths = self._call("ls", self._path(folder), detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in paths)

    def size(self, name: str) -> int | None:
        try:
            return int(self._call("size", self._path(name)))
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        data: bytes = self._call("cat_file", self._path(name))
        return data

    def read_into(self, name: str, offset: int, buffer: memoryview) -> None:
        data = (
            self._call("cat_file", self._path(name), start=offset, end=offset + len(buffer))
            if buffer
            else b""
        )
        if len(data) != len(buffer):
            raise OSError(f"{self.path(name)} ends at byte {offset + len(data)}, before what should be there")
        buffer[:] = data

    @contextmanager
    def create(self, name: str, nbytes: int) -> Iterator[Sink]:
        if self._objects:
            with self._open(self._path(name), nbytes) as file:
                yield file
            return
        folder, _, last = name.rpartition("/")
        temporary = self._path(f"{folder}/.{last}.{secrets.token_hex(4)}".lstrip("/"))
        try:
            with self._open(temporary, nbytes) as file:
                yield file
            self._call("mv", temporary, self._path(name))
        except BaseException:
            if self._call("exists", temporary):
                self._call("rm_file", temporary)
            raise

    @contextmanager
    def part(self, name: str, offset: int, nbytes: int) -> Iterator[Sink]:
        with self.create(_part(name, offset), nbytes) as file:
            yield file

    def has_part(self, name: str, offset: int, nbytes: int) -> bool:
        return self.size(_part(name, offset)) == nbytes

    def join(self, name: str, offsets: list[int], new: str) -> None:
        parts = [_part(name, offset) for offset in offsets]
        sizes = [self.size(part) or 0 for part in parts]
        if (
            self._merges
            and len(parts) <= _MOST_COPIES
            and min(sizes[:-1], default=_LEAST_COPY) >= _LEAST_COPY
        ):
            self._call("merge", self._path(new), [self._path(part) for part in parts])
        else:
            with self.create(new, sum(sizes)) as file:
                for part, size in zip(parts, sizes, strict=True):
                    for start in range(0, size, _BLOCK):
                        block = bytearray(min(_BLOCK, size - start))
                        self.read_into(part, start, memoryview(block))
                        file.write(block)
        self._call("rm", [self._path(part) for part in parts])

    def rename(self, old: str, new: str) -> None:
        self._call("mv", self._path(old), self._path(new))

    def remove(self, name: str) -> None:
        if self._call("exists", self._path(name)):
            self._call("rm", self._path(name), recursive=True)

    def free(self) -> int | None:
        return None

    def lock(self) -> nullcontext[None]:
        return nullcontext()

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}".rstrip("/")

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        return _reach(self.url, getattr(self._files, name), *arguments, **options)

    @contextmanager
    def _open(self, path: str, nbytes: int) -> Iterator[Sink]:
        file = self._call("open", path, "wb", block_size=max(_BLOCK, nbytes // _MOST_BLOCKS + 1))
        try:
            yield _Whole(self.url, file)
            _reach(self.url, file.close)
        except BaseException:
            # An object that is not closed never comes to be; what has been sent of it is taken back.
            with suppress(Exception):  # the error is what matters
                file.discard()
            if self._objects:
                file.closed = True
            else:
                with suppress(Exception):
                    file.close()
            raise


class _Whole:
    """A file that takes each piece as a copy of its own: what it has not sent yet, it keeps."""

    def __init__(self, url: str, file: Any) -> None:
        self._url = url
        self._file = file

    def write(self, data: Bytes) -> int:
        return int(_reach(self._url, self._file.write, bytes(data)))


def _reach(url: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Calls a driver; what it raises may be of its own kind: botocore's errors are no OSError."""
    try:
        return call(*arguments, **options)
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{url}: {error}") from error


def _part(name: str, offset: int) -> str:
    return f"{name}.part-{offset:016d}"
