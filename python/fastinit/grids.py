"""Tensors of positions: grids, pairs, the places of a triangle, steps in powers."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np

from . import dtypes
from .autograd.variable import wrap
from .conversion import finished
from .creation import linspace, placed
from .devices import DeviceLike
from .ops import joining, shape
from .tensor import Tensor

__all__ = [
    "cartesian_prod",
    "combinations",
    "logspace",
    "meshgrid",
    "scalar_tensor",
    "tril_indices",
    "triu_indices",
]


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Returns the coordinates of a grid's points, a tensor per axis (torch.meshgrid).

    Args:
        *tensors: a vector or a number per axis, or one sequence of them.
        indexing: "ij", the first vector along the first dimension; "xy", along the second. Without it, "ij",
            with PyTorch's warning.

    Raises:
        RuntimeError: another word, or a tensor of more dimensions.
    """
    if len(tensors) == 1 and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=2,
        )
        indexing = "ij"
    if indexing not in {"ij", "xy"}:
        raise RuntimeError('torch.meshgrid: indexing must be one of "xy" or "ij", but received: ' + indexing)
    swapped = indexing == "xy" and len(tensors) >= 2
    axes = [tensors[1], tensors[0], *tensors[2:]] if swapped else list(tensors)
    for each in axes:
        if each.dim() > 1:
            raise RuntimeError(
                "fastinit.meshgrid: Expected 0D or 1D tensor in the tensor list but got one of the shape "
                f"{list(each.shape)}"
            )
    lengths = [each.numel() for each in axes]
    grids = [
        each.view([-1 if at == place else 1 for at in range(len(axes))]).expand(lengths)
        for place, each in enumerate(axes)
    ]
    if swapped:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Returns all tuples of one element of each vector, a row each (torch.cartesian_prod).

    Args:
        *tensors: vectors, each (n,) of its own n.

    Returns:
        A row for each tuple, a column for each vector; of one vector alone, itself.

    Raises:
        RuntimeError: one is no vector, or there is none.
    """
    for each in tensors:
        _check_vector(each)
    if len(tensors) == 1:
        return tensors[0]
    return joining.stack([shape.flatten(each) for each in meshgrid(*tensors, indexing="ij")], 1)


def _check_vector(tensor: Tensor) -> None:
    if tensor.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(tensor.shape)}")


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Returns all choices of `r` elements of a vector, a row each (torch.combinations).

    Args:
        input: (n,), of any dtype.
        r: how many, above 0.
        with_replacement: whether an element may be chosen again.

    Returns:
        A row for each choice, `r` columns.

    Raises:
        RuntimeError: it is no vector.
        ValueError: `r` is not above 0.
    """
    _check_vector(input)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = list(choose(range(input.numel()), r))
    return input[wrap(np.array(places, np.int64).reshape(-1, r))]


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtypes.dtype | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:
    """Returns `base` to the powers that `linspace` gives from `start` to `end` (torch.logspace).

    Args:
        start: the first power.
        end: the last power.
        steps: how many.
        base: what is raised to them.
        dtype: the default dtype if not given; integers are rounded towards zero.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Returns:
        A vector, computed in float64.

    Raises:
        RuntimeError: `steps` is negative, there is no such device, or a dtype that is not floating point is
            to get a gradient.
        TypeError: an end is no number, or `steps` no integer.
    """
    powers = linspace(start, end, steps, dtype=dtypes.float64, device=device)._array
    with np.errstate(all="ignore"):
        return finished(np.power(float(base), powers).astype(dtypes.as_dtype(dtype).numpy), requires_grad)


def scalar_tensor(
    s: float, *, dtype: dtypes.dtype | None = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """Returns a number as a 0-d tensor of the default dtype (torch.scalar_tensor).

    Args:
        s: the number.
        dtype: another dtype.
        device: "cpu" or "meta"; the default device if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        OverflowError: an integer is beyond the dtype.
        RuntimeError: there is no such device, or a dtype that is not floating point is to get a gradient.
    """
    return finished(placed(np.array(s, dtypes.as_dtype(dtype).numpy), device), requires_grad)


def _triangle(
    function: Any, row: int, col: int, offset: int, dtype: dtypes.dtype, device: DeviceLike
) -> Tensor:
    return wrap(placed(np.stack(function(row, offset, col)).astype(dtype.numpy), device))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype = dtypes.int64, device: DeviceLike = None
) -> Tensor:
    """Returns the rows and columns of a matrix's lower triangle (torch.tril_indices).

    Args:
        row: how many rows the matrix has.
        col: how many columns.
        offset: the last diagonal that belongs to it: above the main one if positive.
        dtype: of the result, also a floating-point one.
        device: "cpu" or "meta"; the default device if not given.

    Returns:
        (2, n), rows and then columns, in the order of rows.

    Raises:
        RuntimeError: there is no such device.
        TypeError: `row`, `col` or `offset` is no number.
    """
    return _triangle(np.tril_indices, row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype = dtypes.int64, device: DeviceLike = None
) -> Tensor:
    """Returns the rows and columns of a matrix's upper triangle (torch.triu_indices).

    Args:
        row: how many rows the matrix has.
        col: how many columns.
        offset: the first diagonal that belongs to it: above the main one if positive.
        dtype: of the result, also a floating-point one.
        device: "cpu" or "meta"; the default device if not given.

    Returns:
        (2, n), rows and then columns, in the order of rows.

    Raises:
        RuntimeError: there is no such device.
        TypeError: `row`, `col` or `offset` is no number.
    """
    return _triangle(np.triu_indices, row, col, offset, dtype, device)
