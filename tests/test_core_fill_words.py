"""The stream's words: Philox against published answers, and where each element's words lie."""

from pathlib import Path

import numpy as np
import pytest

from fastinit import _core
from reference import philox

KNOWN = [
    [int(word, 16) for word in line.split()]
    for line in (Path(__file__).parent / "data" / "philox4x32_10.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("known", KNOWN)
def test_the_reference_gives_the_published_answers(known):
    assert philox.philox(np.array(known[:4]), (known[4], known[5])).tolist() == known[6:]


@pytest.mark.parametrize("known", KNOWN)
def test_the_compiled_words_are_the_published_answers(known):
    counter, key, answer = known[:4], known[4:6], known[6:]
    words = np.empty(4, np.uint32)
    _core.random_words(
        words,
        seed=key[0] | key[1] << 32,
        stream=counter[2] | counter[3] << 32,
        position=(counter[0] | (counter[1] & 0xFFFF) << 32) * 4,
        draw=counter[1] >> 16,
    )
    assert words.tolist() == answer


@pytest.mark.parametrize("position", [0, 4, 2**34 - 400, 2**34 - 4, 2**50 - 1004])
@pytest.mark.parametrize("draw", [0, 1, 0xFFFE])
def test_words_are_those_of_the_reference_at_every_position_and_draw(position, draw):
    positions = position + np.arange(1003)
    key = {"seed": 2**64 - 3, "stream": 2**63 + 5}
    narrow, wide = np.empty(1003, np.uint32), np.empty(1003, np.uint64)
    _core.random_words(narrow, draw=draw, position=position, **key)
    _core.random_words(wide, draw=draw, position=position, **key)
    assert np.array_equal(narrow, philox.words(positions, **key, draw=draw))
    assert np.array_equal(wide, philox.words64(positions, **key, draw=draw))


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.float32])
def test_words_go_into_unsigned_arrays_only(dtype):
    with pytest.raises(ValueError, match="uint32 or uint64"):
        _core.random_words(np.empty(4, dtype), seed=0, stream=0, position=0)
