"""The checked fills: PyTorch's refusals, boxes of a whole, and nothing taken by a call that is refused."""

import numpy as np
import pytest
from ml_dtypes import bfloat16

import fastinit
from fastinit import Generator, Shard, random

FLOATS = [np.float16, bfloat16, np.float32, np.float64]

FILLS = [
    (random.uniform, (-1.0, 1.0)),
    (random.normal, (0.0, 1.0)),
    (random.trunc_normal, (0.0, 1.0, -2.0, 2.0)),
    (random.masked_uniform, (-1.0, 1.0, 0.5)),
    (random.bernoulli, (0.5,)),
    (random.integers, (0, 10)),
    (random.exponential, (2.0,)),
    (random.log_normal, (1.0, 0.5)),
    (random.cauchy, (0.0, 1.0)),
    (random.geometric, (0.3,)),
]


@pytest.mark.parametrize(("fill", "arguments"), FILLS)
def test_a_fill_moves_the_generator_by_the_global_tensor(fill, arguments):
    generator = Generator(seed=0)
    fill(np.empty((3, 3), np.float32), *arguments, generator=generator)
    assert generator._take(0)[2] == 12
    shard = Shard((5, 7), (slice(1, 2), slice(3, 7)))
    fill(np.empty((1, 4), np.float32), *arguments, generator=generator, shard=shard)
    assert generator._take(0)[2] == 12 + 36


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("fill", "arguments"), FILLS)
def test_a_shard_is_the_box_of_the_whole(fill, arguments, dtype):
    whole = np.empty((5, 7, 3), dtype)
    fill(whole, *arguments, generator=Generator(seed=2))
    for index in ((slice(1, 4), slice(2, 3), slice(None)), (slice(4, 5), slice(0, 7), slice(1, 3))):
        shard = Shard(whole.shape, index)
        part = np.empty(shard.shape, dtype)
        fill(part, *arguments, generator=Generator(seed=2), shard=shard)
        assert part.tobytes() == whole[index].tobytes()


@pytest.mark.parametrize(("fill", "arguments"), FILLS)
@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"generator": 3}, TypeError),
        ({"generator": np.random.default_rng()}, TypeError),
        ({"shard": (slice(None),)}, TypeError),
        ({"shard": Shard((4,), (slice(0, 2),))}, ValueError),
    ],
)
def test_a_wrong_generator_or_shard_leaves_the_array_as_it_was(fill, arguments, keywords, error):
    array = np.full(3, 7, np.float32)
    state = fastinit.get_rng_state()
    with pytest.raises(error):
        fill(array, *arguments, **keywords)
    assert (array == 7).all()
    assert (fastinit.get_rng_state() == state).all()


