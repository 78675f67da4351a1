"""What docs/numpy.md shows is so."""

from pathlib import Path

import pytest

from reference.pages import blocks, run_blocks

PAGE = "docs/numpy.md"


def test_the_python_shown_runs_and_prints_what_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_blocks(PAGE, directory=tmp_path)
    (printed,) = blocks(PAGE, "text")
    assert capsys.readouterr().out == printed
