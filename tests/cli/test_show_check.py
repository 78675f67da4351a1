"""`fastinit show` beside a recipe: what is expected, what is wrong, and the histograms of both."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fastinit.cli import show
from fastinit.diagnostics import parameters
from fastinit.recipe import Recipe
from reference.commands import Command, assert_one_line_of_error, small_gpt2

WEIGHT = "transformer.h.0.mlp.c_fc.weight"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The one file of the checkpoint gpt2, beside gpt2.toml."""
    small_gpt2(tmp_path)
    return tmp_path / "gpt2" / "model.safetensors"


def change(model: Path, **arrays: np.ndarray) -> None:
    save_file({**load_file(model), **arrays}, model)


def test_what_init_has_written_passes(model: Path, command: Command) -> None:
    for against in ([], ["--recipe", "gpt2.toml"]):
        done = command("show", "gpt2", "--check", *against)
        assert (done.returncode, done.stderr) == (0, "")
        heading, *rows, _ = done.stdout.splitlines()
        assert heading.split()[3:] == [*show.FIGURES, *show.EXPECTED, "flags"]
        assert all(row.endswith("  -") for row in rows)


def test_figures_are_those_of_the_diagnostics(model: Path, command: Command) -> None:
    change(model, **{WEIGHT: load_file(model)[WEIGHT] * np.float32(1.5)})
    recipe = Recipe.from_toml("gpt2.toml")
    rows = {row.name: row for row in parameters(model, recipe=recipe, spectra=False)}
    document = json.loads(command("show", model, "--recipe", "gpt2.toml", "--json").stdout)
    assert document["flagged"] == [WEIGHT]
    for found in document["tensors"]:
        row = rows[found["name"]]
        assert found["expected_std"] == row.expected_std
        assert found["z"] == pytest.approx(row.z, rel=1e-6, abs=1e-6)
        assert found["z_mean"] == pytest.approx(row.z_mean, rel=1e-6, abs=1e-6)
        assert tuple(found["flags"]) == row.flags


def test_check_fails_and_says_what_is_wrong_below_the_table(model: Path, command: Command) -> None:
    change(model, **{WEIGHT: load_file(model)[WEIGHT] * np.float32(2)})
    done = command("show", "gpt2", "--check")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(WEIGHT)]
    assert re.search(r"  std 0\.0\d+ is [12]\.\d+ times the expected$", line)
    assert re.fullmatch(rf'fastinit: gpt2: "{WEIGHT}" \(std .*\) not as its manifest says\n', done.stderr)
    document = command("show", "gpt2", "--check", "--json")
    assert document.returncode == 1
    assert json.loads(document.stdout)["flagged"] == [WEIGHT]
    assert command("show", "gpt2", "--recipe", "gpt2.toml").returncode == 0  # looked at, not checked
    assert command("show", "gpt2", "*.bias", "--check").returncode == 0  # of those that were asked for


@pytest.mark.parametrize(("value", "flag"), [(np.nan, "1 NaN"), (np.inf, "infinite values")])
def test_values_that_are_not_finite_are_flagged(
    model: Path, command: Command, value: float, flag: str
) -> None:
    broken = load_file(model)[WEIGHT]
    broken[0, 0] = value
    change(model, **{WEIGHT: broken})
    done = command("show", "gpt2", "--check")
    assert done.returncode == 1
    assert flag in done.stderr


def test_a_tensor_that_is_missing_fails_the_check(model: Path, command: Command) -> None:
    arrays = load_file(model)
    del arrays[WEIGHT]
    save_file(arrays, model)
    document = command("show", "gpt2", "--check", "--json")
    assert json.loads(document.stdout)["missing"] == [WEIGHT]
    assert document.stderr == f'fastinit: gpt2: "{WEIGHT}" missing\n'


def test_a_tensor_that_the_recipe_does_not_know_is_one_line(model: Path, command: Command) -> None:
    change(model, more=np.zeros(3, np.float32))
    done = command("show", "gpt2", "--recipe", "gpt2.toml")
    assert_one_line_of_error(done)
    assert 'unknown tensor "more"' in done.stderr


def test_there_must_be_something_to_check_against(model: Path, command: Command) -> None:
    (model.parent / "fastinit-manifest.json").unlink()
    done = command("show", "gpt2", "--check")
    assert_one_line_of_error(done)
    assert "--recipe" in done.stderr
    assert command("show", "gpt2", "--check", "--recipe", "gpt2.toml").returncode == 0


def test_rules_alone_say_what_to_expect_of_any_checkpoint(
    model: Path, tmp_path: Path, command: Command
) -> None:
    save_file({"a.weight": np.ones((4, 4), np.float32), "a.bias": np.zeros(4, np.float32)}, model)
    document = json.loads(command("show", model, "--recipe", "rules.toml", "--json").stdout)
    assert [each["expected_std"] for each in document["tensors"]] == [0, 1]
    assert document["flagged"] == ["a.weight"]
    chosen = command("show", model, "a.bias", "--recipe", "rules.toml", "--json")  # a rule of others' alone
    assert json.loads(chosen.stdout)["flagged"] == []


def test_a_histogram_counts_a_sample_of_all_pieces(
    model: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.linspace(-1, 3, 400_000, dtype=np.float32)
    save_file({"ramp": values, "step": np.repeat(np.float32([0, 1]), 500), "empty": values[:0]}, model)
    monkeypatch.setattr(show, "_PIECE", 100_000)
    document = json.loads(command("show", model, "--json", "--histogram").stdout)
    ramp, step, empty = (
        {each["name"]: each["histogram"] for each in document["tensors"] if "histogram" in each}.get(name)
        for name in ("ramp", "step", "empty")
    )
    assert (ramp["low"], ramp["high"]) == (pytest.approx(-1, abs=0.01), pytest.approx(3, abs=0.01))
    assert 60_000 < sum(ramp["counts"]) < 70_000
    assert np.ptp(ramp["counts"]) < 0.2 * np.mean(ramp["counts"])
    assert (step["counts"][0], step["counts"][-1], sum(step["counts"])) == (500, 500, 1000)
    assert empty is None
    (line,) = [
        line for line in command("show", model, "step", "--histogram").stdout.splitlines() if "[1000]" in line
    ]
    assert line.endswith("█▁▁▁▁▁▁▁▁▁▁▁▁▁▁█")
