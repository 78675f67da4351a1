"""An implementation of docs/stream_functions.md, from the page alone, has the library's bits."""

import numpy as np
import pytest

from fastinit import Generator, _core, nn
from fastinit.random import permutation
from reference import fills as library
from reference import philox
from reference.specification import constants, fills, matrices

INF = float("inf")
SPECIFIED = {
    _core.fill_uniform: fills.uniform,
    _core.fill_masked_uniform: fills.masked_uniform,
    _core.fill_bernoulli: fills.bernoulli,
    _core.fill_normal: fills.normal,
    _core.fill_trunc_normal: fills.trunc_normal,
    _core.fill_exponential: fills.exponential,
    _core.fill_geometric: fills.geometric,
    _core.fill_log_normal: fills.log_normal,
    _core.fill_cauchy: fills.cauchy,
    _core.fill_integers: fills.integers,
}
# Beside the fills of the digests: ends that round, ends that are alike, values that leave the dtype.
FILLS = library.FILLS | {
    "uniform_of_the_whole_range": (_core.fill_uniform, (-30000.0, 35000.0)),
    "uniform_that_rounds_up": (_core.fill_uniform, (0.1, 0.1005)),
    "uniform_of_one_value": (_core.fill_uniform, (0.1, 0.1)),
    "masked_uniform_above": (_core.fill_masked_uniform, (-1.0, 1.0, 2.0)),
    "trunc_normal_mirrored": (_core.fill_trunc_normal, (1.0, 0.5, -1.5, 0.75)),
    "trunc_normal_of_one_value": (_core.fill_trunc_normal, (0.0, 1.0, 0.3, 0.3)),
    "trunc_normal_upper_tail": (_core.fill_trunc_normal, (0.0, 1.0, 3.0, INF)),
    "trunc_normal_far_upper_tail": (_core.fill_trunc_normal, (0.0, 1.0, 45.0, INF)),
    "trunc_normal_lower_tail": (_core.fill_trunc_normal, (-1.0, 2.0, -INF, -20.0)),
    "trunc_normal_just_by_tries": (_core.fill_trunc_normal, (0.0, 1.0, -0.68, 0.69)),
    "trunc_normal_past_the_centre": (_core.fill_trunc_normal, (0.0, 1.0, -2.016, 2.016)),
    "exponential_slow": (_core.fill_exponential, (1e-38,)),
    "exponential_quick": (_core.fill_exponential, (1e38,)),
    "log_normal_narrow": (_core.fill_log_normal, (-70.0, 1e-6)),
    "log_normal_wide": (_core.fill_log_normal, (3.0, 300.0)),
    "log_normal_out_of_range": (_core.fill_log_normal, (1e30, 1e30)),
    "cauchy_wide": (_core.fill_cauchy, (6e4, 1e36)),
    "geometric_rare": (_core.fill_geometric, (1e-30,)),
    "geometric_sure": (_core.fill_geometric, (1 - 1e-12,)),
    "integers_of_two": (_core.fill_integers, (0, 1)),
    "integers_of_half_the_words": (_core.fill_integers, (0, 127)),
}
DTYPES = library.DTYPES | library.INTEGER_DTYPES
OF_INTEGERS_TOO = (_core.fill_bernoulli, _core.fill_geometric, _core.fill_integers)


def dtypes_of(name):
    if name in library.FILLS:
        return library.dtypes_of(name)
    return [*library.DTYPES, *(["int8", "int64"] if FILLS[name][0] in OF_INTEGERS_TOO else [])]


EVERY_FILL = pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name in FILLS for dtype in dtypes_of(name)]
)


def filled(name, dtype, size, seed, stream, position):
    """The library's values."""
    fill, arguments = FILLS[name]
    array = np.empty(size, DTYPES[dtype])
    fill(array, *arguments, seed=seed, stream=stream, position=position)
    return array


def specified(name, dtype, place):
    """The page's values."""
    fill, arguments = FILLS[name]
    return SPECIFIED[fill](DTYPES[dtype], *arguments, place)


