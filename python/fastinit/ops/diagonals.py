"""Diagonals: read, made into matrices, and written to; and the triangles that they bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..autograd.record import check_writable, record, write
from .dims import wrap_dim
from .indexing import diagonal
from .operands import Array, in_place, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor


def trace(input: Tensor) -> Tensor:
    """Returns the sum of a matrix's diagonal, integers and booleans as int64 (torch.trace).

    Args:
        input: (m, n).

    Raises:
        RuntimeError: the input is no matrix.
    """
    x = input._array
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}")
    dtype = np.dtype(np.int64) if x.dtype.kind in "biu" else x.dtype
    shape = x.shape

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(shape, grad.dtype)
        np.fill_diagonal(total[: shape[1]], grad)
        return (total,)

    return record(lower(lift(x).trace(), dtype), "TraceBackward0", (input,), backward)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Returns matrices whose diagonals are the last dimension of `input` (torch.diag_embed).

    Args:
        input: at least 1 dimension.
        offset: which diagonal: above the main one if positive.
        dim1: the first dimension of the matrices in the result.
        dim2: the second.

    Raises:
        IndexError: a dimension is out of range, or the input has none.
        RuntimeError: both are the same dimension.
    """
    x = input._array
    ndim = x.ndim + 1
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    side = x.shape[-1] + abs(offset)
    lengths = list(x.shape[:-1])
    for dim in sorted((first, second)):
        lengths.insert(dim, side)
    result = np.zeros_like(x, shape=lengths, order="C")
    _diagonal(result, offset, first, second)[...] = x
    return record(
        result,
        "DiagEmbedBackward0",
        (input,),
        lambda grad: (_diagonal(grad, offset, first, second).copy(),),
    )


def _diagonal(array: Array, offset: int, first: int, second: int) -> Array:
    view = array.diagonal(offset, first, second)
    if array.flags.writeable:
        view.flags.writeable = True
    return view


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Returns a matrix with `input` as its diagonal, or the diagonal of a matrix (torch.diag).

    Args:
        input: (n,) or (m, n).
        diagonal: which: above the main one if positive.

    Returns:
        A new tensor, (n + abs(diagonal), n + abs(diagonal)) or of one dimension.

    Raises:
        RuntimeError: the input has no dimension, or more than 2.
    """
    ndim = input._array.ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim == 2:
        return _diagonal_copy(input, diagonal)
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")


def _diagonal_copy(input: Tensor, offset: int) -> Tensor:
    x = input._array

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros(x.shape, grad.dtype)
        _diagonal(total, offset, 0, 1)[...] = grad
        return (total,)

    return record(x.diagonal(offset).copy(), "DiagonalBackward0_copy", (input,), backward)


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Returns a matrix with all elements of `input` as its diagonal (torch.diagflat).

    Args:
        input: any shape; n elements.
        offset: which diagonal: above the main one if positive.

    Returns:
        (n + abs(offset), n + abs(offset)).

    Raises:
        AttributeError: `input` is no tensor.
    """
    return diag_embed(input.reshape(-1), offset)


def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Writes `fill_value` to the main diagonal (torch.Tensor.fill_diagonal_).

    Args:
        self: at least 2 dimensions; more than 2 must have one length.
        fill_value: the number.
        wrap: begin again below a tall matrix's end.

    Raises:
        RuntimeError: fewer than 2 dimensions, or lengths that differ; or autograd forbids the write.
    """
    x = self._array
    if x.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if x.ndim > 2 and len(set(x.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    check_writable(self)

    def filled(array: Array, value: float) -> Array:
        array = array.copy()
        np.fill_diagonal(array, array.dtype.type(value), wrap)
        return array

    return write(
        self, record(filled(x, fill_value), "FillDiagonalBackward0", (self,), lambda grad: (filled(grad, 0),))
    )


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Returns matrices with zeros above a diagonal (torch.tril).

    Args:
        input: (..., m, n), of any dtype.
        diagonal: which is kept last: the main one if 0, one above it if positive, below it if negative.

    Returns:
        A new tensor of the same shape and dtype.

    Raises:
        RuntimeError: there are fewer than 2 dimensions.
    """
    _check_matrix("tril", input)
    return record(
        np.tril(input._array, diagonal), "TrilBackward0", (input,), lambda grad: (np.tril(grad, diagonal),)
    )


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Returns matrices with zeros below a diagonal (torch.triu).

    Args:
        input: (..., m, n), of any dtype.
        diagonal: which is kept last: the main one if 0, one above it if positive, below it if negative.

    Returns:
        A new tensor of the same shape and dtype.

    Raises:
        RuntimeError: there are fewer than 2 dimensions.
    """
    _check_matrix("triu", input)
    return record(
        np.triu(input._array, diagonal), "TriuBackward0", (input,), lambda grad: (np.triu(grad, diagonal),)
    )


def _check_matrix(name: str, input: Tensor) -> None:
    if input._array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")


tril_ = in_place(tril)
triu_ = in_place(triu)

__all__ = [
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "fill_diagonal_",
    "trace",
    "tril",
    "tril_",
    "triu",
    "triu_",
]
