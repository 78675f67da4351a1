"""How the compiled fills are called: by position or by name, with ints and floats or what stands for them."""

import numpy as np
import pytest

from fastinit import _core


def filled(*arguments, **named):
    array = np.zeros((3, 4), np.float32)
    _core.fill_normal(array, *arguments, **named)
    return array.tobytes()


def test_arguments_by_position_and_by_name_mean_the_same():
    expected = filled(0.5, 2.0, 1, 2, 8, (6, 4), (2, 0))
    assert expected == filled(0.5, 2.0, seed=1, stream=2, position=8, global_shape=(6, 4), start=(2, 0))
    assert expected == filled(
        start=(2, 0), global_shape=(6, 4), position=8, stream=2, seed=1, std=2.0, mean=0.5
    )
    assert filled(0.5, 2.0, 1, 2, 8) == filled(0.5, 2.0, 1, 2, 8, None, None)
    assert filled(0.5, 2.0, 1, 2, 8) == filled(0.5, 2.0, 1, 2, 8, start=None)


def test_numbers_of_other_types_are_taken_by_value():
    expected = filled(1.0, 2.0, 2**64 - 1, 3, 8, (6, 4), (2, 0))
    assert expected == filled(
        np.float32(1), 2, np.uint64(2**64 - 1), np.int8(3), np.int64(8), [np.int64(6), 4], np.array([2, 0])
    )


@pytest.mark.parametrize(
    ("arguments", "named", "error", "message"),
    [
        ((0, 1, 1, 2), {}, TypeError, "takes 6 to 8 positional arguments but 5"),
        ((0, 1, 1, 2, 0, None, None, 3), {}, TypeError, "takes 6 to 8 positional arguments but 9"),
        ((0, 1, 1, 2, 0, None, None, 3), {"seed": 1}, TypeError, "takes at most 8 .* but 9"),
        ((0, 1, 1, 2), {"position": 0, "std": 1}, TypeError, "multiple values for argument 'std'"),
        ((0, 1), {"seed": 1, "stream": 2}, TypeError, "missing required argument 'position'"),
        ((0, 1, 1, 2), {"place": 0}, TypeError, "unexpected keyword argument 'place'"),
        (("0", 1, 1, 2, 0), {}, TypeError, "real number, not str"),
        ((None, 1, 1, 2, 0), {}, TypeError, "real number, not NoneType"),
        ((0, 1, 1.5, 2, 0), {}, TypeError, "'float' object"),
        ((0, 1, -1, 2, 0), {}, OverflowError, "negative"),
        ((0, 1, 1, 2**64, 0), {}, OverflowError, "too big"),
        ((0, 1, 1, 2, 0, 3, 3), {}, TypeError, "sequences"),
        ((0, 1, 1, 2, 0, ("3", "4"), (0, 0)), {}, TypeError, "'str' object"),
        ((0, 1, 1, 2, 0, (2**63, 4), (0, 0)), {}, OverflowError, "too big|too large"),
    ],
)
def test_other_calls_are_refused(arguments, named, error, message):
    array = np.full((3, 4), 7, np.float32)
    with pytest.raises(error, match=message):
        _core.fill_normal(array, *arguments, **named)
    assert (array == 7).all()


@pytest.mark.parametrize("draw", [2**16, 2**40])
def test_a_draw_that_does_not_exist_is_refused(draw):
    words = np.full(4, 7, np.uint32)
    with pytest.raises(ValueError, match=r"below 2\^16"):
        _core.random_words(words, 0, 0, 0, draw=draw)
    assert (words == 7).all()


@pytest.mark.parametrize("other", [None, [1.0], 3])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: _core.fill_normal(x, 0, 1, 0, 0, 0),
        lambda x: _core.fill_constant(x, 0),
        lambda x: _core.random_words(x, 0, 0, 0),
        _core.check_writable,
        lambda x: _core.linear(x, np.zeros((2, 2))),
    ],
)
def test_what_is_no_array_is_refused(call, other):
    with pytest.raises(TypeError, match=rf"numpy\.ndarray, not {type(other).__name__}"):
        call(other)
