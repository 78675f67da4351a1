"""A bar on the screen while bytes go by, for whoever has waited a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds without a word: most commands are done by then."""


class Waiting:
    """What a command is about: it says so whether anybody sees it or not.

    Args:
        bar: where it is shown, if it is.
    """

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def begin(self, description: str, nbytes: int | None = None) -> None:
        """Begins the next stretch of work, of so many bytes, or of nobody knows how many."""
        if self._bar is not None:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(description, total=nbytes)

    def advance(self, nbytes: int) -> None:
        """Says that so many bytes more are done."""
        if self._bar is not None and self._bar.task_ids:
            self._bar.advance(self._bar.task_ids[-1], nbytes)


@contextmanager
def waiting(description: str) -> Iterator[Waiting]:
    """Shows a bar on stderr from the first second on, and takes it away; nothing where that is no terminal.

    Args:
        description: of the first stretch of work, whose size is not known.
    """
    bar = _bar() if sys.stderr is not None and sys.stderr.isatty() else None
    work = Waiting(bar)
    work.begin(description)
    if bar is None:
        yield work
        return
    start = threading.Timer(PATIENCE, bar.start)
    start.daemon = True
    start.start()
    try:
        yield work
    finally:
        start.cancel()
        start.join()  # it may just be starting
        bar.stop()


def _bar() -> Progress | None:
    """None where the terminal cannot move its cursor."""
    from rich.console import Console, RenderableType
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    class Amount(ProgressColumn):
        """Another column, for work whose size is known."""

        def __init__(self, column: ProgressColumn) -> None:
            super().__init__()
            self._column = column

        def render(self, task: Task) -> RenderableType:
            return "" if task.total is None else self._column.render(task)

    screen = Console(stderr=True)
    if not screen.is_interactive:
        return None
    amounts = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    return Progress(
        TextColumn("{task.description}"), BarColumn(), *map(Amount, amounts), console=screen, transient=True
    )