nan, inf = float("nan"), float("inf")
REFUSED_LIKE_PYTORCH = [
    ("uniform_", "uniform", (1, 0), np.float32),
    ("uniform_", "uniform", (1.5, 0.25), np.float32),
    ("uniform_", "uniform", (nan, 1), np.float32),
    ("uniform_", "uniform", (0, nan), np.float64),
    ("uniform_", "uniform", (0, inf), np.float32),
    ("uniform_", "uniform", (-inf, 0), np.float16),
    ("uniform_", "uniform", (-1, 1e6), np.float16),
    ("uniform_", "uniform", (-1, 1e39), bfloat16),
    ("uniform_", "uniform", (-60000, 60000), np.float16),
    ("uniform_", "uniform", (-3e38, 3e38), bfloat16),
    ("uniform_", "uniform", (-3e38, 3e38), np.float32),
    ("uniform_", "uniform", (-1e308, 1e308), np.float64),
    ("uniform_", "uniform", ("a", 1), np.float32),
    ("uniform_", "uniform", (0, None), np.float32),
    ("uniform_", "uniform", (), np.int32),
    ("uniform_", "uniform", (), np.bool_),
    ("normal_", "normal", (0, -1), np.float32),
    ("normal_", "normal", (0, -1.5), np.float16),
    ("normal_", "normal", (0, nan), np.float32),
    ("normal_", "normal", ("a", 1), np.float32),
    ("normal_", "normal", (0, "a"), np.float32),
    ("normal_", "normal", (), np.int64),
    ("normal_", "normal", (), np.uint8),
    ("bernoulli_", "bernoulli", (2,), np.float32),
    ("bernoulli_", "bernoulli", (nan,), np.float32),
    ("bernoulli_", "bernoulli", (-0.5,), np.int32),
    ("fill_", "constant", (1e39,), np.float32),
    ("fill_", "constant", (1e6,), np.float16),
    ("fill_", "constant", (1j,), np.float32),
    ("fill_", "constant", (300,), np.int8),
    ("fill_", "constant", (127.5,), np.int8),
    ("fill_", "constant", (-256,), np.uint8),
    ("fill_", "constant", (-1.5,), np.uint8),
    ("fill_", "constant", (nan,), np.int32),
    ("fill_", "constant", (2**63,), np.int64),
    ("random_", "integers", (3, 3), np.float32),
    ("random_", "integers", (0, -5), np.float32),
    ("random_", "integers", (0, 300), np.uint8),
    ("random_", "integers", (-300, 3), np.int8),
    ("random_", "integers", (0, 3), np.bool_),
    ("random_", "integers", (0, 100000), np.float16),
    ("exponential_", "exponential", (0,), np.float32),
    ("exponential_", "exponential", (-1.5,), np.float16),
    ("exponential_", "exponential", (nan,), bfloat16),
    ("exponential_", "exponential", ("a",), np.float32),
    ("exponential_", "exponential", (None,), np.float32),
    ("exponential_", "exponential", (), np.bool_),
    ("exponential_", "exponential", (), np.int64),
    ("exponential_", "exponential", (-1,), np.int64),
    ("log_normal_", "log_normal", (1, 0), np.float32),
    ("log_normal_", "log_normal", (1, -1), np.int32),
    ("log_normal_", "log_normal", (1, nan), np.float64),
    ("log_normal_", "log_normal", ("a",), np.float32),
    ("log_normal_", "log_normal", (1, "a"), np.float32),
    ("log_normal_", "log_normal", (), np.uint8),
    ("cauchy_", "cauchy", (0, 0), np.float32),
    ("cauchy_", "cauchy", (0, -1), np.int32),
    ("cauchy_", "cauchy", (0, nan), np.float16),
    ("cauchy_", "cauchy", ("a",), np.float32),
    ("cauchy_", "cauchy", (0, "a"), np.float32),
    ("cauchy_", "cauchy", (), np.bool_),
    ("cauchy_", "cauchy", (), np.uint8),
    ("cauchy_", "cauchy", (), np.int8),
    ("cauchy_", "cauchy", (), np.int16),
    ("cauchy_", "cauchy", (), np.int32),
    ("cauchy_", "cauchy", (), np.int64),
    ("geometric_", "geometric", (0,), np.float32),
    ("geometric_", "geometric", (1,), np.int64),
    ("geometric_", "geometric", (True,), np.int8),
    ("geometric_", "geometric", (nan,), np.float64),
    ("geometric_", "geometric", (2,), np.bool_),
    ("geometric_", "geometric", (0.5,), np.bool_),
    ("geometric_", "geometric", ("a",), np.float32),
]


def as_torch(torch, array):
    if array.dtype == bfloat16:
        return torch.zeros(array.shape, dtype=torch.bfloat16).fill_(7)
    return torch.from_numpy(array.copy())


@pytest.mark.parametrize(("method", "fill", "arguments", "dtype"), REFUSED_LIKE_PYTORCH)
def test_a_wrong_argument_is_refused_as_in_pytorch(method, fill, arguments, dtype):
    torch = pytest.importorskip("torch")
    array = np.ones(3, dtype)
    state = fastinit.get_rng_state()
    with pytest.raises((RuntimeError, TypeError, NotImplementedError)) as expected:
        getattr(as_torch(torch, array), method)(*arguments)
    with pytest.raises(expected.type) as error:
        getattr(random, fill)(array, *arguments)
    assert str(error.value) == str(expected.value)
    assert (array == 1).all()
    assert (fastinit.get_rng_state() == state).all()


