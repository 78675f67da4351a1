"""What is wrong with a recipe, and where it stands."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Collection, Iterable
from itertools import takewhile
from types import TracebackType

_MOST_COMPARED = 2000
"""difflib takes a fraction of a millisecond for a name: the 100,000 of a large model would be seconds."""


class RecipeError(ValueError):
    """A recipe says something that cannot be done; the message begins with the place."""


class located:  # noqa: N801 - used as a verb
    """A context that puts `place` before the message of a `RecipeError` raised inside (`None`: nothing)."""

    def __init__(self, place: str | None) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._place is not None and isinstance(error, RecipeError):
            raise RecipeError(f"{self._place}: {error}") from error.__cause__


def unknown(kind: str, name: str, known: Iterable[str]) -> RecipeError:
    """The error for a name that is not among `known`: says the nearest ones, or all where there are few."""
    names = sorted(known)
    near = nearest(name, names)
    if near:
        hint = "; did you mean " + " or ".join(f'"{each}"' for each in near) + "?"
    elif 0 < len(names) <= 16:
        hint = "; it may be " + ", ".join(f'"{each}"' for each in names)
    else:
        hint = ""
    return RecipeError(f'unknown {kind} "{name}"{hint}')


def nearest(name: str, known: Collection[str], cutoff: float = 0.6) -> list[str]:
    """The names of `known` that are nearest to one that is not among them, three at most.

    Args:
        name: what somebody wrote.
        known: the names; where there are very many, those that begin and end most like it are compared.
        cutoff: how alike a name must be, from 0 to 1, unless three letters or more are a part of it.
    """
    compared: Collection[str] = known
    if len(known) > _MOST_COMPARED:
        compared = heapq.nlargest(_MOST_COMPARED, known, key=lambda each: _shared_ends(each, name))
    alike = difflib.get_close_matches(name, compared, n=3, cutoff=cutoff)
    return alike or [each for each in known if len(name) > 2 and name in each][:3]


def _shared_ends(one: str, other: str) -> int:
    """How many characters two names begin with alike, and end with alike."""
    pairs = (zip(one, other, strict=False), zip(reversed(one), reversed(other), strict=False))
    return sum(1 for pair in pairs for _ in takewhile(lambda each: each[0] == each[1], pair))
