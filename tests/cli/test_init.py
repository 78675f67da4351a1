"""`fastinit init`: what it writes, what it prints, and one line for whatever goes wrong."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from fastinit import cli
from fastinit.recipe import Recipe, value
from reference.commands import Command, assert_one_line_of_error, run

RECIPE = """
[vars]
width = 6

[tensors]
"h.{0..1}.weight" = { shape = ["width", 4], dtype = "float32" }
"h.{0..1}.bias" = { shape = [4], dtype = "bfloat16" }

[[rule]]
match = "*.bias"
init = "constant_"
val = 0.5

[[rule]]
match = "*"
init = "normal_"
std = 0.02

[tie]
"head" = "h.0.weight"
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


def test_init_writes_the_checkpoint_and_prints_a_table(recipe: Path, tmp_path: Path) -> None:
    done = run("init", recipe, "--out", "out", "--seed", 5, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    stored = load_file(tmp_path / "out" / "model.safetensors")
    weights = value(Recipe.from_toml(recipe), "h.1.weight", ..., seed=5)
    np.testing.assert_array_equal(stored["h.1.weight"], weights)
    heading, *rows, summary = done.stdout.splitlines()
    assert heading.split() == ["name", "shape", "dtype", "initialiser", "mean", "std", "min", "max"]
    cells = {row.split()[0]: re.split(r" {2,}", row.strip()) for row in rows}
    assert list(cells) == ["h.0.weight", "h.1.weight", "h.0.bias", "h.1.bias", "head"]
    figures = (weights.mean(), weights.std(), weights.min(), weights.max())
    assert cells["h.1.weight"][1:4] == ["[6, 4]", "float32", "normal_(std=0.02)"]
    assert [float(cell) for cell in cells["h.1.weight"][4:]] == pytest.approx(figures, rel=1e-3)
    assert cells["h.0.bias"][1:] == ["[4]", "bfloat16", "constant_(val=0.5)", "0.5", "0", "0.5", "0.5"]
    assert cells["head"][3] == "tied to h.0.weight"
    assert cells["head"][4:] == cells["h.0.weight"][4:]
    assert summary.startswith("out/model.safetensors: 4 tensors, 56 parameters")


def test_out_is_named_after_the_recipe_and_the_seed_is_0_where_nothing_is_said(
    recipe: Path, tmp_path: Path, command: Command
) -> None:
    assert command("init", recipe).returncode == 0
    stored = load_file(tmp_path / "small" / "model.safetensors")
    np.testing.assert_array_equal(
        stored["h.0.weight"], value(Recipe.from_toml(recipe), "h.0.weight", ..., seed=0)
    )


def test_the_same_seed_gives_the_same_file_and_another_seed_another(
    recipe: Path, tmp_path: Path, command: Command
) -> None:
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert command("init", recipe, "--out", out, "--seed", seed).returncode == 0
    first, second, third = ((tmp_path / out / "model.safetensors").read_bytes() for out in "abc")
    assert first == second
    assert first != third


@pytest.mark.parametrize(
    "arguments",
    [["init"], ["init", "r.toml", "--sed", "1"], ["init", "r.toml", "--seed", "x"], ["bogus"]],
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


@pytest.mark.parametrize("seed", ["-1", str(2**64)])
def test_a_seed_beyond_64_bits_is_wrong_usage(seed: str) -> None:
    assert CliRunner().invoke(cli.app, ["init", "r.toml", "--seed", seed]).exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width = 6", "width = = 6", r"small\.toml: not valid TOML: .*\(at line 3, column 9\)"),
        (
            '"normal_"',
            '"norml_"',
            r'small\.toml: line 14: rule 2 .*unknown initialiser "norml_"; did you mean',
        ),
        ('match = "*"', 'match = "*.gain"', r'small\.toml: tensor "h\.0\.weight": no rule matches it'),
        ("std = 0.02", "std = -1", r"small\.toml: line 14: rule 2 .*std"),
        ("0..1", "0...1", "neither a range"),
    ],
)
def test_a_bad_recipe_is_one_line_and_writes_nothing(
    recipe: Path, tmp_path: Path, command: Command, old: str, new: str, message: str
) -> None:
    recipe.write_text(RECIPE.replace(old, new, 1))
    done = command("init", recipe, "--out", "out")
    assert_one_line_of_error(done)
    assert re.search(message, done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_recipe_that_is_not_there_is_one_line(command: Command) -> None:
    done = command("init", "none.toml")
    assert_one_line_of_error(done)
    assert done.stderr == "fastinit: none.toml: No such file or directory\n"


def test_an_output_that_exists_is_kept_unless_forced(recipe: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "small" / "model.safetensors"
    out.parent.mkdir()
    out.write_bytes(b"precious")
    done = command("init", recipe)
    assert_one_line_of_error(done)
    assert "small/model.safetensors exists" in done.stderr
    assert "--force" in done.stderr
    assert out.read_bytes() == b"precious"
    assert command("init", recipe, "--force").returncode == 0
    assert "h.0.weight" in load_file(out)


def cramped_disk(out: Path) -> list[str]:
    """What to put before a command so that `out` is a disk of 64 KiB: a mount that ends with the process."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mounted = [*unshare, "sh", "-c", f"mount -t tmpfs -o size=64k tmpfs '{out}' && \"$@\"; status=$?; "]
    listed = f"ls -A '{out}' >&2; exit $status"
    return [*mounted[:-1], mounted[-1] + listed, "sh"]


LARGE = RECIPE.replace("width = 6", "width = 100_000")


def test_a_disk_that_fills_up_leaves_no_file(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(LARGE)
    limit = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh"]  # a file may not grow past 200 blocks
    done = run("init", recipe, "--out", "out", cwd=tmp_path, prefix=limit)
    assert_one_line_of_error(done)
    assert "cannot write out/model.safetensors" in done.stderr
    assert "File too large" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_no_file(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(LARGE)
    out = tmp_path / "out"
    out.mkdir()
    if shutil.which("unshare") is None or run("--version", cwd=tmp_path, prefix=cramped_disk(out)).returncode:
        pytest.skip("no disk can be mounted here")
    done = run("init", recipe, "--out", "out", cwd=tmp_path, prefix=cramped_disk(out))
    assert_one_line_of_error(done)  # the listing of the disk would be a second line
    assert re.search("takes [0-9,]+ bytes, but its disk has only [0-9,]+ free", done.stderr)


SLOW = """
import time
from fastinit import cli

def statistics(values):
    time.sleep(60)

cli.init.statistics = statistics
cli.main()
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_what_was_there(
    recipe: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.safetensors").write_bytes(b"precious")
    command = [sys.executable, "-c", SLOW, "init", str(recipe), "--out", str(out), "--force"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while len(list(out.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(list(out.iterdir())) == 2, "the run has not begun to write"
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == status
    assert "Traceback" not in errors
    assert [path.name for path in out.iterdir()] == ["model.safetensors"]
    assert (out / "model.safetensors").read_bytes() == b"precious"
