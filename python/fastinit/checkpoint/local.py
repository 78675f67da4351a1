"""A checkpoint's directory on this machine's file system, or on one that several machines share."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .store import Bytes, Store

PAGE = 4096
"""What offset, length and memory of a write must be multiples of, for it to pass the page cache by."""


class LocalStore(Store):
    """A directory. Files are written under a temporary name, synced, and renamed."""

    renames = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.directory = Path(path)
        self.url = str(self.directory)

    def make(self, folder: str = "") -> None:
        path = self.directory / folder
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None

    def names(self, folder: str = "") -> list[str]:
        try:
            return sorted(path.name for path in (self.directory / folder).iterdir())
        except FileNotFoundError:
            return []

    def size(self, name: str) -> int | None:
        try:
            return (self.directory / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def read_into(self, name: str, offset: int, buffer: memoryview) -> None:
        path = self.directory / name
        descriptor = os.open(path, os.O_RDONLY)
        try:
            while buffer:
                count = os.preadv(descriptor, [buffer], offset)
                if count == 0:
                    raise OSError(f"{path} ends at byte {offset}, before what should be there")
                offset += count
                buffer = buffer[count:]
        finally:
            os.close(descriptor)

    @contextmanager
    def create(self, name: str, nbytes: int) -> Iterator[_File]:
        path = self.directory / name
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with _called(path), _File(temporary, os.O_EXCL) as file:
            try:
                yield file
                file.sync()
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync(path.parent)

    @contextmanager
    def part(self, name: str, offset: int, nbytes: int) -> Iterator[_File]:
        # Every process writes to the one file; where two write the same part, they write the same bytes.
        path = self.directory / _parts(name)
        with _called(path), _File(path, 0, offset) as file:
            yield file
            file.sync()

    def has_part(self, name: str, offset: int, nbytes: int) -> bool:
        return (self.size(_parts(name)) or 0) >= offset + nbytes

    def join(self, name: str, offsets: list[int], new: str) -> None:
        self.rename(_parts(name), new)

    def rename(self, old: str, new: str) -> None:
        with _called(self.directory / old):
            (self.directory / old).replace(self.directory / new)
        _sync((self.directory / new).parent)

    def remove(self, name: str) -> None:
        path = self.directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def free(self) -> int | None:
        directory = self.directory.absolute()
        there = next(path for path in (directory, *directory.parents) if path.exists())
        return shutil.disk_usage(there).free

    @contextmanager
    def lock(self) -> Iterator[None]:
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BlockingIOError(f"another process is writing a checkpoint to {self.url}") from None
            except OSError:
                pass  # a file system without locks
            yield
        finally:
            os.close(descriptor)


class _File:
    """A file that is written from an offset on.

    Whole pages go to the disk past the page cache: it takes the kernel longer to copy them there than a fast
    disk to store them, and what the cache holds is of more use than a checkpoint that nobody reads yet.
    """

    def __init__(self, path: Path, flags: int, offset: int = 0) -> None:
        self._offset = offset
        self._direct = bool(_DIRECT) and offset % PAGE == 0
        flags |= os.O_CREAT | os.O_WRONLY
        try:
            self._descriptor = os.open(path, flags | (_DIRECT if self._direct else 0), 0o666)
        except OSError as error:
            if not self._direct or error.errno != errno.EINVAL:
                raise
            self._direct = False  # a file system that has no such way
            if flags & os.O_EXCL:  # the attempt may have made the file
                path.unlink(missing_ok=True)
            self._descriptor = os.open(path, flags, 0o666)

    def write(self, data: Bytes) -> int:
        view = memoryview(data).cast("B")
        whole = len(view) // PAGE * PAGE
        if self._direct and whole:
            self._write(view[:whole])
            view = view[whole:]
        if view:
            self._through_cache()
            self._write(view)
        return len(data)

    def sync(self) -> None:
        """Waits until all of it is on the disk."""
        os.fsync(self._descriptor)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _write(self, view: memoryview) -> None:
        while view:
            try:
                count = os.pwrite(self._descriptor, view, self._offset)
            except OSError as error:
                if not self._direct or error.errno != errno.EINVAL:
                    raise
                self._through_cache()  # memory that does not begin at a page, or larger pages than here
                continue
            self._offset += count
            view = view[count:]

    def _through_cache(self) -> None:
        if self._direct:
            self._direct = False
            flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags & ~_DIRECT)


_DIRECT: int = getattr(os, "O_DIRECT", 0)


def _parts(name: str) -> str:
    return f"{name}.parts"


@contextmanager
def _called(path: Path) -> Iterator[None]:
    """Names the file that an error is about as the user knows it, not by its temporary name."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def _sync(directory: Path) -> None:
    """Waits until the list of names of a directory is on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
