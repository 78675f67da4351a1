"""Which parameters a pattern means, and how many layers are stacked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

__all__ = ["Patterns", "Stack", "matching", "stack"]

Patterns = str | Iterable[str] | None
"""Globs for names, as `fastinit.recipe.Rule` takes them; None: the usual names."""


def matching(
    what: str,
    argument: str,
    given: Patterns,
    usual: Sequence[str],
    names: Iterable[str],
    *,
    required: bool = True,
) -> frozenset[str]:
    """Finds the names that patterns mean.

    Args:
        what: the function that asks, for messages.
        argument: its argument that holds the patterns.
        given: the patterns; each must match something.
        usual: what stands for None.
        names: those of a model.
        required: whether one of the usual patterns must match something.

    Raises:
        ValueError: nothing matches.
    """
    names = list(names)
    patterns = tuple(usual) if given is None else (given,) if isinstance(given, str) else tuple(given)
    found = {each: [name for name in names if fnmatchcase(name, each)] for each in patterns}
    for pattern in patterns if given is not None else ():
        if not found[pattern]:
            near = get_close_matches(pattern, names, n=3)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise ValueError(f"{what}: {argument}: {pattern!r} matches no parameter{hint}")
    if given is None and required and not any(found.values()):
        raise ValueError(f"{what}: no parameter is called as usual, {', '.join(usual)}: give {argument}=")
    return frozenset(name for each in found.values() for name in each)


@dataclass(frozen=True)
class Stack:
    """Layers of one kind, one behind the other.

    Attributes:
        names: of their parameters.
        layers: how many there are.
    """

    names: frozenset[str]
    layers: int


def stack(
    what: str, argument: str, given: Patterns, usual: Sequence[str], names: Iterable[str], layers: int | None
) -> Stack:
    """Finds the parameters of a stack of layers, and counts these by the numbers in the names.

    Args:
        what: the function that asks, for messages.
        argument: its argument that holds the patterns.
        given: the patterns; each must match something.
        usual: what stands for None; if nothing matches, there is no such stack.
        names: those of a model.
        layers: how many there are, where the names do not say it; None: they are counted.

    Raises:
        ValueError: a pattern matches nothing, the layers cannot be counted, or there are fewer than 1.
    """
    names = list(names)
    if given is None and not any(fnmatchcase(name, each) for name in names for each in usual):
        if layers:
            raise ValueError(
                f"{what}: {argument}_layers is {layers}, but no parameter is called as usual, "
                f"{', '.join(usual)}: give {argument}="
            )
        return Stack(frozenset(), 0)
    found = matching(what, argument, given, usual, names)
    count = _count(found) if layers is None else layers
    if count is None:
        raise ValueError(f"{what}: the {argument}'s names do not number its layers: give {argument}_layers=")
    if count < 1:
        raise ValueError(f"{what}: expected {argument}_layers of at least 1, got {count}")
    return Stack(found, count)


def _count(names: Iterable[str]) -> int | None:
    """How many numbers there are where names first differ; None if what differs is no number."""
    places = [set(parts) for parts in zip(*(name.split(".") for name in names), strict=False)]
    for parts in places:
        if len(parts) > 1 and all(map(str.isdigit, parts)):
            return len(parts)
        if len(parts) > 1:
            break
    # All of it lies in one layer, if that has a number.
    alone = any(len(parts) == 1 and next(iter(parts)).isdigit() for parts in places)
    return 1 if alone else None
