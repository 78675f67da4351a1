"""Engines: whoever runs the tasks, in whatever order and how often, the bits are the same."""

from __future__ import annotations

import os
import random
import signal
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fastinit import checkpoint
from fastinit.checkpoint import Engine
from fastinit.checkpoint.engines import engine_called
from fastinit.checkpoint.task import Task
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.checkpoints import SEED, contents, layers

# Files of one tensor and of several, one that is cut into parts, and matrices that are made whole.
RULES = [
    Rule("*.experts", "orthogonal_", layout=Layout(expert_axis=1)),
    Rule("*.square", "orthogonal_"),
    Rule("*", "normal_", {"std": 0.02}),
]
TENSORS = {
    **layers(40, (100, 700)).tensors,
    "a.experts": TensorSpec((60, 4, 60)),
    "a.square": TensorSpec((120, 120), "bfloat16"),
    "a.scalar": TensorSpec((), "float64"),
    "a.none": TensorSpec((0, 3)),
    "large": TensorSpec((5000, 256)),
}
RECIPE = Recipe(RULES, tensors=TENSORS)
SIZE = 300_000


@pytest.fixture
def tmp_path(scratch: Path) -> Path:
    """In memory: nothing here depends on the disk, and to wait for it takes longer than all else."""
    return scratch


def write(directory: Path, engine: Engine | str, **options: Any) -> checkpoint.Manifest:
    given = {"seed": SEED, "max_shard_size": SIZE, **options}
    return checkpoint.write(RECIPE, directory, engine=engine, **given)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The checkpoint that this process writes alone."""
    directory = tmp_path_factory.mktemp("whole")
    manifest = write(directory, "local")
    assert len(manifest.job.plan.parts) > 55
    return contents(directory)


class Shuffled:
    """Runs every task several times, in random order, from several threads at once."""

    def __init__(self, seed: int, threads: int, times: int) -> None:
        self._random = random.Random(seed)
        self._threads = threads
        self._times = times

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
        order = [number for number in range(len(tasks)) for _ in range(self._times)]
        self._random.shuffle(order)
        results: dict[int, set[str]] = {}
        with ThreadPoolExecutor(self._threads) as pool:
            running = {pool.submit(tasks[number].run): number for number in order}
            for done in as_completed(running):
                number = running[done]
                fresh = number not in results
                results.setdefault(number, set()).add(done.result())
                if fresh:
                    yield number, done.result()
        assert all(len(texts) == 1 for texts in results.values())


@pytest.mark.parametrize(("threads", "times"), [(1, 1), (1, 2), (4, 1), (4, 3)])
def test_neither_order_nor_repetition_changes_anything(
    tmp_path: Path, whole: dict[str, bytes], threads: int, times: int
) -> None:
    write(tmp_path, Shuffled(threads + times, threads, times))
    assert contents(tmp_path) == whole


class AllAtOnce:
    """Runs each task twice at the same moment."""

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
        with ThreadPoolExecutor(2) as pool:
            for number, task in enumerate(tasks):
                first, second = pool.map(Task.run, [task, task])
                assert first == second
                yield number, first


def test_the_same_task_twice_at_once_does_no_harm(tmp_path: Path, whole: dict[str, bytes]) -> None:
    write(tmp_path, AllAtOnce())
    assert contents(tmp_path) == whole


def test_a_task_that_runs_again_after_the_checkpoint_is_there_changes_nothing(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """As one of a worker that was taken for dead may."""
    late: list[Task] = []

    class Remembering(Shuffled):
        def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
            late.extend(tasks[::10])
            return super().run(tasks)

    write(tmp_path, Remembering(0, 1, 1))
    for task in late:
        with pytest.raises(FileNotFoundError):
            task.run()
    assert contents(tmp_path) == whole


def test_only_what_is_missing_becomes_a_task(tmp_path: Path, whole: dict[str, bytes]) -> None:
    seen: list[Sequence[Task]] = []

    class Stopping:
        def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
            seen.append(tasks)
            for number, task in enumerate(tasks[:30]):
                yield number, task.run()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, Stopping())
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, Stopping(), resume=True)
    write(tmp_path, Shuffled(0, 1, 1), resume=True)
    assert len(seen[0]) - 30 == len(seen[1])
    assert contents(tmp_path) == whole


def test_a_result_that_is_no_record_is_an_error(tmp_path: Path) -> None:
    class Lying:
        def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
            yield 0, "done"

    with pytest.raises(ValueError, match="Expecting value"):
        write(tmp_path, Lying())
    assert not list(tmp_path.iterdir())


def test_an_engine_that_forgets_a_task_is_an_error_and_publishes_nothing(tmp_path: Path) -> None:
    class Forgetting:
        def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
            for number, task in enumerate(tasks[:-1]):
                yield number, task.run()

    with pytest.raises(RuntimeError, match=r"no result of 1 of \d+ tasks"):
        write(tmp_path, Forgetting())
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("spork", 'it may be "dask", "local", "ray"'),
        ("", 'it may be "dask", "local", "ray"'),
        ("Dask", 'did you mean "dask"'),
    ],
)
def test_an_unknown_engine_is_refused_and_the_nearest_is_said(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f'unknown engine "{name}"; {hint}'):
        engine_called(name)


@pytest.mark.parametrize("options", [{"workers": 2}, {"scheduler": "tcp://127.0.0.1:1"}])
def test_the_local_engine_has_no_workers(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="neither scheduler nor workers"):
        engine_called("local", **options)


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_what_an_engine_needs_is_missed_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, {"dask": "distributed", "ray": "ray"}[name], None)
    with pytest.raises(ModuleNotFoundError):
        write(tmp_path / "out", name)
    assert not (tmp_path / "out").exists()


MISSING = Task("/nowhere/at/all", "{}", ".fastinit-0", 0)


# Dask


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on this machine."""
    distributed = pytest.importorskip("distributed")
    import dask

    # So long the scheduler tries to reach a worker that was killed, where it has not heard of it yet.
    patience = dask.config.set({"distributed.comm.timeouts.connect": "3s"})
    local = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": "CRITICAL"}
    with patience, distributed.LocalCluster(n_workers=2, **local) as running:
        yield running


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    import distributed

    with distributed.Client(cluster) as connected:
        connected.wait_for_workers(2)
        yield connected


