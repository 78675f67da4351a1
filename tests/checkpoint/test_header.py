"""What is read as a header is one, and what is written is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from fastinit.checkpoint.header import (
    BITS,
    DTYPES,
    MOST_BYTES,
    PREFIX,
    Entry,
    HeaderError,
    encode,
    parse,
    text_size,
)

A = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
B = {"dtype": "BF16", "shape": [5], "data_offsets": [24, 34]}


def as_file(text: bytes, data: int) -> bytes:
    return len(text).to_bytes(PREFIX, "little") + text + bytes(data)


def parse_file(file: bytes) -> Any:
    size = text_size(file[:PREFIX], len(file))
    return parse(file[PREFIX : PREFIX + size], len(file))


def parse_text(text: str | bytes, data: int = 34) -> Any:
    return parse_file(as_file(text if isinstance(text, bytes) else text.encode(), data))


def test_what_is_written_is_read() -> None:
    entries = {
        "b": Entry("F32", (2, 3), 0, 24),
        "ä": Entry("BOOL", (), 24, 25),
        "a": Entry("I64", (0,), 25, 25),
    }
    text = encode(entries, {"format": "pt"})
    header = parse_file(text + bytes(25))
    assert (header.entries, header.metadata, header.data) == (entries, {"format": "pt"}, len(text))


def test_what_safetensors_writes_is_read() -> None:
    arrays = {"a": np.ones((3, 4), np.float16), "b": np.zeros((), np.int64), "c": np.zeros((0, 2))}
    file = save(arrays, {"x": "y"})
    header = parse_file(file)
    assert header.metadata == {"x": "y"}
    for name, array in arrays.items():
        entry = header.entries[name]
        assert (entry.shape, entry.numpy_dtype, entry.nbytes) == (array.shape, array.dtype, array.nbytes)
        assert file[header.data + entry.start : header.data + entry.stop] == array.tobytes()


@pytest.mark.parametrize("dtype", BITS)
def test_every_dtype_is_of_the_size_that_safetensors_says(dtype: str) -> None:
    nbytes = BITS[dtype]  # of 8 values
    entry = {"dtype": dtype, "shape": [8], "data_offsets": [0, nbytes]}
    file = as_file(json.dumps({"x": entry}).encode(), nbytes)
    assert len(deserialize(file)[0][1]["data"]) == nbytes
    assert parse_file(file).entries["x"].numpy_dtype == DTYPES.get(dtype)


def test_tensors_are_given_in_the_order_in_which_they_lie() -> None:
    assert list(parse_text(json.dumps({"b": B, "a": A})).entries) == ["a", "b"]


HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "no JSON object"),
    "a list": ("[]", "no JSON object"),
    "space before": (" {}", "no JSON object"),
    "cut short": ('{"a":', "no JSON"),
    "more behind": ("{} {}", "no JSON"),
    "no UTF-8": (b'{"\xff": 1}', "not UTF-8: .* at byte 2"),
    "half a character": (r'{"\ud800": 1}', "no Unicode text"),
    "depth": ('{"a":' + "[" * 100_000, "nested too deeply"),
    "a name twice": (json.dumps({"a": A, "x": B}).replace('"x"', '"a"'), '"a" stands there twice'),
    "a key twice": ('{"a": {"dtype": "U8", "dtype": "U8", "shape": [], "data_offsets": [0, 1]}}', "twice"),
    "an entry that is a number": ('{"a": 1}', '"a" must have dtype'),
    "a number for metadata": ('{"__metadata__": {"x": 1}}', "__metadata__ must give strings"),
    "a list for metadata": ('{"__metadata__": []}', "__metadata__ must give strings"),
}

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "key too many": ({"more": 1}, '"b" must have dtype, shape and data_offsets, and nothing else'),
    "dtype unknown": ({"dtype": "F31"}, "of dtype 'F31'"),
    "dtype no text": ({"dtype": ["F32"]}, r"of dtype \['F32'\]"),
    "size negative": ({"shape": [-5]}, "-5 is no whole number"),
    "size no number": ({"shape": ["5"]}, "whole numbers for its shape"),
    "size of a fraction": ({"shape": [5.0]}, "5.0 is no whole number"),
    "size true": ({"shape": [True, 5]}, "whole numbers for its shape"),
    "shape a number": ({"shape": 5}, "whole numbers for its shape"),
    "size over 64 bits": ({"shape": [1 << 64]}, "no whole number"),
    "size of many digits": ({"shape": [10**4000]}, "no whole number"),
    "product over 64 bits": ({"shape": [1 << 40, 1 << 40]}, "larger than any file"),
    "product over 64 bits, then 0": ({"shape": [1 << 40, 1 << 40, 0]}, "larger than any file"),
    "three offsets": ({"data_offsets": [24, 30, 34]}, "two whole numbers"),
    "backwards": ({"data_offsets": [34, 24]}, "takes 10 bytes, but its data_offsets are"),
    "too few bytes": ({"shape": [4]}, "takes 8 bytes"),
    "half a byte": ({"dtype": "F4", "shape": [3]}, "takes 12 bits"),
    "a gap": ({"data_offsets": [25, 35]}, '"b" begins at byte 25 and leaves a gap behind "a"'),
    "an overlap": ({"data_offsets": [23, 33]}, '"b" begins at byte 23 and overlaps "a"'),
    "not to the end": ({"shape": [4], "data_offsets": [24, 32]}, "should end at byte"),
    "past the end": ({"shape": [6], "data_offsets": [24, 36]}, "should end at byte"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_text_is_refused(what: str) -> None:
    text, message = HOSTILE[what]
    with pytest.raises(HeaderError, match=message):
        parse_text(text)


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_of_an_entry_is_refused(what: str) -> None:
    change, message = FAULTS[what]
    with pytest.raises(HeaderError, match=message):
        parse_text(json.dumps({"a": A, "b": B | change}))


def test_a_prefix_is_checked_before_anything_is_read() -> None:
    for prefix, size, message in [
        (b"1234567", 7, "7 bytes are too few"),
        (bytes(7) + b"\xff", 1 << 60, f"at most {MOST_BYTES}"),
        ((100).to_bytes(PREFIX, "little"), 107, "100 bytes, but the file has only 107"),
    ]:
        with pytest.raises(HeaderError, match=message):
            text_size(prefix, size)
    assert text_size((100).to_bytes(PREFIX, "little"), 108) == 100


def accepted(read: Callable[[bytes], object], file: bytes, error: type[Exception]) -> bool:
    try:
        read(file)
    except error:
        return False
    return True


sizes = st.sampled_from(
    [0, 1, 2, 3, 5, 24, 34, -1, 1 << 32, 1 << 63, (1 << 64) - 1, 1 << 64, 1.0, True, None, "2"]
)
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from([*BITS, "f32", None, 1]),
        "shape": st.lists(sizes, max_size=3) | sizes,
        "data_offsets": st.lists(sizes, min_size=1, max_size=3) | st.just([0, 24]),
    }
)
documents = st.dictionaries(
    st.sampled_from(["a", "b", "", "ä", "__metadata__"]),
    st.just(A)
    | st.just(B)
    | entries
    | st.dictionaries(st.text(max_size=2), st.text(max_size=2) | sizes)
    | sizes,
    max_size=3,
)
edits = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2), st.binary(max_size=2)), max_size=3)
VALID = json.dumps(
    {"__metadata__": {"x": "y"}, "a": A, "b": B, "c": {**B, "shape": [0], "data_offsets": [34, 34]}}
)


@settings(max_examples=1000, deadline=None)
@given(
    text=st.just(VALID) | documents.map(json.dumps), edits=edits, data=st.sampled_from([0, 1, 24, 34, 34, 34])
)
@example(text='{"a": {"dtype": "U8", "shape": [-0], "data_offsets": [0, 0]}}', edits=[], data=0)
@example(text='{"a": {"dtype": "U8", "shape": [NaN], "data_offsets": [0, 0]}}', edits=[], data=0)
@example(text='{"a\t": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}', edits=[], data=0)
@example(text=r'{"\udc00\ud800": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}', edits=[], data=0)
@example(text='\ufeff{"a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}', edits=[], data=0)
@example(text='{"a": {"dtype": "U8", "shape": [01], "data_offsets": [0, 1]}}', edits=[], data=1)
@example(text="{}   ", edits=[], data=0)
@example(text=VALID, edits=[], data=34)
def test_what_safetensors_refuses_is_refused(
    text: str, edits: list[tuple[int, int, bytes]], data: int
) -> None:
    edited = text.encode()
    for place, removed, inserted in edits:
        edited = edited[:place] + inserted + edited[place + removed :]
    file = as_file(edited, data)
    if accepted(parse_file, file, HeaderError):
        assert accepted(deserialize, file, SafetensorError)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(BITS)), st.lists(st.integers(0, 4), max_size=3)), max_size=5)
)
def test_what_fits_is_accepted_as_safetensors_accepts_it(tensors: list[tuple[str, list[int]]]) -> None:
    document, start = {}, 0
    for number, (dtype, shape) in enumerate(tensors):
        bits = BITS[dtype] * int(np.prod(shape, dtype=int))
        if bits % 8 == 0:
            document[str(number)] = {
                "dtype": dtype,
                "shape": shape,
                "data_offsets": [start, start + bits // 8],
            }
            start += bits // 8
    file = as_file(json.dumps(document).encode(), start)
    deserialize(file)
    assert parse_file(file).entries.keys() == document.keys()
