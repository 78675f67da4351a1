"""Singular values, of a part of a large matrix, and the law of those of a random one."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from scipy import integrate

from fastinit import Generator
from fastinit.diagnostics import marchenko_pastur, singular_values
from fastinit.nn import init


def normal(*shape: int, std: float = 1.0) -> np.ndarray:
    return init.normal_(np.empty(shape, np.float32), std=std, generator=Generator(seed=3))


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (3, 7), (120, 300), (4, 3, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, ml_dtypes.bfloat16])
def test_values_are_those_of_a_decomposition(shape: tuple[int, ...], dtype: Any) -> None:
    matrix = normal(*shape).astype(dtype)
    found = singular_values(matrix)
    wide = matrix.astype(np.float64).reshape(shape[0], -1)
    np.testing.assert_allclose(found.values, np.linalg.svd(wide, compute_uv=False)[::-1], rtol=1e-6)
    assert found.shape == found.whole == wide.shape
    assert found.std == pytest.approx(wide.std())


@pytest.mark.parametrize("shape", [(300, 200), (200, 300)])
def test_of_a_large_matrix_whole_vectors_of_its_longer_side_are_taken(shape: tuple[int, int]) -> None:
    found = singular_values(init.orthogonal_(np.empty(shape), gain=3), at_most=50)
    np.testing.assert_allclose(found.values, 3, rtol=1e-12)
    assert len(found.values) == 50
    assert sorted(found.shape) == [50, 300]
    assert found.whole == shape


def test_the_same_vectors_are_taken_every_time() -> None:
    matrix = normal(300, 200)
    assert (singular_values(matrix, 50).values == singular_values(matrix, 50).values).all()


@pytest.mark.parametrize("shape", [(500, 500), (500, 2000), (2000, 500), (900, 450)])
@pytest.mark.parametrize("std", [1.0, 0.02])
def test_those_of_a_random_matrix_follow_the_law(shape: tuple[int, int], std: float) -> None:
    values = singular_values(normal(*shape, std=std)).values
    edges = np.linspace(0, 2.1 * std * math.sqrt(max(shape)), 22)
    found = np.histogram(values, edges)[0] / len(values)
    wanted = [
        integrate.quad(lambda x: float(marchenko_pastur(x, shape, std)), low, high, limit=500)[0]
        for low, high in pairwise(edges)
    ]
    assert np.abs(found.cumsum() - np.cumsum(wanted)).max() < 0.01  # eigenvalues repel: no sqrt(n) here
    assert sum(wanted) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (4, 6), (1000, 1000)])
def test_the_law_integrates_to_one_and_is_zero_outside(shape: tuple[int, int]) -> None:
    short, long = sorted(shape)
    ends = [math.sqrt(long) - math.sqrt(short), math.sqrt(long) + math.sqrt(short)]
    total, _ = integrate.quad(lambda x: float(marchenko_pastur(x, shape)), *ends)
    assert total == pytest.approx(1, abs=1e-6)
    outside = marchenko_pastur([-1.0, ends[0] - 0.1, ends[1] + 0.1, 1e9], shape)
    assert (outside == 0).all()


@pytest.mark.parametrize("library", ["fastinit", "torch"])
def test_a_tensor_is_as_good_as_an_array(library: str) -> None:
    tensor = pytest.importorskip(library).randn(30, 20)
    assert (singular_values(tensor).values == singular_values(tensor.numpy()).values).all()


@pytest.mark.parametrize("given", [np.eye(3, dtype=complex), np.array([["a"]]), [[1.0]], 3])
def test_what_is_no_matrix_of_real_numbers_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="singular_values: expected"):
        singular_values(given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: singular_values(np.ones(3)), "2 or more dimensions"),
        (lambda: singular_values(np.ones((3, 0))), "elements"),
        (lambda: singular_values(np.array([[1.0, np.nan]])), "finite"),
        (lambda: singular_values(np.array([[1e200]])), "finite"),
        (lambda: singular_values(np.ones((3, 3)), 0), "at_most"),
        (lambda: marchenko_pastur(1.0, (3,)), "two sizes"),
        (lambda: marchenko_pastur(1.0, (3, 3), 0.0), "above 0"),
    ],
)
def test_a_slip_is_answered(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
