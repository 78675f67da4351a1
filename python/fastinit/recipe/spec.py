"""What a recipe knows of a parameter before it exists: its shape and its dtype."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from .errors import RecipeError, unknown

DTYPES: Mapping[str, np.dtype[Any]] = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}
"""What a parameter may be made of."""

MOST_ELEMENTS = 1 << 50
"""A fill takes as many positions of its stream as the tensor has elements, and a stream has so many."""

MOST_DIMENSIONS = 64
"""Those of a NumPy array."""


@dataclass(frozen=True)
class TensorSpec:
    """The shape of a parameter, and the name of its dtype.

    Args:
        shape: the sizes, each an int of at least 0.
        dtype: `"float16"`, `"bfloat16"`, `"float32"` or `"float64"`.

    Raises:
        RecipeError: no array can have the shape, or the dtype is another.

    Source: fastinit's own; see docs/recipes.md.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise unknown("dtype", self.dtype, DTYPES)
        shape = list(self.shape)
        if any(not isinstance(size, int) or isinstance(size, bool) or size < 0 for size in shape):
            raise RecipeError(f"shape {shape} holds what is not a whole number of at least 0")
        object.__setattr__(self, "shape", tuple(shape))
        if len(shape) > MOST_DIMENSIONS:
            raise RecipeError(f"shape has {len(shape)} dimensions; an array has at most {MOST_DIMENSIONS}")
        if self.numel >= MOST_ELEMENTS:
            raise RecipeError(f"shape {shape} has {self.numel} elements; fewer than 2^50 can be filled")

    def __str__(self) -> str:
        """As messages write it: `[768, 2304] float32`."""
        return f"{list(self.shape)} {self.dtype}"

    @property
    def numel(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that they take."""
        return self.numel * self.numpy_dtype.itemsize

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype of an array that holds them."""
        return DTYPES[self.dtype]
