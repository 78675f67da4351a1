"""Going on after an interruption: what is complete is kept, and the result is as if nothing had happened."""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastinit import checkpoint
from fastinit.checkpoint import CheckpointError, Manifest
from fastinit.checkpoint.header import INDEX
from fastinit.checkpoint.local import LocalStore
from fastinit.checkpoint.manifest import MANIFEST
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.checkpoints import RECIPE, SEED, contents, layers

# Six files, the last of which is cut into five parts.
TENSORS = {**layers(5, (300, 100)).tensors, "large.weight": TensorSpec((1200, 256))}
MANY = Recipe([Rule("*", "normal_")], tensors=TENSORS)
LIMIT = 200_000


@pytest.fixture
def tmp_path(scratch: Path) -> Path:
    """In memory: nothing here depends on the disk, and to wait for it takes longer than all else."""
    return scratch


class InterruptionError(Exception):
    """What a test raises in the middle of writing."""


def write(directory: Path, **options: Any) -> Manifest:
    return checkpoint.write(MANY, directory, **{"seed": SEED, "max_shard_size": LIMIT, **options})


def interrupt(
    directory: Path, after: int, error: type[BaseException] = InterruptionError, **options: Any
) -> None:
    """Writes until so many bytes are done, and is stopped by an error."""
    done = 0

    def stop(nbytes: int) -> None:
        nonlocal done
        done += nbytes
        if done > after:
            raise error

    with pytest.raises(error):
        write(directory, progress=stop, **options)


def folders(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_dir()]


def stamps(directory: Path) -> dict[str, tuple[int, int]]:
    """What changes when a file is written or replaced."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in directory.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The checkpoint that nothing has interrupted."""
    directory = tmp_path_factory.mktemp("whole")
    manifest = write(directory)
    assert len(manifest.files) == 6
    assert len(manifest.job.plan.parts) == 10
    return contents(directory)


HALF = 5 * 120_000 + 500_000


@pytest.mark.parametrize("after", [0, 119_999, 300_000, HALF, 1_800_000])
@pytest.mark.parametrize("error", [InterruptionError, KeyboardInterrupt, SystemExit, OSError, MemoryError])
def test_after_an_error_it_goes_on_and_ends_alike(
    tmp_path: Path, whole: dict[str, bytes], after: int, error: type[BaseException]
) -> None:
    interrupt(tmp_path, after, error)
    write(tmp_path, resume=True)
    assert contents(tmp_path) == whole


def test_nothing_has_a_final_name_before_all_is_complete(tmp_path: Path) -> None:
    interrupt(tmp_path, HALF)
    assert folders(tmp_path) == list(tmp_path.iterdir())


