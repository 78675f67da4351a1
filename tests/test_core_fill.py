"""The compiled fills against the NumPy reference: exact, or within a stated error."""

import contextlib

import ml_dtypes
import numpy as np
import pytest

from fastinit import _core
from reference import distributions
from reference.fills import DTYPES, FILLS, INF, SEED, STREAM, dtypes_of, fill_into, filled

REFERENCE = distributions.Stream(SEED, STREAM)
SIZE = 100_003
POSITIONS = np.arange(SIZE)
HALF = ["float16", "bfloat16"]
# What is moved into the support: above 0 and finite, or finite alone.
POSITIVE, FINITE = ("exponential", "log_normal"), ("cauchy", "geometric")


def as_float64(array):
    return array.astype(np.float64)


def same_bits(a, b):
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "bounds", [(0.0, 1.0), (-0.3, 0.7), (1e-3, 1.1e-3), (-5.0, 0.0), (3.0, 3.0), (1000.0, 1004.0)]
)
def test_uniform_is_the_reference_bit_for_bit(dtype, bounds):
    array = np.empty(SIZE, DTYPES[dtype])
    _core.fill_uniform(array, *bounds, seed=SEED, stream=STREAM, position=0)
    assert same_bits(array, distributions.uniform(POSITIONS, array.dtype, *bounds, REFERENCE))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "bounds", [(0.0, 1.0), (1.0, 1.0 + 2.0**-7), (-1.0, -0.5), (1e-7, 3e-7), (16777216.0, 16777218.0)]
)
def test_uniform_never_leaves_its_bounds(dtype, bounds):
    low, high = bounds
    array = np.empty(SIZE, DTYPES[dtype])
    fill = (array, low, high)
    try:
        _core.fill_uniform(*fill, seed=SEED, stream=STREAM, position=0)
    except ValueError:
        assert dtype in HALF, "only a half type has no value between these bounds"
    else:
        assert as_float64(array).min() >= low
        assert as_float64(array).max() < high


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "arguments",
    [(-10.0, 10.0, 5.0), (-1.0, 1.0, 0.3), (-1.0, 1.0, 0.0), (-1.0, 1.0, 2.0), (0.1, 0.4, 0.30004)],
)
def test_masked_uniform_is_three_steps_bit_for_bit(dtype, arguments):
    array = np.empty(SIZE, DTYPES[dtype])
    _core.fill_masked_uniform(array, *arguments, seed=SEED, stream=STREAM, position=0)
    assert same_bits(array, distributions.masked_uniform(POSITIONS, array.dtype, *arguments, REFERENCE))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [0.0, 2.0**-33, 0.3, 0.5, 1 - 2.0**-40, 1.0])
def test_bernoulli_is_the_reference_bit_for_bit(dtype, p):
    array = np.empty(SIZE, DTYPES[dtype])
    _core.fill_bernoulli(array, p, seed=SEED, stream=STREAM, position=0)
    assert same_bits(array, distributions.bernoulli(POSITIONS, array.dtype, p, REFERENCE))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [0.0, -0.0, 0.1, -1e-5, 1e5, 65520.0, INF, -INF, float("nan")])
def test_constant_is_the_value_rounded(dtype, value):
    array = np.empty(1003, DTYPES[dtype])
    _core.fill_constant(array, value)
    with np.errstate(over="ignore"):
        expected = np.full(1003, distributions.real(array.dtype)(value)).astype(array.dtype)
    assert np.array_equal(np.isnan(as_float64(array)), np.isnan(as_float64(expected)))
    if not np.isnan(value):
        assert same_bits(array, expected)


@pytest.mark.parametrize(("dtype", "ulps"), [("float32", 4), ("float64", 4)])
def test_normal_is_within_4_ulp_of_the_transform_in_wider_arithmetic(dtype, ulps):
    size = 1_000_000
    array = np.empty(size, DTYPES[dtype])
    _core.fill_normal(array, 0.0, 1.0, seed=SEED, stream=STREAM, position=0)
    exact = distributions.standard_normal(np.arange(size), array.dtype, REFERENCE)
    ulp = np.spacing(np.abs(exact).astype(array.dtype)).astype(exact.dtype)
    assert float(np.max(np.abs(array - exact) / ulp)) <= ulps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_scales_and_shifts_the_standard_normal(dtype):
    standard, scaled = np.empty(SIZE, DTYPES[dtype]), np.empty(SIZE, DTYPES[dtype])
    key = {"seed": SEED, "stream": STREAM, "position": 0}
    _core.fill_normal(standard, 0.0, 1.0, **key)
    _core.fill_normal(scaled, 0.3, 2.7, **key)
    r = distributions.real(scaled.dtype)
    assert same_bits(scaled, r(0.3) + r(2.7) * standard)


def test_normal_tails_use_every_bit_of_the_word():
    # The smallest word there is makes the largest normal; it is met by looking for small words.
    array, words = np.empty(2**22, np.float32), np.empty(2**22, np.uint32)
    key = {"seed": 3, "stream": 0, "position": 0}
    _core.fill_normal(array, 0.0, 1.0, **key)
    _core.random_words(words, **key)
    first = words[0::2]
    radius = np.hypot(array[0::2].astype(float), array[1::2].astype(float))
    smallest = int(np.argmin(first))
    assert first[smallest] < 2**14
    assert radius[smallest] == pytest.approx(
        np.sqrt(-2 * np.log(((first[smallest] >> 1) + 0.5) / 2**31)), rel=1e-6
    )


