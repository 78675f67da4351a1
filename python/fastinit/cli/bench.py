"""`fastinit bench`: how fast this machine fills memory with values."""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import typer

from .. import _core
from ..checkpoint.sizes import parse_bytes
from ..config import config
from ..nn import init
from .progress import waiting
from .tables import print_json, print_table, table

EXAMPLES = ("bench", "bench --size 16MB --json")

FILLS: dict[str, Callable[[Any], object]] = {
    "uniform_": init.uniform_,
    "normal_": init.normal_,
    "trunc_normal_": init.trunc_normal_,
    "masked_uniform_": lambda memory: init.masked_uniform_(memory, -10, 10, threshold=5),
    "zeros_": init.zeros_,
}

_SECONDS = 0.25
"""For each fill, about, and three rounds at least."""


def bench(
    size: Annotated[
        str, typer.Option("--size", metavar="SIZE", help="Of the memory, which caches should not hold.")
    ] = "256MB",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how fast this machine fills memory.

    The values are float32; the C library's memset stands beside them.
    """
    try:
        memory = np.zeros(max(1, parse_bytes(size) // 4), np.float32)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--size") from None
    threads = _core.get_num_threads()
    with waiting("filling"), ThreadPoolExecutor(threads) as pool:
        memset = _seconds(partial(_memset, pool, memory, threads))
        seconds = {name: _seconds(partial(fill, memory)) for name, fill in FILLS.items()}
    values = {name: memory.size / each / 1e9 for name, each in seconds.items()}
    share = {name: memset / each for name, each in seconds.items()}
    if as_json:
        fills = {name: {"values_per_second": values[name] * 1e9, "of_memset": share[name]} for name in FILLS}
        written = {"nbytes": memory.nbytes, "memset_bytes_per_second": memory.nbytes / memset}
        print_json({**config(), **written, "fills": fills})
        return
    filled = table(("fill",), ("10^9 values/s", "GB/s", "of memset"))
    for name in FILLS:
        filled.add_row(name, *(f"{each:.3g}" for each in (values[name], 4 * values[name], share[name])))
    filled.add_row("memset", "-", f"{memory.nbytes / memset / 1e9:.3g}", "1")
    about = f"{_core.isa()}, {threads} threads, {memory.nbytes:,} bytes of float32"
    print_table(filled, about)


def _seconds(call: Callable[[], object]) -> float:
    """The median time of a call, of some rounds."""
    call()
    taken: list[float] = []
    while len(taken) < 3 or sum(taken) < _SECONDS:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _memset(pool: ThreadPoolExecutor, memory: np.ndarray[Any, Any], threads: int) -> None:
    """Sets all bytes, each thread its part: `ctypes` lets go of the interpreter's lock."""
    ends = [memory.nbytes * number // threads for number in range(threads + 1)]
    spans = [(start, stop - start) for start, stop in pairwise(ends)]
    list(pool.map(lambda span: ctypes.memset(memory.ctypes.data + span[0], 0, span[1]), spans))
