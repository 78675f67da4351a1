"""Generators give out each position once; a fill checks its arguments before it takes any."""

import copy
import pickle
import threading
from hashlib import blake2b

import numpy as np
import pytest
from ml_dtypes import bfloat16

import fastinit
from fastinit import Generator, Shard, random

FLOATS = [np.float16, bfloat16, np.float32, np.float64]


@pytest.fixture
def default_state():
    """Gives the default generator its state back."""
    state = fastinit.get_rng_state()
    yield
    fastinit.set_rng_state(state)


def test_a_new_generator_has_pytorchs_seed():
    torch = pytest.importorskip("torch")
    assert Generator().initial_seed() == torch.Generator().initial_seed()


@pytest.mark.parametrize("seed", [0, 3, 2**64 - 1, -1, -(2**63), np.int64(5), np.uint64(2**63)])
def test_manual_seed_takes_the_seeds_that_pytorchs_takes(seed):
    torch = pytest.importorskip("torch")
    generator = Generator()
    assert generator.manual_seed(seed) is generator
    assert generator.initial_seed() == torch.Generator().manual_seed(int(seed)).initial_seed()
    assert Generator(seed=seed).initial_seed() == generator.initial_seed()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, 1.5, True, "a", None])
def test_manual_seed_refuses_what_pytorchs_refuses(seed):
    torch = pytest.importorskip("torch")
    with pytest.raises((RuntimeError, ValueError)) as expected:
        torch.Generator().manual_seed(seed)
    generator = Generator(seed=1)
    generator._take(4)
    with pytest.raises(expected.type) as error:
        generator.manual_seed(seed)
    assert str(error.value).startswith(str(expected.value))
    assert generator._take(0) == (1, 0, 4)


def test_a_generator_is_on_the_cpu():
    assert str(Generator("cpu").device) == "cpu"
    assert str(Generator(None).device) == "cpu"
    with pytest.raises(RuntimeError, match="cuda"):
        Generator("cuda")


def test_a_fill_takes_as_many_positions_as_elements_rounded_up_to_four():
    generator = Generator(seed=7)
    assert generator._take(5) == (7, 0, 0)
    assert generator._take(0) == (7, 0, 8)
    assert generator._take(1) == (7, 0, 8)
    assert generator._take(8) == (7, 0, 12)
    assert generator._take(1) == (7, 0, 20)


def test_manual_seed_goes_back_to_the_start_and_seed_takes_a_new_one():
    generator = Generator(seed=7)
    generator._take(5)
    assert generator.manual_seed(8)._take(1) == (8, 0, 0)
    new = generator.seed()
    assert new == generator.initial_seed() != 8
    assert generator._take(1) == (new, 0, 0)


def test_a_fill_that_would_pass_position_2_to_the_50_is_refused():
    generator = Generator(seed=7)
    generator._take(2**50 - 4)
    with pytest.raises(ValueError, match=r"would pass position 2\^50"):
        generator._take(5)
    assert generator._take(4) == (7, 0, 2**50 - 4)
    with pytest.raises(ValueError, match=r"2\^50"):
        generator._take(1)
    with pytest.raises(ValueError, match=r"2\^50"):
        random.uniform(np.empty(1, np.float32), generator=generator)


def test_the_state_goes_round():
    generator = Generator(seed=2**63 + 5).fork("a")
    generator._take(9)
    state = generator.get_state()
    assert state.dtype == np.uint8
    assert state.shape == (24,)
    taken = generator._take(3)
    generator.set_state(state)
    assert generator._take(3) == taken
    other = Generator()
    other.set_state(state)
    assert other._take(3) == taken


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, Generator.clone_state, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_copy_goes_its_own_way_from_the_same_state(duplicate):
    generator = Generator(seed=3).fork(1)
    generator._take(4)
    clone = duplicate(generator)
    assert clone._take(4) == generator._take(4)
    clone._take(4)
    assert generator._take(4)[2] == 8


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (3, TypeError),
        (np.zeros(24, np.float32), TypeError),
        (np.zeros(5, np.uint8), RuntimeError),
        (np.zeros((1, 24), np.uint8), RuntimeError),
        (np.full(24, 255, np.uint8), RuntimeError),
        (np.eye(1, 24, 16, np.uint8)[0], RuntimeError),
    ],
)
def test_a_state_that_no_generator_gave_is_refused(state, error):
    generator = Generator(seed=3)
    with pytest.raises(error):
        generator.set_state(state)
    assert generator._take(1) == (3, 0, 0)


def test_a_forks_stream_is_the_hash_that_the_design_names():
    def stream(parent, tag, key):
        digest = blake2b(parent.to_bytes(8, "little") + tag + key, digest_size=8, person=b"fastinit").digest()
        return int.from_bytes(digest, "little")

    by_name = stream(0, b"\x01", "läyer.0".encode())
    by_int = stream(by_name, b"\x00", (2**64 - 1).to_bytes(8, "little"))
    generator = Generator(seed=5)
    assert generator.fork("läyer.0")._take(1) == (5, by_name, 0)
    assert generator.fork("läyer.0").fork(2**64 - 1)._take(1) == (5, by_int, 0)
    # Pinned, so that it cannot change in step with the lines above.
    assert Generator(seed=5).fork("weight")._take(1)[1] == 0x8F9CDD9C0EFB7A12
    assert Generator(seed=5).fork(0)._take(1)[1] == 0xC12A25FB69FBF7CE


