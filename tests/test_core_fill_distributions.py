"""The fills behind a tensor's own methods against the NumPy reference: exact, or within a stated error."""

import numpy as np
import pytest

from fastinit import _core
from reference import distributions
from reference.fills import DTYPES, INTEGER_DTYPES, SEED, STREAM

REFERENCE = distributions.Stream(SEED, STREAM)
KEY = {"seed": SEED, "stream": STREAM, "position": 0}
SIZE = 1_000_003
POSITIONS = np.arange(SIZE)
WIDER = {"float32": np.float64, "float64": np.longdouble}


def filled(fill, arguments, dtype, size=SIZE, **key):
    array = np.empty(size, dtype)
    fill(array, *arguments, **(KEY | key))
    return array


def error_in_ulps(found, exact):
    ulp = np.spacing(np.abs(exact).astype(found.dtype)).astype(exact.dtype)
    return float(np.max(np.abs(found.astype(exact.dtype) - exact) / ulp))


@pytest.mark.parametrize("dtype", WIDER)
def test_exponential_is_within_3_ulp_at_both_ends(dtype):
    found = filled(_core.fill_exponential, (1.0,), dtype)
    exact = distributions.standard_exponential(POSITIONS, found.dtype, REFERENCE)
    assert error_in_ulps(found, exact) <= 2.6
    # The shortest and the longest waits are not cut off by a uniform of 24 bits.
    assert found.min() < 2.0**-19
    assert found.max() > 13


@pytest.mark.parametrize("dtype", WIDER)
def test_exponential_is_divided_by_the_rate(dtype):
    standard, scaled = (filled(_core.fill_exponential, (rate,), dtype) for rate in (1.0, 0.3))
    assert (scaled == standard * standard.dtype.type(1 / 0.3)).all()


@pytest.mark.parametrize("dtype", WIDER)
def test_cauchy_is_within_3_ulp_in_the_middle_and_in_the_tails(dtype):
    found = filled(_core.fill_cauchy, (0.0, 1.0), dtype)
    exact = distributions.standard_cauchy(POSITIONS, found.dtype, REFERENCE)
    assert error_in_ulps(found, exact) <= 2.3
    assert np.abs(found).min() < 1e-5
    assert np.abs(found).max() > 1e5
    scaled = filled(_core.fill_cauchy, (0.5, 3.0), dtype)
    assert (scaled == found.dtype.type(0.5) + found.dtype.type(3.0) * found).all()


@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.parametrize(
    ("mean", "std"), [(0.0, 1.0), (1.0, 2.0), (3.0, 0.01), (-20.0, 10.0), (0.1, 17.3), (-70.0, 1e-6)]
)
def test_log_normal_is_within_2_ulp_of_the_power_of_its_normal(dtype, mean, std):
    found = filled(_core.fill_log_normal, (mean, std), dtype)
    z = filled(_core.fill_normal, (0.0, 1.0), dtype).astype(WIDER[dtype])
    exact = np.exp(WIDER[dtype](mean) + WIDER[dtype](std) * z)
    limits = np.finfo(dtype)
    normal = (exact > limits.tiny) & (exact < limits.max)
    assert normal.mean() > 0.9
    assert error_in_ulps(found[normal], exact[normal]) <= 1.7


@pytest.mark.parametrize("dtype", ["float32", "float64", *INTEGER_DTYPES])
@pytest.mark.parametrize("p", [0.5, 0.3, 1e-3, 1e-8, 0.999, 1 - 1e-12])
def test_geometric_is_the_reference_value_by_value(dtype, p):
    if dtype == "bool":
        return
    found = filled(_core.fill_geometric, (p,), dtype)
    exact = distributions.geometric(POSITIONS, found.dtype, p, REFERENCE)
    most = np.finfo(dtype).max if dtype.startswith("float") else min(np.iinfo(dtype).max, 2**63 - 1024)
    assert (found == np.minimum(exact, most).astype(dtype)).all()


