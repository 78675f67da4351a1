"""Whatever fails while a checkpoint is written: what was there stays, and it can be gone on with."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fastinit import checkpoint
from fastinit.checkpoint import Manifest
from fastinit.checkpoint.local import LocalStore
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.checkpoints import SEED, contents, layers, open_files

SIZE = 200 * 256 * 4
RECIPE = Recipe(
    [Rule("*", "normal_")], tensors={**layers(5, (200, 256)).tensors, "large": TensorSpec((1000, 256))}
)
OLD = {"model.safetensors": b"precious", "config.json": b"{}"}


@pytest.fixture
def tmp_path(scratch: Path) -> Path:
    """In memory: nothing here depends on the disk, and to wait for it takes longer than all else."""
    return scratch


def write(directory: Path, **options: Any) -> Manifest:
    return checkpoint.write(RECIPE, directory, **{"seed": SEED, "max_shard_size": SIZE, **options})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    directory = tmp_path_factory.mktemp("whole")
    write(directory)
    return contents(directory)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A directory in which something else lies already."""
    directory = tmp_path / "out"
    directory.mkdir()
    for name, data in OLD.items():
        (directory / name).write_bytes(data)
    return directory


def assert_as_before(out: Path) -> None:
    """Nothing has a final name but what had it, and what is unfinished is whole as far as it goes."""
    found = contents(out)
    assert {name: data for name, data in found.items() if "/" not in name} == OLD
    assert not [name for name in found if name.rpartition("/")[2].startswith(".")]


def assert_goes_on(out: Path, whole: dict[str, bytes]) -> None:
    write(out, resume=True, force=True)
    assert contents(out) == {**whole, "config.json": OLD["config.json"]}


def after(nbytes: int, do: Callable[[], None]) -> Callable[[int], None]:
    """A progress that does something once, when so many bytes are done."""
    done = [0]

    def step(count: int) -> None:
        before, done[0] = done[0], done[0] + count
        if before <= nbytes < done[0]:
            do()

    return step


