"""`fastinit drift`: how far a checkpoint is from where it began."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fastinit import checkpoint
from fastinit.cli import drift
from fastinit.recipe import Recipe
from reference.commands import Command, assert_one_line_of_error, run

RULES = """
[[rule]]
match = "*.bias"
init = "zeros_"

[[rule]]
match = "*"
init = "normal_"
std = 0.02

[tie]
"head" = "h.0.weight"
"""
TENSORS = """
[tensors]
"h.{0..1}.weight" = { shape = [6, 4], dtype = "float32" }
"h.{0..1}.bias" = { shape = [4], dtype = "bfloat16" }
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe, and beside it the checkpoint `out` of seed 3."""
    path = tmp_path / "small.toml"
    path.write_text(TENSORS + RULES)
    checkpoint.write(Recipe.from_toml(path), tmp_path / "out", seed=3)
    return path


def test_an_untouched_checkpoint_shows_no_change(recipe: Path, tmp_path: Path) -> None:
    done = run("drift", "out", recipe, "--seed", 3, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines, summary = done.stdout.splitlines()
    assert re.split(r" {2,}", heading.strip()) == ["name", "shape", "dtype", *drift.FIGURES]
    rows = {line.split()[0]: re.split(r" {2,}", line.strip())[3:] for line in lines}
    assert rows.keys() == {"h.0.weight", "h.1.weight", "h.0.bias", "h.1.bias"}
    assert rows["h.0.weight"][:4] == ["0", "0", "0", "1"]
    assert rows["h.0.weight"][6] == "1"
    assert rows["h.1.bias"][3] == "nan"
    assert "4 of 4 tensors, 56 values" in summary


def test_a_change_is_found_sorted_and_filtered(recipe: Path, tmp_path: Path, command: Command) -> None:
    path = tmp_path / "out" / "model.safetensors"
    stored = load_file(path)
    stored["h.1.weight"] = stored["h.1.weight"] * np.float32(1.5)
    stored["h.0.weight"] = -stored["h.0.weight"]
    save_file(stored, path)
    done = command(
        "drift", "out", recipe, "*.weight", "--seed", 3, "--sort", "relative", "--reverse", "--json"
    )
    found = json.loads(done.stdout)
    assert (found["checkpoint"], found["recipe"], found["seed"]) == ("out", str(recipe), 3)
    first, second = found["tensors"]
    assert (first["name"], first["relative"], first["cosine"]) == ("h.0.weight", 2, -1)
    assert (second["name"], second["relative"]) == ("h.1.weight", pytest.approx(0.5, rel=1e-6))
    assert second["std_now"] == pytest.approx(1.5 * second["std_then"], rel=1e-6)
    assert second["unchanged"] == 0


def test_a_recipe_of_rules_alone_will_do(recipe: Path, command: Command) -> None:
    recipe.write_text(RULES)
    tensors = json.loads(command("drift", "out", recipe, "--seed", 3, "--json").stdout)["tensors"]
    assert [row["relative"] for row in tensors] == [0, 0, 0, 0]


def test_what_does_not_fit_is_one_line_or_left_out(recipe: Path, tmp_path: Path, command: Command) -> None:
    path = tmp_path / "out" / "model.safetensors"
    save_file(load_file(path) | {"more": np.zeros(3)}, path)
    done = command("drift", "out", recipe, "--seed", 3)
    assert_one_line_of_error(done)
    assert 'only in the checkpoint: "more"' in done.stderr
    done = command("drift", "out", recipe, "--seed", 3, "--only-common")
    assert "4 of 5 tensors" in done.stdout
    assert_one_line_of_error(command("drift", "out", recipe, "none*"))
    assert_one_line_of_error(command("drift", "none", recipe))
    assert_one_line_of_error(command("drift", "out", "none.toml"))
