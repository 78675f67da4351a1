"""A stream of bytes that is filled in place and written behind one's back."""

from __future__ import annotations

import mmap
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import get_num_threads
from .digest import LEAF
from .local import PAGE
from .store import Bytes, Sink

Array = npt.NDArray[Any]

_BUFFERS = 3
"""One is filled, one is written, one waits."""


def buffer_bytes() -> int:
    """The size of a buffer: so many bytes that every thread has its share of them."""
    return (4 << 20) * min(max(get_num_threads(), 1), 8)


class Stream:
    """Collects what is to be written in a few buffers; another thread writes one while the next is filled.

    The bytes go out in whole pages until the last. Used in a `with` block, at whose end all is written.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        # Anonymous maps begin at a page, as writing past the cache demands.
        self._buffers = [np.frombuffer(mmap.mmap(-1, buffer_bytes()), np.uint8) for _ in range(_BUFFERS)]
        self._writes: list[Future[int] | None] = [None] * _BUFFERS
        self._writer = ThreadPoolExecutor(1, "fastinit-write")
        self._current = 0
        self._used = 0

    def write(self, data: Bytes) -> None:
        """Appends bytes."""
        rest = np.frombuffer(data, np.uint8)
        while rest.size:
            place = self.room(rest.size, 1)
            place[:] = rest[: place.size]
            rest = rest[place.size :]

    def room(self, nbytes: int, multiple: int = LEAF) -> Array:
        """The place of the next bytes of the stream, to be filled before the next call.

        Args:
            nbytes: how many are to come.
            multiple: what their number is a multiple of, where it is less.
        """
        while True:
            free = self._buffers[self._current].size - self._used
            count = nbytes if nbytes <= free else free // multiple * multiple
            if count:
                self._used += count
                return self._buffers[self._current][self._used - count : self._used]
            self._next()

    def _next(self) -> None:
        full = self._used // PAGE * PAGE
        buffer = self._buffers[self._current]
        rest = buffer[full : self._used]
        self._submit(buffer[:full])
        self._current = (self._current + 1) % _BUFFERS
        self._wait(self._current)
        self._buffers[self._current][: rest.size] = rest
        self._used = rest.size

    def _submit(self, data: Array) -> None:
        self._writes[self._current] = self._writer.submit(self._sink.write, data.data)

    def _wait(self, number: int) -> None:
        write, self._writes[number] = self._writes[number], None
        if write is not None:
            write.result()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                if self._used:
                    self._submit(self._buffers[self._current][: self._used])
                for number in range(_BUFFERS):
                    self._wait(number)
        finally:
            self._writer.shutdown(cancel_futures=True)
