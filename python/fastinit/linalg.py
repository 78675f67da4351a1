"""Linear algebra under PyTorch's names: `linalg.solve`, `linalg.norm` and what orthogonal weights need."""

from .ops.decompositions import matrix_rank, qr, svd, svdvals
from .ops.linalg import LinAlgError, householder_product, inv, matrix_exp, solve
from .ops.matrix_norms import matrix_norm, norm, vector_norm

__all__ = [
    "LinAlgError",
    "householder_product",
    "inv",
    "matrix_exp",
    "matrix_norm",
    "matrix_rank",
    "norm",
    "qr",
    "solve",
    "svd",
    "svdvals",
    "vector_norm",
]
