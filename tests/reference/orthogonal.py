"""Random orthogonal matrices, operation by operation as docs/stream_functions.md gives them.

G. W. Stewart: The efficient generation of random orthogonal matrices with an application to condition
estimators. SIAM J. Numer. Anal. 17(3), 1980.
"""

from __future__ import annotations

import numpy as np

PANEL = 32  # reflectors that are applied together


def orthogonal(normals: np.ndarray) -> np.ndarray:
    """The matrix of orthonormal columns, or rows if it is wide, that is made of a matrix of normals."""
    if normals.shape[0] < normals.shape[1]:
        return orthogonal(normals.T).T
    columns = normals.shape[1]
    q = np.zeros_like(normals)
    panels = []
    for first in range(0, columns, PANEL):
        panel = np.tril(normals[first:, first : first + PANEL])
        signs = make_reflectors(panel)
        panels.append(panel)
        for k, sign in enumerate(signs):
            q[first + k, first + k] = sign
    for first, panel in reversed(list(zip(range(0, columns, PANEL), panels, strict=True))):
        apply(panel, q[first:, first:])
    return q


def make_reflectors(x: np.ndarray) -> np.ndarray:
    """Turns the lower triangle of `x` into the vectors of reflectors, I - v v'; returns their signs."""
    rows, columns = x.shape
    wide = x.astype(np.float64)
    squares = np.zeros(columns)
    for row in wide:
        squares += row * row
    signs = np.empty(columns, x.dtype)
    for k in range(columns):
        norm, first = np.sqrt(squares[k]), wide[k, k]
        sign = -1.0 if first < 0 else 1.0
        if rows - k == 1 or norm == 0:  # nothing to turn: the element keeps its sign
            x[:, k] = 0
            signs[k] = sign
            continue
        scale = 1 / np.sqrt(norm * (norm + sign * first))
        wide[k, k] = first + sign * norm
        x[:, k] = wide[:, k] * scale
        signs[k] = -sign
    return signs


def apply(v: np.ndarray, q: np.ndarray) -> None:
    """Applies the reflectors whose vectors are the columns of `v` to `q`, the last first."""
    found = np.zeros((v.shape[1], q.shape[1]), q.dtype)  # by each reflector, if it came first
    products = np.zeros((v.shape[1], v.shape[1]), v.dtype)
    for v_row, q_row in zip(v, q, strict=True):
        found += np.outer(v_row, q_row)
        products += np.outer(v_row, v_row)
    for later in reversed(range(1, v.shape[1])):
        found[:later] -= np.outer(products[:later, later], found[later])
    for v_column, found_row in zip(v.T, found, strict=True):
        q -= np.outer(v_column, found_row)
