"""Tables: what the commands print of many tensors."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDTH = 1000
"""Columns for a table: so many that no cell is folded, which no narrow terminal makes legible."""


def table(words: Iterable[str], numbers: Iterable[str]) -> Table:
    """An empty table with columns of words, then of numbers, which stand at the right."""
    made = Table(box=SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in words:
        made.add_column(heading)
    for heading in numbers:
        made.add_column(heading, justify="right")
    return made


def print_table(filled: Table, summary: str) -> None:
    """Prints a table, and a line of summary below it."""
    console = Console(width=_WIDTH, markup=False, highlight=False, emoji=False)
    console.print(filled)
    console.print(summary)
