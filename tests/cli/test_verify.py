"""`fastinit verify`: one line that says yes, or one that says where not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reference.commands import Command, assert_one_line_of_error

RECIPE = """
[tensors]
"w" = { shape = [30, 4] }

[[rule]]
match = "*"
init = "normal_"
"""


@pytest.fixture
def model(tmp_path: Path, command: Command) -> Path:
    """The file of a checkpoint in `out`."""
    (tmp_path / "r.toml").write_text(RECIPE)
    assert command("init", "r.toml", "--out", "out", "--seed", 3).returncode == 0
    return tmp_path / "out" / "model.safetensors"


@pytest.mark.usefixtures("model")
def test_a_checkpoint_as_written_is_those_bits(command: Command) -> None:
    done = command("verify", "out/")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "out: 1 tensors, 120 parameters in 1 files are those of seed 3, bit for bit\n"


def test_a_bit_that_differs_is_one_line_of_error(model: Path, command: Command) -> None:
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)
    done = command("verify", "out")
    assert_one_line_of_error(done)
    assert 'model.safetensors: tensor "w" differs first at flat index 119 [29, 3]' in done.stderr


def test_a_file_that_is_missing_is_one_line_of_error(model: Path, command: Command) -> None:
    model.unlink()
    done = command("verify", "out")
    assert_one_line_of_error(done)
    assert "model.safetensors is missing" in done.stderr


def test_a_directory_without_a_manifest_is_one_line_of_error(tmp_path: Path, command: Command) -> None:
    done = command("verify", tmp_path)
    assert_one_line_of_error(done)
    assert "holds no fastinit-manifest.json" in done.stderr


def test_json_says_what_was_compared_and_where_it_differs(model: Path, command: Command) -> None:
    done = command("verify", "out", "--json")
    right = json.loads(done.stdout)
    assert (right["identical"], right["seed"], right["numel"], right["tensor"]) == (True, 3, 120, None)
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)
    done = command("verify", "out", "--json")
    assert done.returncode == 1
    wrong = json.loads(done.stdout)
    assert (wrong["identical"], wrong["file"], wrong["tensor"]) == (False, "model.safetensors", "w")
    assert wrong["index"] == 119
    assert done.stderr == f"fastinit: {wrong['difference']}\n"
