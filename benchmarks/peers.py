"""The libraries that fastinit is measured beside: PyTorch (the extra `compare`), and JAX where installed."""

from __future__ import annotations

from typing import Any

try:
    import torch
except ModuleNotFoundError as error:
    raise SystemExit(
        "the benchmarks measure PyTorch beside fastinit: pip install 'fastinit[compare,bench]'"
    ) from error

jax: Any
try:
    import jax
except ModuleNotFoundError:
    jax = None
else:
    jax.config.update("jax_enable_x64", True)

__all__ = ["jax", "torch"]
