"""Completion, asked of bash itself; zsh and fish by the questions that their scripts ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reference.commands import Command, small_gpt2

ASK = """
source ./script
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
$(complete -p fastinit | sed 's/.*-F \\([^ ]*\\).*/\\1/') fastinit "${COMP_WORDS[COMP_CWORD]}" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def directory(tmp_path: Path, command: Command) -> Path:
    """Where `fastinit` is found, the script for bash, a recipe and its checkpoint."""
    small_gpt2(tmp_path)
    (tmp_path / "script").write_text(command("completion", "bash").stdout)
    program = tmp_path / "bin" / "fastinit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -W error -m fastinit.cli "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environment(directory: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{directory / 'bin'}:{os.environ['PATH']}",
        "HOME": str(directory / "home"),
    }


def offered(directory: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", "fastinit", *words],
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment(directory),
        check=True,
    )
    assert done.stderr == ""
    return sorted(filter(None, done.stdout.splitlines()))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], ["bench", "completion", "drift", "info", "init", "show", "verify"]),
        (["i"], ["info", "init"]),
        (["show", "--re"], ["--recipe", "--reverse"]),
        (["show", "gpt2", "--sort", "s"], ["size", "std"]),
        (["show", "gpt2", "transformer.w"], ["transformer.wpe.weight", "transformer.wte.weight"]),
        (["show", "gpt2", "transformer.wte.weight", "transformer.ln_f.b"], ["transformer.ln_f.bias"]),
        (["drift", "gpt2", "gpt2.toml", "transformer.wp"], ["transformer.wpe.weight"]),
        (["show", "nowhere", "transformer.w"], []),
        (["show", "gp"], []),  # files, which the shell knows best
        (["init", ""], ["gpt2.toml", "rules.toml"]),
        (["drift", "gpt2", "r"], ["rules.toml"]),
        (["show", "gpt2", "--recipe", "g"], ["gpt2.toml"]),
        (["init", "gpt2.toml", "--explain", "lm"], ["lm_head.weight"]),
        (["init", "gpt2.toml", "--set", "n_"], ["n_embd=", "n_layer=", "n_positions=", "n_vocab="]),
        (["init", "gpt2.toml", "--engine", ""], ["dask", "local", "ray"]),
        (["init", "--explain", "lm"], []),  # of a recipe that is not yet known
        (["completion", ""], ["bash", "fish", "zsh"]),
    ],
)
def test_bash_is_offered_what_fits(directory: Path, words: list[str], expected: list[str]) -> None:
    assert offered(directory, *words) == sorted(expected)
    assert not (directory / "home").exists()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_of_another_shell_asks_what_is_answered(
    directory: Path, command: Command, shell: str
) -> None:
    script = command("completion", shell).stdout
    asked = {
        "_FASTINIT_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "fastinit show gpt2 transformer.wt",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert all(name in script for name in asked if "FISH" not in name or shell == "fish")
    done = subprocess.run(
        ["fastinit"],
        executable=shutil.which("fastinit", path=str(directory / "bin")),
        capture_output=True,
        text=True,
        cwd=directory,
        env=environment(directory) | asked,
        check=True,
    )
    assert "transformer.wte.weight" in done.stdout
    assert "wpe" not in done.stdout
