"""Running the command, and what an error of it looks like."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fastinit import checkpoint
from fastinit.recipe import Recipe

Command = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: object, cwd: Path, prefix: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own, as a user does."""
    command = [*(prefix or []), sys.executable, "-W", "error", "-m", "fastinit.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def assert_one_line_of_error(done: subprocess.CompletedProcess[str], status: int = 1) -> None:
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"fastinit: [^\n]+\n", done.stderr)


def small_gpt2(directory: Path) -> None:
    """Writes `gpt2.toml`, a GPT-2 of a few thousand values, its rules alone as `rules.toml`, and `gpt2`."""
    example = Path(__file__).parents[2] / "examples" / "gpt2.toml"
    sizes = "n_layer = 1\nn_embd = 16\nn_positions = 8\nn_vocab = 32\n"
    (directory / "gpt2.toml").write_text(f'base = "{example}"\n\n[vars]\n{sizes}')
    rules = '[[rule]]\nmatch = "*.bias"\ninit = "zeros_"\n\n[[rule]]\nmatch = "*"\ninit = "normal_"\n'
    (directory / "rules.toml").write_text(rules)
    checkpoint.write(Recipe.from_toml(directory / "gpt2.toml"), directory / "gpt2", seed=0)
