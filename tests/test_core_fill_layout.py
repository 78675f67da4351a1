"""A fill is a function of position alone: no stride, shard, offset or number of threads changes a bit."""

import numpy as np
import pytest

from fastinit import _core
from reference.fills import DTYPES, FILLS, INTEGER_DTYPES, OF_INTEGERS_TOO, dtypes_of, fill_into, filled

WHOLE_SHAPE = (13, 7, 29)
DTYPE_OF = [
    (name, dtype)
    for name in FILLS
    for dtype in (dtypes_of(name) if name in ("trunc_normal", *OF_INTEGERS_TOO) else ["float32", "float64"])
]


@pytest.fixture
def threads():
    before = _core.get_num_threads()
    yield _core.set_num_threads
    _core.set_num_threads(before)


@pytest.mark.parametrize(("name", "dtype"), DTYPE_OF)
def test_no_number_of_threads_changes_a_bit(name, dtype, threads):
    results = []
    for count in (1, 2, 7):
        threads(count)
        results.append(filled(name, dtype, 150_001).tobytes())
    assert results[0] == results[1] == results[2]


STRIDED = {
    "reversed": lambda a: a[::-1, ::-1, ::-1],
    "every second": lambda a: a[::2, ::3, ::2],
    "transposed": lambda a: a.transpose(2, 0, 1),
    "one column": lambda a: a[:, :, 3],
    "rows of a wider array": lambda a: a[:, :, 1:-1],
    "a single element": lambda a: a[3:4, 2:3, 1:2],
    "no dimension": lambda a: a[3, 2, 1, ...],
    "no element": lambda a: a[:, 2:2, :],
}


@pytest.mark.parametrize("view", STRIDED)
@pytest.mark.parametrize(("name", "dtype"), DTYPE_OF)
def test_no_stride_changes_a_bit_nor_writes_beside_the_view(view, name, dtype):
    base = np.full(WHOLE_SHAPE, 77, (DTYPES | INTEGER_DTYPES)[dtype])
    target = STRIDED[view](base)
    fill_into(target, name)
    assert target.tobytes() == filled(name, dtype, target.shape).tobytes()
    target[...] = 77
    assert (base == base.dtype.type(77)).all()


BOXES = [
    ((0, 0, 0), WHOLE_SHAPE),
    ((3, 0, 0), (5, 7, 29)),
    ((0, 2, 0), (13, 3, 29)),
    ((0, 0, 11), (13, 7, 6)),
    ((0, 0, 28), (13, 7, 1)),
    ((12, 6, 28), (1, 1, 1)),
    ((1, 1, 1), (11, 5, 27)),
    ((4, 4, 4), (0, 2, 3)),
]


@pytest.mark.parametrize(("start", "shape"), BOXES)
@pytest.mark.parametrize(("name", "dtype"), DTYPE_OF)
def test_a_shard_has_the_bits_of_its_box_of_the_whole(start, shape, name, dtype):
    whole = filled(name, dtype, WHOLE_SHAPE, 2**34 - 1024)
    part = filled(name, dtype, shape, 2**34 - 1024, global_shape=WHOLE_SHAPE, start=start)
    box = tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))
    assert part.tobytes() == whole[box].tobytes()


@pytest.mark.parametrize("name", FILLS)
def test_a_large_shard_of_short_rows_has_the_bits_of_its_box(name):
    whole = filled(name, "float32", (20_000, 11))
    part = filled(name, "float32", (19_000, 3), global_shape=(20_000, 11), start=(1000, 7))
    assert part.tobytes() == whole[1000:, 7:10].tobytes()


def test_a_shard_of_a_strided_view_has_the_bits_of_its_box():
    whole = filled("normal", "float32", (50, 60))
    base = np.zeros((60, 50), np.float32)
    fill_into(base.T[10:30, 5:50:3], "normal", global_shape=(50, 60), start=(10, 20))
    assert base.T[10:30, 5:50:3].tobytes() == whole[10:30, 20:35].tobytes()


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("offset", [4, 8, 2**20])
def test_a_fill_continues_where_another_one_ended(name, offset):
    assert (
        filled(name, "float32", 1000, offset).tobytes()
        == filled(name, "float32", 1000 + offset)[offset:].tobytes()
    )