class Failing:
    """A function of `os` that fails at one of its calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, call: int, number: int) -> None:
        self._real = getattr(os, name)
        self._left = call
        self._number = number
        monkeypatch.setattr(os, name, self)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            path = [] if isinstance(arguments[0], int) else [os.fspath(arguments[0])]
            raise OSError(self._number, os.strerror(self._number), *path)
        return self._real(*arguments, **options)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize(
    ("name", "call"),
    [(name, call) for name in ("pwrite", "fsync", "replace", "open") for call in (1, 2, 5, 9, 16)]
    + [("mkdir", 2)],
)
def test_a_call_of_the_system_that_fails(
    out: Path, whole: dict[str, bytes], name: str, call: int, number: int
) -> None:
    before = open_files()
    with pytest.MonkeyPatch.context() as patch:
        Failing(patch, name, call, number)
        with pytest.raises(OSError, match=str(out)) as failure:
            write(out, force=True)
    assert failure.value.errno == number
    assert_as_before(out)
    assert open_files() == before
    assert_goes_on(out, whole)


@contextmanager
def files_up_to(nbytes: int) -> Iterator[None]:
    """Lets no file of this process grow larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("most", [8192, SIZE // 2, SIZE + 8192, 3 * SIZE])
def test_a_file_that_may_not_grow_so_large(out: Path, whole: dict[str, bytes], most: int) -> None:
    with files_up_to(most), pytest.raises(OSError, match=r"model.*\.safetensors") as failure:
        write(out, force=True)
    assert failure.value.errno == errno.EFBIG
    assert_as_before(out)
    assert_goes_on(out, whole)


@pytest.fixture
def disk() -> Iterator[Callable[[int], Path]]:
    """Gives a disk of so many bytes, mounted where only root may."""
    mounted: list[Path] = []

    def mount(nbytes: int) -> Path:
        path = Path(tempfile.mkdtemp())
        command = ["mount", "-t", "tmpfs", "-o", f"size={nbytes}", "tmpfs", str(path)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            path.rmdir()
            pytest.skip("no disk can be mounted here")
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", str(path)], check=True)
        path.rmdir()


@pytest.mark.parametrize("size", [1 << 19, 1 << 20, 2_000_000])
def test_a_disk_that_others_fill_meanwhile(
    disk: Callable[[int], Path], whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    out = disk(size)
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "free", lambda _: None)
        with pytest.raises(OSError, match=r"No space left on device: .*model") as failure:
            write(out)
    assert failure.value.errno == errno.ENOSPC
    assert not list(out.glob("*.safetensors"))
    subprocess.run(["mount", "-o", "remount,size=16m", str(out)], check=True)
    write(out, resume=True)
    assert contents(out) == whole


def test_a_checkpoint_larger_than_the_free_disk_is_refused_before_it_is_filled(tmp_path: Path) -> None:
    recipe = Recipe([Rule("*", "normal_")], tensors={"w": TensorSpec((1 << 24, 1 << 24))})
    with pytest.raises(OSError, match=r"takes 1,125,899,906,[0-9,]+ bytes, but its disk has only .* free"):
        checkpoint.write(recipe, tmp_path, seed=SEED)
    assert not list(tmp_path.iterdir())


@contextmanager
def unprivileged() -> Iterator[None]:
    """Lowers the rights of root, whom no permission stops, to those of nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that any user may enter and write in (pytest's own are the caller's alone)."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("below", [".", "new"])
def test_a_directory_that_may_not_be_written_in_is_refused(public: Path, below: str) -> None:
    public.chmod(0o555)
    with unprivileged(), pytest.raises(PermissionError, match=str(public)):
        write(public / below)
    assert not list(public.iterdir())


@pytest.mark.parametrize("nbytes", [0, 2 * SIZE, 6 * SIZE])
def test_permission_lost_in_the_middle(public: Path, whole: dict[str, bytes], nbytes: int) -> None:
    def forbid() -> None:
        for path in (*public.iterdir(), public):
            path.chmod(0o555)

    with unprivileged():
        (public / "out").mkdir()
        public = public / "out"
        with pytest.raises(PermissionError, match=str(public)):
            write(public, progress=after(nbytes, forbid))
        assert not list(public.glob("*.safetensors"))
        for path in (public, *public.iterdir()):
            path.chmod(0o755)
        write(public, resume=True)
    assert contents(public) == whole


@pytest.mark.parametrize("nbytes", [0, 2 * SIZE, 6 * SIZE, 10 * SIZE - 1])
def test_a_directory_that_vanishes_in_the_middle(
    tmp_path: Path, whole: dict[str, bytes], nbytes: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(OSError, match=str(out)):
        write(out, progress=after(nbytes, lambda: shutil.rmtree(out)))
    assert not out.exists()
    write(out, resume=True)
    assert contents(out) == whole


@pytest.mark.parametrize("pattern", ["model-00001*", "*.parts"])
def test_a_file_that_vanishes_in_the_middle(out: Path, whole: dict[str, bytes], pattern: str) -> None:
    def harm() -> None:
        next(out.glob(f".fastinit-*/{pattern}")).unlink()

    with pytest.raises(OSError, match=str(out)):
        write(out, force=True, progress=after(9 * SIZE, harm))
    assert_as_before(out)
    assert_goes_on(out, whole)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"precious")
    for place in ("out", "out/below"):
        with pytest.raises(NotADirectoryError, match="out"):
            write(tmp_path / place, force=True)
    assert contents(tmp_path) == {"out": b"precious"}


def test_a_directory_in_the_place_of_a_file_is_no_success(tmp_path: Path) -> None:
    name = "model-00001-of-00006.safetensors"
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match=f"{name} exists"):
        write(tmp_path)
    with pytest.raises(IsADirectoryError, match=name):
        write(tmp_path, force=True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit, OSError])
def test_whatever_stops_the_writing_leaves_what_was_there(out: Path, error: type[BaseException]) -> None:
    def stop() -> None:
        raise error

    with pytest.raises(error):
        write(out, force=True, progress=after(0, stop))
    assert contents(out) == OLD


def test_an_existing_checkpoint_is_kept_unless_forced(out: Path, whole: dict[str, bytes]) -> None:
    with pytest.raises(FileExistsError, match=r"model\.safetensors exists, and is kept without force"):
        write(out)
    assert contents(out) == OLD
    write(out, force=True)
    assert contents(out) == {**whole, "config.json": OLD["config.json"]}


def test_what_is_no_part_of_a_checkpoint_is_no_hindrance(tmp_path: Path, whole: dict[str, bytes]) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"other")
    write(tmp_path)
    assert contents(tmp_path) == {**whole, "config.json": b"{}", "adapter_model.safetensors": b"other"}