def test_a_float32_normal_has_the_bits_of_the_same_operations_in_numpy(isa):
    array = np.empty(SIZE, np.float32)
    _core.fill_normal(array, 0.5, 2.0, seed=SEED, stream=STREAM, position=0)
    z = distributions.float32_normal(POSITIONS, REFERENCE)
    assert same_bits(array, np.float32(0.5) + np.float32(2.0) * z)


TRUNCATED = [
    (-2, 2),
    (-INF, 1),
    (0, INF),
    (-0.7, 0.7),
    (-2.01, 2.01),
    (6, 7),
    (12, 14),
    (0, 0.1),
    (-1e-4, 1e-4),
    (13.99, 14),
    (-3, -1),
    (-14, 0),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bounds", TRUNCATED)
def test_truncated_normal_is_within_1e_6_of_the_reference_and_in_its_bounds(dtype, bounds):
    array = np.empty(SIZE, DTYPES[dtype])
    _core.fill_trunc_normal(array, 0.0, 1.0, *bounds, seed=SEED, stream=STREAM, position=0)
    exact, _ = distributions.truncated_normal(POSITIONS, array.dtype, *bounds, REFERENCE)
    assert np.max(np.abs(array - exact)) <= 1e-6
    assert as_float64(array).min() >= bounds[0]
    assert as_float64(array).max() <= bounds[1]


def test_an_element_that_is_never_accepted_is_decided_by_the_inverse():
    # Half of the distribution is kept, so one element in 65536 comes to the end of its tries.
    size, bounds = 1_000_000, (0, INF)
    array = np.empty(size, np.float32)
    _core.fill_trunc_normal(array, 0.0, 1.0, *bounds, seed=SEED, stream=STREAM, position=0)
    exact, decided = distributions.truncated_normal(np.arange(size), array.dtype, *bounds, REFERENCE)
    last = decided == distributions.TRIES
    assert last.any()
    assert np.max(np.abs(array[last] - exact[last])) <= 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bounds", [(2.0, 2.0), (-0.1, -0.1)])
def test_truncated_normal_between_equal_bounds_is_the_bound(dtype, bounds):
    array = np.empty(1003, DTYPES[dtype])
    _core.fill_trunc_normal(array, 0.0, 1.0, *bounds, seed=SEED, stream=STREAM, position=0)
    assert same_bits(
        array,
        np.full(1003, np.float64(bounds[0])).astype(distributions.real(array.dtype)).astype(array.dtype),
    )


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (dtype, name)
        for name in FILLS
        for dtype in HALF
        if not name.startswith(("uniform", "masked")) and dtype in dtypes_of(name)
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_a_half_type_is_the_float32_result_rounded_once_and_moved_into_the_bounds(dtype, name):
    half, single = filled(name, dtype, SIZE), filled(name, "float32", SIZE)
    expected = single.astype(DTYPES[dtype])
    if name.startswith("trunc"):
        low, high = FILLS[name][1][2:]
        expected = np.clip(
            expected,
            distributions.least_at_or_above(low, expected.dtype),
            -distributions.least_at_or_above(-high, expected.dtype),
        ).astype(expected.dtype)
    if name in POSITIVE or name in FINITE:
        limits = ml_dtypes.finfo(expected.dtype)
        least = limits.smallest_subnormal if name in POSITIVE else -limits.max
        expected = np.clip(expected, least, limits.max).astype(expected.dtype)
    assert same_bits(half, expected)


@pytest.mark.parametrize("dtype", HALF)
def test_rounding_to_half_types_holds_from_overflow_to_the_subnormals(dtype):
    for scale in (1e-8, 1e-7, 1e-5, 1.0, 3e4):
        half, single = np.empty(SIZE, DTYPES[dtype]), np.empty(SIZE, np.float32)
        for array in (half, single):
            _core.fill_normal(array, 0.0, scale, seed=SEED, stream=STREAM, position=0)
        with np.errstate(over="ignore"):
            assert same_bits(half, single.astype(half.dtype))


@pytest.mark.parametrize("name", FILLS)
def test_each_fill_is_counted(name):
    _core.reset_calls()
    fill_into(np.empty(3, np.float32), name)
    assert sum(_core.calls().values()) == 1


@pytest.mark.parametrize(
    ("fill", "arguments"),
    [(_core.fill_uniform, (1.0001, 1.0002)), (_core.fill_trunc_normal, (0, 1, 1.0001, 1.0002))],
)
def test_bounds_that_no_value_of_the_dtype_meets_are_refused(fill, arguments):
    array = np.full(10, 7, np.float16)
    with pytest.raises(ValueError, match="no value"):
        fill(array, *arguments, seed=0, stream=0, position=0)
    assert (array == 7).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("low", [30.0, 37.0, 38.0, 45.0, 100.0])
def test_a_tail_without_an_end_is_that_with_an_end_beyond_reach(dtype, low):
    ended, endless, below = np.empty((3, SIZE), DTYPES[dtype])
    for array, bounds in ((ended, (low, 2 * low)), (endless, (low, INF)), (below, (-INF, -low))):
        _core.fill_trunc_normal(array, 0.0, 1.0, *bounds, seed=SEED, stream=STREAM, position=0)
    assert (endless == ended).all()
    assert low <= endless.min() < endless.max() < low + 1
    assert -low - 1 < below.min() < below.max() <= -low


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "arguments",
    [
        (0, 1, float("nan"), 1),
        (0, 0, -1, 1),
        (float("nan"), 1, -1, 1),
        (0, float("inf"), -1, 1),
        (0, 1, 50, 60),
    ],
)
def test_nonsense_that_the_caller_did_not_refuse_still_returns(dtype, arguments):
    with contextlib.suppress(ValueError):
        _core.fill_trunc_normal(np.empty(1003, DTYPES[dtype]), *arguments, seed=0, stream=0, position=0)
