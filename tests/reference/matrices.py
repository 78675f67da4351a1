"""The initialisers whose values hang together, with what is filled by each."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from fastinit import Generator, Shard
from fastinit.nn import init
from reference.fills import DTYPES

# Of one element, within a panel of reflectors, one past it, several panels; a kernel; some for threads.
SHAPES = ((1, 1), (5, 5), (33, 33), (70, 65), (41, 97), (12, 4, 3, 3), (300, 220), (220, 300), (2500, 50))
CASES: dict[str, tuple[tuple[tuple[int, ...], ...], dict[str, Any]]] = {
    "orthogonal_": (SHAPES, {"gain": 1.3}),
    "delta_orthogonal_": (((1, 1, 1), (40, 34, 3), (6, 5, 4, 3), (3, 2, 3, 1, 2)), {}),
    "sparse_": (((1, 1), (7, 5), (1000, 30), (30, 1000), (3, 20000)), {"sparsity": 0.3, "std": 2.0}),
}


def digests() -> dict[str, str]:
    """SHA-256 of the bytes of each, whole and of its middle, by a name that says which."""
    found = {}
    for name, (shapes, keywords) in CASES.items():
        for shape in shapes:
            whole = Shard(shape, tuple(slice(0, size) for size in shape))
            middle = Shard(shape, tuple(slice(size // 3, size // 3 + (size + 1) // 2) for size in shape))
            for dtype, numpy_dtype in DTYPES.items():
                for part, shard in {"whole": whole, "middle": middle}.items():
                    generator = Generator(seed=0x0123456789ABCDEF).fork("matrices")
                    array = np.empty(shard.shape, numpy_dtype)
                    getattr(init, name)(array, **keywords, generator=generator, shard=shard)
                    key = f"{name} {dtype} {'x'.join(map(str, shape))} {part}"
                    found[key] = hashlib.sha256(array.tobytes()).hexdigest()
    return found
