"""`fastinit plot`: a picture or a page of a checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit import checkpoint
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.commands import Command, assert_one_line_of_error, run

RECIPE = """
[[rule]]
match = "*"
init = "normal_"
std = 0.04
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    recipe = Recipe(
        [Rule("*", "normal_", {"std": 0.02})], tensors={"h.0.w": TensorSpec((32, 40)), "b": TensorSpec((9,))}
    )
    checkpoint.write(recipe, tmp_path / "model", seed=0)
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["out.png", "out.svg", "out.html"])
def test_a_file_is_written_and_a_line_says_what_it_shows(directory: Path, tmp_path: Path, name: str) -> None:
    done = run("plot", directory, "-o", name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{name}: 2 tensors, 1,289 values, 5,156 bytes, 0 flagged\n"
    assert (tmp_path / name).stat().st_size > 10_000


def test_patterns_and_a_recipe_are_heard(directory: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    done = command("plot", directory, "h.*", "-o", "out.html", "--recipe", "recipe.toml")
    assert done.returncode == 0
    page = (tmp_path / "out.html").read_text()
    assert "1 tensors" in page
    assert "1 flagged" in page


def test_an_existing_file_is_kept_without_force(directory: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "out.png").write_text("mine")
    done = command("plot", directory, "-o", "out.png")
    assert_one_line_of_error(done)
    assert "--force" in done.stderr
    assert (tmp_path / "out.png").read_text() == "mine"
    assert command("plot", directory, "-o", "out.png", "--force", "--dark").returncode == 0
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["out.pdf", "out", "out.html.gz"])
def test_another_suffix_is_wrong_usage(directory: Path, tmp_path: Path, command: Command, name: str) -> None:
    done = command("plot", directory, "-o", name)
    assert done.returncode == 2
    assert "does not end in .png, .svg, .html" in " ".join(done.stderr.replace("│", " ").split())
    assert not (tmp_path / name).exists()


def test_what_goes_wrong_is_one_line(directory: Path, tmp_path: Path, command: Command) -> None:
    assert_one_line_of_error(command("plot", tmp_path / "none.safetensors", "-o", "out.png"))
    done = command("plot", directory, "h.0.v", "-o", "out.png")
    assert_one_line_of_error(done)
    assert '"h.0.w"' in done.stderr
    assert_one_line_of_error(command("plot", directory, "-o", "nowhere/out.png"))
    assert_one_line_of_error(command("plot", directory, "-o", "out.png", "--recipe", "none.toml"))
    assert not (tmp_path / "out.png").exists()


def test_a_manifest_that_does_not_fit_is_told_on_stderr(
    directory: Path, tmp_path: Path, command: Command
) -> None:
    save_file({"a": np.ones(3)}, directory / "model.safetensors")
    with pytest.warns(UserWarning, match="nothing is expected"):
        done = command("plot", directory, "-o", "out.html")
    assert done.returncode == 0


def test_help_has_an_example(command: Command) -> None:
    assert "fastinit plot gpt2 -o gpt2.html" in command("plot", "--help").stdout
