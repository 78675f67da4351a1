"""Fills in place, in one process: fastinit, PyTorch, NumPy's fastest generator, memset of the same bytes."""

from __future__ import annotations

import argparse
import ctypes
import threading
from collections.abc import Callable

import numpy as np

import fastinit
from benchmarks.peers import torch
from benchmarks.report import Table
from benchmarks.timing import by_turns

Call = Callable[[], object]

SIZES = [2**12, 2**16, 2**20, 2**26]
DTYPES = ["float32", "bfloat16", "float64"]


def memset(array: np.ndarray, threads: int) -> Call:
    """Sets every byte of the array: the rate at which this memory can be written."""
    if array.nbytes < 2**20:
        threads = 1  # starting another takes longer than the rest
    pieces = np.array_split(array.view(np.uint8), threads)  # they keep the memory alive

    def call() -> None:
        tasks = [(piece.ctypes.data, 0, piece.nbytes) for piece in pieces]
        others = [threading.Thread(target=ctypes.memset, args=task) for task in tasks[1:]]
        for other in others:
            other.start()
        ctypes.memset(*tasks[0])
        for other in others:
            other.join()

    return call


def fastinit_fills(array: np.ndarray) -> dict[str, Call]:
    init = fastinit.nn.init
    return {
        "uniform": lambda: init.uniform_(array, -10.0, 10.0),
        "normal": lambda: init.normal_(array, 0.0, 0.02),
        "trunc_normal": lambda: init.trunc_normal_(array, 0.0, 1.0, -2.0, 2.0),
        "masked uniform": lambda: init.masked_uniform_(array, -10.0, 10.0, 5.0),
        "constant": lambda: init.constant_(array, 1.0),
    }


def torch_fills(tensor: torch.Tensor) -> dict[str, Call]:
    init = torch.nn.init

    def chapter() -> None:
        with torch.no_grad():
            tensor.uniform_(-10, 10)
            tensor.mul_(tensor.abs() >= 5)

    return {
        "uniform": lambda: init.uniform_(tensor, -10.0, 10.0),
        "normal": lambda: init.normal_(tensor, 0.0, 0.02),
        "trunc_normal": lambda: init.trunc_normal_(tensor, 0.0, 1.0, -2.0, 2.0),
        "masked uniform": chapter,
        "constant": lambda: init.constant_(tensor, 1.0),
    }


def numpy_fills(array: np.ndarray) -> dict[str, Call]:
    generator = np.random.Generator(np.random.SFC64(0))
    dtype = array.dtype.type

    def uniform() -> None:
        generator.random(out=array, dtype=array.dtype)
        np.multiply(array, dtype(20), out=array)
        np.subtract(array, dtype(10), out=array)

    def normal() -> None:
        generator.standard_normal(out=array, dtype=array.dtype)
        np.multiply(array, dtype(0.02), out=array)

    def chapter() -> None:
        uniform()
        np.multiply(array, np.abs(array) >= 5, out=array)

    return {
        "uniform": uniform,
        "normal": normal,
        "masked uniform": chapter,
        "constant": lambda: array.fill(1.0),
    }


def run(options: argparse.Namespace) -> Table:
    """One row per fill, dtype and size: the rate of fastinit, and how many times that of each peer."""
    rounds = 2 if options.quick else 7
    sizes = [size for size in options.sizes if size <= 2**20] if options.quick else options.sizes
    table = Table(
        f"Fills, {options.threads} threads",
        ["fill", "dtype", "values", "fastinit Gvalues/s", "x torch", "x numpy", "of memset"],
    )
    for dtype in options.dtypes:
        for size in sizes:
            tensor = torch.empty(size, dtype=getattr(torch, dtype))
            array = np.empty(size, fastinit.tensor(0, dtype=getattr(fastinit, dtype)).numpy().dtype)
            numpys = {} if dtype == "bfloat16" else numpy_fills(np.empty_like(array))
            torches = torch_fills(tensor)
            for fill, ours in fastinit_fills(array).items():
                calls = {
                    "fastinit": ours,
                    "torch": torches[fill],
                    "memset": memset(np.empty_like(array), options.threads),
                }
                if fill in numpys:
                    calls["numpy"] = numpys[fill]
                timings = by_turns(calls, rounds=rounds, at_least=0.002 if options.quick else 0.02)
                table.row(
                    fill,
                    dtype,
                    size,
                    size / timings.median("fastinit") / 1e9,
                    timings.ratio("fastinit", to="torch"),
                    timings.ratio("fastinit", to="numpy") if fill in numpys else None,
                    timings.ratio("fastinit", to="memset"),
                )
    return table
