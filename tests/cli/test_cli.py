"""The command as a whole: its help, its version, and what it needs."""

from __future__ import annotations

import subprocess
import sys

import fastinit
from reference.commands import Command, assert_one_line_of_error


def test_version_and_info_print_what_is_in_use(command: Command) -> None:
    assert command("--version").stdout == f"fastinit {fastinit.__version__}\n"
    info = command("info")
    assert info.returncode == 0
    assert fastinit.__version__ in info.stdout
    assert "threads" in info.stdout


def test_the_command_says_how_to_install_what_it_lacks() -> None:
    script = "import sys; sys.modules['typer'] = None; import fastinit.cli"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert_one_line_of_error(done)
    assert 'pip install "fastinit[cli]"' in done.stderr


def test_the_library_imports_neither_typer_nor_rich() -> None:
    script = "import sys, fastinit.recipe, fastinit.checkpoint; print({'typer', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
