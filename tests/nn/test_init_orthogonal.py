"""Orthogonal matrices: their bits, their orthogonality, their distribution."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from ml_dtypes import bfloat16
from scipy import stats

import fastinit
from fastinit import Generator, Shard, _core
from fastinit.nn import init
from reference import orthogonal as reference

SHAPES = [(1, 1), (1, 5), (2, 2), (32, 32), (33, 33), (64, 3), (3, 64), (70, 65), (41, 97), (150, 150)]
LARGE = [(300, 220), (220, 300), (257, 257), (3000, 40), (40, 3000)]  # enough for several threads
DTYPES = [np.float32, np.float64]


def made(shape, dtype=np.float32, seed=3, **keywords):
    return init.orthogonal_(np.empty(shape, dtype), generator=Generator(seed=seed), **keywords)


def departure(array):
    """The largest element of QQ' - I, or of Q'Q - I if there are fewer columns."""
    q = array.reshape(array.shape[0], -1).astype(np.float64)
    q = q if q.shape[0] <= q.shape[1] else q.T
    return np.abs(q @ q.T - np.eye(len(q))).max()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_has_the_bits_of_the_reference(shape, dtype):
    normals = init.normal_(np.empty(shape, dtype), generator=Generator(seed=3))
    expected = reference.orthogonal(normals)
    assert (made(shape, dtype) == expected).all()
    assert (made(shape, dtype, gain=0.7) == expected * dtype(0.7)).all()


@pytest.fixture
def set_threads():
    before = fastinit.get_num_threads()
    yield fastinit.set_num_threads
    fastinit.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", LARGE)
def test_the_number_of_threads_changes_no_bit(shape, dtype, set_threads):
    bits = set()
    for threads in (1, 2, 3, 7):
        set_threads(threads)
        bits.add(made(shape, dtype).tobytes())
    assert len(bits) == 1


DIGESTS = """
import hashlib
import numpy as np
from fastinit import Generator, nn
for shape in {shapes}:
    for dtype in (np.float32, np.float64):
        array = nn.init.orthogonal_(np.empty(shape, dtype), generator=Generator(seed=3))
        print(hashlib.sha256(array.tobytes()).hexdigest())
"""


def run(program, **variables):
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(Path(_core.__file__).parents[1])} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


@pytest.mark.parametrize("isa", [isa for isa in _core.usable_isas() if isa != _core.isa()])
def test_the_instruction_set_changes_no_bit(isa):
    shapes = [*SHAPES, *LARGE]
    expected = [
        hashlib.sha256(made(shape, dtype).tobytes()).hexdigest() for shape in shapes for dtype in DTYPES
    ]
    assert run(DIGESTS.format(shapes=shapes), FASTINIT_ISA=isa).split() == expected


def test_several_threads_of_the_caller_make_matrices_at_once(set_threads):
    set_threads(3)
    expected = [made((300, 300), seed=seed).tobytes() for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert [
            array.tobytes() for array in pool.map(lambda s: made((300, 300), seed=s), range(8))
        ] == expected


@pytest.mark.parametrize("dtype", [np.float16, bfloat16])
@pytest.mark.parametrize("shape", [(5, 5), (70, 41), (41, 70)])
def test_a_half_type_is_the_float32_matrix_rounded_once(shape, dtype):
    assert (made(shape, dtype, gain=1.5) == made(shape, gain=1.5).astype(dtype)).all()


@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((300, 220), (slice(17, 230), slice(70, 71))),
        ((300, 220), (slice(0, 300), slice(128, 220))),
        ((220, 300), (slice(100, 101), slice(0, 300))),
        ((220, 300), (slice(33, 140), slice(250, 300))),
        ((60, 20, 3, 2), (slice(10, 50), slice(7, 9), slice(1, 3), slice(0, 1))),
        ((20, 60, 2, 2), (slice(3, 20), slice(0, 31), slice(0, 1), slice(1, 2))),
    ],
)
def test_a_shard_is_the_box_of_the_whole(shape, index):
    whole = made(shape, gain=2)
    shard = Shard(shape, index)
    assert (made(shard.shape, gain=2, shard=shard) == whole[index]).all()


TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14, np.float16: 4e-3, bfloat16: 4e-2}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "shape", [*SHAPES, (700, 700), (5, 5), (7, 3), (3, 7), (6, 2, 5), (4, 3, 3, 3), (1, 9), (9, 1)]
)
def test_rows_or_columns_are_orthonormal(shape, dtype):
    array = made(shape, dtype, gain=2)
    assert departure(array.astype(np.float64) / 2) < TOLERANCE[dtype]


@pytest.mark.long
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_matrix_of_4096_is_orthonormal_to_a_hundred_thousandth(dtype):
    assert departure(made((4096, 4096), dtype)) < {np.float32: 1e-5, np.float64: 1e-13}[dtype]


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (0, 0), (2, 0, 3)])
def test_it_may_be_empty(shape):
    array = np.empty(shape, np.float32)
    assert init.orthogonal_(array) is array


def test_it_is_the_product_of_the_reflectors_that_the_normals_name():
    rows, columns = 40, 36
    normals = init.normal_(np.empty((rows, columns)), generator=Generator(seed=3))
    expected = np.eye(rows, columns)
    signs = np.empty(columns)
    for k in reversed(range(columns)):
        x = np.where(np.arange(rows) >= k, normals[:, k], 0)
        v = x + np.copysign(np.linalg.norm(x), x[k]) * np.eye(rows)[k]
        expected -= np.outer(v, v @ expected) * 2 / (v @ v)
        signs[k] = -np.copysign(1, x[k])
    np.testing.assert_allclose(made((rows, columns), np.float64), expected * signs, rtol=0, atol=1e-14)


def sample(shape, size, seed):
    generator = Generator(seed=seed)
    return np.array([init.orthogonal_(np.empty(shape), generator=generator) for _ in range(size)])


@pytest.fixture(scope="module")
def matrices():
    """6000 orthogonal 3 x 3 matrices."""
    return sample((3, 3), 6000, seed=8)


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


def test_the_traces_of_powers_have_haars_moments():
    # Diaconis and Evans 2001: up to the size, they are those of independent normals of the variances k (the
    # powers), about 1 for even powers and 0 for odd ones. Larger than a panel, so that two are applied.
    size, count = 36, 3000
    power = matrices = sample((size, size), count, seed=11)
    for k in range(1, 5):
        traces = np.trace(power, axis1=1, axis2=2)
        assert stats.kstest(traces, stats.norm((k + 1) % 2, np.sqrt(k)).cdf).pvalue > 1e-3
        power = power @ matrices


@pytest.mark.parametrize("shape", [(5, 2), (2, 5)])
def test_a_semi_orthogonal_matrix_is_uniform_too(shape):
    last = sample(shape, 4000, seed=4)[:, -1, -1]
    # The square of a coordinate on the sphere in 5 dimensions is Beta(1/2, 2).
    assert stats.kstest(last**2, stats.beta(0.5, 2).cdf).pvalue > 1e-3
    assert stats.binomtest(int((last > 0).sum()), len(last)).pvalue > 1e-3


INTERRUPTED = """
import gc, os, signal, threading, time
from pathlib import Path
import numpy as np
import fastinit
from fastinit import nn

