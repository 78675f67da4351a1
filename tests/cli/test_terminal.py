"""What differs on a terminal: rules and histograms in tables, and progress for whoever waits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastinit.cli.sparkline import BLOCKS
from reference.commands import run, small_gpt2
from reference.terminals import on_a_terminal

SLOW = """
import time
from fastinit import cli
from fastinit.cli import progress, show

progress.PATIENCE = 0.2
statistics = show.statistics

def slowly(piece):
    time.sleep(0.05)
    return statistics(piece)

show.statistics = slowly
cli.main()
"""


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    small_gpt2(tmp_path)
    return tmp_path


def test_a_wide_terminal_shows_a_rule_and_histograms(prepared: Path) -> None:
    done = on_a_terminal("show", "gpt2", cwd=prepared)
    assert done.returncode == 0
    assert "─────" in done.stdout
    (wte,) = [line for line in done.stdout.splitlines() if "wte" in line]
    bars = re.findall(f"[{BLOCKS}]{{16}}", wte)
    assert len(bars) == 1
    assert "█" in bars[0]
    shown = on_a_terminal("show", "gpt2", "--no-histogram", cwd=prepared).stdout
    assert "█" not in shown


def test_a_narrow_terminal_does_without_some_columns_but_not_without_histograms(prepared: Path) -> None:
    shown = on_a_terminal("show", "gpt2", cwd=prepared, columns=100).stdout
    narrow = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "█" in narrow
    assert "transformer.h.0.attn.c_attn.weight" in narrow  # no name is cut
    heading = next(line for line in narrow.splitlines() if "name" in line)
    assert {"name", "shape", "mean", "std", "histogram"} <= set(heading.split())
    assert not {"dtype", "zeros", "nan"} & set(heading.split())
    assert max(map(len, narrow.splitlines())) <= 100
    narrower = on_a_terminal("show", "gpt2", cwd=prepared, columns=40).stdout
    assert "█" in narrower
    asked = on_a_terminal("show", "gpt2", "--histogram", cwd=prepared, columns=40).stdout
    assert all(heading in asked for heading in ("dtype", "zeros", "nan"))


def test_colours_are_left_out_where_nobody_wants_or_could_see_them(prepared: Path) -> None:
    assert "\x1b[1m" in on_a_terminal("show", "gpt2", cwd=prepared).stdout
    assert "\x1b" not in on_a_terminal("show", "gpt2", cwd=prepared, TERM="dumb").stdout
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", on_a_terminal("--help", cwd=prepared, NO_COLOR="1").stdout)
    assert "\x1b" not in run("show", "gpt2", "--histogram", cwd=prepared).stdout


def test_whoever_waits_is_told_how_far_it_is(prepared: Path) -> None:
    shown = on_a_terminal("show", "gpt2", cwd=prepared, program=SLOW).stdout
    assert "reading" in shown
    assert re.search(r"/\S+ [kM]?B", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor is back
    assert "\r\n" in shown.split("\x1b[?25h")[1]  # and the table comes after


def test_whoever_does_not_wait_is_told_nothing(prepared: Path) -> None:
    quick = SLOW.replace("0.2", "1000")
    assert "reading" not in on_a_terminal("show", "gpt2", cwd=prepared, program=quick).stdout
    assert "reading" not in on_a_terminal("show", "gpt2", cwd=prepared, program=SLOW, TERM="dumb").stdout


def test_a_pipe_gets_no_progress(prepared: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW, "show", "gpt2"],
        capture_output=True,
        text=True,
        cwd=prepared,
        check=True,
    )
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("arguments", [["show", "gpt2"], ["init", "gpt2.toml", "--force"], ["info"]])
def test_lines_in_a_pipe_do_not_depend_on_the_terminal(prepared: Path, arguments: list[str]) -> None:
    outputs = set()
    for columns in ("20", "200"):
        prefix = ["env", f"COLUMNS={columns}"]
        outputs.add(run(*arguments, cwd=prepared, prefix=prefix).stdout)
    (output,) = outputs
    assert all(line == line.rstrip() for line in output.splitlines())
