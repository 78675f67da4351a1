"""What the pages show is so: their Python runs and prints what they say; the command knows their options."""

from __future__ import annotations

import itertools
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from fastinit import cli
from reference.pages import ROOT, blocks, missing, pages, steps

SETTINGS = {
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_force_host_platform_device_count=8",  # read once, so that a page has its own process
    "MPLBACKEND": "agg",
}

# Their commands write what their Python reads: a test of their own takes all the steps.
OWN = {"docs/pictures.md", "docs/quickstart.md"}


@pytest.mark.parametrize("page", [page for page in pages() if page not in OWN and any(steps(page))])
def test_the_python_of_a_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    absent = missing(page)
    if absent:
        pytest.skip(f"{page} needs {absent}")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    program = "import sys; from reference.pages import run_alone; run_alone(sys.argv[1])"
    paths = [str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", program, page],
        env=os.environ | SETTINGS | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def command_lines() -> Iterator[tuple[str, str]]:
    """Each command `fastinit ...` in the blocks for a shell, with its page."""
    for page in pages():
        lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
        for line in lines:
            if "fastinit " not in line:
                continue  # it may be a part of a quotation
            words = shlex.shlex(line, posix=True, punctuation_chars=True)
            words.whitespace_split = True
            for is_operator, command in itertools.groupby(words, key=lambda word: set(word) <= set("|&;<>")):
                program, *arguments = command
                if not is_operator and Path(program).name == "fastinit":
                    yield page, shlex.join(arguments)


@pytest.mark.parametrize(("page", "line"), list(command_lines()))
def test_the_command_knows_what_a_page_asks_of_it(page: str, line: str) -> None:
    name, *arguments = shlex.split(line)
    get_command(cli.app).commands[name].make_context(name, arguments)
