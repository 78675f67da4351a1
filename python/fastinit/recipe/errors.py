"""What is wrong with a recipe, and where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class RecipeError(ValueError):
    """A recipe says something that cannot be done; the message begins with the place."""


@contextmanager
def located(place: str | None) -> Iterator[None]:
    """Puts `place` before the message of a `RecipeError` raised inside (`None`: leaves it as it is)."""
    try:
        yield
    except RecipeError as error:
        if place is None:
            raise
        raise RecipeError(f"{place}: {error}") from None


def unknown(kind: str, name: str, known: Iterable[str]) -> RecipeError:
    """The error for a name that is not among `known`: says the nearest ones, or all where there are few."""
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if nearest:
        hint = "; did you mean " + " or ".join(f'"{near}"' for near in nearest) + "?"
    elif 0 < len(names) <= 16:
        hint = "; it may be " + ", ".join(f'"{each}"' for each in names)
    else:
        hint = ""
    return RecipeError(f'unknown {kind} "{name}"{hint}')
