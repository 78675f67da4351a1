"""Every public name says what it takes, of which shapes, what it gives and refuses, and whence it comes."""

import importlib
import importlib.util
import inspect
import re
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fastinit
from fastinit import nn
from fastinit.diagnostics import Table
from reference.website import inventory

MODULES = (
    "fastinit",
    "fastinit.autograd",
    "fastinit.checkpoint",
    "fastinit.diagnostics",
    "fastinit.interop.jax",
    "fastinit.interop.torch",
    "fastinit.linalg",
    "fastinit.nn",
    "fastinit.nn.functional",
    "fastinit.nn.init",
    "fastinit.nn.utils",
    "fastinit.nn.utils.parametrizations",
    "fastinit.nn.utils.parametrize",
    "fastinit.optim",
    "fastinit.optim.lr_scheduler",
    "fastinit.plot",
    "fastinit.recipe",
    "fastinit.schemes",
)
NEEDS = {
    "fastinit.interop.jax": "jax",
    "fastinit.interop.torch": "torch",
    "fastinit.plot": "matplotlib",
}
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
#: They take whatever they are given.
REFUSE_NOTHING = (
    fastinit.enable_grad,
    fastinit.inference_mode,
    fastinit.is_tensor,
    fastinit.layout,
    fastinit.memory_format,
    fastinit.no_grad,
    fastinit.set_printoptions,
)
SHAPES = re.compile(r"shape|\((?:\*|\.\.\.|[A-Za-z]{1,2}\b)[^()]*\)|[0-9]-d|dimension|scalar", re.IGNORECASE)


def public_names() -> list[str]:
    present = [name for name in MODULES if importlib.util.find_spec(NEEDS.get(name, "fastinit"))]
    return [f"{name}.{each}" for name in present for each in callables(importlib.import_module(name))]


def callables(module: ModuleType) -> list[str]:
    return [each for each in module.__all__ if callable(getattr(module, each))]


def named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def parameters_of(thing: Any) -> list[inspect.Parameter]:
    if inspect.isclass(thing) and takes_nothing(thing):
        return []
    try:
        found = inspect.signature(thing).parameters.values()
    except ValueError:  # a class of the standard library's kind, such as an exception
        return []
    return [each for each in found if not each.name.startswith("_")]


def takes_nothing(thing: type) -> bool:
    """Whether a class is no one's to make, or has no constructor but the one that refuses all arguments."""
    inherits = issubclass(thing, nn.Module) and thing is not nn.Module
    return getattr(thing, "_is_protocol", False) or (inherits and thing.__init__ is nn.Module.__init__)


def refuses_nothing(thing: Any) -> bool:
    """Whether it takes what it is given, as a record does, which holds what was measured or planned."""
    is_record = is_dataclass(thing) or (inspect.isclass(thing) and issubclass(thing, tuple | Table))
    return thing in REFUSE_NOTHING or (is_record and not hasattr(thing, "__post_init__"))


def section(text: str, heading: str) -> str | None:
    """What stands under a heading; None where it is not there."""
    found = re.search(rf"^{heading}:[ \n]*(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return found and found[1]


def stands_in(arguments: str, name: str) -> bool:
    """Whether a parameter has an entry, of its own or together with others: "mean, std: of the values"."""
    other = r"[\w*`]+"
    entry = rf"^ *(?:{other}, )*`?\*{{0,2}}{name}`?(?:, {other})*(?: \(.*\))?:"
    return re.search(entry, arguments, re.MULTILINE) is not None


def takes_tensors(parameters: list[inspect.Parameter]) -> bool:
    return any(re.search(r"\bTensors?\b", str(each.annotation)) for each in parameters)


def missing_from(thing: Any) -> list[str]:
    """What the docstring of a public name lacks."""
    text = inspect.cleandoc(thing.__doc__ or "")
    if not text:
        return ["a docstring"]
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return []  # says when it is raised; those that raise it say the rest
    parameters = parameters_of(thing)
    arguments = "".join(section(text, heading) or "" for heading in ("Args", "Attributes"))
    undocumented = [each.name for each in parameters if not stands_in(arguments, each.name)]
    lacks = [f"`{name}` under Args" for name in undocumented]
    if not inspect.isclass(thing) and not text.startswith("Returns") and returns(thing):
        lacks += [] if section(text, "Returns") or section(text, "Yields") else ["Returns"]
    may_refuse = is_layer(thing) or (parameters and not refuses_nothing(thing))
    if may_refuse and section(text, "Raises") is None and "Raises nothing." not in text:
        lacks.append("Raises")
    if not (section(text, "Source") or "(torch." in text.split("\n")[0]):
        lacks.append("Source")
    if takes_tensors(parameters) and not SHAPES.search(text):
        lacks.append("shapes")
    if is_layer(thing) and section(text, "Shape") is None:
        lacks.append("Shape")
    return lacks


def returns(thing: Any) -> bool:
    return getattr(thing, "__annotations__", {}).get("return") not in (None, "None", "NoReturn")


def is_layer(thing: Any) -> bool:
    if not (inspect.isclass(thing) and issubclass(thing, nn.Module)):
        return False
    return thing is not nn.Module and not issubclass(thing, CONTAINERS)


@pytest.mark.parametrize("path", public_names())
def test_a_public_name_is_documented_in_full(path: str) -> None:
    assert missing_from(named(path)) == []


@pytest.mark.parametrize("path", public_names())
def test_a_public_name_has_each_section_once(path: str) -> None:
    text = inspect.cleandoc(named(path).__doc__ or "")
    headings = re.findall(r"^([A-Z][a-z]+):", text, re.MULTILINE)
    assert len(headings) == len(set(headings))


def test_the_site_has_an_entry_for_every_public_name(site: Path) -> None:
    documented = inventory(site / "objects.inv")
    for module in MODULES:
        public = importlib.import_module(module).__all__
        assert [name for name in public if f"{module}.{name}" not in documented] == [], module


def test_the_site_has_an_entry_for_every_method_of_a_public_class(site: Path) -> None:
    documented = inventory(site / "objects.inv")
    for cls, paths in classes().items():
        own = [name for name, each in vars(cls).items() if inspect.isfunction(each) and name[0] != "_"]
        for name in own:
            assert any(f"{path}.{name}" in documented for path in paths), (paths, name)


def classes() -> dict[type, list[str]]:
    """The public classes, each with its public names."""
    found: dict[type, list[str]] = {}
    for path in public_names():
        if inspect.isclass(named(path)):
            found.setdefault(named(path), []).append(path)
    return found
