"""Norms of vectors and of matrices, as torch.linalg has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import dtypes
from . import norms
from .decompositions import svdvals
from .dims import Dims, numpy_names, wrap_dim
from .extremes import amax, amin

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["matrix_norm", "norm", "vector_norm"]


@numpy_names
def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """Returns the norm of order `ord` over `dim`, all dimensions by default (torch.linalg.vector_norm).

    Args:
        x: a floating-point tensor.
        ord: any number, `inf` or `-inf`; 0 counts what is not 0.
        dim: the dimensions of the vectors.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        RuntimeError: the dtype is not a floating-point one.
    """
    return norms.norm(x, ord, dim, keepdim, dtype)


@numpy_names
def matrix_norm(
    A: Tensor,  # noqa: N803 - PyTorch's name
    ord: float | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """Returns the norm of matrices (torch.linalg.matrix_norm).

    Args:
        A: a floating-point tensor of at least 2 dimensions.
        ord: "fro", the root of the sum of squares; "nuc", the sum of the singular values; 2 or -2, the
            largest or smallest of them; 1 or -1, `inf` or `-inf`, the largest or smallest sum of a column, of
            a row.
        dim: the dimensions of rows and of columns.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        RuntimeError: fewer than 2 dimensions, another order, or a dtype that is not a floating-point one.
    """
    if A.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if dtype is not None:
        A = A.to(dtype)  # noqa: N806
    rows, columns = (wrap_dim(each, A.ndim) for each in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return norms.norm(A, 2, (rows, columns), keepdim)
    if ord == "nuc" or ord in (2, -2):
        values = svdvals(A.movedim((rows, columns), (-2, -1)))
        result = values.sum(-1) if ord == "nuc" else (amax if ord == 2 else amin)(values, -1)
        return result.unsqueeze(min(rows, columns)).unsqueeze(max(rows, columns)) if keepdim else result
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if abs(ord) not in (1, float("inf")):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord:g} not supported.")
    summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = norms.norm(A, 1, summed, keepdim)
    if not keepdim and compared > summed:
        compared -= 1
    return (amax if ord > 0 else amin)(sums, compared, keepdim)


@numpy_names
def norm(
    A: Tensor,  # noqa: N803 - PyTorch's name
    ord: float | str | None = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """Returns the norm of vectors or matrices (torch.linalg.norm).

    Args:
        A: a floating-point tensor.
        ord: as in `vector_norm` for one dimension, in `matrix_norm` for two; None is 2 over all elements.
        dim: one dimension for vectors, two for matrices; without it, those of the tensor, which then has 1 or
            2 if `ord` is given.
        keepdim: keep them, with length 1.
        dtype: convert the input to this first.

    Raises:
        RuntimeError: as `vector_norm` and `matrix_norm`; also a tensor of more dimensions with an order only.
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if dim is None:
        if A.ndim not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
            )
        dim = tuple(range(A.ndim))
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) == 2:
        return matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    if len(dims) != 1:
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)
