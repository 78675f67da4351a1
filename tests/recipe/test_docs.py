"""What docs/recipes.md shows is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastinit.recipe import Recipe
from reference.pages import ROOT, blocks, run_python

PAGE = "docs/recipes.md"


def test_the_recipe_shown_is_one() -> None:
    shown, _ = blocks(PAGE, "toml")
    recipe = Recipe.from_text(shown)
    assert len(recipe.assignments) == 1 + 12 * 4
    assert recipe.explain("lm_head.weight").endswith("decides: trunc_normal_(std=0.02, a=-0.06, b=0.06)")
    assert len({assignment.rule for assignment in recipe.assignments.values()}) == len(recipe.rules)


def test_the_recipe_based_on_an_example_is_one() -> None:
    _, shown = blocks(PAGE, "toml")
    recipe = Recipe.from_text(shown, directory=ROOT / "examples")
    assert recipe.value("transformer.h.23.attn.c_attn.bias", ..., seed=0).shape == (3 * 1024,)
    assert [rule.init for rule in recipe.rules] == ["uniform_", "ones_", "normal_", "normal_"]


def test_the_python_shown_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"directory": tmp_path}
    run_python(PAGE, names)
    printed = capsys.readouterr().out
    assert printed.startswith('"head.weight" is tied to "0.weight"')
    assert printed.endswith('rule 2 (match = "*") decides: kaiming_normal_()\n')
    assert names["manifest"].files == ("model.safetensors",)
    assert (tmp_path / "model.safetensors").exists()
