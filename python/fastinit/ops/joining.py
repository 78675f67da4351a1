"""Several tensors into one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import dtypes
from ..autograd.record import record
from .atleast import atleast_3d
from .dims import numpy_names, wrap_dim
from .operands import Array

if TYPE_CHECKING:
    from ..tensor import Tensor


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Returns the tensors one after the other along `dim` (torch.cat); also named `concat` and `concatenate`.

    Args:
        tensors: of the same shape but for `dim`; those of shape (0,) are left out. Dtypes are promoted.
        dim: the dimension that grows.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the shapes do not fit, or one has no dimension.
        ValueError: there is no tensor.
    """
    tensors = tuple(tensors)
    if not tensors:
        raise ValueError("fastinit.cat(): expected a non-empty list of Tensors")
    ndim = max(each._array.ndim for each in tensors)
    shaped = [each for each in tensors if ndim == 1 or each._array.shape != (0,)]
    for index, each in enumerate(tensors):
        if each._array.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {index}) cannot be concatenated")
    dim = wrap_dim(dim, ndim)
    first = shaped[0]._array.shape
    for index, each in enumerate(shaped):
        _check_joint(first, each._array.shape, dim, index)
    dtype = dtypes.result_type(*tensors).numpy
    array = np.concatenate([each._array.astype(dtype, copy=False) for each in shaped], axis=dim)
    ends = np.cumsum([each._array.shape[dim] for each in shaped])
    kinds = [(each._array.shape, each._array.dtype) for each in tensors]
    left_out = [shape == (0,) and ndim > 1 for shape, _ in kinds]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        parts = iter(np.split(grad, ends[:-1], axis=dim))
        return tuple(
            np.zeros(shape, kind) if left else next(parts).astype(kind, copy=False)
            for (shape, kind), left in zip(kinds, left_out, strict=True)
        )

    return record(array, "CatBackward0", tensors, backward)


def _check_joint(first: tuple[int, ...], shape: tuple[int, ...], dim: int, index: int) -> None:
    if len(shape) != len(first):
        raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
    for axis, (expected, length) in enumerate(zip(first, shape, strict=True)):
        if axis != dim and length != expected:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got "
                f"size {length} for tensor number {index} in the list."
            )


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Returns the tensors side by side along a new dimension (torch.stack).

    Args:
        tensors: of the same shape; dtypes are promoted.
        dim: where the new dimension is inserted.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: there is no tensor, or shapes differ.
    """
    tensors = tuple(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = tensors[0]._array.shape
    axis = wrap_dim(dim, len(shape) + 1)
    for index, each in enumerate(tensors):
        if each._array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(each._array.shape)} at entry {index}"
            )
    dtype = dtypes.result_type(*tensors).numpy
    array = np.stack([each._array.astype(dtype, copy=False) for each in tensors], axis=axis)
    kinds = [each._array.dtype for each in tensors]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return tuple(
            part.astype(kind, copy=False)
            for part, kind in zip(np.moveaxis(grad, axis, 0), kinds, strict=True)
        )

    return record(array, "StackBackward0", tensors, backward)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Returns the tensors joined along the second dimension, vectors along their only one (torch.hstack).

    Args:
        tensors: of the same shape but for that dimension; numbers, of no dimension, count as vectors.

    Raises:
        RuntimeError: the shapes do not fit.
        ValueError: there is no tensor.
    """
    raised = [each.reshape(1) if each._array.ndim == 0 else each for each in tensors]
    return cat(raised, 0 if raised and raised[0]._array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Returns the tensors joined along the first dimension, vectors as rows (torch.vstack).

    Also named `row_stack`.

    Args:
        tensors: of the same shape but for the first dimension; vectors, (n,), count as (1, n).

    Raises:
        RuntimeError: the shapes do not fit.
        ValueError: there is no tensor.
    """
    return cat(
        [
            each.reshape(1, 1)
            if each._array.ndim == 0
            else each.unsqueeze(0)
            if each._array.ndim == 1
            else each
            for each in tensors
        ],
        0,
    )


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Returns the tensors joined along the third dimension, matrices as sheets of it (torch.dstack).

    Args:
        tensors: of the same shape but for the third dimension; (m, n) counts as (m, n, 1), (n,) as (1, n, 1).

    Raises:
        RuntimeError: the shapes do not fit.
        ValueError: there is no tensor.
    """
    return cat([atleast_3d(each) for each in tensors], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Returns the tensors joined along the second dimension, vectors as columns (torch.column_stack).

    Args:
        tensors: of the same shape but for the second dimension; vectors, (n,), count as (n, 1).

    Raises:
        RuntimeError: the shapes do not fit.
        ValueError: there is no tensor.
    """
    return cat([each.reshape(each.numel(), 1) if each._array.ndim <= 1 else each for each in tensors], 1)


def block_diag(*tensors: Tensor) -> Tensor:
    """Returns a matrix with the given ones along its diagonal, zeros elsewhere (torch.block_diag).

    Args:
        *tensors: matrices; vectors count as rows. Dtypes are promoted.

    Returns:
        As many rows and columns as all have together.

    Raises:
        TypeError: there is no tensor.
        ValueError: one has more than 2 dimensions.
    """
    blocks = [each._array.reshape(1, -1) if each._array.ndim < 2 else each._array for each in tensors]
    corners = np.cumsum([(0, 0), *(each.shape for each in blocks)], axis=0)
    kind = dtypes.result_type(*tensors).numpy
    result = np.zeros_like(tensors[0]._array, kind, shape=corners[-1], order="C")
    keys = [
        (slice(top, bottom), slice(left, right))
        for (top, left), (bottom, right) in itertools.pairwise(corners)
    ]
    for key, block in zip(keys, blocks, strict=True):
        result[key] = block
    arrays = [each._array for each in tensors]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return tuple(
            grad[key].reshape(each.shape).astype(each.dtype, copy=False)
            for key, each in zip(keys, arrays, strict=True)
        )

    return record(result, "BlockDiagBackward0", tensors, backward)


row_stack = vstack
concat = concatenate = cat
