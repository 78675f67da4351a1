"""Numbers of bytes as people write them."""

from __future__ import annotations

import re

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGTP]i?|)B?\s*", re.IGNORECASE)


def parse_bytes(size: int | str) -> int:
    """The bytes that a size means: `"5GB"` is 5 * 10^9 of them, as in transformers, and `"5GiB"` 5 * 2^30.

    Raises:
        ValueError: it is neither a whole number above 0 nor such a text.
    """
    if isinstance(size, str):
        found = _SIZE.fullmatch(size)
        if found is None:
            raise ValueError(f'"{size}" is no size: it may be 5GB, 500MB, 2GiB or a number of bytes')
        unit = found[2].capitalize()
        size = int(float(found[1]) * (_UNITS.get(unit) or _BINARY[unit]))
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"a size must be a whole number of bytes above 0, not {size!r}")
    return size


def format_bytes(count: float) -> str:
    """As people read it: `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} PB"
