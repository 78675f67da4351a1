"""The spectral norm and the condition number are NumPy's, as closely as the docstring says."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit.diagnostics import Spectrum, spectrum

SHAPES = [(1, 1), (5, 1), (1, 7), (64, 64), (65, 65), (30, 400), (400, 90), (300, 300), (1000, 200)]


def drawn(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(math.prod(shape)).standard_normal(shape, np.float32).astype(dtype)


def of_numpy(matrix: np.ndarray) -> tuple[float, float]:
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    return values[0], values[-1]


def check(found: Spectrum, matrix: np.ndarray) -> None:
    most, least = of_numpy(matrix)
    assert found.exact
    assert found.norm == pytest.approx(most, rel=1e-3)
    assert found.condition == pytest.approx(most / least, rel=0.02)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_both_are_those_of_the_singular_values(shape: tuple[int, int], dtype: Any) -> None:
    matrix = drawn(shape, dtype)
    check(spectrum(matrix), matrix)


@pytest.mark.parametrize("condition", [1.0, 30.0, 3e3, 1e5, 3e7, 1e12])
@pytest.mark.parametrize("size", [20, 100])
def test_they_are_right_at_any_condition_number(condition: float, size: int) -> None:
    q = np.linalg.qr(drawn((3 * size, size), np.float64))[0]
    p = np.linalg.qr(drawn((size, size), np.float64))[0]
    matrix = q * np.geomspace(condition, 1, size) @ p
    found = spectrum(matrix)
    assert found.norm == pytest.approx(condition, rel=1e-3)
    assert found.condition == pytest.approx(condition, rel=0.02)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e12, 1e30])
def test_neither_tiny_nor_huge_values_are_lost(scale: float) -> None:
    matrix = drawn((200, 100)) * np.float32(scale)
    check(spectrum(matrix), matrix)


@pytest.mark.parametrize("shape", [(30, 20), (120, 80), (120, 120)])
def test_a_matrix_without_full_rank_has_no_usual_condition_number(shape: tuple[int, int]) -> None:
    matrix = np.outer(drawn((shape[0],)), drawn((shape[1],)))
    found = spectrum(matrix)
    assert found.norm == pytest.approx(np.linalg.norm(matrix), rel=1e-3)
    assert found.condition > 1e5
    assert spectrum(np.zeros(shape, np.float32)) == (0.0, math.inf, True)


@pytest.mark.parametrize("shape", [(1100, 1030), (2500, 1050)])
def test_of_a_large_matrix_they_are_lower_bounds_and_the_norm_a_close_one(shape: tuple[int, int]) -> None:
    matrix = drawn(shape)
    most, least = of_numpy(matrix)
    found = spectrum(matrix)
    assert not found.exact
    assert 0.98 * most <= found.norm <= most * (1 + 1e-5)
    assert 1 <= found.condition <= most / least * (1 + 1e-3)


def test_a_kernel_is_the_matrix_of_its_outputs_by_the_rest() -> None:
    kernel = drawn((8, 3, 5, 5))
    assert spectrum(kernel) == spectrum(kernel.reshape(8, -1))
    assert spectrum(kernel.transpose(1, 0, 2, 3)).norm == pytest.approx(
        of_numpy(kernel.transpose(1, 0, 2, 3).reshape(3, -1))[0]
    )


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_spectrum(odd: float) -> None:
    matrix = drawn((100, 100))
    matrix[3, 4] = odd
    assert all(map(math.isnan, spectrum(matrix)[:2]))
    assert math.isnan(spectrum(np.empty((0, 3))).norm)


def test_a_vector_is_refused() -> None:
    with pytest.raises(ValueError, match=r"spectrum: expected 2 or more dimensions, got the shape \(3,\)"):
        spectrum(np.zeros(3))


def test_the_result_is_the_same_every_time_and_no_generator_moves() -> None:
    before = fastinit.get_rng_state().tolist()
    assert spectrum(drawn((200, 100))) == spectrum(drawn((200, 100)))
    assert fastinit.get_rng_state().tolist() == before
