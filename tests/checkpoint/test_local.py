"""A directory of this machine: files appear whole, and their bytes pass the page cache by where they can."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastinit.checkpoint.local import PAGE, LocalStore

DATA = np.random.default_rng(0).bytes(3 * PAGE + 5)

needs_direct = pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has no O_DIRECT")


def at_a_page(data: bytes) -> memoryview:
    """A copy of the bytes where such a write demands them."""
    view = memoryview(mmap.mmap(-1, max(len(data), 1)))[: len(data)]
    view[:] = data
    return view


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


class Refusing:
    """A file system that refuses writes past the cache, when a file is opened or only when one comes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
        self.refused = 0
        self._open, self._write = os.open, os.pwrite
        monkeypatch.setattr(os, "open" if at == "open" else "pwrite", getattr(self, at))

    def open(self, path: Any, flags: int, *rest: Any) -> int:
        descriptor = self._open(path, flags & ~os.O_DIRECT, *rest)
        if flags & os.O_DIRECT:  # Linux has made the file by then
            os.close(descriptor)
            self._refuse()
        return descriptor

    def write(self, descriptor: int, *rest: Any) -> int:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            self._refuse()
        return self._write(descriptor, *rest)

    def _refuse(self) -> None:
        self.refused += 1
        raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize(
    "sizes", [[], [0], [5], [PAGE], [PAGE, 5], [2 * PAGE, PAGE, 5], [5, PAGE], [7, 7, 7]]
)
def test_a_file_holds_what_was_written(store: LocalStore, sizes: list[int]) -> None:
    with store.create("a", sum(sizes)) as sink:
        place = 0
        for size in sizes:
            assert sink.write(at_a_page(DATA[place : place + size])) == size
            place += size
    assert store.read("a") == DATA[: sum(sizes)]
    assert store.names() == ["a"]


@needs_direct
@pytest.mark.parametrize("at", ["open", "write"])
@pytest.mark.parametrize("way", ["create", "part"])
def test_where_the_cache_cannot_be_passed_by_it_is_not(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, at: str, way: str
) -> None:
    refusing = Refusing(monkeypatch, at)
    opened = store.create("a", len(DATA)) if way == "create" else store.part("a", 0, len(DATA))
    with opened as sink:
        sink.write(at_a_page(DATA[: 2 * PAGE]))
        sink.write(at_a_page(DATA[2 * PAGE :]))
    assert refusing.refused == 1
    if way == "part":
        store.join("a", [0], "a")
    assert store.read("a") == DATA


@needs_direct
def test_whole_pages_pass_the_cache_by_and_what_is_left_does_not(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bool]] = []
    write = os.pwrite

    def watched(descriptor: int, data: memoryview, offset: int) -> int:
        seen.append((len(data), bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT)))
        return write(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", watched)
    with store.create("a", len(DATA)) as sink:
        sink.write(at_a_page(DATA))
    assert store.read("a") == DATA
    if (3 * PAGE, False) in seen:
        pytest.skip("this file system has no such way")
    assert seen == [(3 * PAGE, True), (5, False)]


@needs_direct
def test_memory_that_begins_anywhere_is_written_all_the_same(store: LocalStore) -> None:
    shifted = at_a_page(b"x" + DATA)[1:]
    with store.create("a", len(DATA)) as sink:
        sink.write(shifted)
    assert store.read("a") == DATA


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no /dev/shm")
def test_a_file_system_in_memory_takes_files_too(scratch: Path) -> None:
    store = LocalStore(scratch)
    with store.create("a", len(DATA)) as sink:
        sink.write(at_a_page(DATA))
    assert store.read("a") == DATA


def test_writes_may_be_cut_short_by_the_system(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(
        os, "pwrite", lambda file, data, offset: write(file, data[: max(len(data) // 2, 1)], offset)
    )
    with store.create("a", len(DATA)) as sink:
        sink.write(at_a_page(DATA))
    assert store.read("a") == DATA


def test_parts_are_put_together_in_whatever_order_they_come(store: LocalStore) -> None:
    offsets = [0, PAGE, 2 * PAGE]
    for offset, stop in ((2 * PAGE, len(DATA)), (0, PAGE), (PAGE, 2 * PAGE)):
        with store.part("a", offset, stop - offset) as sink:
            sink.write(at_a_page(DATA[offset:stop]))
        assert store.has_part("a", offset, stop - offset)
    assert store.size("a") is None
    store.join("a", offsets, "b")
    assert store.read("b") == DATA
    assert store.names() == ["b"]


def test_the_same_part_may_be_written_twice_at_once(store: LocalStore) -> None:
    together = threading.Barrier(2)

    def write() -> None:
        with store.part("a", 0, len(DATA)) as sink:
            together.wait()
            sink.write(at_a_page(DATA))

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.join("a", [0], "a")
    assert store.read("a") == DATA


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_a_file_that_is_not_finished_never_has_its_name(
    store: LocalStore, error: type[BaseException]
) -> None:
    store.write("a", b"precious")

    def begin() -> None:
        with store.create("a", len(DATA)) as sink:
            sink.write(at_a_page(DATA[:PAGE]))
            raise error

    with pytest.raises(error):
        begin()
    assert store.read("a") == b"precious"
    assert store.names() == ["a"]


def test_what_is_not_there_has_no_size_and_no_names(store: LocalStore) -> None:
    assert store.size("none") is None
    assert store.names("none") == []
    store.remove("none")


def test_a_read_beyond_the_end_says_where_the_file_ends(store: LocalStore) -> None:
    store.write("a", b"four")
    with pytest.raises(OSError, match="a ends at byte 4"):
        store.read_into("a", 2, memoryview(bytearray(3)))


def test_a_folder_goes_with_all_that_is_in_it(store: LocalStore) -> None:
    store.make("work")
    store.write("work/a", b"x")
    store.write("b", b"y")
    store.remove("work")
    assert store.names() == ["b"]


def test_the_free_bytes_are_known_before_the_directory_is_there(tmp_path: Path) -> None:
    free = LocalStore(tmp_path / "none" / "yet").free()
    assert free is not None
    assert free > 0


def test_a_lock_is_held_until_the_block_ends(store: LocalStore) -> None:
    other = LocalStore(store.directory)
    with store.lock(), pytest.raises(BlockingIOError, match="another process is writing"), other.lock():
        pass
    with other.lock():
        pass


def test_a_file_system_without_locks_is_written_to_without(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with store.lock():
        store.write("a", b"x")
    assert store.names() == ["a"]