def assert_same_bits(found, expected):
    assert found.dtype == expected.dtype
    assert found.tobytes() == np.ascontiguousarray(expected).tobytes()


@EVERY_FILL
def test_every_fill_has_the_bits_that_the_page_gives(name, dtype):
    size = 10_000
    position = 2**34 - size // 2  # the block number passes 32 bits
    place = fills.Place(library.SEED, library.STREAM, position + np.arange(size))
    found = filled(name, dtype, size, library.SEED, library.STREAM, position)
    assert_same_bits(found, specified(name, dtype, place))


@pytest.mark.long
@EVERY_FILL
def test_a_million_values_of_every_fill_have_the_bits_that_the_page_gives(name, dtype):
    size = 1_000_000
    expected = specified(name, dtype, fills.Place(7, 0, np.arange(size)))
    assert_same_bits(filled(name, dtype, size, 7, 0, 0), expected)


# The ends of what a word can be, of the bits below its leading ones, and of what float32 holds of them.
ENDS = sorted(
    {0, 1, 2, 127, 128, 0xFFFFFF00, 0xFFFFFF7F, 0xFFFFFFFF, 0x2AAAAAAB, 0x55555555, 0xAAAAAAAA, 0xC0000000}
    | {(1 << k) + d for k in (29, 30, 31) for d in (-1, 0, 1)}
)


def counters_of(words):
    """The counters whose blocks are these words, of shape (4, n) both: Philox backwards."""
    key = (library.SEED & 0xFFFFFFFF, library.SEED >> 32)
    inverses = [np.uint64(pow(int(multiplier), -1, 2**32)) for multiplier in philox.MULTIPLIERS]
    c = list(words)
    for r in reversed(range(philox.ROUNDS)):
        k = [np.uint64((each + r * weyl) & 0xFFFFFFFF) for each, weyl in zip(key, philox.WEYL, strict=True)]
        c0, c2 = (c[3] * inverses[0]) & philox.LOW, (c[1] * inverses[1]) & philox.LOW
        p, q = philox.MULTIPLIERS[0] * c0, philox.MULTIPLIERS[1] * c2
        c = [c0, c[0] ^ (q >> np.uint64(32)) ^ k[0], c2, c[2] ^ (p >> np.uint64(32)) ^ k[1]]
    return c


@pytest.fixture(scope="module")
def blocks_of_ends():
    """Streams and block numbers of blocks at draw 0 that begin with an end, or have one beside all bits 1."""
    random = np.random.default_rng(0)
    streams, numbers = [], []
    for pair in [(end, 0) for end in ENDS] + [(0xFFFFFFFF, end) for end in ENDS]:
        at_draw_0 = np.empty(0, np.int64)
        while at_draw_0.size == 0:  # one block in 2^16 has draw 0
            words = random.integers(2**32, size=(4, 2**14), dtype=np.uint64)
            words[:2] = np.array(pair, np.uint64)[:, None]
            c0, c1, c2, c3 = counters_of(words)
            at_draw_0 = np.flatnonzero(c1 >> np.uint64(16) == 0)
        streams.append((c2 | c3 << np.uint64(32))[at_draw_0[0]])
        numbers.append((c0 | c1 << np.uint64(32))[at_draw_0[0]])
    return np.array(streams), np.array(numbers)


@EVERY_FILL
def test_words_at_the_ends_of_their_range_have_the_bits_that_the_page_gives(name, dtype, blocks_of_ends):
    streams, numbers = blocks_of_ends
    positions = 4 * numbers.astype(np.int64)[:, None] + np.arange(4)
    place = fills.Place(library.SEED, np.repeat(streams, 4), positions.reshape(-1))
    assert set(ENDS) <= set(place.word(0).tolist())
    expected = specified(name, dtype, place)
    found = [
        filled(name, dtype, 4, library.SEED, stream, 4 * number)
        for stream, number in zip(streams.tolist(), numbers.tolist(), strict=True)
    ]
    assert_same_bits(np.concatenate(found), expected)


