"""A `[[rule]]` of a recipe's TOML form: its selector, its conditions, its layout, its arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..nn.init import Layout
from .errors import RecipeError, located
from .expression import Number, whole
from .initialiser import Argument, initialisers, kind, parameters
from .rule import Rule, place_in_file
from .variables import as_number

_LAYOUT = ("splits", "expert_axis", "transposed", "kernel_first", "gains")
_OWN_KEYS = frozenset({"match", "regex", "init", "ndim", "shape", "dtype", *_LAYOUT})


def read_rule(
    table: Mapping[str, Any],
    variables: Mapping[str, Number],
    *,
    line: int | None,
    number: int,
    source: str | None,
) -> Rule:
    """Reads a rule.

    Args:
        table: its keys.
        variables: the numbers that its arithmetic may name.
        line: the line on which it begins, where that is known.
        number: its number in its file, from 1.
        source: its file, where that is one of several.

    Raises:
        RecipeError: it has no selector or no initialiser, or a value is not what its key takes.
    """
    place = place_in_file(line, number)
    init, dtype = table.get("init"), table.get("dtype")
    with located(place):
        match = _selector(table)
        if not isinstance(init, str):
            raise RecipeError('needs init = "..."')
    with located(f"{place} {Rule(match, init)}"):
        if dtype is not None and not isinstance(dtype, str):
            raise RecipeError(f'dtype is {dtype!r}, not a name such as "bfloat16"')
        return Rule(
            match,
            init,
            _arguments(init, table, variables),
            line,
            ndim=_whole_numbers("ndim", table, variables),
            shape=_shape(table, variables),
            dtype=dtype,
            layout=_layout(table, variables),
            number=number,
            source=source,
        )


def _selector(table: Mapping[str, Any]) -> str | re.Pattern[str]:
    given = [key for key in ("match", "regex") if key in table]
    if len(given) == 2:
        raise RecipeError("has both match and regex: it takes one of them")
    if not given or not isinstance(table[given[0]], str):
        raise RecipeError('needs match = "..." or regex = "..."')
    text: str = table[given[0]]
    if given == ["match"]:
        return text
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise RecipeError(f'regex = "{text}" is not a regular expression: {error}') from None


def _arguments(init: str, table: Mapping[str, Any], variables: Mapping[str, Number]) -> dict[str, Argument]:
    arguments: dict[str, Argument] = {}
    for key, value in table.items():
        if key not in _OWN_KEYS:
            with located(key):
                arguments[key] = _argument(init, key, value, variables)
    return arguments


def _argument(init: str, key: str, value: Any, variables: Mapping[str, Number]) -> Argument:
    """A number or arithmetic; but where the initialiser takes a text (a mode), the text as it is."""
    if init in initialisers() and key in parameters(init) and kind(init, key) != "number":
        if isinstance(value, str | bool | int | float):
            return value
        raise RecipeError(f"{value!r} is not a {kind(init, key)}")
    return as_number(value, variables)


def _shape(table: Mapping[str, Any], variables: Mapping[str, Number]) -> tuple[int | None, ...] | None:
    sizes = table.get("shape")
    if sizes is None:
        return None
    with located("shape"):
        if not isinstance(sizes, list):
            raise RecipeError('must be an array of whole numbers, "*" where any will do')
        return tuple(None if size == "*" else whole(as_number(size, variables), size) for size in sizes)


def _layout(table: Mapping[str, Any], variables: Mapping[str, Number]) -> Layout | None:
    if not any(key in table for key in _LAYOUT):
        return None
    splits, axes = (_whole_numbers(key, table, variables) for key in ("splits", "expert_axis"))
    transposed, kernel_first = (_truth(key, table) for key in ("transposed", "kernel_first"))
    try:
        return Layout(splits, axes, transposed, kernel_first, _numbers("gains", table, variables))
    except (TypeError, ValueError) as error:
        raise RecipeError(str(error)) from None


def _numbers(key: str, table: Mapping[str, Any], variables: Mapping[str, Number]) -> tuple[float, ...] | None:
    value = table.get(key)
    if value is None:
        return None
    with located(key):
        if not isinstance(value, list):
            raise RecipeError("must be an array of numbers")
        return tuple(as_number(each, variables) for each in value)


def _truth(key: str, table: Mapping[str, Any]) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise RecipeError(f"{key} must be true or false")
    return value


def _whole_numbers(
    key: str, table: Mapping[str, Any], variables: Mapping[str, Number]
) -> int | tuple[int, ...] | None:
    value = table.get(key)
    with located(key):
        if value is None:
            return None
        if isinstance(value, list):
            return tuple(whole(as_number(each, variables), each) for each in value)
        return whole(as_number(value, variables), value)
