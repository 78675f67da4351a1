"""Every example in a docstring gives what it says."""

import doctest
import importlib
import importlib.util
import pkgutil
from types import ModuleType

import numpy as np
import pytest

import fastinit


def modules() -> list[str]:
    found = pkgutil.walk_packages(fastinit.__path__, "fastinit.")
    names = (info.name for info in found if not info.name.endswith("._core"))
    return ["fastinit", *(name for name in names if not needs_a_missing_framework(name))]


def needs_a_missing_framework(name: str) -> bool:
    return name.startswith("fastinit.interop.torch") and importlib.util.find_spec("torch") is None


def examples_of(module: ModuleType) -> list[doctest.DocTest]:
    names = {"fastinit": fastinit, "np": np, "nn": fastinit.nn, **vars(fastinit.nn), **vars(module)}
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(module, extraglobs=names) if test.examples]


@pytest.mark.parametrize("name", modules())
def test_the_examples_give_what_they_say(name: str) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    report: list[str] = []
    for test in examples_of(importlib.import_module(name)):
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("name", sorted(name for name in fastinit.nn.init.__all__ if name.endswith("_")))
def test_every_initialiser_has_an_example(name: str) -> None:
    assert ">>>" in (getattr(fastinit.nn.init, name).__doc__ or "")
