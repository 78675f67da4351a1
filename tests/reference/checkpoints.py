"""What the tests of checkpoints share: small recipes, and a directory as its files and their bytes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fastinit.recipe import Recipe, Rule, TensorSpec, initialize_

SEED = 11

RULES = [Rule("*.bias", "zeros_"), Rule("*.weight", "normal_", {"std": 0.02})]

TENSORS = {
    "h.0.weight": TensorSpec((5, 6)),
    "h.1.weight": TensorSpec((5, 6), "bfloat16"),
    "h.2.weight": TensorSpec((3,), "float16"),
    "h.3.weight": TensorSpec((), "float64"),
    "h.4.weight": TensorSpec((0, 4)),
    "h.0.bias": TensorSpec((6,)),
}
"""Every dtype, a scalar, a tensor without values, and sizes that align nothing."""

RECIPE = Recipe(RULES, tensors=TENSORS, ties={"head.weight": "h.0.weight"})

PEAK_MEMORY = """
from pathlib import Path

def peak_memory():
    # Not ru_maxrss, which a process has from the one that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))
"""
"""The most memory that a process has ever had, for scripts that tests start."""


def layers(count: int, shape: tuple[int, ...] = (256, 256), dtype: str = "float32") -> Recipe:
    """A recipe of many tensors that are alike: `h.0.weight`, `h.1.weight` and so on."""
    tensors = {f"h.{number}.weight": TensorSpec(shape, dtype) for number in range(count)}
    return Recipe(RULES[1:], tensors=tensors)


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a directory, hidden ones too."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def filled(recipe: Recipe, seed: int = SEED) -> Mapping[str, np.ndarray[Any, Any]]:
    """The values that `initialize_` gives all that a checkpoint of the recipe stores."""
    arrays = {
        name: np.empty(each.spec.shape, each.spec.numpy_dtype) for name, each in recipe.assignments.items()
    }
    initialize_(arrays, recipe, seed)
    return arrays


def open_files() -> list[str]:
    """What the descriptors of this process lead to."""
    found = []
    for name in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that listed them
            found.append(str(name.readlink()))
    return found
