"""Each fill in the words of each library: what a user of that library would write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.peers import jax, torch


@dataclass(frozen=True)
class Fill:
    """A fill, in place but for JAX's, which returns a new array.

    fastinit's and torch's take their `nn.init` and a tensor, and are the same text unless both are given;
    NumPy's takes a generator and an array of float32 or float64; JAX's `jax.random`, a key, shape and dtype.
    """

    fastinit: Callable[[Any, Any], object]
    numpy: Callable[[np.random.Generator, np.ndarray], object] | None = None
    jax: Callable[[Any, Any, tuple[int, ...], Any], Any] | None = None
    torch: Callable[[Any, Any], object] | None = None
    dtypes: tuple[str, ...] = ("float32", "float16", "bfloat16", "float64")
    shape: tuple[int, ...] | None = None  # the only one, where it is no vector of any size


def scaled(array: np.ndarray, factor: float, offset: float) -> np.ndarray:
    """A * factor + offset, in place."""
    np.multiply(array, factor, out=array)
    return np.add(array, offset, out=array)


def numpy_truncated(generator: np.random.Generator, array: np.ndarray) -> None:
    """NumPy has none: normals, drawn again where they lie outside."""
    generator.standard_normal(out=array, dtype=array.dtype)
    while (outside := np.flatnonzero(np.abs(array) > 2)).size:
        array[outside] = generator.standard_normal(outside.size, dtype=array.dtype)


def numpy_masked(generator: np.random.Generator, array: np.ndarray) -> None:
    scaled(generator.random(out=array, dtype=array.dtype), 20, -10)
    np.multiply(array, np.abs(array) >= 5, out=array)


def torch_masked(init: Any, tensor: torch.Tensor) -> None:
    """The three steps of the textbook."""
    with torch.no_grad():
        tensor.uniform_(-10, 10)
        tensor.mul_(tensor.abs() >= 5)


def jax_masked(random: Any, key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    values = random.uniform(key, shape, dtype, -10, 10)
    return values * (abs(values) >= 5)


FILLS = {
    "uniform": Fill(
        lambda init, t: init.uniform_(t, -10.0, 10.0),
        lambda g, a: scaled(g.random(out=a, dtype=a.dtype), 20, -10),
        lambda random, key, shape, dtype: random.uniform(key, shape, dtype, -10, 10),
    ),
    "normal": Fill(
        lambda init, t: init.normal_(t, 0.0, 0.02),
        lambda g, a: np.multiply(g.standard_normal(out=a, dtype=a.dtype), 0.02, out=a),
        lambda random, key, shape, dtype: random.normal(key, shape, dtype) * 0.02,
    ),
    "trunc_normal": Fill(
        lambda init, t: init.trunc_normal_(t, 0.0, 1.0, -2.0, 2.0),
        numpy_truncated,
        lambda random, key, shape, dtype: random.truncated_normal(key, -2, 2, shape, dtype),
    ),
    "masked uniform": Fill(
        lambda init, t: init.masked_uniform_(t, -10.0, 10.0, 5.0), numpy_masked, jax_masked, torch_masked
    ),
    "bernoulli": Fill(
        lambda init, t: t.bernoulli_(0.3),
        lambda g, a: np.less(g.random(out=a, dtype=a.dtype), 0.3, out=a),
        lambda random, key, shape, dtype: random.bernoulli(key, 0.3, shape).astype(dtype),
    ),
    "log_normal": Fill(
        lambda init, t: t.log_normal_(1.0, 0.25),
        lambda g, a: np.exp(scaled(g.standard_normal(out=a, dtype=a.dtype), 0.25, 1), out=a),
        lambda random, key, shape, dtype: random.lognormal(key, 0.25, shape, dtype) * np.e,
    ),
    "exponential": Fill(
        lambda init, t: t.exponential_(1.5),
        lambda g, a: np.divide(g.standard_exponential(out=a, dtype=a.dtype), 1.5, out=a),
        lambda random, key, shape, dtype: random.exponential(key, shape, dtype) / 1.5,
    ),
    "cauchy": Fill(
        lambda init, t: t.cauchy_(1.0, 2.0),
        lambda g, a: np.copyto(a, scaled(g.standard_cauchy(a.shape), 2, 1), casting="unsafe"),
        lambda random, key, shape, dtype: random.cauchy(key, shape, dtype) * 2 + 1,
    ),
    "geometric": Fill(
        lambda init, t: t.geometric_(0.3),
        lambda g, a: np.copyto(a, g.geometric(0.3, a.shape)),
        lambda random, key, shape, dtype: random.geometric(key, 0.3, shape).astype(dtype),
    ),
    "integers": Fill(
        lambda init, t: t.random_(0, 256),
        lambda g, a: np.copyto(a, g.integers(256, size=a.shape, dtype=np.uint8)),
        lambda random, key, shape, dtype: random.randint(key, shape, 0, 256).astype(dtype),
    ),
    "constant": Fill(
        lambda init, t: init.constant_(t, 1.0),
        lambda g, a: a.fill(1.0),
        lambda random, key, shape, dtype: jax.numpy.full(shape, 1, dtype),
    ),
    "orthogonal": Fill(
        lambda init, t: init.orthogonal_(t),
        dtypes=("float32", "float64"),
        shape=(2048, 2048),
    ),
}
