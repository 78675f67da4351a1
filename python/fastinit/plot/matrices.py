"""What is drawn: the real numbers of a tensor, as an array or as a matrix."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ..diagnostics.tensors import array_of

__all__ = ["matrix_of", "numbers_of"]

Array = npt.NDArray[Any]


def numbers_of(what: str, tensor: Any) -> Array:
    """The values of a tensor of fastinit or of PyTorch, or of an array, which they share memory with.

    Raises:
        TypeError: it is none of these, has no values, or they are no real numbers.
    """
    try:
        array = array_of(tensor)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{what}: expected a tensor or an array with values: {error}") from None
    if array.dtype.kind in "cOSUMm" or array.dtype.names is not None:
        raise TypeError(f"{what}: expected real numbers, got {array.dtype}")
    return array


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