def resident():
    # Linux alone tells: elsewhere the interruption is tested without the memory.
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0

array = np.full(({size}, {size}), 7, np.float32)
nn.init.orthogonal_(np.empty((300, 300)))
before = resident()
def interrupt():
    global at
    at = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer({after}, interrupt).start()
try:
    nn.init.orthogonal_(array)
except KeyboardInterrupt:
    assert time.monotonic() - at < 0.5, time.monotonic() - at
    print("interrupted")
assert (array == 7).all()
assert resident() < before + array.nbytes / 8
q = nn.init.orthogonal_(array[:100, :100])
assert np.allclose(q @ q.T, np.eye(100), atol=1e-5)
"""


@pytest.mark.parametrize("after", [0.05, 0.6])  # while reflectors are made, while they are applied
def test_a_keyboard_interrupt_ends_a_huge_one_within_half_a_second(after):
    assert run(INTERRUPTED.format(size=8192, after=after)) == "interrupted\n"


@pytest.mark.parametrize("isa", _core.usable_isas())
def test_the_callers_rounding_mode_changes_no_bit(isa):
    program = """
import ctypes, hashlib
import numpy as np
from fastinit import Generator, nn
def digest():
    array = nn.init.orthogonal_(np.empty((90, 70), np.float32), gain=0.7, generator=Generator(seed=0))
    return hashlib.sha256(array.tobytes()).hexdigest()
expected = digest()
libm = ctypes.CDLL("libm.so.6")
modes = {"x86_64": (0x400, 0x800, 0xC00), "aarch64": (0x400000, 0x800000, 0xC00000)}[platform.machine()]
for mode in modes:
    assert libm.fesetround(mode) == 0
    found = digest()
    assert libm.fegetround() == mode
    libm.fesetround(0)
    assert found == expected
"""
    run("import platform\n" + program, FASTINIT_ISA=isa)


@pytest.mark.parametrize(
    ("shape", "centre"),
    [((4, 3, 3), (1,)), ((4, 4, 2), (0,)), ((5, 2, 3, 4), (1, 1)), ((3, 3, 1, 5, 2), (0, 2, 0))],
)
def test_delta_orthogonal_has_orthonormal_columns_at_the_centre_and_zeros_elsewhere(shape, centre):
    array = init.delta_orthogonal_(np.full(shape, 7, np.float64), gain=3, generator=Generator(seed=0))
    normals = init.normal_(np.empty(shape), generator=Generator(seed=0))
    tap = (slice(None), slice(None), *centre)
    assert (array[tap] == reference.orthogonal(normals[tap]) * 3).all()
    assert departure(array[tap] / 3) < 1e-14
    array[tap] = 0
    assert not array.any()


def test_delta_orthogonal_keeps_the_norm_of_what_is_convolved():
    kernel = init.delta_orthogonal_(np.empty((4, 3, 3)), generator=Generator(seed=0))
    x = np.random.default_rng(0).standard_normal((3, 10))
    y = sum(kernel[:, :, tap] @ np.roll(x, 1 - tap, axis=1) for tap in range(3))
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(x))


def test_a_shard_beside_the_centre_is_zero():
    shard = Shard((4, 4, 3), (slice(0, 2), slice(0, 4), slice(2, 3)))
    assert not init.delta_orthogonal_(np.full((2, 4, 1), 7.0), shard=shard).any()
