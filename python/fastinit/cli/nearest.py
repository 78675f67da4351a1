"""The names nearest to one that is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from ..recipe.errors import nearest


def did_you_mean(names: Iterable[str]) -> str:
    """The end of a message that offers these names; nothing if there are none."""
    said = " or ".join(f'"{printable(name)}"' for name in names)
    return f"; did you mean {said}?" if said else ""


def near_names(pattern: str, names: Collection[str]) -> list[str]:
    """The names nearest to a pattern that fits none: those of which it fits a part, else those alike."""
    parts = [name for name in names if fnmatchcase(name, f"*{pattern}*")]
    return parts[:3] or nearest(pattern, names, cutoff=0.0)


def near_files(path: str) -> list[str]:
    """The paths beside one that is not there whose names are like its own."""
    if "://" in path:
        return []
    missing = Path(path)
    try:
        there = [each.name for each in missing.parent.iterdir() if not each.name.startswith(".")]
    except OSError:
        return []
    return [str(missing.with_name(name)) for name in get_close_matches(missing.name, there, n=3)]


def printable(name: str) -> str:
    """The name, with what would steer a terminal written out."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
