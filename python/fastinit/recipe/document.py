"""A recipe's TOML text as tables, and the chain of files that its `base` begins."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import RecipeError, located, unknown

_TABLES = ("vars", "tensors", "tie")
FLAGS = ("allow_unmatched", "allow_unused")
_KEYS = ("base", *FLAGS, "vars", "tensors", "rule", "tie")
_RULE_HEADER = re.compile(r"""\s*\[\[\s*(rule|"rule"|'rule')\s*\]\]""")


@dataclass(frozen=True)
class Document:
    """The text of one file, read as TOML and known to hold the tables of a recipe.

    Args:
        tables: the values of its keys, each of the kind that it must be.
        rule_lines: the line on which each rule begins; None where they cannot be told.
        source: what messages call it.
        directory: what its paths are relative to.
    """

    tables: Mapping[str, Any]
    rule_lines: tuple[int | None, ...]
    source: str | None
    directory: Path

    def at(self, table: str, key: str) -> located:
        """A context that puts the file and an entry of a table before the message of an error inside."""
        file = "" if self.source is None else f"{self.source}: "
        return located(f'{file}[{table}] "{key}"')


def read(path: Path) -> str:
    """The text of a recipe's file.

    Raises:
        RecipeError: it is not UTF-8.
        OSError: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None


def documents(text: str, source: str | None, directory: Path, path: Path | None = None) -> list[Document]:
    """The documents of a recipe: that of `text`, that of its base, that of the base's base.

    Args:
        text: the TOML.
        source: what messages call it.
        directory: what its paths are relative to.
        path: the file that holds it, if one does.

    Raises:
        RecipeError: a text is no TOML or no recipe, or a base cannot be read or is its own base.
    """
    chain = [_document(text, source, directory)]
    files = [] if path is None else [path.resolve()]
    while "base" in chain[-1].tables:
        last = chain[-1]
        base = last.directory / last.tables["base"]
        with located(last.source), located("base"):
            if base.resolve() in files:
                raise RecipeError(f"{base} is among the files that are based on it")
            try:
                text = read(base)
            except OSError as error:
                raise RecipeError(f"cannot read {base}: {error.strerror or error}") from None
        files.append(base.resolve())
        chain.append(_document(text, str(base), base.parent))
    return chain


def _document(text: str, source: str | None, directory: Path) -> Document:
    with located(source):
        try:
            tables = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise RecipeError(f"not valid TOML: {error}") from None
        for key, value in tables.items():
            _check(key, value)
    return Document(tables, _rule_lines(text, len(tables.get("rule", ()))), source, directory)


def _check(key: str, value: Any) -> None:
    if key not in _KEYS:
        raise unknown("table or key", key, _KEYS)
    if key in _TABLES and not isinstance(value, dict):
        raise RecipeError(f"{key} must be a table, [{key}]")
    if key in FLAGS and not isinstance(value, bool):
        raise RecipeError(f"{key} must be true or false")
    if key == "base" and not isinstance(value, str):
        raise RecipeError('base must be the path of a recipe, base = "other.toml"')
    if key == "rule" and not (isinstance(value, list) and all(isinstance(each, dict) for each in value)):
        raise RecipeError("rule must be tables, each headed [[rule]]")


def _rule_lines(text: str, count: int) -> tuple[int | None, ...]:
    """The lines on which a rule begins: `tomllib` tells them only for what it cannot read."""
    lines = [number for number, line in enumerate(text.split("\n"), 1) if _RULE_HEADER.match(line)]
    # A header inside a multi-line string would shift the numbers: then none is better than a wrong one.
    return tuple(lines) if len(lines) == count else (None,) * count
