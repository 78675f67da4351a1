"""The header of a safetensors file: where each tensor lies, known before the first value is.

The form: 8 bytes with the header's length, little-endian; the header, JSON padded with spaces to a multiple
of 8; then the tensors' bytes, one after another without a gap (https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

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


class HeaderError(ValueError):
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
    def nbytes(self) -> int:
        """The bytes of its values."""
        return self.stop - self.start

    @property
    def numel(self) -> int:
        """The number of its values."""
        return math.prod(self.shape)


def encode(entries: Mapping[str, Entry], metadata: Mapping[str, str]) -> bytes:
    """The prefix and the header of a file, so long that the data behind it begins at a multiple of 8.

    The same entries in the same order give the same bytes, which are those of the safetensors library where
    `metadata` has one entry (it writes several in an order that changes from run to run).
    """
    document: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    for name, entry in entries.items():
        offsets = [entry.start, entry.stop]
        document[name] = {"dtype": entry.dtype, "shape": list(entry.shape), "data_offsets": offsets}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % PREFIX)
    return len(text).to_bytes(PREFIX, "little") + text
