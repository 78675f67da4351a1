"""Products and training steps, by turns in processes of their own: thread pools disturb each other."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.dense_worker import PRODUCTS, QUICK_PRODUCTS, STEPS
from benchmarks.report import Table
from benchmarks.timing import Timings
from fastinit import _core, set_num_threads


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Products beside the peak of the arithmetic units, then steps, imports and memory, as they are done."""
    for table in (products, steps, imports, memory):
        yield table(options)


def products(options: argparse.Namespace) -> Table:
    """One row per product: its rate, what share that is of the peak, and how many times that of the peers."""
    threads = max(options.threads)
    set_num_threads(threads)
    table = Table(
        f"x @ weight.T, float32, {threads} threads; of the multiply-adds that the registers alone allow",
        ["rows, features, outputs", "fastinit 10^9/s", "peak 10^9/s", "of peak", "x torch", "x numpy"],
    )
    for case, sizes in (QUICK_PRODUCTS if options.quick else PRODUCTS).items():
        peaks = [_core.peak_rate(0.05)]
        timings = by_turns(options, case, ["fastinit", "torch", "numpy"])
        peaks.append(_core.peak_rate(0.05))
        rate = 2 * sizes[0] * sizes[1] * sizes[2] / timings.median("fastinit")
        table.row(
            ", ".join(map(str, sizes)),
            rate / 1e9,
            max(peaks) / 1e9,
            rate / max(peaks),
            timings.ratio("fastinit", to="torch"),
            timings.ratio("fastinit", to="numpy"),
        )
    return table


def steps(options: argparse.Namespace) -> Table:
    """One row per network, trained by SGD, and one for AdamW beside PyTorch's quicker form of it."""
    sizes = "; sizes smaller than they are called" if options.quick else ""
    table = Table(
        f"Training steps, float32, {max(options.threads)} threads{sizes}", ["step", "fastinit us", "x torch"]
    )
    for case in STEPS:
        timings = by_turns(options, case, ["fastinit", "torch"])
        table.row(f"{case}, SGD", timings.median("fastinit") * 1e6, timings.ratio("fastinit", to="torch"))
    timings = by_turns(options, "adamw", ["fastinit", "torch fused", "torch foreach"])
    ratio = min(timings.ratio("fastinit", to=peer) for peer in ("torch fused", "torch foreach"))
    table.row("AdamW alone, 10^7 values in 100 tensors", timings.median("fastinit") * 1e6, ratio)
    return table


def imports(options: argparse.Namespace) -> Table:
    """How long `import` takes, that of NumPy included where it is needed."""
    table = Table("Import", ["fastinit ms", "numpy ms", "of numpy's", "torch ms"])
    names = ["fastinit", "numpy", "torch"]
    timings = in_turns(names, import_time, rounds=1 if options.quick else 15)
    fastinit, numpy, torch = (timings.median(name) * 1e3 for name in names)
    table.row(fastinit, numpy, 1 / timings.ratio("fastinit", to="numpy"), torch)
    return table


def memory(options: argparse.Namespace) -> Table:
    """How much the peak of memory grows from a network with its inputs to three steps of training it."""
    table = Table(
        "Growth of the peak of memory by 3 steps of the widest network", ["fastinit MB", "torch MB"]
    )
    table.row(*(measure(options, "memory", library) / 1e6 for library in ("fastinit", "torch")))
    return table


def by_turns(options: argparse.Namespace, case: str, names: list[str]) -> Timings:
    return in_turns(names, lambda name: measure(options, case, *name.split()), 1 if options.quick else 5)


def in_turns(names: list[str], measured: Callable[[str], float], rounds: int) -> Timings:
    seconds: dict[str, dict[int, float]] = {name: {} for name in names}
    for number in range(rounds):
        for name in names:
            seconds[name][number] = measured(name)
    return Timings(seconds)


def import_time(library: str) -> float:
    """Of a bare interpreter: the worker has imported some of what the libraries do."""
    program = f"import time; t = time.perf_counter(); import {library}; print(time.perf_counter() - t)"
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(options: argparse.Namespace, case: str, library: str, option: str = "") -> float:
    command = [sys.executable, "-m", "benchmarks.dense_worker", case, library, str(max(options.threads))]
    command += [f"--option={option}"] if option else []
    command += ["--quick"] if options.quick else []
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
