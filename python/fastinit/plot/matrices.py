"""What is drawn: the real numbers of a tensor as a matrix."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..diagnostics.tensors import numbers_of

__all__ = ["matrix_of"]

Array = npt.NDArray[Any]


def matrix_of(what: str, tensor: Any) -> Array:
    """The values as a matrix: what has more dimensions is one of the first by the rest.

    Raises:
        TypeError: as `numbers_of`.
        ValueError: there are fewer than 2 dimensions, or no values.
    """
    array = numbers_of(what, tensor)
    if array.ndim < 2 or not array.size:
        raise ValueError(f"{what}: expected 2 or more dimensions and values, got the shape {array.shape}")
    return array.reshape(array.shape[0], -1)
