"""Training steps, each library in its own process, by turns: two thread pools in one disturb each other."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.report import Table
from benchmarks.timing import Timings


@dataclass(frozen=True)
class Case:
    """A network of linear layers with ReLU between them, and the batch it is trained on."""

    sizes: tuple[int, ...]
    batch: int

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch}"


CASES = [Case((4, 3, 1), 2), Case((64, 128, 10), 64), Case((784, 256, 10), 256)]
LIBRARIES = ["fastinit", "torch", "numpy"]
KINDS = ["forward + backward", "forward + backward + SGD"]


def run(options: argparse.Namespace) -> Table:
    """One row per network and kind of step: the time of fastinit, and how many of it each peer takes."""
    rounds = 1 if options.quick else 5
    table = Table(
        f"Training steps, float32, {max(options.threads)} threads",
        ["network", "step", "fastinit us", "x torch", "x numpy"],
    )
    for case in CASES:
        seconds: dict[tuple[str, str], list[float]] = {
            (kind, name): [] for kind in KINDS for name in LIBRARIES
        }
        for _ in range(rounds):
            for name in LIBRARIES:
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.step_worker",
                    name,
                    str(max(options.threads)),
                    str(case.batch),
                ]
                command += [str(size) for size in case.sizes]
                if options.quick:
                    command.insert(3, "--quick")
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                for kind, value in zip(KINDS, output.split(), strict=True):
                    seconds[kind, name].append(float(value))
        for kind in KINDS:
            timings = Timings({name: dict(enumerate(seconds[kind, name])) for name in LIBRARIES})
            table.row(
                case,
                kind,
                timings.median("fastinit") * 1e6,
                timings.ratio("fastinit", to="torch"),
                timings.ratio("fastinit", to="numpy"),
            )
    return table
