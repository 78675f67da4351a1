"""The fills under test, by name, with arguments for each."""

from __future__ import annotations

import hashlib
from typing import Any

import ml_dtypes
import numpy as np

from fastinit import _core

INF = float("inf")
DTYPES = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}
INTEGER_DTYPES = {name: np.dtype(name) for name in ("bool", "uint8", "int8", "int16", "int32", "int64")}
# Every distribution; the truncated normal by both its ways, and the inverse near, far and on either side.
FILLS: dict[str, tuple[Any, tuple[float, ...]]] = {
    "uniform": (_core.fill_uniform, (-0.3, 0.7)),
    "normal": (_core.fill_normal, (0.5, 2.0)),
    "trunc_normal": (_core.fill_trunc_normal, (0.0, 1.0, -2.0, 2.0)),
    "trunc_normal_half": (_core.fill_trunc_normal, (1.0, 2.0, 1.0, INF)),
    "trunc_normal_one_sided": (_core.fill_trunc_normal, (0.0, 1.0, -INF, 1.0)),
    "trunc_normal_narrow": (_core.fill_trunc_normal, (0.0, 1.0, 0.0, 0.1)),
    "trunc_normal_far": (_core.fill_trunc_normal, (0.0, 1.0, 6.0, 7.0)),
    "trunc_normal_far_below": (_core.fill_trunc_normal, (0.0, 1.0, -14.0, -12.0)),
    "masked_uniform": (_core.fill_masked_uniform, (-10.0, 10.0, 5.0)),
    "bernoulli": (_core.fill_bernoulli, (0.3,)),
    "exponential": (_core.fill_exponential, (0.7,)),
    "log_normal": (_core.fill_log_normal, (1.0, 2.0)),
    "cauchy": (_core.fill_cauchy, (0.5, 2.0)),
    "geometric": (_core.fill_geometric, (0.03,)),
    "integers": (_core.fill_integers, (-5, 1000)),
    "integers_of_64_bits": (_core.fill_integers, (-(2**40), 2**62)),
}
OF_INTEGERS_TOO = ("bernoulli", "geometric", "integers")
SEED, STREAM = 0x0123456789ABCDEF, 0xFEDCBA9876543210


def dtypes_of(name: str) -> list[str]:
    """The dtypes that a fill is made for."""
    if name == "integers_of_64_bits":
        return ["bfloat16", "float32", "float64", "int64"]
    if name not in OF_INTEGERS_TOO:
        return list(DTYPES)
    return [*DTYPES, *(dtype for dtype in INTEGER_DTYPES if dtype != "bool" or name == "bernoulli")]


def filled(name: str, dtype: str, shape: int | tuple[int, ...], position: int = 0, **box: Any) -> np.ndarray:
    """A new array of one fill."""
    array = np.empty(shape, (DTYPES | INTEGER_DTYPES)[dtype])
    fill_into(array, name, position, **box)
    return array


def fill_into(array: np.ndarray, name: str, position: int = 0, **box: Any) -> None:
    """One fill of `array`."""
    fill, arguments = FILLS[name]
    fill(array, *arguments, seed=SEED, stream=STREAM, position=position, **box)


# Sizes: nothing, within a block, within a tile, many tiles. Positions: the first, one whose blocks pass a
# multiple of 2^32, the last ones of the stream.
SIZES = (0, 1, 3, 10003)
POSITIONS = (0, 2**34 - 4000, 2**50 - 10004)
SHARD = {"global_shape": (301, 77), "start": (17, 5)}
SHARD_SHAPE = (100, 41)


def digests() -> dict[str, str]:
    """SHA-256 of the bytes of each fill, by a name that says which."""

    def digest(array: np.ndarray) -> str:
        return hashlib.sha256(array.tobytes()).hexdigest()

    found = {}
    for name in FILLS:
        for dtype in dtypes_of(name):
            for position in POSITIONS:
                for size in SIZES:
                    found[f"{name} {dtype} {size} at {position}"] = digest(
                        filled(name, dtype, size, position)
                    )
                found[f"{name} {dtype} shard at {position - position % 2**20}"] = digest(
                    filled(name, dtype, SHARD_SHAPE, position - position % 2**20, **SHARD)
                )
            found[f"{name} {dtype} 200000 at 0"] = digest(filled(name, dtype, 200_000))
    return found
