"""A recipe's TOML form: the documents of its files into rules, tensors and ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .braces import expand
from .document import FLAGS, Document, documents
from .errors import RecipeError, located, unknown
from .expression import Number, whole
from .like import tensors_of
from .rule import Rule
from .rule_table import read_rule
from .spec import TensorSpec
from .variables import Definition, Variables, as_number, overridden


class Parts(NamedTuple):
    """What a recipe is made of."""

    rules: list[Rule]
    tensors: dict[str, TensorSpec]
    ties: dict[str, str]
    allow_unmatched: bool
    allow_unused: bool


def parse(
    text: str,
    *,
    source: str | None,
    directory: Path,
    path: Path | None = None,
    variables: Mapping[str, Number | str] | None = None,
) -> Parts:
    """Reads the parts of a recipe from the text of a TOML file, and from the files that it is based on.

    Args:
        text: the TOML.
        source: what messages call it.
        directory: where the files that `like` and `base` name are looked for.
        path: the file that holds the text, if one does.
        variables: what takes the place of entries of `[vars]`.

    Raises:
        RecipeError: a text is no TOML, or no recipe, or there is no such variable; the message says where.
    """
    chain = documents(text, source, directory, path)
    with located(source):
        definitions = overridden(_definitions(chain), variables or {})
    with located(source if len(chain) == 1 else None):
        values = Variables(definitions)
    flags: dict[str, bool] = {}
    for document in reversed(chain):
        flags |= {key: document.tables[key] for key in FLAGS if key in document.tables}
    return Parts(
        _rules(chain, values),
        _tensors(chain, values),
        _ties(chain, values),
        flags.get("allow_unmatched", False),
        flags.get("allow_unused", False),
    )


def _definitions(chain: Sequence[Document]) -> dict[str, Definition]:
    """The variables of all files, each as the file nearest to the recipe defines it."""
    definitions: dict[str, Definition] = {}
    for document in reversed(chain):
        file = f"{document.source}: " if len(chain) > 1 and document.source else ""
        for name, value in document.tables.get("vars", {}).items():
            definitions[name] = Definition(value, f"{file}[vars] {name}")
    return definitions


def _tensors(chain: Sequence[Document], variables: Mapping[str, Number]) -> dict[str, TensorSpec]:
    tensors: dict[str, TensorSpec] = {}
    for document in reversed(chain):
        for key, entry in document.tables.get("tensors", {}).items():
            with document.at("tensors", key):
                if key == "like" and isinstance(entry, str):
                    found = tensors_of(document.directory / entry)
                else:
                    found = _entry(key, entry, variables)
                twice = next((name for name in found if name in tensors), None)
                if twice is not None:
                    above = "an entry above" if len(chain) == 1 else "another entry"
                    raise RecipeError(f'gives "{twice}", which {above} gives too')
                tensors.update(found)
    return tensors


def _entry(key: str, entry: Any, variables: Mapping[str, Number]) -> dict[str, TensorSpec]:
    spec = _spec(entry, variables)
    found: dict[str, TensorSpec] = {}
    for name in expand(key, variables):
        if name in found:
            raise RecipeError(f'gives "{name}" twice')
        found[name] = spec
    return found


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
    with located("shape"):
        shape = tuple(whole(as_number(size, variables), size) for size in sizes)
    return TensorSpec(shape, dtype)


def _rules(chain: Sequence[Document], variables: Mapping[str, Number]) -> list[Rule]:
    """The rules of all files, the recipe's own first.

    A rule of a base that asks for just what one of a nearer file asks for gives way to it.
    """
    rules: list[Rule] = []
    for document in chain:
        source = document.source if len(chain) > 1 else None
        own: list[Rule] = []
        tables = document.tables.get("rule", [])
        for number, (table, line) in enumerate(zip(tables, document.rule_lines, strict=True), 1):
            with located(document.source):
                own.append(read_rule(table, variables, line=line, number=number, source=source))
        rules += [rule for rule in own if not any(rule.asks_as(nearer) for nearer in rules)]
    return rules


def _ties(chain: Sequence[Document], variables: Mapping[str, Number]) -> dict[str, str]:
    ties: dict[str, str] = {}
    for document in reversed(chain):
        for key, value in document.tables.get("tie", {}).items():
            with document.at("tie", key):
                _refuse_dotted(value)
                if not isinstance(value, str):
                    raise RecipeError("must name another tensor")
                names, sources = expand(key, variables), expand(value, variables)
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
