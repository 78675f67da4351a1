"""Fills in one process: fastinit, PyTorch, NumPy's fastest generator, JAX, and memset of the same bytes.

All write the same memory, by turns; only JAX returns a new array, whose allocation is counted. NumPy fills on
one thread and JAX on all, so each has one rate, which stands beside every number of threads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import ml_dtypes
import numpy as np

import fastinit
from benchmarks.fill_calls import FILLS, Fill
from benchmarks.memset import memset
from benchmarks.peers import jax, torch
from benchmarks.report import Table
from benchmarks.timing import Peer, Timings, by_turns

SIZES = [2**12, 2**16, 2**20, 2**26]
DTYPES = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float16": np.dtype(np.float16),
    "float64": np.dtype(np.float64),
}


@dataclass(frozen=True)
class Result:
    """One fill of one array, timed by library and number of threads: "torch, 2"."""

    fill: str
    dtype: str
    size: int
    timings: Timings

    def rate(self, peer: str) -> float | None:
        """Values per second, if the peer took part."""
        return self.size / self.timings.median(peer) if peer in self.timings.seconds else None

    def ratio(self, peer: str, to: str) -> float | None:
        """How many times as fast as the other the peer is, if both took part."""
        return self.timings.ratio(peer, to=to) if {peer, to} <= self.timings.seconds.keys() else None


def fastest_bit_generator() -> type[np.random.BitGenerator]:
    """The one of NumPy's with which this machine fills float32 uniforms fastest."""
    array = np.empty(2**16, np.float32)

    def peer(name: str) -> Peer:
        generator = np.random.Generator(getattr(np.random, name)(0))
        return Peer(lambda: generator.random(out=array, dtype=array.dtype))

    names = ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"]
    timings = by_turns({name: peer(name) for name in names}, rounds=5, at_least=0.002)
    return getattr(np.random, min(names, key=timings.median))


def numpy_call(
    fill: Callable[[np.random.Generator, np.ndarray], object],
    generator: np.random.Generator,
    array: np.ndarray,
) -> Callable[[], object]:
    """NumPy's generators make float32 and float64; half types are rounded from an array of float32."""
    if array.itemsize > 2:
        return partial(fill, generator, array)
    single = np.empty(array.shape, np.float32)

    def call() -> None:
        fill(generator, single)
        np.copyto(array, single, casting="unsafe")

    return call


def jax_call(
    fill: Callable[[Any, Any, tuple[int, ...], Any], Any], array: np.ndarray
) -> Callable[[], object]:
    """Compiled for the shape; each call waits for its values."""
    compiled = jax.jit(lambda key: fill(jax.random, key, array.shape, array.dtype))
    key = jax.random.key(0)
    compiled(key)  # whose first call compiles, which is not to be its turn
    return lambda: compiled(key).block_until_ready()


def peers_of(
    fill: Fill, array: np.ndarray, dtype: str, threads: list[int], bits: type[np.random.BitGenerator]
) -> dict[str, Peer]:
    """Those who take turns in filling the array."""
    ours = fastinit.from_numpy(array)
    theirs = torch.from_numpy(array.view(np.uint8)).view(getattr(torch, dtype))
    peers = {}
    for count in threads:
        peers[f"fastinit, {count}"] = Peer(
            partial(fill.fastinit, fastinit.nn.init, ours), partial(fastinit.set_num_threads, count)
        )
        peers[f"memset, {count}"] = Peer(memset(array, count))
        peers[f"torch, {count}"] = Peer(
            partial(fill.torch or fill.fastinit, torch.nn.init, theirs), partial(torch.set_num_threads, count)
        )
    if fill.numpy is not None:
        peers["numpy"] = Peer(numpy_call(fill.numpy, np.random.Generator(bits(0)), array))
    if fill.jax is not None and jax is not None:
        peers["jax"] = Peer(jax_call(fill.jax, array))
    return peers


def cases(options: argparse.Namespace) -> list[tuple[str, str, tuple[int, ...]]]:
    """Fill, dtype and shape of each row: what is asked for, the small first."""
    found = []
    for name in options.fills:
        fill = FILLS[name]
        if fill.shape is None:
            shapes = [(size,) for size in options.sizes]
        else:
            shapes = [] if options.quick else [fill.shape]
        found += [
            (name, dtype, shape) for dtype in options.dtypes if dtype in fill.dtypes for shape in shapes
        ]
    return sorted(found, key=lambda case: prod(case[2]))


def measure(options: argparse.Namespace) -> list[Result]:
    """Times every case, each in its part of the time that is left; every peer has one turn at the least."""
    bits = fastest_bit_generator()
    print(f"NumPy {np.__version__} draws from {bits.__name__}, its fastest here")
    print(f"JAX {jax.__version__}" if jax is not None else "JAX is not installed")
    rows = cases(options)
    memory = np.empty(max((prod(s) * DTYPES[d].itemsize for _, d, s in rows), default=0), np.uint8)
    memory.fill(0)  # no peer is to pay for the pages
    end = time.perf_counter() + options.seconds
    results = []
    for left, (name, dtype, shape) in zip(range(len(rows), 0, -1), rows, strict=True):
        size = prod(shape)
        array = memory[: size * DTYPES[dtype].itemsize].view(DTYPES[dtype]).reshape(shape)
        timings = by_turns(
            peers_of(FILLS[name], array, dtype, options.threads, bits),
            rounds=2 if options.quick else 9,
            at_least=0.001 if options.quick else 0.01,
            at_most=max(0.0, end - time.perf_counter()) / left,
        )
        results.append(Result(name, dtype, size, timings))
    order = list(FILLS)
    return sorted(results, key=lambda r: (order.index(r.fill), options.dtypes.index(r.dtype), r.size))


def power_of_two(size: int) -> str:
    """The size as it is spoken of."""
    return f"2^{size.bit_length() - 1}" if size.bit_count() == 1 else str(size)


def run(options: argparse.Namespace) -> list[Table]:
    """A row per fill, dtype, size and number of threads: fastinit's rate, and the ratio to each peer's."""
    results = measure(options)
    if options.plot:
        from benchmarks import plot

        plot.rates(results, options.threads, options.plot)
    table = Table(
        "Fills: 10^9 values/s of fastinit, and how many times as fast it is",
        ["fill", "dtype", "values", "threads", "fastinit", "1 thread", "torch", "numpy", "jax", "memset"],
    )
    for result in results:
        for count in options.threads:
            ours = f"fastinit, {count}"
            peers = ["fastinit, 1", f"torch, {count}", "numpy", "jax", f"memset, {count}"]
            ratios = [result.ratio(ours, to=peer) for peer in peers]
            table.row(
                result.fill, result.dtype, power_of_two(result.size), count, result.rate(ours) / 1e9, *ratios
            )
    return [table]
