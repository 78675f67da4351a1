"""The code that a page of the documentation shows, and running it."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import re
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"\n\n *```(?:text|output)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """A block of Python, and what the page says that it prints."""

    code: str
    printed: str | None


def pages() -> list[str]:
    """The pages, by their paths from the root of the repository."""
    found = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found]


def blocks(page: str, language: str = "python") -> list[str]:
    """The blocks of code of a page, from top to bottom.

    Args:
        page: its path from the root of the repository: "docs/recipes.md".
        language: of the blocks.
    """
    found = BLOCK.findall((ROOT / page).read_text())
    return [textwrap.dedent(text) for each, text in found if each == language]


def steps(page: str) -> Iterator[Step]:
    """The blocks of Python of a page; those marked "py" need PyTorch, and are left out where it is missing.

    A block of text or output that comes directly after is what the block prints.
    """
    languages = ("python", "py") if importlib.util.find_spec("torch") else ("python",)
    text = (ROOT / page).read_text()
    for found in BLOCK.finditer(text):
        if found[1] in languages:
            printed = OUTPUT.match(text, found.end())
            yield Step(textwrap.dedent(found[2]), printed and textwrap.dedent(printed[1]))


def missing(page: str) -> str | None:
    """What a page's Python imports and this environment has not; None if nothing."""
    for step in steps(page):
        for node in ast.walk(ast.parse(step.code)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if importlib.util.find_spec(name.partition(".")[0]) is None:
                    return name
    return None


def run_blocks(page: str, **names: Any) -> dict[str, Any]:
    """Runs a page's Python, and returns what it defines: each block sees what those before it define.

    Args:
        page: its path from the root of the repository.
        names: what the page takes for granted.
    """
    shown = list(steps(page))
    assert shown, f"{page} shows no Python"
    for step in shown:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(step.code, page, "exec"), names)
        print(output.getvalue(), end="")
        if step.printed is not None:
            assert output.getvalue() == step.printed
    return names


def run_alone(page: str) -> None:
    """Runs a page's Python in the directory where the process is, a warning being an error."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "enable_nested_tensor")  # of PyTorch's own layers
    if page == "docs/shards.md":
        from torch import distributed

        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    run_blocks(page, __name__="page", directory=Path())
