"""Running the command, and what an error of it looks like."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: object, cwd: Path, prefix: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own, as a user does."""
    command = [*(prefix or []), sys.executable, "-W", "error", "-m", "fastinit.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def assert_one_line_of_error(done: subprocess.CompletedProcess[str], status: int = 1) -> None:
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"fastinit: [^\n]+\n", done.stderr)
