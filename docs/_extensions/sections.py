"""What pages of the reference have in common: a section for each file that names come from, and its lines."""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from docstrings import first_line

__all__ = ["described", "heading", "is_described", "links", "sections", "table"]


def is_described(thing: object) -> bool:
    """Tells classes and functions, which have a description, from modules and values."""
    return inspect.isclass(thing) or inspect.isroutine(thing)


def described(module: str) -> str:
    """Returns the first line of a module's docstring."""
    return first_line(importlib.import_module(module).__doc__)


def sections(names: Iterable[str], file_of: Callable[[str], str]) -> Iterator[tuple[str, list[str]]]:
    """Yields the files that define names, sorted by their titles, each with its names."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        found[file_of(name)].append(name)
    yield from sorted(found.items(), key=lambda each: title(each[0]))


def title(file: str) -> str:
    """Returns a file's title: "Weight norm" of fastinit.nn.utils.parametrizations.weight_norm."""
    return file.rpartition(".")[2].strip("_").replace("_", " ").capitalize() or "Values"


def heading(file: str) -> list[str]:
    """Returns the heading of a section."""
    return ["", title(file), "-" * len(title(file)), ""]


def links(paths: list[str]) -> list[str]:
    """Returns a paragraph with a link to each name."""
    return [".. rst-class:: links", "", " ".join(f":py:obj:`~{path}`" for path in paths), ""]


def table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yields a table of names and what is said of them; nothing where there are no rows."""
    for number, (name, text) in enumerate(rows):
        if number == 0:
            yield from [".. list-table::", "   :class: names", ""]
        yield from [f"   * - {name}", f"     - {text}"]
    yield ""
