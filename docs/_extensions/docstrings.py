"""Docstrings as reStructuredText: which sections are prose, and what in them is no markup.

A docstring is prose with `code`, *titles*, formulas and examples; another star, a bar or a last underscore
stands for itself.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject

__all__ = ["first_line", "without_markup"]

# Napoleon would take what stands before a colon for a type: "Returns: for each row: its name".
PROSE = re.compile(r"^( *)(Returns|Yields|Draws|Shape|Source):(?: (\S.*)|)$")

KEPT = re.compile(
    r"""^\ *>>>[^\n]*(?:\n\ *\S[^\n]*)*         # an example, up to the empty line
    |^(\ *)[^\n]*::(?:\ [^\n]*)?\n(?:\ *\n|\1\ +[^\n]*(?:\n|\Z))*  # a block of code or a formula
    |``.+?``|`[^`]+`|\*\*\w+\*\*                  # code; what napoleon makes of a name
    |(?<!\w)\*(?=[^\s*])[^*]*(?<=[^\s*])\*(?!\w)  # the title of a paper""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
MARKUP = re.compile(r"(?<!\\)(?:[*|]|(?<=\w)_(?!\w))")


def without_markup(text: str) -> str:
    """Returns a text in which what would be markup, but for what KEPT finds, is escaped."""
    parts, end = [], 0
    for kept in KEPT.finditer(text):
        parts += [MARKUP.sub(r"\\\g<0>", text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, MARKUP.sub(r"\\\g<0>", text[end:])])


def first_line(docstring: str | None) -> str:
    """Returns what a docstring begins with, up to the first empty line."""
    return without_markup(" ".join((docstring or "").strip().partition("\n\n")[0].split()))


def sections_as_fields(lines: list[str]) -> list[str]:
    """Returns a docstring in which the sections that are prose are fields."""
    result: list[str] = []
    goes_on = False  # the text of a section that begins beside its name, with no indentation of its own
    for line in lines:
        heading = PROSE.match(line)
        if heading:
            indent, name, text = heading.groups()
            field = "returns" if name == "Returns" else name  # which autodoc knows, and adds the type to
            result += ["", f"{indent}:{field}:{f' {text}' if text else ''}"]
            goes_on = bool(text)
        else:
            goes_on = goes_on and bool(line.strip())
            result.append(f"    {line}" if goes_on else line)
    return result


def before_napoleon(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Rewrites the sections of a docstring."""
    lines[:] = sections_as_fields(lines)


def after_napoleon(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Escapes what would be markup."""
    lines[:] = without_markup("\n".join(lines)).split("\n")


def forget_type_variables(app: Sphinx, domain: str, kind: str, content: addnodes.desc_content) -> None:
    """Leaves a type out where it is but a letter for whatever is given."""
    for types in app.env.current_document.autodoc_annotations.values():
        for name in [name for name, of_type in types.items() if of_type.endswith(".T")]:
            del types[name]


def setup(app: Sphinx) -> dict[str, Any]:
    """Puts the steps before and after napoleon's, and calls attributes what they are."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    app.connect("object-description-transform", forget_type_variables, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
