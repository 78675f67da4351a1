"""Tables and documents: what the commands print."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from .sparkline import BLOCKS, levels_of_stdout

_WIDTH = 1000
"""Columns for a table: so many that no cell is folded, which no narrow terminal makes legible."""


def table(words: Iterable[str], numbers: Iterable[str], remarks: Iterable[str] = ()) -> Table:
    """An empty table with columns of words, then of numbers, which stand at the right, then of words."""
    ruled = on_terminal() and levels_of_stdout() == BLOCKS
    made = Table(box=SIMPLE_HEAD if ruled else None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in words:
        made.add_column(heading)
    for heading in numbers:
        made.add_column(heading, justify="right")
    for heading in remarks:
        made.add_column(heading)
    return made


def print_table(filled: Table, summary: str) -> None:
    """Prints a table, and a line of summary below it."""
    console = _console()
    if on_terminal():
        console.print(filled)
    else:
        with console.capture() as text:
            console.print(filled)
        print("\n".join(line.rstrip() for line in text.get().splitlines()))
    console.print(summary)


def fits(filled: Table) -> bool:
    """Whether no line of a table is longer than the terminal is wide."""
    console = _console()
    return Measurement.get(console, console.options, filled).maximum <= shutil.get_terminal_size().columns


def on_terminal() -> bool:
    """Whether a person looks at what is printed."""
    return sys.stdout is not None and sys.stdout.isatty()


def print_json(document: Any, indent: int | None = None) -> None:
    """Prints one JSON document, in ASCII: it is read in whatever encoding stdout has."""
    print(json.dumps(document, indent=indent, allow_nan=False))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raises it again, for the end of the command to decide; rich would make it status 1."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _console() -> Console:
    # Without a height, rich would not believe the width of a dumb terminal.
    return _Console(width=_WIDTH, height=25, markup=False, highlight=False, emoji=False)
