"""The numbers that a recipe's arithmetic may name: those of `[vars]`, worked out when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .errors import RecipeError, located, unknown
from .expression import Number, evaluate


class Definition(NamedTuple):
    """What a variable is, as it is written, and where that stands."""

    value: Any
    place: str


class Variables(Mapping[str, Number]):
    """The value of each variable by name.

    One may be arithmetic on others, in whatever order they stand: where one file replaces variables of
    another, no order of lines fits both.

    Args:
        definitions: what each is.

    Raises:
        RecipeError: one is neither number nor arithmetic, has no value, or depends on itself.

    Examples:
        >>> Variables({"n": Definition("2 * m", "n"), "m": Definition(3, "m")})["n"]
        6
    """

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions
        self._values: dict[str, Number] = {}
        self._open: list[str] = []
        for name in definitions:
            self[name]  # what is wrong with one shows at once, used or not

    def __getitem__(self, name: str) -> Number:
        if name not in self._values:
            if name in self._open:
                circle = " -> ".join([*self._open[self._open.index(name) :], name])
                raise RecipeError(f'"{name}" depends on itself: {circle}')
            self._open.append(name)
            value, place = self._definitions[name]
            with located(place):
                self._values[name] = as_number(value, self)
            self._open.pop()
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._definitions

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)


def overridden(
    definitions: Mapping[str, Definition], variables: Mapping[str, Number | str]
) -> dict[str, Definition]:
    """The definitions, those that `variables` names replaced.

    Raises:
        RecipeError: there is no such variable.
    """
    for name in variables:
        if name not in definitions:
            raise unknown("variable", name, definitions)
    return {**definitions, **{name: Definition(each, f"variable {name}") for name, each in variables.items()}}


def as_number(value: Any, variables: Mapping[str, Number]) -> Number:
    """A number of a recipe: as it is, or the value of a text that is arithmetic.

    Raises:
        RecipeError: it is something else, or the arithmetic has no value.
    """
    if isinstance(value, str):
        return evaluate(value, variables)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RecipeError(f"{value!r} is neither a number nor arithmetic")
    return value
