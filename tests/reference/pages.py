"""The blocks of code that a page of the documentation shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a language on a page, named from the root of the repository."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def run_python(page: str, names: dict[str, Any]) -> None:
    """Runs the Python of a page from top to bottom as one program, which adds what it defines to `names`."""
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), names)