def made(initialiser, shape, dtype, *arguments, **keywords):
    """The library's values, and where they lie."""
    generator = Generator(seed=11).fork("layer.weight")
    seed, stream, position = generator.get_state().view(np.uint64).tolist()
    array = initialiser(np.empty(shape, dtype), *arguments, generator=generator, **keywords)
    return array, fills.Place(seed, stream, position + np.arange(array.size).reshape(shape))


@pytest.mark.parametrize("dtype", library.DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (90, 111), (111, 90), (10_000, 1)])
def test_sparse_has_the_bits_that_the_page_gives(shape, dtype):
    found, place = made(nn.init.sparse_, shape, dtype, 0.3, std=0.5)
    assert_same_bits(found, matrices.sparse(dtype, 0.3, 0.5, place))


@pytest.mark.parametrize("dtype", library.DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (33, 33), (70, 65), (65, 150), (6, 3, 2, 5)])
def test_orthogonal_has_the_bits_that_the_page_gives(shape, dtype):
    found, place = made(nn.init.orthogonal_, shape, dtype, gain=1.3)
    matrix = fills.Place(place.seed, place.stream, place.positions.reshape(shape[0], -1))
    assert_same_bits(found, matrices.orthogonal(dtype, 1.3, matrix).reshape(shape))


@pytest.mark.parametrize("shape", [(1, 1, 1), (40, 34, 4), (6, 5, 4, 3), (3, 2, 3, 1, 2)])
def test_delta_orthogonal_has_the_bits_that_the_page_gives(shape):
    found, place = made(nn.init.delta_orthogonal_, shape, np.float32, gain=0.7)
    assert_same_bits(found, matrices.delta_orthogonal(found.dtype, 0.7, place))


SHAPE, FAN_IN, FAN_OUT = (30, 20, 3), 60, 90
SCALED = {
    "xavier_uniform_": ("uniform", 1.7 * np.sqrt(2 / (FAN_IN + FAN_OUT)), {"gain": 1.7}),
    "xavier_normal_": ("normal", 1.7 * np.sqrt(2 / (FAN_IN + FAN_OUT)), {"gain": 1.7}),
    "kaiming_uniform_": ("uniform", np.sqrt(2.0) / np.sqrt(FAN_IN), {"nonlinearity": "relu"}),
    "kaiming_normal_": (
        "normal",
        (5.0 / 3) / np.sqrt(FAN_OUT),
        {"nonlinearity": "tanh", "mode": "fan_out"},
    ),
    "lecun_uniform_": ("uniform", np.sqrt(1 / FAN_IN), {}),
    "lecun_normal_": ("truncated", np.sqrt(1 / FAN_IN), {}),
    "variance_scaling_": (
        "truncated",
        np.sqrt(0.7 / np.sqrt(FAN_IN * FAN_OUT)),
        {"scale": 0.7, "mode": "fan_geo_avg"},
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SCALED)
def test_scaled_initialisers_are_the_fills_with_the_arguments_that_the_page_gives(name, dtype):
    distribution, std, keywords = SCALED[name]
    found, place = made(getattr(nn.init, name), SHAPE, dtype, **keywords)
    fill = {"uniform": fills.uniform, "normal": fills.normal, "truncated": fills.trunc_normal}[distribution]
    arguments = matrices.fill_arguments(distribution, float(std))
    flat = fills.Place(place.seed, place.stream, place.positions.reshape(-1))
    assert_same_bits(found, fill(found.dtype, *arguments, flat).reshape(SHAPE))


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_a_permutation_is_the_order_of_its_words(n):
    place = fills.Place(5, 0, np.arange(n))
    assert (permutation(n, Generator(seed=5)) == fills.permutation(place)).all()


def test_every_constant_of_the_page_is_read(monkeypatch):
    read = set()

    class Watched(dict):
        def __getitem__(self, name):
            read.add(name)
            return super().__getitem__(name)

    monkeypatch.setattr(constants, "CONSTANTS", Watched(constants.CONSTANTS))
    for name in FILLS:
        for dtype in library.DTYPES:
            specified(name, dtype, fills.Place(1, 2, np.arange(8)))
    matrices.fill_arguments("truncated", 1.0)
    assert read == set(constants.CONSTANTS)
