"""`fastinit show`: the figures of a checkpoint's tensors, in a table and as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit.checkpoint.header import Entry, encode
from fastinit.cli import show
from reference.commands import Command, assert_one_line_of_error, run

RNG = np.random.default_rng(0)
ARRAYS = {
    "h.10.weight": RNG.normal(3, 2, (40, 30)).astype(np.float32),
    "h.2.weight": RNG.normal(-1, 0.5, 300).astype(ml_dtypes.bfloat16),
    "h.2.bias": np.zeros(7, np.float16),
    "broken": np.array([1, np.nan, np.inf, 0], np.float32),
    "lost": np.full(3, np.nan),
    "steps": np.arange(5),
    "waves": np.ones(2, np.complex64),
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    save_file(ARRAYS, tmp_path / "model.safetensors")
    return tmp_path


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def test_a_table_has_the_figures_of_each_tensor(checkpoint: Path) -> None:
    done = run("show", checkpoint, cwd=checkpoint)
    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines, summary = done.stdout.splitlines()
    assert cells(heading) == ["name", "shape", "dtype", *show.FIGURES]
    rows = {cells(line)[0]: cells(line)[1:] for line in lines}
    assert rows.keys() == ARRAYS.keys()
    wide = ARRAYS["h.10.weight"].astype(np.float64)
    assert rows["h.10.weight"][:2] == ["[40, 30]", "float32"]
    figures = [float(cell) for cell in rows["h.10.weight"][2:]]
    assert figures == pytest.approx([wide.mean(), wide.std(), wide.min(), wide.max(), 0, 0], rel=1e-3)
    assert rows["broken"][4:] == ["0", "inf", "0.25", "1"]
    assert rows["lost"][2:] == ["nan", "nan", "nan", "nan", "0", "3"]
    assert rows["waves"] == ["[2]", "complex64", *["-"] * 6]
    assert "7 tensors, 1,521 values" in summary
    assert f"{sum(array.nbytes for array in ARRAYS.values()):,} bytes" in summary


def test_figures_do_not_depend_on_the_pieces(
    checkpoint: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(command("show", checkpoint, "--json").stdout)
    monkeypatch.setattr(show, "_PIECE", 100)
    pieces = json.loads(command("show", checkpoint, "--json").stdout)
    for one, other in zip(whole["tensors"], pieces["tensors"], strict=True):
        for key in ("mean", "std"):
            if isinstance(one[key], float):
                assert one.pop(key) == pytest.approx(other.pop(key), rel=1e-12)
        assert one == other


def test_json_is_one_object_with_null_for_nan(checkpoint: Path, command: Command) -> None:
    done = command("show", checkpoint, "--json", "--sort", "name")

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is not JSON")

    found = json.loads(done.stdout, parse_constant=refuse)
    assert (found["checkpoint"], found["numel"]) == (str(checkpoint), 1521)
    assert found["nbytes"] == sum(array.nbytes for array in ARRAYS.values())
    rows = {row["name"]: row for row in found["tensors"]}
    about = {"name": "h.2.bias", "shape": [7], "dtype": "float16", "nbytes": 14}
    assert rows["h.2.bias"] == about | {"mean": 0, "std": 0, "min": 0, "max": 0, "zeros": 1, "nan": 0}
    assert (rows["lost"]["mean"], rows["lost"]["nan"]) == (None, 3)
    assert (rows["broken"]["max"], rows["broken"]["std"]) == ("inf", None)
    assert rows["steps"]["mean"] == 2
    assert rows["waves"]["mean"] is None


def names(command: Command, *arguments: object) -> list[str]:
    return [row["name"] for row in json.loads(command("show", *arguments, "--json").stdout)["tensors"]]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], set(ARRAYS)),
        (["h.2.*"], {"h.2.weight", "h.2.bias"}),
        (["*.bias", "steps"], {"h.2.bias", "steps"}),
        (["h.?.*", "h.2.bias"], {"h.2.weight", "h.2.bias"}),
    ],
)
def test_patterns_choose_the_tensors(
    checkpoint: Path, command: Command, patterns: list[str], expected: set[str]
) -> None:
    assert set(names(command, checkpoint, *patterns)) == expected


def test_rows_are_sorted_with_numbers_by_their_value_and_nan_last(checkpoint: Path, command: Command) -> None:
    by_name = ["broken", "h.2.bias", "h.2.weight", "h.10.weight", "lost", "steps", "waves"]
    assert names(command, checkpoint, "--sort", "name") == by_name
    assert names(command, checkpoint, "--sort", "name", "--reverse") == by_name[::-1]
    by_mean = ["h.2.weight", "h.2.bias", "steps", "h.10.weight", "broken"]
    found = names(command, checkpoint, "--sort", "mean")
    assert found[:5] == by_mean
    assert set(found[5:]) == {"lost", "waves"}
    assert names(command, checkpoint, "--sort", "mean", "--reverse")[:5] == by_mean[::-1]
    assert names(command, checkpoint, "--sort", "size")[-1] == "h.10.weight"
    for key in ("std", "min", "max", "zeros", "nan"):
        assert set(names(command, checkpoint, "--sort", key)) == set(ARRAYS)


def test_without_a_match_the_nearest_names_are_said(checkpoint: Path, command: Command) -> None:
    done = command("show", checkpoint, "steps", "h.2.wieght")
    assert_one_line_of_error(done)
    assert 'no tensor fits "h.2.wieght"; did you mean "h.2.weight"' in done.stderr
    done = command("show", checkpoint, "10.*")
    assert 'did you mean "h.10.weight"?' in done.stderr


def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, command: Command) -> None:
    assert_one_line_of_error(command("show", tmp_path))
    assert_one_line_of_error(command("show", tmp_path / "none.safetensors"))
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 100)
    done = command("show", tmp_path / "bad.safetensors")
    assert_one_line_of_error(done)
    assert "bad.safetensors: the header would have" in done.stderr


def test_a_name_cannot_steer_the_terminal(tmp_path: Path, command: Command) -> None:
    text = encode({"a\x1b[2Jb\nc [red]:smile:": Entry("F4", (2,), 0, 1)}, {})
    (tmp_path / "model.safetensors").write_bytes(text + b"x")
    done = command("show", tmp_path)
    assert done.returncode == 0
    assert r"a\x1b[2Jb\nc [red]:smile:  [2]    F4" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_checkpoint_without_tensors_is_shown(tmp_path: Path, command: Command) -> None:
    save_file({}, tmp_path / "model.safetensors")
    assert "0 tensors, 0 values, 0 bytes" in command("show", tmp_path).stdout


MEASURE = """
import resource, sys
from fastinit import cli
sys.argv = ["fastinit", "show", "model.safetensors"]
try:
    cli.main()
except SystemExit:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_tensors(tmp_path: Path) -> None:
    peaks = []
    for size in (1 << 26, 1 << 30):
        path = tmp_path / "model.safetensors"
        text = encode({"zeros": Entry("BF16", (size // 2,), 0, size)}, {})
        path.write_bytes(text)
        os.truncate(path, len(text) + size)  # a file of holes
        done = subprocess.run(
            [sys.executable, "-c", MEASURE], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] < peaks[0] + 16 * 1024  # KiB
