"""What docs/command.md shows is so: its commands run, and the keys that it lists are those of the JSON."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastinit.cli import bench
from reference.commands import Command, small_gpt2
from reference.pages import ROOT, blocks

PAGE = "docs/command.md"
TEXT = (ROOT / PAGE).read_text()


def documented(heading: str) -> dict[str, list[str]]:
    """A table of the page whose rows have a command and keys."""
    (table,) = re.findall(
        rf"^\| command \| {heading} \|\n\| --- \| --- \|\n((?:\|.*\n)+)", TEXT, re.MULTILINE
    )
    rows = [re.findall(r"`([^`]+)`", line) for line in table.splitlines()]
    return {command: keys for command, *keys in rows}


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_gpt2(tmp_path)
    monkeypatch.setattr(bench, "_SECONDS", 0.0)
    return tmp_path


ARGUMENTS = {
    "info": [],
    "init": ["gpt2.toml", "--out", "new"],
    "init --dry-run": ["gpt2.toml"],
    "init --explain": ["lm_head.weight", "gpt2.toml"],
    "show": ["gpt2"],
    "show --check": ["gpt2"],
    "show --histogram": ["gpt2"],
    "drift": ["gpt2", "gpt2.toml"],
    "verify": ["gpt2"],
    "bench": ["--size", "1MB"],
}


def document(command: Command, said: str) -> dict:
    done = command(*said.split(), *ARGUMENTS[said], "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("said", documented("keys"))
def test_the_keys_of_each_document_are_those_of_the_page(prepared: Path, command: Command, said: str) -> None:
    assert sorted(document(command, said)) == sorted(documented("keys")[said])


@pytest.mark.parametrize("said", documented("keys of a tensor"))
def test_the_keys_of_each_tensor_are_those_of_the_page(prepared: Path, command: Command, said: str) -> None:
    tensors = document(command, said)["tensors"]
    assert len(tensors) == 16
    for tensor in tensors:
        assert sorted(tensor) == sorted(documented("keys of a tensor")[said])


def test_the_commands_of_the_page_run(prepared: Path, command: Command) -> None:
    lines = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        if "|" in line:
            continue
        program, *arguments = shlex.split(line)
        assert program == "fastinit"
        if "--out" in arguments:
            shutil.rmtree(arguments[arguments.index("--out") + 1], ignore_errors=True)
        done = command(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), line


def test_the_lines_for_a_shell_run_in_bash(prepared: Path) -> None:
    program = prepared / "fastinit"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m fastinit.cli "$@"\n')
    program.chmod(0o755)
    piped = [line for block in blocks(PAGE, "sh") for line in block.splitlines() if "|" in line]
    (source,) = blocks(PAGE, "bash")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*piped, source, "complete -p fastinit"])],
        env={**os.environ, "PATH": f"{prepared}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        cwd=prepared,
        check=True,
    )
    numel, registered = done.stdout.splitlines()
    assert int(numel) > 1000
    assert registered.endswith("fastinit")


def test_every_command_and_option_is_on_the_page(command: Command) -> None:
    for name in re.findall(r"^  (\w+)  ", command("--help").stdout.split("Commands:")[1], re.MULTILINE):
        assert f"fastinit {name}" in TEXT
        for option in re.findall(r"^  (--[a-z-]+)", command(name, "--help").stdout, re.MULTILINE):
            assert re.search(rf"{option}(?![a-z-])", TEXT), option
