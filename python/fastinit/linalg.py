"""Linear algebra under PyTorch's names: `linalg.solve`, `linalg.norm` and what orthogonal weights need."""

from .ops.linalg import LinAlgError, householder_product, inv, matrix_exp, solve
from .ops.matrix_norms import matrix_norm, norm, vector_norm

__all__ = [
    "LinAlgError",
    "householder_product",
    "inv",
    "matrix_exp",
    "matrix_norm",
    "norm",
    "solve",
    "vector_norm",
]