def test_no_folder_is_left_where_nothing_is_complete(tmp_path: Path) -> None:
    interrupt(tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_what_is_complete_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(tmp_path, HALF)
    (folder,) = folders(tmp_path)
    before = stamps(folder)
    records = [name for name in before if name.startswith("part-")]
    kept = [name for name in before if name.endswith(".safetensors")]
    assert len(kept) == 5
    assert 2 < len(records) < 10
    written: list[str] = []
    create = LocalStore.create
    monkeypatch.setattr(
        LocalStore, "create", lambda self, name, nbytes: written.append(name) or create(self, name, nbytes)
    )
    steps: list[int] = []
    write(tmp_path, resume=True, progress=steps.append)
    made = {name.rpartition("/")[2] for name in written if "part-" in name}
    assert made.isdisjoint(records)
    assert len(made) + len(records) == 10
    assert {name: stamps(tmp_path)[name] for name in kept} == {name: before[name] for name in kept}
    assert sum(steps) == 5 * 120_000 + 1200 * 256 * 4


def test_resuming_where_nothing_is_begins(tmp_path: Path, whole: dict[str, bytes]) -> None:
    write(tmp_path / "new", resume=True)
    assert contents(tmp_path / "new") == whole


def test_resuming_where_all_is_there_only_looks(tmp_path: Path, whole: dict[str, bytes]) -> None:
    first = write(tmp_path)
    before = stamps(tmp_path)
    assert write(tmp_path, resume=True) == first
    assert stamps(tmp_path) == before
    assert contents(tmp_path) == whole


def test_without_resume_the_beginning_of_a_checkpoint_is_kept(tmp_path: Path) -> None:
    interrupt(tmp_path, HALF)
    before = contents(tmp_path)
    with pytest.raises(
        FileExistsError, match=r"resume \(--resume\) goes on with; force \(--force\) replaces"
    ):
        write(tmp_path)
    assert contents(tmp_path) == before


OTHERS = [{"seed": SEED + 1}, {"max_shard_size": LIMIT + 1}, {"recipe": RECIPE}]


@pytest.mark.parametrize("other", OTHERS, ids=["seed", "shard size", "recipe"])
@pytest.mark.parametrize("begun", [True, False], ids=["begun", "complete"])
def test_what_another_call_has_begun_or_written_is_not_gone_on_with(
    tmp_path: Path, other: dict[str, Any], begun: bool
) -> None:
    interrupt(tmp_path, HALF) if begun else write(tmp_path)
    before = contents(tmp_path)
    options: dict[str, Any] = {"recipe": MANY, "seed": SEED, "max_shard_size": LIMIT, **other}
    message = "another recipe, seed or shard size" if begun else "is kept without force"
    with pytest.raises(FileExistsError, match=message):
        checkpoint.write(directory=tmp_path, resume=True, **options)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("other", OTHERS, ids=["seed", "shard size", "recipe"])
def test_force_begins_anew_whatever_has_been_begun(
    tmp_path: Path, whole: dict[str, bytes], other: dict[str, Any]
) -> None:
    options: dict[str, Any] = {"recipe": MANY, "seed": SEED, "max_shard_size": LIMIT, **other}
    checkpoint.write(directory=tmp_path, **options)
    interrupt(tmp_path, HALF, force=True)
    write(tmp_path, force=True)
    assert contents(tmp_path) == whole


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize("harm", [Path.unlink, cut, lengthen])
@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_file_that_has_gone_or_has_not_its_size_is_written_again_and_no_other(
    tmp_path: Path, whole: dict[str, bytes], harm: Callable[[Path], None], number: int
) -> None:
    write(tmp_path)
    before = stamps(tmp_path)
    harmed = f"model-0000{number}-of-00006.safetensors"
    harm(tmp_path / harmed)
    write(tmp_path, resume=True)
    assert contents(tmp_path) == whole
    changed = {name for name, stamp in stamps(tmp_path).items() if before[name] != stamp}
    assert harmed in changed
    assert not {name for name in changed - {harmed} if name.startswith("model-")}


@pytest.mark.parametrize("harm", [Path.unlink, cut])
def test_an_index_that_has_gone_or_is_another_is_written_again(
    tmp_path: Path, whole: dict[str, bytes], harm: Callable[[Path], None]
) -> None:
    write(tmp_path)
    harm(tmp_path / INDEX)
    write(tmp_path, resume=True)
    assert contents(tmp_path) == whole


@pytest.mark.parametrize("pattern", ["model-00001*", "*.parts", "part-000001.json", "job.json"])
def test_a_file_that_goes_before_an_interrupted_call_goes_on_is_written_again(
    tmp_path: Path, whole: dict[str, bytes], pattern: str
) -> None:
    interrupt(tmp_path, HALF)
    (folder,) = folders(tmp_path)
    (harmed,) = folder.glob(pattern)
    harmed.unlink()
    write(tmp_path, resume=True)
    assert contents(tmp_path) == whole


def test_a_record_that_is_half_a_record_counts_for_none(tmp_path: Path, whole: dict[str, bytes]) -> None:
    interrupt(tmp_path, HALF)
    (folder,) = folders(tmp_path)
    record = folder / "part-000001.json"
    os.truncate(record, record.stat().st_size // 2)
    write(tmp_path, resume=True)
    assert contents(tmp_path) == whole


def test_parts_that_have_gone_stay_gone_when_later_ones_come_first(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """The last part gives the file its size; what is before it is a hole until it is written."""
    interrupt(tmp_path, HALF)
    (folder,) = folders(tmp_path)
    (parts,) = folder.glob("*.parts")
    parts.unlink()

    class LastFirst:
        def run(self, tasks):
            yield len(tasks) - 1, tasks[-1].run()
            raise InterruptionError

    with pytest.raises(InterruptionError):
        write(tmp_path, resume=True, engine=LastFirst())
    write(tmp_path, resume=True)
    assert contents(tmp_path) == whole


def test_a_manifest_that_is_none_is_not_gone_on_with(tmp_path: Path) -> None:
    write(tmp_path)
    cut(tmp_path / MANIFEST)
    os.truncate(tmp_path / MANIFEST, 100)
    with pytest.raises(CheckpointError, match="is no manifest"):
        write(tmp_path, resume=True)


# Publication


STEPS = ["write", "rename", "remove", "join"]


def killed_at(monkeypatch: pytest.MonkeyPatch, step: int, harm: Callable[[], None]) -> list[str]:
    """Makes the store fail at a step of those that publication takes, once; returns what was called."""
    calls: list[str] = []

    def guarded(name: str) -> Callable[..., Any]:
        real = getattr(LocalStore, name)

        def call(self: LocalStore, *arguments: Any) -> Any:
            if calls or arguments[0].endswith("/publishing"):
                calls.append(f"{name} {arguments[0]}")
                if len(calls) == step:
                    harm()
            return real(self, *arguments)

        return call

    for name in STEPS:
        monkeypatch.setattr(LocalStore, name, guarded(name))
    return calls


class Killed(BaseException):
    """In the place of a SIGKILL, which leaves no one to count."""


def die() -> None:
    raise Killed


@pytest.mark.parametrize("replaces", [False, True], ids=["new", "another"])
def test_publication_may_be_cut_off_anywhere(tmp_path: Path, whole: dict[str, bytes], replaces: bool) -> None:
    old = tmp_path / "old"
    write(old, seed=SEED + 1)
    step = 1
    while True:
        directory = tmp_path / str(step)
        if replaces:
            shutil.copytree(old, directory)
        with pytest.MonkeyPatch.context() as patch:
            calls = killed_at(patch, step, die)
            try:
                write(directory, force=replaces)
            except Killed:
                finished = False
            else:
                finished = True
        if (directory / MANIFEST).exists():
            # It is taken down before the first file changes, and comes back when the last one has.
            (directory / INDEX).write_bytes(whole[INDEX])
            checkpoint.verify(directory)
        write(directory, resume=True)
        assert contents(directory) == whole, calls
        if finished:
            break
        step += 1
    assert step > 8


def test_the_old_checkpoint_is_intact_until_the_new_one_is_complete(tmp_path: Path) -> None:
    write(tmp_path, seed=SEED + 1)
    before = contents(tmp_path)
    interrupt(tmp_path, 1_800_000, force=True)
    assert {name: data for name, data in contents(tmp_path).items() if "/" not in name} == before
    checkpoint.verify(tmp_path)


def test_files_and_index_of_the_old_checkpoint_go_when_the_new_one_is_there(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").write_bytes(b"{}")
    checkpoint.write(RECIPE, tmp_path, seed=SEED, force=True)
    assert set(contents(tmp_path)) == {"config.json", MANIFEST, "model.safetensors"}
    write(tmp_path, force=True)
    assert not (tmp_path / "model.safetensors").exists()
    assert (tmp_path / INDEX).exists()


def test_the_old_checkpoint_is_not_taken_for_the_new_one_of_the_same_sizes(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    write(tmp_path, seed=SEED + 1)
    write(tmp_path, force=True)
    assert contents(tmp_path) == whole


def test_the_old_checkpoint_cannot_be_gone_on_with_once_its_files_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, seed=SEED + 1)
    with monkeypatch.context() as patch:
        calls = killed_at(patch, 6, die)
        with pytest.raises(Killed):
            write(tmp_path, force=True)
    assert calls[-1].startswith("rename")
    with pytest.raises(FileExistsError, match="another recipe, seed or shard size"):
        write(tmp_path, seed=SEED + 1, resume=True)


# Two at once


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"force": True}, {"seed": 0, "force": True}])
def test_a_directory_that_another_process_writes_to_is_left_to_it(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    interrupt(tmp_path, HALF)
    before = contents(tmp_path)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError, match="another process is writing a checkpoint to"):
            write(tmp_path, **options)
    finally:
        os.close(descriptor)
    assert contents(tmp_path) == before


def test_one_call_keeps_another_out_for_as_long_as_it_writes(tmp_path: Path) -> None:
    refused = []

    def second(nbytes: int) -> None:
        if nbytes:
            with pytest.raises(BlockingIOError):
                write(tmp_path, force=True)
            refused.append(nbytes)

    write(tmp_path, progress=second)
    assert refused
    checkpoint.verify(tmp_path)


# Killed for good


CALLS = ["open", "pwrite", "fsync", "replace", "unlink", "mkdir", "rmdir"]


@pytest.mark.parametrize("replaces", [False, True], ids=["new", "another"])
def test_a_process_killed_before_any_call_of_the_system_is_gone_on_with(
    tmp_path: Path, whole: dict[str, bytes], in_a_child: Callable[[Callable[[], bool]], bool], replaces: bool
) -> None:
    old = tmp_path / "old"
    write(old, seed=SEED + 1)

    def write_until(step: int, directory: Path) -> bool:
        steps = itertools.count(1)

        def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                if next(steps) == step:
                    os._exit(9)
                return real(*arguments, **options)

            return call

        for name in CALLS:
            setattr(os, name, guarded(getattr(os, name)))  # this process has not long to live
        write(directory, force=replaces)
        return True

    finished, step = False, 1
    while not finished:
        directory = tmp_path / str(step)
        if replaces:
            shutil.copytree(old, directory)
        finished = in_a_child(lambda step=step, directory=directory: write_until(step, directory))
        write(directory, resume=True, force=replaces)
        assert contents(directory) == whole, step
        shutil.rmtree(directory)
        step += 9
    assert step > 100


class Killing:
    """Writes in a process of its own, which gets a signal at some moment."""

    def __init__(self, tmp_path: Path) -> None:
        # Some tens of MiB, so that there is a middle.
        shapes = {f"h.{number}": TensorSpec((1 << 19,)) for number in range(12)}
        self._recipe = Recipe([Rule("*", "normal_")], tensors={**shapes, "large": TensorSpec((5 << 20,))})
        began = time.monotonic()
        self._write(tmp_path / "whole")
        self.seconds = time.monotonic() - began
        self.whole = contents(tmp_path / "whole")

    def _write(self, directory: Path) -> None:
        checkpoint.write(self._recipe, directory, seed=SEED, max_shard_size=4 << 20, resume=True)

    def run(self, directory: Path, number: signal.Signals, after: float) -> bool:
        """Begins or goes on, and sends the signal after so many seconds; returns whether it came in time."""
        # Held back until the child has its `try` about it: what escaped it would run the end of pytest there.
        stopping = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # ends a child that waits for ever
            try:
                for each in stopping:
                    signal.signal(each, signal.default_int_handler)  # as the command does, more or less
                signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)
                self._write(directory)
                signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
            except BaseException:
                os._exit(1)
            os._exit(0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)
        time.sleep(after)
        os.kill(child, number)
        return os.waitpid(child, 0)[1] != 0

    def check(self, directory: Path) -> None:
        self._write(directory)
        assert contents(directory) == self.whole


def kill_at_random(tmp_path: Path, times: int, number: signal.Signals) -> None:
    killing = Killing(tmp_path)
    moments = random.Random(times)
    killed = 0
    for trial in range(times):
        directory = tmp_path / str(trial)
        killed += killing.run(directory, number, moments.uniform(0, 1.2 * killing.seconds))
        if trial % 2:  # twice
            killing.run(directory, number, moments.uniform(0, killing.seconds / 2))
        killing.check(directory)
        shutil.rmtree(directory)
    assert killed >= times // 4


@pytest.mark.parametrize(("number", "times"), [(signal.SIGKILL, 4), (signal.SIGINT, 2), (signal.SIGTERM, 2)])
def test_a_process_stopped_at_any_moment_is_gone_on_with(
    tmp_path: Path, number: signal.Signals, times: int
) -> None:
    kill_at_random(tmp_path, times, number)


@pytest.mark.long
def test_fifty_processes_killed_at_any_moment_are_gone_on_with(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 50, signal.SIGKILL)
