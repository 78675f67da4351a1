"""The code that a page of the documentation shows, and running it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str = "python") -> list[str]:
    """The blocks of code of a page, from top to bottom.

    Args:
        page: its path from the root of the repository: "docs/recipes.md".
        language: of the blocks.
    """
    text = (ROOT / page).read_text()
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def run_blocks(page: str, **names: Any) -> dict[str, Any]:
    """Runs a page's Python, and returns what it defines: each block sees what those before it define.

    Args:
        page: its path from the root of the repository.
        names: what the page takes for granted.
    """
    shown = blocks(page)
    assert shown, f"{page} shows no Python"
    for block in shown:
        exec(compile(block, page, "exec"), names)
    return names
