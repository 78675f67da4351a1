"""Products with a matrix's Gram matrix are NumPy's, whatever the dtype, the strides and the threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit import _core

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
SHAPES = [(1, 1), (5, 3), (3, 5), (37, 29), (300, 200), (200, 300), (1000, 70), (70, 3000)]


def drawn(shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def views(matrix: np.ndarray) -> list[np.ndarray]:
    return [matrix, matrix.T, matrix[::2], matrix[:, :2], np.asfortranarray(matrix)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_product_is_that_of_numpy(isa: str, dtype: Any, shape: tuple[int, int]) -> None:
    for matrix in views(drawn(shape, dtype)):
        x = drawn((matrix.shape[1],))
        wide = matrix.astype(np.float64)
        expected = wide.T @ (wide @ x)
        scale = np.abs(wide).T @ (np.abs(wide) @ np.abs(x)) + 1e-300
        assert np.all(np.abs(_core.gram_product(matrix, x) - expected) <= 1e-13 * scale), isa
        if dtype is not np.float64:
            found = _core.gram_product(matrix, x.astype(np.float32))
            assert found.dtype == np.float32
            assert np.all(np.abs(found - expected) <= 2e-6 * scale), isa


@pytest.fixture
def keep_threads() -> Iterator[None]:
    before = fastinit.get_num_threads()
    yield
    fastinit.set_num_threads(before)


@pytest.mark.usefixtures("keep_threads")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2000, 300), (300, 2000)])
def test_threads_change_no_bit(dtype: Any, shape: tuple[int, int]) -> None:
    matrix, x = drawn(shape, np.float32), drawn((shape[1],), dtype)
    found = set()
    for threads in (1, 2, 7):
        fastinit.set_num_threads(threads)
        for each in (matrix, np.asfortranarray(matrix)):
            found.add((each.flags.c_contiguous, _core.gram_product(each, x).tobytes()))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("matrix", "x", "message"),
    [
        (drawn((4, 3)).astype(np.int64), drawn((3,)), "expected a matrix of float16"),
        (drawn((4, 3))[:0], drawn((3,)), "expected a matrix with elements"),
        (drawn((4,)), drawn((4,)), "expected a matrix with elements"),
        (drawn((4, 3)).astype(">f8"), drawn((3,)), "native byte order"),
        (drawn((8, 6))[::2, ::2], drawn((3,)), "whose rows or columns are contiguous"),
        (drawn((4, 3))[::-1], drawn((3,)), "whose rows or columns are contiguous"),
        (drawn((4, 3)), drawn((4,)), "contiguous vector of 3 elements"),
        (drawn((4, 3)), drawn((6,))[::2], "contiguous vector of 3 elements"),
        (drawn((4, 3)), drawn((3,)).astype(np.float32), "expected x in float64"),
        (drawn((4, 3)).astype(np.float32), drawn((3,)).astype(np.int64), "expected x in float64"),
    ],
)
def test_what_it_cannot_read_is_refused(matrix: np.ndarray, x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.gram_product(matrix, x)


def test_a_positive_definite_matrix_is_solved_and_left_as_it_was() -> None:
    root, expected = drawn((90, 70)), drawn((5, 70))
    matrix = root.T @ root
    vectors = expected @ matrix
    before = matrix.tobytes(), vectors.tobytes()
    found = _core.solve_positive(matrix, vectors)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    assert (matrix.tobytes(), vectors.tobytes()) == before


def test_what_is_not_positive_definite_or_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="the matrix is not positive definite"):
        _core.solve_positive(-np.eye(3), np.ones((1, 3)))
    with pytest.raises(ValueError, match="expected a square matrix, and vectors of as many elements"):
        _core.solve_positive(np.eye(3), np.ones((1, 4)))
    with pytest.raises(ValueError, match="expected matrix to be a contiguous matrix of float64"):
        _core.solve_positive(np.eye(3, dtype=np.float32), np.ones((1, 3)))
