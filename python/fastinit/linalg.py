"""Linear algebra under PyTorch's names: `linalg.solve`, `linalg.inv` and what orthogonal weights need."""

from .ops.linalg import LinAlgError, householder_product, inv, matrix_exp, solve

__all__ = ["LinAlgError", "householder_product", "inv", "matrix_exp", "solve"]
