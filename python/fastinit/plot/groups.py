"""Layers that repeat: `h.0.mlp.weight`, `h.1.mlp.weight` ... are shown as one, `h.{0..11}.mlp.weight`."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

__all__ = ["Group", "grouped", "natural", "numbers_in", "printable"]

T = TypeVar("T")
Group = tuple[str, list[T]]

# No longer: what has more digits is hardly a number, and takes long to read as one.
_NUMBER = re.compile(r"(?<![0-9])([0-9]{1,9})(?![0-9])")

_LONGEST = 60
"""Letters of a name that are shown in a picture."""


def grouped(named: Iterable[tuple[str, Hashable, T]]) -> list[Group[T]]:
    """Puts together what differs by the numbers in its name alone.

    Args:
        named: names, what else must be equal (a shape), and what is to be grouped.

    Returns:
        The groups, each at the place of its first member: its name, with what the numbers are in braces as a
        recipe writes them, and its members.
    """
    found: dict[Hashable, tuple[list[str], list[T]]] = {}
    for name, alike, each in named:
        key = (_NUMBER.sub("0", name), alike)
        names, members = found.setdefault(key, ([], []))
        names.append(name)
        members.append(each)
    return [(_together(names), members) for names, members in found.values()]


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts names as people do: `h.2` comes before `h.10`."""
    parts = _NUMBER.split(name)
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def numbers_in(name: str) -> str:
    """The numbers in a name, which tell it from the others of its group: "3, 7" of `h.3.experts.7.w`."""
    return ", ".join(_NUMBER.findall(name))


def printable(name: str, longest: int = _LONGEST) -> str:
    """A name as a picture shows it: without what cannot be seen, and without the middle if it is long."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
    if len(shown) <= longest:
        return shown
    half = (longest - 3) // 2
    return f"{shown[:half]}...{shown[-half:]}"


def _together(names: Sequence[str]) -> str:
    parts = [_NUMBER.split(name) for name in names]
    places = zip(*parts, strict=True)
    return "".join(
        _braces([int(each) for each in found]) if place % 2 else found[0]
        for place, found in enumerate(places)
    )


def _braces(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers))
    if len(found) == 1:
        return str(found[0])
    steps = {b - a for a, b in pairwise(found)}
    if len(steps) == 1 and len(found) > 2:
        step = steps.pop()
        return f"{{{found[0]}..{found[-1]}{'' if step == 1 else f'..{step}'}}}"
    if len(found) <= 4:
        return "{" + ",".join(map(str, found)) + "}"
    return f"{{{found[0]},{found[1]},...,{found[-1]}}}"
