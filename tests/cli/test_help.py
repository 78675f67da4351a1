"""The help: examples that run as they stand, plain text in a pipe, boxes on a terminal."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer

from fastinit import cli
from reference.commands import Command, run, small_gpt2
from reference.terminals import on_a_terminal

COMMANDS = sorted(typer.main.get_command(cli.app).commands)


def examples(shown: str) -> list[list[str]]:
    """The arguments of what stands below "Examples:"."""
    (below,) = re.findall(r"^  Examples?:\n((?:    .*\n)+)", shown, re.MULTILINE)
    commands = [shlex.split(line) for line in below.splitlines()]
    assert all(command.pop(0) == "fastinit" for command in commands)
    return commands


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_every_example_of_the_help_runs(tmp_path: Path, command: Command, name: str | None) -> None:
    small_gpt2(tmp_path)
    about = [] if name is None else [name]
    shown = command(*about, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    found = examples(shown.stdout)
    assert all(each[0] == name for each in found) or name is None
    for arguments in found:
        if "--out" in arguments:  # it writes what the others read
            shutil.rmtree(arguments[arguments.index("--out") + 1], ignore_errors=True)
        done = command(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert done.stdout


def test_the_help_names_all_commands_and_says_how_they_end(command: Command) -> None:
    shown = command("--help").stdout
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert "..." not in shown.split("Commands:")[1]  # no description is cut
    for status in ("0 done", "1 failed", "2 wrong usage", "130 Ctrl-C", "143 SIGTERM"):
        assert status in " ".join(shown.split())


def test_help_is_plain_in_a_pipe_and_in_boxes_on_a_terminal(tmp_path: Path) -> None:
    piped = run("show", "--help", cwd=tmp_path).stdout
    assert piped.isascii()
    assert "\x1b" not in piped
    shown = on_a_terminal("show", "--help", cwd=tmp_path).stdout
    assert "╭" in shown
    assert "fastinit show gpt2" in shown
    plain = on_a_terminal("show", "--help", cwd=tmp_path, TERM="dumb").stdout
    assert "\x1b" not in plain


def test_no_command_at_all_is_answered_with_the_help_and_wrong_usage(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Examples:" in done.stderr
    done = on_a_terminal(cwd=tmp_path)
    assert done.returncode == 2
    assert "Examples:" in done.stdout
