"""What the site makes of docstrings and formulas."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest

from reference.pages import ROOT

pytest.importorskip("sphinx")


@pytest.fixture
def docstrings(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs" / "_extensions")
    return importlib.import_module("docstrings")


@pytest.fixture
def mathml(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs" / "_extensions")
    return importlib.import_module("mathml")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("the weight, (out, in, *kernel)", r"the weight, (out, in, \*kernel)"),
        ("0 where |x| < 1, as relu_ does", r"0 where \|x\| < 1, as relu\_ does"),
        ("as `relu_`, of `*args` and ``|x|``", None),
        ("fan_in and fan_out", None),
        ("Wang et al. 2022, *DeepNet:\nScaling*, figure 2", None),
        (
            "x * y * z, or (*kernel, in) and (*kernel, out)",
            r"x \* y \* z, or (\*kernel, in) and (\*kernel, out)",
        ),
        (r"of :math:`|x|_1`, as a line:", None),
        ("as these lines do::\n\n    x *= y_\n\nand more", None),
        (">>> add_(x, *y)\ntensor_ of x", None),
    ],
)
def test_what_is_no_code_is_no_markup(docstrings: ModuleType, text: str, escaped: str | None) -> None:
    assert docstrings.without_markup(text) == (text if escaped is None else escaped)


def test_a_section_of_prose_may_have_a_colon(docstrings: ModuleType) -> None:
    lines = ["Does it.", "", "Returns:", "    For each: its name.", "", "Source: arXiv:1,", "eq. 10."]
    fields = [":returns:", "    For each: its name.", "", "", ":Source: arXiv:1,", "    eq. 10."]
    assert docstrings.sections_as_fields(lines) == ["Does it.", "", "", *fields]


def formula(mathml: ModuleType, text: str) -> str:
    from docutils import nodes

    return re.sub(r"\s*\n\s*", "", mathml.mathml(nodes.math(text, text), block=False))


@pytest.mark.parametrize("text", [r"\frac12", r"\frac{1}{2}"])
def test_a_fraction_has_two_parts(mathml: ModuleType, text: str) -> None:
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in formula(mathml, text)


def test_an_underscore_of_a_name_stays(mathml: ModuleType) -> None:
    assert "<mtext>fan_in</mtext>" in formula(mathml, r"\text{fan\_in}")


@pytest.mark.parametrize("text", [r"\nosuch{x}", r"\begin{cases} a & \frac{ab \\ c \end{cases}", r"a_"])
def test_a_formula_that_cannot_be_read_is_a_warning(
    mathml: ModuleType, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[object] = []
    monkeypatch.setattr(mathml.logger, "warning", lambda *said, **_: warned.append(said))
    assert formula(mathml, text).startswith("<code>")
    assert len(warned) == 1
