"""Prints the largest pointwise error of each fill against its reference in wider arithmetic: docs/stream.md.

`PYTHONPATH=tests python tests/long/errors.py` takes minutes; the suite bounds these errors over fewer values.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from fastinit import _core
from reference import distributions
from reference.fills import DTYPES, SEED, STREAM

PRECISION = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
SMALLEST = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 5e-324}
PIECE = 2**18
INF = float("inf")


class CompiledWords(distributions.Stream):
    """The stream by the compiled words, which are the reference's own, and quicker."""

    def words(self, positions: np.ndarray, dtype: np.dtype, draw: int = 0) -> np.ndarray:
        first = int(positions.min()) & ~3
        array = np.empty(int(positions.max()) + 1 - first, np.uint64 if dtype.itemsize == 8 else np.uint32)
        draw *= 2 if dtype.itemsize == 8 else 1
        _core.random_words(array, seed=self.seed, stream=self.stream, position=first, draw=draw)
        return array[positions - first].astype(np.uint64)


WORDS = CompiledWords(SEED, STREAM)


def ulps(error: np.ndarray, exact: np.ndarray, dtype: str) -> np.ndarray:
    """The error in units in the last place that the exact value has in the dtype."""
    exponent = np.frexp(np.abs(exact))[1]
    return error / np.maximum(np.ldexp(np.ones_like(exact), exponent - PRECISION[dtype]), SMALLEST[dtype])


@dataclass(frozen=True)
class Row:
    """A fill and its reference."""

    name: str
    fill: Callable[..., None]
    arguments: tuple[float, ...]
    reference: Callable[[np.ndarray, np.dtype], np.ndarray]
    dtypes: tuple[str, ...]
    absolute: bool = False

    def largest_error(self, dtype: str, values: int) -> float:
        largest = 0.0
        for start in range(0, values, PIECE):
            array = np.empty(PIECE, DTYPES[dtype])
            self.fill(array, *self.arguments, seed=SEED, stream=STREAM, position=start)
            exact = self.reference(start + np.arange(PIECE), array.dtype)
            if self.fill is _core.fill_cauchy:  # never infinite
                largest_value = float(ml_dtypes.finfo(array.dtype).max)
                exact = np.clip(exact, -largest_value, largest_value)
            error = np.abs(array.astype(exact.dtype) - exact)
            largest = max(largest, float((error if self.absolute else ulps(error, exact, dtype)).max()))
        return largest


def log_normal(positions: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The power of the compiled normals, whose own error is another row's."""
    narrow = np.dtype(distributions.real(dtype))
    z = np.empty(positions.size, narrow)
    _core.fill_normal(z, 0.0, 1.0, seed=SEED, stream=STREAM, position=int(positions[0]))
    return np.exp(z.astype(np.longdouble if narrow.itemsize == 8 else np.float64))


def truncated(low: float, high: float) -> Row:
    return Row(
        f"trunc_normal [{low}, {high}]",
        _core.fill_trunc_normal,
        (0.0, 1.0, low, high),
        lambda positions, dtype: distributions.truncated_normal(positions, dtype, low, high, WORDS)[0],
        ("float32", "float64"),
        absolute=True,
    )


ROWS = [
    Row(
        "normal",
        _core.fill_normal,
        (0.0, 1.0),
        lambda positions, dtype: distributions.standard_normal(positions, dtype, WORDS),
        tuple(DTYPES),
    ),
    Row("log_normal", _core.fill_log_normal, (0.0, 1.0), log_normal, tuple(DTYPES)),
    Row(
        "exponential",
        _core.fill_exponential,
        (1.0,),
        lambda positions, dtype: distributions.standard_exponential(positions, dtype, WORDS),
        tuple(DTYPES),
    ),
    Row(
        "cauchy",
        _core.fill_cauchy,
        (0.0, 1.0),
        lambda positions, dtype: distributions.standard_cauchy(positions, dtype, WORDS),
        tuple(DTYPES),
    ),
    *(
        truncated(*bounds)
        for bounds in ((-2, 2), (0, INF), (-INF, 1), (-0.7, 0.7), (0, 0.1), (-1e-4, 1e-4), (2, 3), (6, 7))
    ),
    *(truncated(*bounds) for bounds in ((12, 14), (13.99, 14), (-14, 0), (-14, 14))),
]


def lines(values: int) -> Iterator[str]:
    yield f"| fill | {' | '.join(DTYPES)} | unit |"
    yield "| --- | " + "---: | " * len(DTYPES) + "--- |"
    for row in ROWS:
        errors = [f"{row.largest_error(d, values):.3g}" if d in row.dtypes else "-" for d in DTYPES]
        yield f"| {row.name} | {' | '.join(errors)} | {'standard deviation' if row.absolute else 'ulp'} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--values", type=int, default=2**22, help="in each fill")
    for line in lines(parser.parse_args().values):
        print(line, flush=True)


if __name__ == "__main__":
    main()