@pytest.mark.parametrize("name", ["uniform", "normal", "trunc_normal"])
@pytest.mark.parametrize("size", range(1, 70))
def test_a_longer_fill_begins_with_the_shorter_one(name, size):
    assert filled(name, "float32", size).tobytes() == filled(name, "float32", 200)[:size].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_fill_across_two_to_the_32_blocks_goes_on_as_before(dtype):
    boundary = 2**34
    before, after = filled("uniform", dtype, 4000, boundary - 4000), filled("uniform", dtype, 4000, boundary)
    across = filled("uniform", dtype, 8000, boundary - 4000)
    assert across.tobytes() == before.tobytes() + after.tobytes()


def overlapping():
    return np.lib.stride_tricks.as_strided(np.full(20, 7, np.float32), (5, 4), (8, 4))


def broadcast():
    return np.lib.stride_tricks.as_strided(np.full(4, 7, np.float32), (3, 4), (0, 4))


def read_only():
    array = np.full(20, 7, np.float32)
    array.flags.writeable = False
    return array


def not_aligned():
    return np.full(81, 7, np.uint8)[1:].view(np.float32)


UNFIT_MEMORY = {
    "read-only": (read_only, ValueError, "read-only"),
    "byte-swapped": (lambda: np.full(20, 7, ">f4"), ValueError, "dtype '>f4' .* byte order"),
    "not aligned": (not_aligned, ValueError, "not aligned"),
    "overlapping": (overlapping, RuntimeError, "unsupported operation.* single memory location"),
    "broadcast": (broadcast, RuntimeError, "unsupported operation.* single memory location"),
}


@pytest.mark.parametrize("what", UNFIT_MEMORY)
@pytest.mark.parametrize("use", [lambda array: fill_into(array, "uniform"), _core.check_writable])
def test_memory_that_cannot_be_written_element_by_element_is_refused_and_left_as_it_was(what, use):
    make, error, message = UNFIT_MEMORY[what]
    array = make()
    before = array.tobytes()
    with pytest.raises(error, match=message):
        use(array)
    assert array.tobytes() == before


base = np.zeros((4, 6, 5))


@pytest.mark.parametrize(
    "array",
    [
        base,
        base.T,
        base[::-1, ::2],
        base.transpose(1, 0, 2)[:, 1:3],
        base[:, 2],
        np.zeros(()),
        np.zeros((0, 3))[:, ::2],
        np.lib.stride_tricks.as_strided(np.zeros(2), (1, 2), (0, 8)),
        np.zeros((3, 4), np.int16)[:, ::2],
        np.zeros(3, object),
    ],
)
def test_views_that_reach_each_element_once_are_writable(array):
    _core.check_writable(array)


REFUSED = {
    "integer": (lambda: np.full(20, 7, np.int32), {}, "float16, bfloat16, float32 or float64"),
    "complex": (lambda: np.full(20, 7, np.complex64), {}, "float16, bfloat16, float32 or float64"),
    "position within a block": (lambda: np.full(20, 7, np.float32), {"position": 2}, "multiple of 4"),
    "past the end of the stream": (lambda: np.full(20, 7, np.float32), {"position": 2**50 - 16}, r"2\^50"),
    "whole past the end": (
        lambda: np.full((2, 2), 7, np.float32),
        {"global_shape": (2**40, 2**40), "start": (0, 0)},
        r"2\^50",
    ),
    "box outside": (
        lambda: np.full((2, 2), 7, np.float32),
        {"global_shape": (4, 4), "start": (3, 0)},
        "leaves its tensor",
    ),
    "box before": (
        lambda: np.full((2, 2), 7, np.float32),
        {"global_shape": (4, 4), "start": (-1, 0)},
        "leaves its tensor",
    ),
    "box of other dimensions": (
        lambda: np.full((2, 2), 7, np.float32),
        {"global_shape": (4,), "start": (0,)},
        "dimension",
    ),
    "box of more dimensions": (
        lambda: np.full((2, 2), 7, np.float32),
        {"global_shape": (4, 4, 4), "start": (0, 0, 0)},
        "dimension",
    ),
    "box without a start": (lambda: np.full((2, 2), 7, np.float32), {"global_shape": (4, 4)}, "go together"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_filled_is_refused_and_left_as_it_was(what):
    make, arguments, message = REFUSED[what]
    array = make()
    with pytest.raises(ValueError, match=message):
        fill_into(array, "uniform", **arguments)
    assert (array == 7).all()
