import itertools
import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastinit import dtypes, printing

DTYPES = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def restore_options():
    with printing.printoptions():
        yield


def text_of_torch(torch, array, **options):
    """What torch prints for the array, under the name of this library."""
    if array.dtype == ml_dtypes.bfloat16:
        tensor = torch.tensor(array.astype(np.float32)).to(torch.bfloat16)
    else:
        tensor = torch.tensor(array)
    with torch._tensor_str.printoptions(**options):
        return repr(tensor).replace("torch.", "fastinit.")


def assert_same(torch, array, **options):
    array = np.asarray(array)
    with printing.printoptions(**options):
        assert printing.format_tensor(array) == text_of_torch(torch, array, **options)


SHAPES = [(), (0,), (0, 3), (2, 0, 3), (1,), (3,), (40,), (1, 1), (2, 3), (3, 25), (2, 3, 4), (1, 2, 2, 2)]
SUMMARISED = [(1001,), (1, 1001), (1001, 1), (40, 40), (3, 500), (7, 12, 13), (5, 6, 7, 8), (2, 1001, 0)]


def sample(dtype, shape, scale, rng):
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith(("int", "uint")):
        low = 0 if dtype == "uint8" else -100
        return rng.integers(low, 100, shape).astype(dtype)
    with np.errstate(over="ignore"):
        return (rng.standard_normal(shape) * scale).astype(getattr(dtypes, dtype).numpy)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES + SUMMARISED, ids=str)
def test_every_dtype_and_shape_prints_as_in_torch(torch, dtype, shape):
    rng = np.random.default_rng(len(shape))
    for scale in (1, 100, 1e4, 1e-3):
        assert_same(torch, sample(dtype, shape, scale, rng))


SPECIAL = {
    "zeros": np.zeros((2, 3)),
    "minus zero": np.array([-0.0, 0.0]),
    "whole numbers": np.array([1.0, -20.0, 300.0]),
    "a wide range of whole numbers": np.array([1.0, 2000.0]),
    "large whole numbers": np.array([1.5e8, 2e8]),
    "a wide range": np.array([0.001, 5.0]),
    "small": np.array([0.00012, 0.0001, 0.00009]),
    "large": np.array([1.5e8 + 0.5, 2e8]),
    "nan alone": np.array([math.nan]),
    "infinities alone": np.array([math.inf, -math.inf]),
    "nan among whole numbers": np.array([math.nan, 1.0, -2.0]),
    "nan among fractions": np.array([math.nan, 1.5, math.inf, -math.inf]),
    "infinity in scientific notation": np.array([1e-9, math.inf, 1.0]),
    "smallest": np.array([5e-324, 1e308]),
    "0-d": np.array(-2.5),
    "0-d whole": np.array(9.0),
    "0-d nan": np.array(math.nan),
    "int64 limits": np.array([-(2**63), 2**63 - 1]),
    "transposed": np.arange(12.0).reshape(3, 4).T,
}


@pytest.mark.parametrize("case", SPECIAL)
def test_special_values_print_as_in_torch(torch, case):
    array = SPECIAL[case]
    assert_same(torch, array)
    if array.dtype == np.float64:
        with np.errstate(over="ignore"):
            assert_same(torch, array.astype(np.float32))


OPTIONS = [
    {"precision": 2},
    {"precision": 0},
    {"precision": 8},
    {"threshold": 5},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 2, "linewidth": 20},
    {"linewidth": 40},
    {"linewidth": 5},
    {"linewidth": 200},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "default", "precision": 1},
    {"sci_mode": True},
    {"sci_mode": False},
    {"sci_mode": False, "profile": "short"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_print_options_mean_what_they_mean_in_torch(torch, options):
    rng = np.random.default_rng(0)
    for shape, scale in itertools.product([(), (3,), (4, 6), (2, 3, 30), (40, 40)], [1, 1e6, 1e-6]):
        assert_same(torch, (rng.standard_normal(shape) * scale).astype(np.float32), **options)
        assert_same(torch, rng.integers(-9, 9, shape).astype(np.float64), **options)
        assert_same(torch, rng.integers(-9, 9, shape), **options)


def test_options_are_set_read_and_restored():
    with printing.printoptions(precision=2, sci_mode=True):
        assert printing.get_printoptions()["precision"] == 2
        printing.set_printoptions(edgeitems=1)
        assert printing.get_printoptions() == {
            "precision": 2,
            "threshold": 1000,
            "edgeitems": 1,
            "linewidth": 80,
            "sci_mode": None,
        }
    assert printing.get_printoptions()["precision"] == 4


@settings(max_examples=300, deadline=None)
@given(
    values=st.lists(
        st.one_of(
            st.floats(width=32),
            st.floats(-2, 2, width=32),
            st.integers(-1000, 1000).map(float),
            st.sampled_from([0.0, -0.0, 1e-4, 1e8, 1000.0, math.nan, math.inf]),
        ),
        max_size=60,
    ),
    columns=st.sampled_from([1, 2, 3, 5, 7]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    options=st.fixed_dictionaries(
        {},
        optional={
            "precision": st.integers(0, 6),
            "threshold": st.integers(0, 30),
            "edgeitems": st.integers(1, 4),
            "linewidth": st.integers(10, 100),
        },
    ),
)
def test_any_array_prints_as_in_torch(values, columns, dtype, options):
    torch = pytest.importorskip("torch")
    whole = len(values) // columns * columns
    with np.errstate(over="ignore"):
        array = np.array(values[:whole], dtype=np.float64).astype(dtype).reshape(-1, columns)
    assert_same(torch, array, **options)
    assert_same(torch, array.reshape(-1), **options)


def test_a_tensor_says_how_it_came_to_its_gradient():
    one = np.ones(1, dtype=np.float32)
    assert printing.format_tensor(one, requires_grad=True) == "tensor([1.], requires_grad=True)"
    assert printing.format_tensor(one, requires_grad=True, grad_fn="MulBackward0") == (
        "tensor([1.], grad_fn=<MulBackward0>)"
    )


@pytest.mark.parametrize("columns", range(1, 14))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_follows_the_elements_breaks_as_in_torch(torch, columns, dtype):
    array = np.linspace(-1, 1, columns).astype(dtype)
    leaf = torch.from_numpy(array).requires_grad_()
    assert printing.format_tensor(array, requires_grad=True) == repr(leaf).replace("torch.", "fastinit.")
    made = leaf * 1
    assert printing.format_tensor(array, grad_fn="MulBackward0") == repr(made).replace("torch.", "fastinit.")


def test_the_default_dtype_goes_without_saying():
    array = np.array([0.5])
    assert printing.format_tensor(array) == "tensor([0.5000], dtype=fastinit.float64)"
    dtypes.set_default_dtype(dtypes.float64)
    try:
        assert printing.format_tensor(array) == "tensor([0.5000])"
    finally:
        dtypes.set_default_dtype(dtypes.float32)


@pytest.mark.parametrize(("integer", "number"), [(np.uint16, ml_dtypes.bfloat16), (np.uint32, np.float32)])
def test_a_nan_that_signals_is_printed_as_any_other(integer, number):
    exponent = 0x7F80 << (16 if number is np.float32 else 0)
    array = np.array([exponent + 1, 0], integer).view(number)
    assert "[nan, 0.]" in printing.format_tensor(array)
