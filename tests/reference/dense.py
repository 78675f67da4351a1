"""The dense product and its gradients in extended precision, with the error that a dtype allows."""

from __future__ import annotations

import numpy as np


def error_bound(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far each element of a @ b, summed in the dtype of a in any order, may lie from the exact one.

    (k + 2) eps |a| @ |b|: Higham, Accuracy and Stability of Numerical Algorithms, section 3.5.
    """
    k = a.shape[-1]
    magnitude = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64))
    return (k + 2) * float(np.finfo(a.dtype).eps) * magnitude + float(np.finfo(a.dtype).tiny)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a @ b, the operands taken as they are and every sum in at least float64."""
    return a.astype(np.longdouble) @ b.astype(np.longdouble)


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """X @ weight.T + bias."""
    result = product(x, weight.T)
    return result if bias is None else result + bias


def linear_backward(
    grad: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of x, weight and bias; leading dimensions of x and grad count as rows."""
    rows = grad.reshape(-1, grad.shape[-1])
    grad_weight = product(rows.T, x.reshape(-1, x.shape[-1]))
    return product(grad, weight), grad_weight, rows.sum(axis=0, dtype=np.longdouble)
