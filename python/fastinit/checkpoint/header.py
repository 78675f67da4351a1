"""The header of a safetensors file: where each tensor lies, known before the first value is.

The form: 8 bytes with the header's length, little-endian; the header, JSON padded with spaces to a multiple
of 8; then the tensors' bytes, one after another without a gap (https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard, cast

import ml_dtypes
import numpy as np

from .errors import CheckpointError

FILE = "model.safetensors"
"""What Hugging Face calls the one file of a checkpoint."""

INDEX = "model.safetensors.index.json"
"""What it calls the file that says which tensor is in which file, where there are several."""

PREFIX = 8
"""The bytes before the header, which hold its length."""

MOST_BYTES = 100_000_000
"""The longest header that safetensors reads."""

CODES: Mapping[str, str] = {"float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64"}
"""How the format calls the dtypes that a recipe gives."""

DTYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E8M0": np.dtype(ml_dtypes.float8_e8m0fnu),
    "F8_E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "F8_E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "I16": np.dtype(np.int16),
    "U16": np.dtype(np.uint16),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I32": np.dtype(np.int32),
    "U32": np.dtype(np.uint32),
    "F32": np.dtype(np.float32),
    "C64": np.dtype(np.complex64),
    "F64": np.dtype(np.float64),
    "I64": np.dtype(np.int64),
    "U64": np.dtype(np.uint64),
}
"""Every dtype of the format that an array can have; the file's bytes are little-endian."""

BITS: Mapping[str, int] = {
    **{code: 8 * dtype.itemsize for code, dtype in DTYPES.items()},
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
"""The bits of a value of every dtype of the format. Those of fewer than 8 are packed, as no array is."""

_KEYS = {"dtype", "shape", "data_offsets"}
_LARGEST = (1 << 64) - 1


class HeaderError(CheckpointError):
    """What should be a safetensors file's header is none."""


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies in a file.

    Args:
        dtype: as the format calls it, such as `"BF16"`.
        shape: the sizes.
        start: the offset of its first byte, counted from the end of the header.
        stop: the offset behind its last byte.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def numpy_dtype(self) -> np.dtype[Any] | None:
        """The dtype of an array that holds its values; None where no array can."""
        return DTYPES.get(self.dtype)

    @property
    def nbytes(self) -> int:
        """The bytes of its values."""
        return self.stop - self.start

    @property
    def numel(self) -> int:
        """The number of its values."""
        return math.prod(self.shape)


def encode(entries: Mapping[str, Entry], metadata: Mapping[str, str], multiple: int = PREFIX) -> bytes:
    """The prefix and the header of a file, so long that the data behind it begins at a multiple of 8.

    The same entries in the same order give the same bytes, which are those of the safetensors library where
    `metadata` has one entry (it writes several in an order that changes from run to run).

    Args:
        entries: what the file holds, in the order of its bytes.
        metadata: what the header says beside it.
        multiple: what the length is a multiple of, itself one of 8.
    """
    document: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    for name, entry in entries.items():
        offsets = [entry.start, entry.stop]
        document[name] = {"dtype": entry.dtype, "shape": list(entry.shape), "data_offsets": offsets}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(PREFIX + len(text)) % multiple)
    return len(text).to_bytes(PREFIX, "little") + text


@dataclass(frozen=True)
class Header:
    """What the header of a file says.

    Args:
        entries: where each tensor lies, in the order in which they lie.
        metadata: the file's own words about itself.
        data: the offset in the file at which the tensors' bytes begin.
    """

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]
    data: int


def text_size(prefix: bytes, file_size: int) -> int:
    """The length of a file's header, from the first 8 bytes of the file.

    Raises:
        HeaderError: the file is shorter, or the header longer than safetensors reads.
    """
    if len(prefix) < PREFIX:
        raise HeaderError(f"{file_size} bytes are too few for a safetensors file")
    size = int.from_bytes(prefix[:PREFIX], "little")
    if size > MOST_BYTES:
        raise HeaderError(f"the header would have {size} bytes, but at most {MOST_BYTES} are read")
    if size > file_size - PREFIX:
        raise HeaderError(f"the header would have {size} bytes, but the file has only {file_size}")
    return size


def parse(text: bytes, file_size: int) -> Header:
    """Reads a header, and checks that the file can be what it says; nothing in it is taken on trust.

    What safetensors refuses is refused, and beyond it two values under one name, and what the format does not
    know.

    Args:
        text: the header, behind the prefix.
        file_size: the bytes of the whole file.

    Raises:
        HeaderError: what is wrong, and at which tensor.
    """
    document = _document(text)
    metadata = document.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise HeaderError("__metadata__ must give strings to names")
    entries = [(name, _entry(name, value)) for name, value in document.items()]
    entries.sort(key=lambda item: (item[1].start, item[1].stop))
    end, before = 0, "the header"
    for name, entry in entries:
        if entry.start != end:
            fault = "leaves a gap behind" if entry.start > end else "overlaps"
            raise HeaderError(f'tensor "{name}" begins at byte {entry.start} and {fault} {before}')
        end, before = entry.stop, f'"{name}"'
    data = PREFIX + len(text)
    if data + end != file_size:
        raise HeaderError(f"the file should end at byte {data + end}, but has {file_size} bytes")
    return Header(dict(entries), metadata, data)


def _document(text: bytes) -> dict[str, Any]:
    if not text.startswith(b"{"):
        raise HeaderError("the header is no JSON object")
    try:
        document = json.loads(
            text.decode(),
            object_pairs_hook=_without_duplicates,
            parse_int=_size,
            parse_float=_no_size,
            parse_constant=_no_size,
        )
    except UnicodeDecodeError as error:
        raise HeaderError(f"the header is not UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise HeaderError(f"the header is no JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise HeaderError("the header is nested too deeply") from None
    return cast("dict[str, Any]", document)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise HeaderError(f'"{twice}" stands there twice')
    for word in (word for pair in pairs for word in pair if isinstance(word, str)):
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise HeaderError(f"{word!a} is no Unicode text")
    return made


def _size(text: str) -> int:
    """A whole number of the header, as safetensors has them: 64 bits, no sign."""
    if text.startswith("-") or len(text) > len(str(_LARGEST)) or int(text) > _LARGEST:
        return _no_size(text)
    return int(text)


def _no_size(text: str) -> NoReturn:
    raise HeaderError(f"{text[:40]} is no whole number in [0, 2^64)")


def _entry(name: str, value: object) -> Entry:
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise HeaderError(f'tensor "{name}" must have dtype, shape and data_offsets, and nothing else')
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise HeaderError(f'tensor "{name}" is of dtype {dtype!r}, which the format does not know')
    if not _is_sizes(shape):
        raise HeaderError(f'tensor "{name}" must have whole numbers for its shape')
    if not _is_sizes(offsets) or len(offsets) != 2:
        raise HeaderError(f'tensor "{name}" must have two whole numbers for its data_offsets')
    # Step by step, since the format counts in 64 bits even where a later size is 0.
    bits = 1
    for size in (*shape, BITS[dtype]):
        bits *= size
        if bits > _LARGEST:
            raise HeaderError(f'tensor "{name}" of shape {shape} is larger than any file')
    start, stop = offsets
    if bits != 8 * (stop - start):
        held = f"{bits // 8} bytes" if bits % 8 == 0 else f"{bits} bits"
        what = f'tensor "{name}" of dtype {dtype} and shape {shape} takes {held}'
        raise HeaderError(f"{what}, but its data_offsets are {offsets}")
    return Entry(dtype, tuple(shape), start, stop)


def _is_sizes(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(each) is int for each in value)
