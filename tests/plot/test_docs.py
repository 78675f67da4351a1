"""The code of the pages with pictures runs, and makes every picture that they show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from reference.pages import ROOT

SHOWN = [
    found
    for page in ("pictures.md", "tutorial.md")
    for found in re.findall(r"!\[([^]]*)\]\(images/([^)]*)\)", (ROOT / "docs" / page).read_text())
]


def test_the_pages_command_makes_its_pictures(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", ROOT / "docs" / "pictures.py", "--quick", "--out", tmp_path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {name for _, name in SHOWN} == {each.name for each in tmp_path.iterdir()}
    assert all(each.stat().st_size > 5000 for each in tmp_path.iterdir())


def test_the_pictures_are_there_small_and_described() -> None:
    assert len(SHOWN) >= 7
    for text, name in SHOWN:
        assert len(text) > 30
        assert 5000 < (ROOT / "docs" / "images" / name).stat().st_size < 300_000