def test_a_fork_depends_on_the_seed_and_the_key_alone():
    generator = Generator(seed=5)
    before = generator.fork("a")._take(1)
    generator._take(100)
    assert generator.fork("a")._take(1) == before
    assert generator._take(1)[2] == 100
    assert len({generator.fork(key)._take(1)[1] for key in ("a", "b", "", 0, 1, "0", "1")}) == 7


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (1.5, TypeError),
        (True, TypeError),
        (None, TypeError),
        (b"a", TypeError),
        (-1, ValueError),
        (2**64, ValueError),
    ],
)
def test_a_key_that_is_neither_a_name_nor_an_int_is_refused(key, error):
    with pytest.raises(error, match="key"):
        Generator().fork(key)


def test_no_position_is_given_out_twice_to_threads():
    generator = Generator(seed=1)
    taken: list[int] = []

    def take_many():
        mine = [generator._take(4)[2] for _ in range(2000)]
        taken.extend(mine)

    threads = [threading.Thread(target=take_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(0, 4 * 8000, 4))


@pytest.mark.usefixtures("default_state")
def test_the_module_functions_are_the_default_generators():
    assert fastinit.manual_seed(4) is fastinit.default_generator
    assert fastinit.initial_seed() == 4
    state = fastinit.get_rng_state()
    first = np.empty(3, np.float32)
    again = np.empty(3, np.float32)
    random.normal(first)
    fastinit.set_rng_state(state)
    random.normal(again)
    assert (first == again).all()
    assert fastinit.seed() == fastinit.initial_seed()
    assert fastinit.manual_seed("7").initial_seed() == 7
    assert fastinit.manual_seed(1.7).initial_seed() == 1


@pytest.mark.usefixtures("default_state")
def test_a_generator_gives_what_manual_seed_gives():
    fastinit.manual_seed(11)
    by_default, by_generator = np.empty((2, 9), np.float32)
    random.uniform(by_default)
    random.uniform(by_generator, generator=Generator(seed=11))
    assert (by_default == by_generator).all()


FILLS = [
    (random.uniform, (-1.0, 1.0)),
    (random.normal, (0.0, 1.0)),
    (random.trunc_normal, (0.0, 1.0, -2.0, 2.0)),
    (random.masked_uniform, (-1.0, 1.0, 0.5)),
    (random.bernoulli, (0.5,)),
    (random.integers, (0, 10)),
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


@pytest.mark.parametrize("dtype", [*FLOATS, np.int8, np.uint8, np.int16, np.int32, np.int64, np.bool_])
def test_integers_stay_inside_their_bounds_and_reach_them(dtype):
    low, high = (0, 2) if dtype is np.bool_ else (3, 10)
    array = np.empty((40, 25), dtype)
    random.integers(array, low, high, generator=Generator(seed=1))
    assert sorted(set(array.astype(np.int64).ravel().tolist())) == list(range(low, high))


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.float16, 0, 2**11), (bfloat16, 0, 2**8), (np.float32, 0, 2**24), (np.float64, 0, 2**53),
        (np.int8, 0, 127), (np.uint8, 0, 255), (np.int16, 0, 2**15 - 1), (np.int64, 0, 2**63 - 1),
    ],
)  # fmt: skip
def test_integers_without_bounds_fill_the_dtype_as_in_pytorch(dtype, low, high):
    array = np.empty(4000, dtype)
    random.integers(array, generator=Generator(seed=1))
    values = array.astype(np.float64)
    assert low <= values.min() < high * 0.01 + 1
    assert high * 0.99 - 1 < values.max() <= high


def test_integers_take_all_64_bits():
    array = np.empty(4000, np.int64)
    random.integers(array, -(2**63), generator=Generator(seed=1))
    assert array.min() < -0.99 * 2**63
    assert array.max() > 0.99 * 2**63
    bits = np.unpackbits(array.view(np.uint8).reshape(-1, 8), axis=1)
    assert abs(bits.mean(axis=0) - 0.5).max() < 0.05


@pytest.mark.parametrize("bound", [3, 7, 1000, 2**33 + 1, 3 * 2**61])
def test_integers_are_uniform(bound):
    array = np.empty(70_000, np.int64)
    random.integers(array, 0, bound, generator=Generator(seed=4))
    bins = min(bound, 7)
    counts = np.bincount((array.astype(object) * bins // bound).astype(np.int64), minlength=bins)
    edges = [-(-bound * i // bins) for i in range(bins + 1)]
    expected = np.diff(edges) / bound * array.size
    assert ((counts - expected) ** 2 / expected).sum() < 22.5  # chi-square, 6 degrees of freedom, p = 0.001


def test_integers_past_what_the_dtype_holds_exactly_warn_and_stay_in_bounds():
    array = np.empty(2000, np.float16)
    with pytest.warns(UserWarning, match=r"to - 1 is out of bounds \[-\(2\^11\), 2\^11\]. Due to precision"):
        random.integers(array, 0, 5000, generator=Generator(seed=1))
    assert array.max() == 4996
    with pytest.warns(UserWarning, match="from is out of bounds"):
        random.integers(array, -5003, 0, generator=Generator(seed=1))
    assert array.min() == -5000


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


def test_a_permutation_has_each_number_once_and_every_order_is_as_likely():
    assert sorted(random.permutation(1000, Generator(seed=1)).tolist()) == list(range(1000))
    assert random.permutation(0).tolist() == []
    generator = Generator(seed=1)
    orders = [tuple(random.permutation(3, generator).tolist()) for _ in range(1200)]
    counts = np.array([orders.count(order) for order in set(orders)])
    assert len(counts) == 6
    assert ((counts - 200) ** 2 / 200).sum() < 20.5  # chi-square, 5 degrees of freedom, p = 0.001


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
