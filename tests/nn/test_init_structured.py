"""Sparse columns are uniform subsets; orthogonal matrices are orthonormal and uniform over all."""

import itertools

import numpy as np
import pytest
from ml_dtypes import bfloat16
from scipy import stats

from fastinit import Generator, Shard
from fastinit.nn import init
from fastinit.nn.init import structured


@pytest.mark.parametrize(
    ("rows", "sparsity", "zeros"),
    [(10, 0.1, 1), (10, 0.11, 2), (7, 0.5, 4), (5, 0, 0), (5, 1, 5), (1, 0.1, 1)],
)
def test_each_column_has_the_ceiling_of_the_sparsity_as_zeros(rows, sparsity, zeros):
    array = init.sparse_(np.empty((rows, 400), np.float32), sparsity, generator=Generator(seed=0))
    assert ((array == 0).sum(axis=0) == zeros).all()
    assert not np.signbit(array[array == 0]).any()


def test_the_values_that_stay_are_the_normals():
    normals = init.normal_(np.empty((40, 30), np.float32), std=0.3, generator=Generator(seed=5))
    array = init.sparse_(np.empty((40, 30), np.float32), 0.5, std=0.3, generator=Generator(seed=5))
    kept = array != 0
    assert (array[kept] == normals[kept]).all()


@pytest.mark.parametrize("rows", [3, 4, 5, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_subset_of_a_column_is_as_likely(rows, seed):
    zeros = rows // 2
    columns = 20_000
    array = init.sparse_(np.empty((rows, columns), np.float32), zeros / rows, generator=Generator(seed=seed))
    subsets = list(itertools.combinations(range(rows), zeros))
    codes = (1 << np.arange(rows)) @ (array == 0)
    counts = [(codes == sum(1 << row for row in subset)).sum() for subset in subsets]
    assert sum(counts) == columns
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_zeros_do_not_depend_on_the_dtype():
    masks = {
        (init.sparse_(np.empty((9, 50), dtype), 0.4, std=1, generator=Generator(seed=1)) == 0).tobytes()
        for dtype in (np.float16, bfloat16, np.float32, np.float64)
    }
    assert len(masks) == 1


def test_of_equal_keys_those_of_the_lower_rows_are_the_least():
    keys = np.array([[3, 1, 1, 1, 0], [5, 4, 3, 2, 1], [7, 7, 7, 7, 7]], np.uint64)
    least = structured._least_of_each_row(keys, 3)
    assert [np.flatnonzero(row).tolist() for row in least] == [[1, 2, 4], [2, 3, 4], [0, 1, 2]]


def test_columns_in_several_blocks_are_as_columns_in_one(monkeypatch):
    whole = init.sparse_(np.empty((6, 50), np.float32), 0.5, generator=Generator(seed=1))
    monkeypatch.setattr(structured, "_KEYS_AT_ONCE", 20)
    blocks = init.sparse_(np.empty((6, 50), np.float32), 0.5, generator=Generator(seed=1))
    assert (blocks == whole).all()


def test_a_convolution_with_dirac_passes_its_input_on():
    groups, channels, taps = 2, 3, 5
    kernel = init.dirac_(np.empty((groups * channels, channels, taps), np.float32), groups)
    x = np.random.default_rng(0).standard_normal((groups * channels, 12)).astype(np.float32)
    for group in range(groups):
        part = slice(group * channels, (group + 1) * channels)
        y = sum(kernel[part, :, tap] @ np.roll(x[part], taps // 2 - tap, axis=1) for tap in range(taps))
        assert (y == x[part]).all()


TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14, np.float16: 4e-3, bfloat16: 4e-2}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "shape",
    [
        (1, 1),
        (2, 2),
        (5, 5),
        (64, 64),
        (130, 130),
        (7, 3),
        (200, 31),
        (3, 7),
        (31, 200),
        (6, 2, 5),
        (4, 3, 3, 3),
        (1, 9),
        (9, 1),
    ],
)
def test_rows_or_columns_are_orthonormal(shape, dtype):
    array = init.orthogonal_(np.empty(shape, dtype), gain=2, generator=Generator(seed=3))
    matrix = array.reshape(shape[0], -1).astype(np.float64) / 2
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    assert np.abs(gram - np.eye(len(gram))).max() < TOLERANCE[dtype]


def test_a_large_matrix_is_orthonormal():
    matrix = init.orthogonal_(np.empty((700, 700), np.float32), generator=Generator(seed=3))
    wide = matrix.astype(np.float64)
    assert np.abs(wide @ wide.T - np.eye(700)).max() < 2e-6


@pytest.mark.long
def test_a_matrix_of_4096_is_orthonormal_to_a_hundred_thousandth():
    matrix = init.orthogonal_(np.empty((4096, 4096), np.float32), generator=Generator(seed=3))
    assert np.abs(matrix @ matrix.T - np.eye(4096, dtype=np.float32)).max() < 1e-5


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (0, 0), (2, 0, 3)])
def test_an_orthogonal_matrix_may_be_empty(shape):
    array = np.empty(shape, np.float32)
    assert init.orthogonal_(array) is array


