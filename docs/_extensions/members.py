"""The directive `members`, for a class with many: a section for each file that they come from, in brief."""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sections
from docstrings import first_line
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature


def lines(path: str) -> Iterator[str]:
    """Yields the page of a class, in reStructuredText."""
    module, _, name = path.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    yield from [f".. py:currentmodule:: {module}", ""]
    public = [each for each in dir(cls) if not each.startswith("_")]
    for file, names in sections.sections(public, lambda each: file_of(cls, each)):
        yield from sections.heading(file)
        yield from sections.links([f"{path}.{each}" for each in names])
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)  # such as add, and add_ in place
        for each in names:
            call, *description = member(cls, each)
            alike[tuple(description)].append(f"{name}.{each}{call}")
        for (kind, *rest), calls in alike.items():
            start = f".. py:{kind}:: "
            yield f"{start}{calls[0]}"
            yield from (" " * len(start) + call for call in calls[1:])
            yield from rest


def file_of(cls: type, name: str) -> str:
    """Returns the module that defines a member."""
    thing = getattr(cls, name)
    return getattr(getattr(thing, "fget", thing), "__module__", None) or cls.__module__


def member(cls: type, name: str) -> list[str]:
    """Returns how a member is called, its kind, and the lines below its directive."""
    static, thing = inspect.getattr_static(cls, name), getattr(cls, name)
    if isinstance(static, property):
        return ["", "property", "", f"   {first_line(static.__doc__)}", ""]
    if not inspect.isroutine(thing):
        return ["", "attribute", "", f"   ``{thing!r}``", ""]
    signature = inspect.signature(thing)
    parameters = list(signature.parameters.values())
    options = []
    if isinstance(static, staticmethod | classmethod):
        options.append(f"   :{type(static).__name__}:")
    else:
        parameters = parameters[1:]
    call = stringify_signature(signature.replace(parameters=parameters), show_annotation=False)
    return [call, "method", *options, "", f"   {first_line(thing.__doc__)}", ""]


class Members(SphinxDirective):
    """Lists the public members of a class."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parses the list's text."""
        return self.parse_text_to_nodes("\n".join(lines(self.arguments[0])), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the directive."""
    app.add_directive("members", Members)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
