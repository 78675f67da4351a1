"""What docs/schemes.md shows is so."""

from __future__ import annotations

import re

import pytest

from fastinit import schemes
from reference.pages import ROOT, run_blocks

PAGE = "docs/schemes.md"


def test_the_python_shown_runs(capsys: pytest.CaptureFixture[str]) -> None:
    run_blocks(PAGE)
    printed = capsys.readouterr().out
    assert "decides: normal_(std=0.00408248)\nvariance_scaling_(scale=0.125, " in printed
    assert "\nalpha 2.213, beta 0.319\nscaled 0 " in printed


def test_every_scheme_has_a_section_with_its_source() -> None:
    text = (ROOT / PAGE).read_text()
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    assert all("Source: " in section and "```python" in section for section in sections)
    for name in schemes.__all__:
        if name[0].islower():
            assert f"{name}`" in text or f"{name}(" in text