def test_dask_on_a_cluster_of_its_own_beside_another(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """A cluster's web server wants port 8787, and warns if it cannot have it."""
    pytest.importorskip("distributed")
    engine = engine_called("dask", workers=1)
    assert engine is not None
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # it may be taken already
            taken.bind(("", 8787))
            taken.listen()
        write(tmp_path, engine)
    assert contents(tmp_path) == whole


def test_dask_on_a_running_scheduler(tmp_path: Path, whole: dict[str, bytes], cluster: Any) -> None:
    steps: list[int] = []
    engine = engine_called("dask", scheduler=cluster.scheduler_address)
    assert engine is not None
    write(tmp_path, engine, progress=steps.append)
    assert contents(tmp_path) == whole
    assert sum(steps) == sum(tensor.nbytes for tensor in TENSORS.values())


class Killing:
    """A progress that kills a process once the first result is there."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._pid: int | None = pid
        self._directory = directory
        self.complete = 0

    def __call__(self, nbytes: int) -> None:
        if nbytes and self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            self.complete = len(list(self._directory.glob(".fastinit-*/part-*")))
            self._pid = None


def test_dask_does_the_tasks_of_a_worker_that_dies_elsewhere(
    tmp_path: Path, whole: dict[str, bytes], client: Any
) -> None:
    from fastinit.checkpoint.engines.dask import DaskEngine

    killing = Killing(next(iter(client.run(os.getpid).values())), tmp_path)
    manifest = write(tmp_path, DaskEngine(client=client), progress=killing)
    assert 0 < killing.complete < len(manifest.job.plan.parts) - 2
    assert contents(tmp_path) == whole


def test_dask_with_workers_that_join_and_leave_meanwhile(
    tmp_path: Path, whole: dict[str, bytes], cluster: Any, client: Any
) -> None:
    from fastinit.checkpoint.engines.dask import DaskEngine

    cluster.scale(4)
    client.wait_for_workers(4)
    sizes = iter([1, 2])

    def shrink(nbytes: int) -> None:
        if nbytes:
            cluster.scale(next(sizes, 2))

    write(tmp_path, DaskEngine(client=client), progress=shrink)
    assert contents(tmp_path) == whole


def test_dask_hands_on_what_a_task_raises(client: Any) -> None:
    from fastinit.checkpoint.engines.dask import DaskEngine

    with pytest.raises(FileNotFoundError, match=r"/nowhere/at/all/\.fastinit-0/job\.json"):
        list(DaskEngine(client=client).run([MISSING]))


def test_dask_takes_either_a_scheduler_or_workers() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ValueError, match="either a scheduler or workers"):
        engine_called("dask", scheduler="tcp://127.0.0.1:1", workers=2)


# Ray


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """A cluster of Ray on this machine, with room for two tasks at once."""
    module = pytest.importorskip("ray")
    module.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
    yield module
    module.shutdown()


def test_ray_writes_the_same(tmp_path: Path, whole: dict[str, bytes], ray: Any) -> None:
    write(tmp_path, "ray")
    assert contents(tmp_path) == whole
    assert ray.is_initialized(), "what others have begun is theirs to end"


def test_ray_does_the_tasks_of_a_worker_that_dies_elsewhere(
    tmp_path: Path, whole: dict[str, bytes], ray: Any
) -> None:
    worker = ray.get(ray.remote(lambda: os.getpid()).remote())  # noqa: PLW0108 - it takes no builtin
    killing = Killing(worker, tmp_path)
    manifest = write(tmp_path, "ray", progress=killing)
    assert 0 < killing.complete < len(manifest.job.plan.parts) - 2
    assert contents(tmp_path) == whole


def test_ray_hands_on_what_a_task_raises(ray: Any) -> None:
    engine = engine_called("ray")
    assert engine is not None
    with pytest.raises(FileNotFoundError) as failure:
        list(engine.run([MISSING]))
    assert failure.value.filename == "/nowhere/at/all/.fastinit-0/job.json"
