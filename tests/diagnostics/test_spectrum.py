"""The spectral norm and the condition number are NumPy's, as closely as the docstring says."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit import _core
from fastinit.diagnostics import Spectrum, spectrum
from fastinit.diagnostics.spectrum import spectrum_in_pieces

SHAPES = [
    (1, 1),
    (5, 1),
    (1, 7),
    (64, 64),
    (65, 65),
    (30, 400),
    (400, 90),
    (300, 300),
    (1000, 200),
    (280, 900),
]


def drawn(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(math.prod(shape)).standard_normal(shape, np.float32).astype(dtype)


def of_numpy(matrix: np.ndarray) -> tuple[float, float]:
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    return values[0], values[-1]


def check(found: Spectrum, matrix: np.ndarray) -> None:
    """Within what the docstring says: closely up to a shorter side of 256, and else within a part in 10."""
    most, least = of_numpy(matrix)
    near = min(matrix.shape) <= 256
    assert found.exact
    assert found.norm == pytest.approx(most, rel=1e-3 if near else 0.01)
    assert found.condition == pytest.approx(most / least, rel=0.02 if near else 0.1)


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


def with_values(values: np.ndarray, rows: int) -> np.ndarray:
    """A matrix of these singular values between random directions."""
    left = np.linalg.qr(drawn((rows, len(values)), np.float64))[0]
    right = np.linalg.qr(drawn((len(values), len(values)), np.float64))[0]
    return left * values @ right.T


def noise_on_a_low_rank(rows: int, columns: int) -> np.ndarray:
    strong = drawn((rows, 4), np.float64) @ drawn((4, columns), np.float64)
    return strong + 0.01 * drawn((rows, columns), np.float64)


KNOWN: dict[str, Callable[[int, int], np.ndarray]] = {
    "marchenko-pastur": lambda m, n: drawn((m, n), np.float64),
    "of one sign": lambda m, n: np.abs(drawn((m, n), np.float64)),
    "orthogonal": lambda m, n: with_values(np.ones(n), m),
    "low rank and noise": noise_on_a_low_rank,
    "geometric 30": lambda m, n: with_values(np.geomspace(30, 1, n), m),
    "geometric 1e5": lambda m, n: with_values(np.geomspace(1e5, 1, n), m),
    "linear": lambda m, n: with_values(np.linspace(10, 1, n), m),
    "one tiny": lambda m, n: with_values(np.r_[np.linspace(1, 0.5, n - 1), 1e-4], m),
    "one tiny beside equal ones": lambda m, n: with_values(np.r_[np.ones(n - 1), 1e-4], m),
    "one large": lambda m, n: with_values(np.r_[1.05, np.linspace(1, 0.5, n - 1)], m),
    "two clusters": lambda m, n: with_values(np.r_[np.ones(n // 2), np.full(n - n // 2, 0.01)], m),
}


@pytest.mark.parametrize("kind", KNOWN)
@pytest.mark.parametrize("shape", [(270, 270), (300, 270), (600, 280)])
def test_both_are_right_whatever_the_spectrum(kind: str, shape: tuple[int, int]) -> None:
    matrix = KNOWN[kind](*shape)
    check(spectrum(matrix), matrix)
    if np.linalg.cond(matrix) < 1e3:  # which float32 keeps
        check(spectrum(matrix.astype(np.float32)), matrix)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows", [400, 402, 420])
def test_the_smallest_singular_value_of_a_nearly_square_matrix_is_found(rows: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).standard_normal((rows, 400), np.float32)
    check(spectrum(matrix), matrix)


@pytest.mark.parametrize("rank", [1, 100, 279])
def test_a_large_matrix_without_full_rank_is_told(rank: int) -> None:
    matrix = drawn((300, rank), np.float64) @ drawn((rank, 280), np.float64)
    found = spectrum(matrix)
    assert found.norm == pytest.approx(of_numpy(matrix)[0], rel=0.01)
    assert found.condition > 1e6


def test_of_a_large_square_matrix_they_are_lower_bounds_and_the_norm_a_close_one() -> None:
    matrix = drawn((1100, 1030))
    most, least = of_numpy(matrix)
    found = spectrum(matrix)
    assert not found.exact
    assert 0.99 * most <= found.norm <= most * (1 + 1e-5)
    assert 1 <= found.condition <= most / least * (1 + 1e-3)


def test_a_large_matrix_that_is_far_from_square_has_both() -> None:
    matrix = drawn((2500, 1050))
    check(spectrum(matrix), matrix)
    check(spectrum(matrix.T), matrix)


def test_without_openblas_they_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = drawn((300, 300))
    expected = spectrum(matrix)
    monkeypatch.setattr(_core, "solve_positive", lambda *_: None)
    assert spectrum(matrix) == pytest.approx(expected, rel=1e-6)


def test_the_number_of_threads_does_not_count() -> None:
    matrix = drawn((900, 300))
    before = fastinit.get_num_threads()
    try:
        found = set()
        for threads in (1, 2, 7):
            fastinit.set_num_threads(threads)
            found.add(spectrum(matrix))
    finally:
        fastinit.set_num_threads(before)
    assert len(found) == 1


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(900, 300), (300, 900)])
def test_a_matrix_in_pieces_has_close_lower_bounds(shape: tuple[int, int], dtype: Any) -> None:
    matrix = drawn(shape, dtype)
    most, least = of_numpy(matrix)
    found = spectrum_in_pieces(lambda: np.array_split(matrix, 7), shape, float(np.abs(matrix).max()))
    assert 0.98 * most <= found.norm <= most * (1 + 1e-6)
    if shape[0] < shape[1]:
        assert math.isnan(found.condition)
    else:
        assert 1 <= found.condition <= most / least * (1 + 1e-6)
    huge = matrix.astype(np.float64) * 1e200
    scaled = spectrum_in_pieces(lambda: [huge], shape, float(np.abs(huge).max()))
    assert scaled.norm == pytest.approx(found.norm * 1e200, rel=1e-6)


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