def test_it_is_the_product_of_the_reflectors_that_the_normals_name():
    rows, columns = 6, 4
    normals = init.normal_(np.empty((rows, columns)), generator=Generator(seed=2))
    expected = np.eye(rows, columns)
    signs = np.empty(columns)
    for k in reversed(range(columns)):
        x = np.where(np.arange(rows) >= k, normals[:, k], 0)
        v = x + np.copysign(np.linalg.norm(x), x[k]) * np.eye(rows)[k]
        expected -= np.outer(v, v @ expected) * 2 / (v @ v)
        signs[k] = -np.copysign(1, x[k])
    actual = init.orthogonal_(np.empty((rows, columns)), generator=Generator(seed=2))
    np.testing.assert_allclose(actual, expected * signs, rtol=0, atol=1e-14)
    wide = init.orthogonal_(np.empty((columns, rows)), generator=Generator(seed=2))
    assert wide.shape == (columns, rows)


@pytest.fixture(scope="module")
def matrices():
    """6000 orthogonal 3 x 3 matrices."""
    generator = Generator(seed=8)
    return np.array([init.orthogonal_(np.empty((3, 3)), generator=generator) for _ in range(6000)])


def test_both_determinants_are_as_likely(matrices):
    positive = (np.linalg.det(matrices) > 0).sum()
    assert stats.binomtest(int(positive), len(matrices)).pvalue > 1e-3


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
def test_each_element_is_distributed_as_a_coordinate_on_the_sphere(matrices, row, column):
    # Archimedes: a coordinate of a uniform point on the sphere in three dimensions is uniform on [-1, 1].
    assert stats.kstest(matrices[:, row, column], stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_the_angle_of_rotation_has_haars_density(matrices):
    # Of a rotation that is uniform over SO(3), the density of the angle is (1 - cos t) / pi on [0, pi].
    rotations = matrices * np.linalg.det(matrices)[:, None, None]
    angles = np.arccos(np.clip((np.trace(rotations, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert stats.kstest(angles, lambda t: (t - np.sin(t)) / np.pi).pvalue > 1e-3


def test_the_distribution_is_the_same_after_a_rotation(matrices):
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    for turned in (turn @ matrices, matrices @ turn):
        for statistic in (
            lambda m: m[:, 0, 0],
            lambda m: m[:, 2, 1],
            lambda m: np.trace(m, axis1=1, axis2=2),
        ):
            assert stats.ks_2samp(statistic(turned)[::2], statistic(matrices)[1::2]).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(5, 2), (2, 5)])
def test_a_semi_orthogonal_matrix_is_uniform_too(shape):
    generator = Generator(seed=4)
    first = np.array([init.orthogonal_(np.empty(shape), generator=generator)[-1, -1] for _ in range(4000)])
    # The square of a coordinate on the sphere in 5 dimensions is Beta(1/2, 2).
    assert stats.kstest(first**2, stats.beta(0.5, 2).cdf).pvalue > 1e-3
    assert stats.binomtest(int((first > 0).sum()), len(first)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("shape", "centre"),
    [((4, 3, 3), (1,)), ((4, 4, 2), (0,)), ((5, 2, 3, 4), (1, 1)), ((3, 3, 1, 5, 2), (0, 2, 0))],
)
def test_delta_orthogonal_has_orthonormal_columns_at_the_centre_and_zeros_elsewhere(shape, centre):
    array = init.delta_orthogonal_(np.full(shape, 7, np.float64), gain=3, generator=Generator(seed=0))
    tap = array[(slice(None), slice(None), *centre)].copy()
    np.testing.assert_allclose(tap.T @ tap, 9 * np.eye(shape[1]), atol=1e-13)
    array[(slice(None), slice(None), *centre)] = 0
    assert not array.any()


def test_delta_orthogonal_keeps_the_norm_of_what_is_convolved():
    kernel = init.delta_orthogonal_(np.empty((4, 3, 3)), generator=Generator(seed=0))
    x = np.random.default_rng(0).standard_normal((3, 10))
    y = sum(kernel[:, :, tap] @ np.roll(x, 1 - tap, axis=1) for tap in range(3))
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(x))


def test_a_shard_beside_the_centre_is_zero():
    shard = Shard((4, 4, 3), (slice(0, 2), slice(0, 4), slice(2, 3)))
    assert not init.delta_orthogonal_(np.full((2, 4, 1), 7.0), shard=shard).any()
