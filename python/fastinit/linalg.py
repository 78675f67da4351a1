"""Linear algebra under PyTorch's names: solutions, decompositions, determinants, norms."""

from .ops.decompositions import cholesky, eigh, eigvalsh, svdvals
from .ops.decompositions import decomposed as svd
from .ops.decompositions import triangular as qr
from .ops.determinants import det
from .ops.determinants import slogdet_of as slogdet
from .ops.indexing import diagonal as _diagonal
from .ops.least_squares import cond, lstsq, matrix_rank, pinv
from .ops.linalg import LinAlgError, householder_product, inv, matrix_exp, solve
from .ops.matrix_norms import matrix_norm, norm, vector_norm
from .ops.matrix_products import linalg_cross as cross
from .ops.matrix_products import matrix_power, multi_dot, vecdot
from .ops.product import matmul
from .tensor import Tensor

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "lstsq",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vecdot",
    "vector_norm",
]


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:  # noqa: N803
    """Returns a view of the diagonals of matrices (torch.linalg.diagonal).

    Args:
        A: (..., m, n), of any dtype.
        offset: which diagonal: above the main one if positive.
        dim1: the first dimension of the matrices.
        dim2: the second.

    Returns:
        The other dimensions, then the diagonal.

    Raises:
        IndexError: a dimension is out of range.
        ValueError: both are the same dimension.
    """
    return _diagonal(A, offset, dim1, dim2)
