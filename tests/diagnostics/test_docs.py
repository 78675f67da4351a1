"""What docs/diagnostics.md shows is so."""

from __future__ import annotations

import pytest

from reference.pages import blocks, run_blocks


def test_the_python_shown_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (table,) = blocks("docs/diagnostics.md", "text")
    names = run_blocks("docs/diagnostics.md")
    printed = capsys.readouterr().out
    assert printed.startswith(table)
    assert "\nstd 0.0812 is 0.574 times the expected\n" in printed
    assert "Kaiming: vanishes at None, explodes at None" in printed
    assert len(names["found"]["Xavier"]) == 100