@pytest.mark.parametrize("p", [2.0**-32, 3e-9, 0.1, 0.5, 0.7, 1 - 2.0**-30])
def test_geometric_stops_at_once_with_the_probability_p_to_32_bits(p):
    # Success at the first trial: the complement of the word, over 2^32, is below p.
    found = filled(_core.fill_geometric, (p,), np.float32)
    words = filled(_core.random_words, (), np.uint32)
    assert ((found == 1) == ((~words).astype(np.float64) + 0.5 <= p * 2.0**32)).all()


@pytest.mark.parametrize("dtype", [*DTYPES, "uint8", "int8", "int16", "int32", "int64"])
@pytest.mark.parametrize("p", [5e-324, 1e-300, 1e-30])
def test_geometric_stays_in_the_dtype_where_p_is_tiny(dtype, p):
    found = filled(_core.fill_geometric, (p,), (DTYPES | INTEGER_DTYPES)[dtype], 1000).astype(np.float64)
    assert found.min() >= 1
    assert np.isfinite(found).all()


RANGES = [
    (dtype, first, last)
    for dtypes, ranges in [
        (["uint8"], [(0, 255), (3, 9), (7, 7)]),
        (["int8"], [(-128, 127), (-5, 5)]),
        (["int16"], [(-(2**15), 2**15 - 1), (5, 1000)]),
        (["int32", "int64", "float64"], [(-(2**31), 2**31 - 1), (3, 9), (-5, 2**31 - 1), (-1, 3 * 2**29)]),
        (
            ["int64", "float64", "float32", "bfloat16"],
            [(-(2**63), 2**63 - 1), (0, 2**32 - 1), (0, 2**32), (-(2**40), 2**40), (2**40, 2**40 + 2**33)],
        ),
        (["int64"], [(-(2**62), 2**62 + 1), (2**63 - 5, 2**63 - 1), (-1, 2**63 - 1)]),
        (["float16"], [(0, 2**11), (-(2**11), 2**11)]),
        (["bfloat16"], [(0, 2**8), (-(2**8), 3)]),
        (["float32"], [(0, 2**24), (2**33, 2**33 + 2**20)]),
        (["float64"], [(-(2**53), 2**53), (2**40, 2**40 + 7)]),
    ]
    for dtype in dtypes
    for first, last in ranges
]


@pytest.mark.parametrize(("dtype", "first", "last"), RANGES)
def test_integers_are_the_reference_value_by_value(dtype, first, last):
    found = filled(_core.fill_integers, (first, last), (DTYPES | INTEGER_DTYPES)[dtype], 5003)
    exact = distributions.integers(np.arange(found.size), first, last, REFERENCE)
    if dtype == "bfloat16":  # by way of float32, as every half type
        exact = exact.astype(np.float64).astype(np.float32)
    assert (
        found == exact.astype(np.float64 if dtype == "float32" else found.dtype).astype(found.dtype)
    ).all()


@pytest.mark.parametrize("dtype", [*DTYPES, *INTEGER_DTYPES])
def test_one_range_has_one_set_of_values_in_every_dtype(dtype):
    found = filled(_core.fill_integers, (0, 1), (DTYPES | INTEGER_DTYPES)[dtype])
    assert (found.astype(np.int64) == filled(_core.fill_integers, (0, 1), np.int64)).all()


SUPPORT = [
    (_core.fill_exponential, (1e-38,), 0),
    (_core.fill_exponential, (1e38,), 0),
    (_core.fill_exponential, (1e6,), 0),
    (_core.fill_log_normal, (0.0, 1000.0), 0),
    (_core.fill_log_normal, (1e30, 1e30), 0),
    (_core.fill_log_normal, (-1e30, 1.0), 0),
    (_core.fill_cauchy, (0.0, 3e38), -np.inf),
    (_core.fill_cauchy, (-3e38, 3e38), -np.inf),
    (_core.fill_cauchy, (60000.0, 1e4), -np.inf),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("fill", "arguments", "below"), SUPPORT)
def test_no_value_leaves_the_open_support(fill, arguments, below, dtype):
    found = filled(fill, arguments, DTYPES[dtype]).astype(np.float64)
    assert found.min() > below
    assert found.max() < np.inf
