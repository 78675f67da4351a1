"""Writing checkpoints: the rate beside `dd`, the memory, what a scheduler adds, the time of a plan."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from benchmarks.report import Table
from fastinit import checkpoint
from fastinit.checkpoint import Engine
from fastinit.recipe import Recipe, Rule, TensorSpec

EXAMPLES = Path(__file__).parents[1] / "examples"
ROUNDS = 3
_SIDE = 8192
_TENSOR = 2 * _SIDE * _SIDE  # bytes of bfloat16

_WRITE = """
import json, pathlib, sys, time
from benchmarks.checkpoints import recipe_of
from fastinit import checkpoint
nbytes, directory = int(sys.argv[1]), sys.argv[2]
recipe = recipe_of(nbytes)
begin = time.perf_counter()
checkpoint.write(recipe, directory, max_shard_size="4GB")
seconds = time.perf_counter() - begin
begin = time.perf_counter()
if "verify" in sys.argv:
    checkpoint.verify(directory)
# Not getrusage: its peak is that of the process that started this one, where that is larger.
resident = next(line for line in pathlib.Path("/proc/self/status").open() if line.startswith("VmHWM"))
print(json.dumps({
    "seconds": seconds,
    "verify": time.perf_counter() - begin,
    "bytes": checkpoint.plan(recipe).nbytes,
    "resident": int(resident.split()[1]) * 1024,
}))
"""


def recipe_of(nbytes: int) -> Recipe:
    """Square matrices of bfloat16 normals, about so many bytes in all."""
    side = min(_SIDE, int((nbytes / 2) ** 0.5))
    count = max(1, round(nbytes / (2 * side * side)))
    tensors = {f"h.{number}.weight": TensorSpec((side, side), "bfloat16") for number in range(count)}
    return Recipe([Rule("*", "normal_", {"std": 0.02})], tensors=tensors)


def run(options: argparse.Namespace) -> Iterator[Table]:
    sizes = [2**24] if options.quick else [size * 10**9 for size in options.gigabytes]
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        yield _writing(Path(directory), sizes, 1 if options.quick else ROUNDS)
        yield _scheduling(Path(directory), 8 if options.quick else 200, options.quick)
    yield _planning()


def _writing(directory: Path, sizes: list[int], rounds: int) -> Table:
    columns = [
        "GB",
        "GB/s, synced",
        "of dd conv=fsync",
        "dd, GB/s",
        "verify, GB/s",
        "resident, MiB",
        "seconds per GB",
    ]
    table = Table("checkpoint.write, bfloat16 normals, files of 4 GB, medians", columns)
    for size in sizes:
        ours, theirs, proofs, resident = [], [], [], 0
        for _ in range(rounds):
            figures = _write(size, directory / "model")
            nbytes = figures["bytes"]
            ours.append(nbytes / figures["seconds"] / 1e9)
            proofs.append(nbytes / figures["verify"] / 1e9)
            theirs.append(_dd(nbytes, directory / "zeros"))
            resident = max(resident, int(figures["resident"]))
        ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
        rate = statistics.median(ours)
        table.row(
            nbytes / 1e9,
            rate,
            ratio,
            statistics.median(theirs),
            statistics.median(proofs),
            resident / 2**20,
            1 / rate,
        )
    return table


def _write(nbytes: int, directory: Path) -> dict[str, float]:
    """In a process of its own, whose memory nothing else has touched."""
    command = [sys.executable, "-c", _WRITE, str(nbytes), str(directory), "verify"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _dd(nbytes: int, path: Path) -> float:
    block = 4 << 20
    command = [
        "dd",
        "if=/dev/zero",
        f"of={path}",
        f"bs={block}",
        f"count={-(-nbytes // block)}",
        "conv=fsync",
    ]
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - begin
    path.unlink()
    return -(-nbytes // block) * block / seconds / 1e9


def _scheduling(directory: Path, shards: int, quick: bool) -> Table:
    """Shards of 4 KB, so that all is overhead: what a task costs beside its bytes, on a cluster that runs."""
    table = Table(f"{shards} shards of 4 KB each", ["engine", "ms per shard", "of local"])
    tensors = {f"{number}.weight": TensorSpec((1000,)) for number in range(shards)}
    recipe = Recipe([Rule("*", "ones_")], tensors=tensors)
    local = 0.0
    for name, opened in _engines(quick):
        with opened as engine:
            _seconds(recipe, directory / "warm", engine)
            each = statistics.median(_seconds(recipe, directory / "many", engine) for _ in range(ROUNDS))
        local = local or each
        table.row(name, each / shards * 1e3, each / local)
    return table


def _engines(quick: bool) -> Iterator[tuple[str, AbstractContextManager[Engine | str]]]:
    yield "local", nullcontext("local")
    for workers in (2,) if quick else (1, 2, 4):
        yield f"dask, {workers} workers", _dask(workers)
    if not quick:
        yield "ray, 2 workers", _ray(2)


@contextmanager
def _dask(workers: int) -> Iterator[Engine]:
    from distributed import Client, LocalCluster

    from fastinit.checkpoint.engines.dask import DaskEngine

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as cluster,
        Client(cluster) as client,
    ):
        yield DaskEngine(client=client)


@contextmanager
def _ray(workers: int) -> Iterator[Engine]:
    import ray

    from fastinit.checkpoint.engines.ray import RayEngine

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        yield RayEngine()
    finally:
        ray.shutdown()


def _seconds(recipe: Recipe, directory: Path, engine: Engine | str) -> float:
    begin = time.perf_counter()
    checkpoint.write(recipe, directory, max_shard_size=4000, engine=engine)
    seconds = time.perf_counter() - begin
    shutil.rmtree(directory)
    return seconds


def _planning() -> Table:
    table = Table("fastinit init RECIPE --dry-run, the whole command", ["recipe", "parameters", "seconds"])
    for path in sorted(EXAMPLES.glob("*.toml")):
        command = [sys.executable, "-m", "fastinit.cli", "init", str(path), "--dry-run", "--json"]
        seconds = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds.append(time.perf_counter() - begin)
        table.row(path.name, json.loads(done.stdout)["parameters"], statistics.median(seconds))
    return table