@pytest.mark.parametrize(
    ("fill", "arguments", "dtype", "error"),
    [
        (random.uniform, (1.00001, 1.00002), np.float16, ValueError),
        (random.uniform, (1.001, 1.002), bfloat16, ValueError),
        (random.uniform, (1 + 1e-9, 1 + 2e-9), np.float32, ValueError),
        (random.uniform, (1e-46, 2e-46), np.float32, ValueError),
        (random.masked_uniform, (1.00001, 1.00002, 0.5), np.float16, ValueError),
        (random.masked_uniform, (0, 1, nan), np.float32, ValueError),
        (random.masked_uniform, (1, 0, 0.5), np.float32, RuntimeError),
        (random.trunc_normal, (0, 1, 1.00001, 1.00002), np.float16, ValueError),
        (random.trunc_normal, (0, 1, 1e5, 1e6), np.float16, ValueError),
        (random.trunc_normal, (0, 1, 2, -2), np.float32, RuntimeError),
        (random.trunc_normal, (0, 1, nan, 2), np.float32, RuntimeError),
        (random.trunc_normal, (0, 1, -2, nan), np.float32, RuntimeError),
        (random.trunc_normal, (0, 1, inf, inf), np.float32, RuntimeError),
        (random.trunc_normal, (0, 1, -inf, -inf), np.float32, RuntimeError),
        (random.trunc_normal, (0, 0), np.float32, ValueError),
        (random.trunc_normal, (0, -1), np.float32, ValueError),
        (random.trunc_normal, (0, nan), np.float32, ValueError),
        (random.trunc_normal, (0, inf), np.float32, ValueError),
        (random.trunc_normal, (nan, 1), np.float32, ValueError),
        (random.normal, (nan, 1), np.float32, ValueError),
        (random.normal, (inf, 1), np.float32, ValueError),
        (random.normal, (0, inf), np.float32, ValueError),
        (random.normal, (0, 1e39), np.float32, ValueError),
        (random.constant, ("x",), np.float32, TypeError),
        (random.constant, (None,), np.float32, TypeError),
        (random.constant, ([1],), np.int32, TypeError),
        (random.integers, (2.5,), np.int32, TypeError),
        (random.exponential, (inf,), np.float32, ValueError),
        (random.exponential, (1e-39,), np.float32, ValueError),
        (random.exponential, (1e-309,), np.float64, ValueError),
        (random.log_normal, (nan,), np.float32, ValueError),
        (random.log_normal, (inf,), np.float32, ValueError),
        (random.log_normal, (0, inf), np.float32, ValueError),
        (random.cauchy, (nan,), np.float32, ValueError),
        (random.cauchy, (0, inf), np.float32, ValueError),
        (random.cauchy, (1e39,), np.float32, ValueError),
        (random.geometric, (0.5,), np.complex64, NotImplementedError),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(fill, arguments, dtype, error):
    array = np.ones(3, dtype)
    state = fastinit.get_rng_state()
    with pytest.raises(error):
        fill(array, *arguments)
    assert (array == 1).all()
    assert (fastinit.get_rng_state() == state).all()


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (1.0, 1.0005, np.float16),
        (-0.0, 5e-8, np.float16),
        (1.0, 1.001, bfloat16),
        (65472.0, 65504.0, np.float16),
        (0.1, 0.1, np.float32),
        (1 - 2.0**-24, 1.0, np.float32),
    ],
)
def test_an_interval_with_one_value_of_the_dtype_is_filled(low, high, dtype):
    array = np.empty(50, dtype)
    random.uniform(array, low, high)
    assert len(set(array.tolist())) == 1
    if low < high:
        assert low <= float(array[0]) < high
    else:
        assert array[0] == dtype(low)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (0.3, np.float16), (nan, np.float32), (inf, bfloat16), (2.5, np.int32), (-255, np.uint8),
        (2, np.bool_), (0.5, np.bool_), (-128, np.int8), (True, np.float32), (np.float32(0.1), np.float64),
        (-0.0, np.float32),
        (2**62, np.int64), (-(2**63), np.int64), (65504, np.float16),
    ],
)  # fmt: skip
def test_a_constant_is_converted_as_in_pytorch(value, dtype):
    torch = pytest.importorskip("torch")
    array = np.ones((2, 3), dtype)
    expected = as_torch(torch, array).fill_(value)
    random.constant(array, value)
    if dtype is bfloat16:
        assert array.astype(np.float32).tolist() == expected.float().tolist()
    else:
        assert array.tobytes() == expected.numpy().tobytes()


def test_bernoulli_fills_any_dtype_with_zeros_and_ones():
    floats = np.empty(4000, np.float32)
    random.bernoulli(floats, 0.25, generator=Generator(seed=1))
    assert set(floats.tolist()) == {0.0, 1.0}
    assert abs(floats.mean() - 0.25) < 0.03
    for dtype in (np.bool_, np.int8, np.int64, np.float16):
        array = np.empty(4000, dtype)
        random.bernoulli(array, 0.25, generator=Generator(seed=1))
        assert (array.astype(np.float32) == floats).all()
    random.bernoulli(floats, 0.0)
    assert not floats.any()
    random.bernoulli(floats, 1.0)
    assert floats.all()


def test_what_cannot_be_written_takes_no_positions():
    array = np.ones(4, np.float32)
    array.setflags(write=False)
    generator = Generator(seed=1)
    for fill, arguments in FILLS:
        with pytest.raises(ValueError, match="read-only"):
            fill(array, *arguments, generator=generator)
    with pytest.raises(ValueError, match="read-only"):
        random.constant(array, 2)
    assert (array == 1).all()
    assert generator._take(0)[2] == 0
