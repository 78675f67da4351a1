"""Which context is open, for whoever asks: a mode, a replaced function, the next context."""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from typing import Any

from ...random import Generator
from .names import Names
from .seeds import SeededByTorch
from .waiting import waiting_here

__all__ = ["Opened", "current", "forget", "remember"]


class Opened:
    """One entry into a context.

    Attributes:
        owner: the context that was entered.
        outer: what was open before it.
        thread: the thread that entered it, the only one for which it is open.
        open: whether it has not been left.
        generator: where fills take their positions.
        names: the generators of a module's names, for a context that has a module.
        lazy: whether fills wait.
        waiting: the fills that wait in this thread.
    """

    __slots__ = ("generator", "lazy", "names", "open", "outer", "owner", "thread", "waiting")

    def __init__(self, owner: object, generator: Generator, names: Names | None, lazy: bool) -> None:
        self.owner: object = owner
        self.outer = current()
        self.thread = threading.get_ident()
        self.open = True
        self.generator = generator
        self.names = names
        self.lazy = lazy
        self.waiting = waiting_here()

    def generator_of(self, array: Any, given: Any, fresh: bool) -> Generator:
        """Returns where a fill takes its positions.

        Args:
            array: what is filled.
            given: the caller's `generator=`.
            fresh: whether the memory is new, and so no module's.
        """
        if given is not None:
            return SeededByTorch(given)
        if self.names is None or fresh:
            return self.generator
        return self.names.generator_of(array) or self.generator

    def is_of_this_thread(self) -> bool:
        """Whether this thread entered it."""
        return self.thread == threading.get_ident()

    def close(self) -> None:
        """Marks it as left; copies of the ContextVar that still hold it then keep no module alive."""
        self.open = False
        self.owner = self.names = None


_innermost: ContextVar[Opened | None] = ContextVar("fastinit.interop.torch", default=None)


def current() -> Opened | None:
    """Returns what is open here: in this thread, and in this task of it."""
    opened = _innermost.get()
    # One that was left may still be the innermost: a task has a copy, a generator leaves out of order.
    while opened is not None and not opened.open:
        opened = opened.outer
    # Another thread may run in a copy of this one's ContextVars, but has no mode.
    return opened if opened is not None and opened.is_of_this_thread() else None


def remember(opened: Opened) -> None:
    """Makes it the innermost one."""
    _innermost.set(opened)


def forget() -> None:
    """Makes the one that is open by now the innermost one."""
    _innermost.set(current())


# A child process has copies of the ContextVars and of the generators: workers of a DataLoader would all draw
# the same, where PyTorch seeds each.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _innermost.set(None))
