"""The directive `public-names`: a module's page, with a section for each file that its names come from.

A page of `docs/reference` is called as its module. What is public in several modules is described in the
first of them, and has in the others an entry that says where.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import sections
from docstrings import first_line
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = "fastinit"
#: Classes whose members have a page of their own.
LISTED = (f"{ROOT}.Tensor",)


def public_names(module: ModuleType) -> list[str]:
    """Returns the names that a module lists, and those that `fastinit` finds under another roof."""
    listed = list(getattr(module, "__all__", ()))
    if module.__name__ == ROOT:
        listed += sorted(importlib.import_module(f"{ROOT}.namespace").NAMES)
    return listed


@cache
def homes(modules: tuple[str, ...]) -> dict[int, str]:
    """Returns where each class and function is described, by its `id`: under its own name if there is one."""
    found: dict[int, str] = {}
    for name in modules:
        module = importlib.import_module(name)
        public = [each for each in public_names(module) if sections.is_described(getattr(module, each))]
        for each in sorted(public, key=lambda each: getattr(module, each).__name__ != each):
            found.setdefault(id(getattr(module, each)), f"{name}.{each}")
    return found


class Page:
    """The text of a module's page.

    Args:
        module: the module.
        homes: where each class and function is described.
    """

    def __init__(self, module: ModuleType, homes: dict[int, str]) -> None:
        self.module, self.name, self.homes = module, module.__name__, homes
        self.things = {name: getattr(module, name) for name in public_names(module)}

    def lines(self) -> Iterator[str]:
        """Yields the lines, in reStructuredText."""
        yield from [f".. py:module:: {self.name}", "", first_line(self.module.__doc__), ""]
        below = [name for name, thing in self.things.items() if inspect.ismodule(thing)]
        yield from sections.table(self.about_module(name) for name in below)
        others = [name for name in self.things if name not in below]
        for file, names in sections.sections(others, self.file_of):
            yield from self.section(file, names)

    def about_module(self, name: str) -> tuple[str, str]:
        """Returns the row of a module below this one, or of another name for a module."""
        module = self.things[name]
        if module.__name__ == f"{self.name}.{name}":
            return f":py:mod:`{module.__name__}`", first_line(module.__doc__)
        return f".. py:data:: {name}", f"The same as :py:mod:`{module.__name__}`."

    def file_of(self, name: str) -> str:
        """Returns the module that defines something public; "" for plain numbers and texts."""
        thing = self.things[name]
        defined_in = getattr(thing, "__module__", None) or ""
        made_by = type(thing).__module__
        # A class that a metaclass makes may be given the page's module for the sake of its printed name.
        return made_by if defined_in == self.name and made_by.startswith(ROOT) else defined_in

    def section(self, file: str, names: list[str]) -> Iterator[str]:
        """Yields what one file defines: its values in a table, then its classes and functions."""
        described = [name for name in names if sections.is_described(self.things[name])]
        values = [name for name in names if name not in described]
        yield from sections.heading(file)
        if file not in ("", self.name):
            yield from [sections.described(file), ""]
        if len(described) > 1:
            yield from sections.links([f"{self.name}.{name}" for name in described])
        yield from sections.table((f".. py:data:: {name}", f"``{self.things[name]!r}``") for name in values)
        for name in described:
            yield from self.entry(name)

    def entry(self, name: str) -> Iterator[str]:
        """Yields the directive that describes a class or function, or says where it is described."""
        thing, path = self.things[name], f"{self.name}.{name}"
        kind = "class" if inspect.isclass(thing) else "function"
        home = self.homes[id(thing)]
        if home != path:
            yield from [f".. py:{kind}:: {name}", "", f"   The same as :py:obj:`{home}`.", ""]
            return
        yield f".. auto{kind}:: {path}"
        methods = self.methods(thing) if kind == "class" and path not in LISTED else []
        if methods:
            yield f"   :members: {', '.join(methods)}"
        yield ""
        if path in LISTED:
            yield from [f"   Its methods are listed :doc:`on a page of their own <{path}>`.", ""]

    def methods(self, cls: type) -> list[str]:
        """Returns the methods and properties of a class but for those of bases that have their own entry."""
        known = [base for base in cls.__mro__[1:] if self.is_known(base)]
        own = [base for base in cls.__mro__ if not any(base in each.__mro__ for each in known)]
        public = {name: thing for base in own for name, thing in vars(base).items() if name[0] != "_"}
        methods = [
            name for name, thing in public.items() if inspect.isroutine(thing) or isinstance(thing, property)
        ]
        return [name for name in methods if inspect.getdoc(getattr(cls, name))]

    def is_known(self, base: type) -> bool:
        """Tells whether a base class has a description of its own, here or in Python's documentation."""
        return id(base) in self.homes or not base.__module__.startswith(ROOT)


class PublicNames(SphinxDirective):
    """Describes the public names of a module."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parses the page's text."""
        pages = sorted(path.stem for path in Path(self.env.srcdir, "reference").glob("*.rst"))
        page = Page(
            importlib.import_module(self.arguments[0]),
            homes(tuple(name for name in pages if name not in LISTED)),
        )
        return self.parse_text_to_nodes("\n".join(page.lines()), allow_section_headings=True)


def unlink_builtins(app: Sphinx, doctree: nodes.document) -> None:
    """Takes links from types such as `int`, which on the page of `fastinit` would lead to that dtype."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link.get("reftype") == "class" and hasattr(builtins, link["reftarget"]):
            link.replace_self(link.children)


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the directive."""
    app.add_directive("public-names", PublicNames)
    app.connect("doctree-read", unlink_builtins)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
