"""The settings of a thread's arithmetic that callers change: the rounding mode, the flush to zero.

They are set as a C library would set them, by <fenv.h>, whose fenv_t holds the control word.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
from collections.abc import Iterator

_libm = ctypes.CDLL(None)

# Where the control word lies in fenv_t, and its bits. x86-64: MXCSR, whose bits 15 and 6 flush results and
# operands. aarch64: FPCR, whose bit 24 does both.
if platform.machine() in ("x86_64", "AMD64"):
    _OFFSET, _DOWN, _UP, _FLUSH, _KEPT = 28, 0x2000, 0x4000, 0x8040, 0xFFC0
else:
    _OFFSET, _DOWN, _UP, _FLUSH, _KEPT = 0, 0x800000, 0x400000, 0x1000000, 0x1C00000

SETTINGS = {
    "rounding down": _DOWN,
    "rounding up": _UP,
    "rounding to zero": _DOWN | _UP,
    "flushing to zero": _FLUSH,
}


def control_word() -> int:
    """The calling thread's settings, without the flags of what has happened."""
    environment = ctypes.create_string_buffer(64)
    _libm.fegetenv(environment)
    return int.from_bytes(environment.raw[_OFFSET : _OFFSET + 4], "little") & _KEPT


@contextlib.contextmanager
def float_setting(name: str) -> Iterator[None]:
    """One of SETTINGS for the calling thread, which the body must leave as it is."""
    caller_s = ctypes.create_string_buffer(64)
    _libm.fegetenv(caller_s)
    changed = ctypes.create_string_buffer(caller_s.raw, 64)
    word = int.from_bytes(caller_s.raw[_OFFSET : _OFFSET + 4], "little") | SETTINGS[name]
    changed[_OFFSET : _OFFSET + 4] = word.to_bytes(4, "little")
    _libm.fesetenv(changed)
    try:
        assert control_word() == word & _KEPT
        yield
        assert control_word() == word & _KEPT
    finally:
        _libm.fesetenv(caller_s)
