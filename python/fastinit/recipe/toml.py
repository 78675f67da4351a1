"""A recipe's TOML form: tables into rules, tensors and ties, arithmetic and braces worked out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .braces import expand
from .errors import RecipeError, located, unknown
from .expression import Number, evaluate
from .initialiser import Argument, initialisers, kind, parameters
from .like import tensors_of
from .rule import Rule
from .spec import TensorSpec

_TABLES = ("vars", "tensors", "rule", "tie")
_RULE_HEADER = re.compile(r"""\s*\[\[\s*(rule|"rule"|'rule')\s*\]\]""")


class Parts(NamedTuple):
    """What a recipe is made of."""

    rules: list[Rule]
    tensors: dict[str, TensorSpec]
    ties: dict[str, str]


def parse(text: str, directory: Path) -> Parts:
    """Reads the parts of a recipe from the text of a TOML file.

    Args:
        text: the TOML.
        directory: where a file that `like` names is looked for.

    Raises:
        RecipeError: the text is no TOML, or no recipe.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"not valid TOML: {error}") from None
    for key in document:
        if key not in _TABLES:
            raise unknown("table or key", key, _TABLES)
    variables = _variables(_table(document, "vars"))
    return Parts(
        _rules(document.get("rule", []), variables, _rule_lines(text)),
        _tensors(_table(document, "tensors"), variables, directory),
        _ties(_table(document, "tie")),
    )


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise RecipeError(f"{key} must be a table, [{key}]")
    return table


def _variables(table: Mapping[str, Any]) -> dict[str, Number]:
    """Numbers, or arithmetic on those above."""
    variables: dict[str, Number] = {}
    for name, value in table.items():
        with located(f"[vars] {name}"):
            variables[name] = _number(value, variables)
    return variables


def _tensors(
    table: Mapping[str, Any], variables: Mapping[str, Number], directory: Path
) -> dict[str, TensorSpec]:
    tensors: dict[str, TensorSpec] = {}
    for key, entry in table.items():
        with located(f'[tensors] "{key}"'):
            if key == "like" and isinstance(entry, str):
                found = tensors_of(directory / entry)
            else:
                spec = _spec(entry, variables)
                found = {}
                for name in expand(key):
                    if name in found:
                        raise RecipeError(f'gives "{name}" twice')
                    found[name] = spec
            twice = next((name for name in found if name in tensors), None)
            if twice is not None:
                raise RecipeError(f'gives "{twice}", which an entry above gives too')
            tensors.update(found)
    return tensors


def _spec(entry: Any, variables: Mapping[str, Number]) -> TensorSpec:
    if not isinstance(entry, dict):
        raise RecipeError('must be a table such as { shape = [768, 2304], dtype = "float32" }')
    for key, value in entry.items():
        _refuse_dotted(value)
        if key not in ("shape", "dtype"):
            raise unknown("key", key, ("shape", "dtype"))
    sizes, dtype = entry.get("shape"), entry.get("dtype", "float32")
    if not isinstance(sizes, list):
        raise RecipeError("needs shape, an array of whole numbers")
    if not isinstance(dtype, str):
        raise RecipeError(f'dtype is {dtype!r}, not a name such as "float32"')
    return TensorSpec(tuple(_size(size, variables) for size in sizes), dtype)


def _size(value: Any, variables: Mapping[str, Number]) -> int:
    number = _number(value, variables)
    if isinstance(number, float) and not number.is_integer():
        raise RecipeError(f"shape holds {value!r}, which is {number}, not a whole number")
    return int(number)


def _rules(tables: Any, variables: Mapping[str, Number], lines: list[int]) -> list[Rule]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RecipeError("rule must be tables, each headed [[rule]]")
    # A header inside a multi-line string would shift the numbers: then none is better than a wrong one.
    known = lines if len(lines) == len(tables) else [None] * len(tables)
    rules = []
    for number, (table, line) in enumerate(zip(tables, known, strict=True)):
        place = f"rule {number + 1}" if line is None else f"line {line}: rule {number + 1}"
        with located(place):
            rules.append(_rule(table, variables, line))
    return rules


def _rule(table: Mapping[str, Any], variables: Mapping[str, Number], line: int | None) -> Rule:
    for key in ("match", "init"):
        if not isinstance(table.get(key), str):
            raise RecipeError(f'needs {key} = "..."')
    match, init = table["match"], table["init"]
    arguments: dict[str, Argument] = {}
    for key, value in table.items():
        if key not in ("match", "init"):
            with located(f'(match = "{match}"): {key}'):
                arguments[key] = _argument(init, key, value, variables)
    return Rule(match, init, arguments, line)


def _argument(init: str, key: str, value: Any, variables: Mapping[str, Number]) -> Argument:
    """A number or arithmetic; but where the initialiser takes a text (a mode), the text as it is."""
    if init in initialisers() and key in parameters(init) and kind(init, key) != "number":
        if isinstance(value, str | bool | int | float):
            return value
        raise RecipeError(f"{value!r} is not a {kind(init, key)}")
    return _number(value, variables)


def _ties(table: Mapping[str, Any]) -> dict[str, str]:
    ties: dict[str, str] = {}
    for key, value in table.items():
        with located(f'[tie] "{key}"'):
            _refuse_dotted(value)
            if not isinstance(value, str):
                raise RecipeError("must name another tensor")
            names, sources = expand(key), expand(value)
            if len(sources) not in (1, len(names)):
                raise RecipeError(f"{len(names)} names are tied to {len(sources)}")
            for name, source in zip(names, sources * (len(names) // len(sources)), strict=True):
                if name in ties:
                    raise RecipeError(f'ties "{name}" a second time')
                ties[name] = source
    return ties


def _refuse_dotted(value: Any) -> None:
    # TOML reads h.0.bias = ... as tables in tables.
    if isinstance(value, dict):
        raise RecipeError("holds a table: a name with dots must stand in quotes")


def _number(value: Any, variables: Mapping[str, Number]) -> Number:
    if isinstance(value, str):
        return evaluate(value, variables)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RecipeError(f"{value!r} is neither a number nor arithmetic")
    return value


def _rule_lines(text: str) -> list[int]:
    """The lines on which a rule begins: `tomllib` tells them only for what it cannot read."""
    return [number for number, line in enumerate(text.splitlines(), 1) if _RULE_HEADER.match(line)]
