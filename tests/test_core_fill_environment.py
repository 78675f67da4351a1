"""Callers change the rounding mode and flush subnormals to zero; no bit of a fill follows them."""

import math

import ml_dtypes
import numpy as np
import pytest

from fastinit import _core
from reference.environment import SETTINGS, control_word, float_setting
from reference.fills import DTYPES, FILLS, INF, dtypes_of, filled

pytestmark = pytest.mark.usefixtures("isa")

each_setting = pytest.mark.parametrize("setting", SETTINGS)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)

# Arguments from the dtype's least normal number, so that values and what they are made of are subnormal.
SUBNORMAL = {
    "uniform": lambda least: (0.0, 50 * least),
    "normal": lambda least: (0.0, least / 10),
    "trunc_normal": lambda least: (0.0, least / 10, -least / 5, least / 5),
    "trunc_normal one-sided": lambda least: (0.0, least / 10, -INF, least / 20),
    "trunc_normal narrow": lambda least: (0.0, least / 10, 0.0, least / 100),
    "trunc_normal far": lambda least: (0.0, least / 10, least * 0.6, least * 0.7),
    "masked_uniform": lambda least: (-50 * least, 50 * least, least / 2),
    "exponential": lambda least: (0.8 / least,),
    "log_normal": lambda least: (math.log(least), 1.0),
    "cauchy": lambda least: (0.0, least / 10),
    "constant": lambda least: (least / 3,),
}


def outcome(name, dtype, arguments, size=1003):
    """The bytes of a fill, or why it was refused."""
    array = np.empty(size, DTYPES[dtype])
    place = {} if name == "constant" else {"seed": 1, "stream": 2, "position": 0}
    try:
        getattr(_core, f"fill_{name}")(array, *arguments, **place)
    except ValueError as refusal:
        return str(refusal)
    return array.tobytes()


@each_setting
@pytest.mark.parametrize("name", FILLS)
def test_the_caller_s_setting_changes_no_bit_of_any_fill(setting, name):
    expected = [filled(name, dtype, 2003).tobytes() for dtype in dtypes_of(name)]
    with float_setting(setting):
        found = [filled(name, dtype, 2003).tobytes() for dtype in dtypes_of(name)]
    assert found == expected


@each_setting
@each_dtype
@pytest.mark.parametrize("name", SUBNORMAL)
def test_the_caller_s_setting_changes_no_subnormal_value(setting, dtype, name):
    least = float(ml_dtypes.finfo(DTYPES[dtype]).smallest_normal)
    arguments = SUBNORMAL[name](least)
    expected = outcome(name.split()[0], dtype, arguments)
    values = np.abs(np.frombuffer(expected, DTYPES[dtype]).astype(np.float64))
    assert ((values > 0) & (values < least)).any()
    with float_setting(setting):
        assert outcome(name.split()[0], dtype, arguments) == expected


@each_setting
@each_dtype
def test_a_probability_that_is_subnormal_is_one_in_two_to_the_32(setting, dtype):
    expected = outcome("bernoulli", dtype, (1e-310,))
    with float_setting(setting):
        assert outcome("bernoulli", dtype, (1e-310,)) == expected


# Bounds that lie between two values of a dtype, next to one, or around one.
TIGHT = [
    (low, high)
    for value in (1.0, -1.0, 0.1, 1e-7, 6e-8, 1e-39, 5e-324, 3e38, 65504.0)
    for low, high in [
        (value, np.nextafter(value, INF)),
        (np.nextafter(value, -INF), value),
        (value * (1 - 1e-5), value * (1 - 1e-6)),
        (float(np.nextafter(np.float32(value), np.float32(-INF))), value),
    ]
    if low < high
]


@each_setting
@each_dtype
def test_the_caller_s_setting_changes_no_refusal(setting, dtype):
    def outcomes():
        return [
            (
                outcome("uniform", dtype, bounds, 37),
                outcome("masked_uniform", dtype, (*bounds, bounds[0]), 37),
                outcome("trunc_normal", dtype, (bounds[0], 1.0, *bounds), 37),
            )
            for bounds in TIGHT
        ]

    expected = outcomes()
    refused = any(isinstance(each, str) for results in expected for each in results)
    assert refused == (dtype != "float64")  # of which every bound is a value
    with float_setting(setting):
        assert outcomes() == expected


@pytest.fixture
def several_threads():
    before = _core.get_num_threads()
    _core.set_num_threads(4)
    yield
    _core.set_num_threads(before)


# Python 3.12 and later warn of forks in processes with threads: that they work is what is tested here.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@each_setting
def test_threads_that_the_caller_s_setting_passes_to_change_no_bit(setting, several_threads, in_a_child):
    # A thread begins with the settings of the one that makes it, and a forked child makes its own threads.
    expected = {
        (name, dtype): filled(name, dtype, 150_001).tobytes() for name in FILLS for dtype in dtypes_of(name)
    }

    def fill_all():
        with float_setting(setting):
            return {key: filled(*key, 150_001).tobytes() for key in expected} == expected

    assert in_a_child(fill_all)


@each_setting
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_caller_s_setting_changes_no_bit_of_an_orthogonal_matrix(setting, dtype):
    def orthogonal(gain):
        array = np.empty((200, 211), dtype)
        _core.fill_orthogonal(array, gain, 1, 2, 0, array.shape, (0, 0))
        return array.tobytes()

    gains = (1.1, float(np.finfo(dtype).tiny))
    expected = [orthogonal(gain) for gain in gains]
    with float_setting(setting):
        assert [orthogonal(gain) for gain in gains] == expected


@each_setting
def test_what_is_computed_for_a_fill_rounds_to_nearest_and_gives_the_setting_back(setting):
    def compute(numerator, *, denominator):
        return numerator / denominator, 1e-310 * denominator, control_word()

    def fail():
        raise KeyError("as it was")

    default = control_word()
    with float_setting(setting):
        found = _core.in_default_float_environment(compute, (-1.0,), {"denominator": 3.0})
        with pytest.raises(KeyError, match="as it was"):
            _core.in_default_float_environment(fail, (), {})
    assert found == (-1.0 / 3.0, 1e-310 * 3.0, default)
