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
# Every distribution; the truncated normal by each of its ways, and the inverse near, far and on either side.
FILLS: dict[str, tuple[Any, tuple[float, ...]]] = {
    "uniform": (_core.fill_uniform, (-0.3, 0.7)),
    "uniform_far": (_core.fill_uniform, (1000.0, 1004.0)),
    "normal": (_core.fill_normal, (0.5, 2.0)),
    "trunc_normal": (_core.fill_trunc_normal, (0.0, 1.0, -2.0, 2.0)),
    "trunc_normal_wide": (_core.fill_trunc_normal, (0.0, 1.0, -3.0, 2.5)),
    "trunc_normal_half": (_core.fill_trunc_normal, (1.0, 2.0, 1.0, INF)),
    "trunc_normal_one_sided": (_core.fill_trunc_normal, (0.0, 1.0, -INF, 1.0)),
    "trunc_normal_narrow": (_core.fill_trunc_normal, (0.0, 1.0, 0.0, 0.1)),
    "trunc_normal_far": (_core.fill_trunc_normal, (0.0, 1.0, 6.0, 7.0)),
    "trunc_normal_far_below": (_core.fill_trunc_normal, (0.0, 1.0, -14.0, -12.0)),
    "trunc_normal_farthest": (_core.fill_trunc_normal, (0.0, 1.0, 13.99, 14.0)),
    "trunc_normal_within": (_core.fill_trunc_normal, (0.0, 1.0, -1e-4, 1e-4)),
    "trunc_normal_lopsided": (_core.fill_trunc_normal, (0.0, 1.0, -0.5, 3.0)),
    "trunc_normal_scaled": (_core.fill_trunc_normal, (0.5, 0.02, 0.62, 0.64)),
    "masked_uniform_between": (_core.fill_masked_uniform, (0.1, 0.4, 0.30004)),
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


BOX = {"global_shape": (13, 17, 11), "start": (2, 3, 1)}
BOX_SHAPE = (9, 13, 7)
VIEWS = (
    lambda a: a[::-1, ::-1, ::-1],
    lambda a: a[::2, 1::3, ::-2],
    lambda a: a.transpose(2, 0, 1),
    lambda a: a[:, :, 3],
)


def filled_views(name: str, dtype: str, position: int) -> list[np.ndarray]:
    """One fill of each view of an array, whose other elements are 0."""
    bases = [np.zeros((13, 7, 29), (DTYPES | INTEGER_DTYPES)[dtype]) for _ in VIEWS]
    for base, view in zip(bases, VIEWS, strict=True):
        fill_into(view(base), name, position)
    return bases


def digests() -> dict[str, str]:
    """SHA-256 of the bytes of each fill, by a name that says which."""

    def digest(*arrays: np.ndarray) -> str:
        return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()

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
            carry = 2**34 - 1200
            found[f"{name} {dtype} 200000 at 0"] = digest(filled(name, dtype, 200_000))
            found[f"{name} {dtype} box at {carry}"] = digest(filled(name, dtype, BOX_SHAPE, carry, **BOX))
            found[f"{name} {dtype} views at {carry}"] = digest(*filled_views(name, dtype, carry))
            found[f"{name} {dtype} every size to 300"] = digest(
                *(filled(name, dtype, size, 2**34 - 4 * size) for size in range(1, 301))
            )
    return found
