"""What docs/recipes.md shows is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fastinit.recipe import Recipe

TEXT = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_recipe_shown_is_one() -> None:
    shown, _ = blocks("toml")
    recipe = Recipe.from_text(shown)
    assert len(recipe.assignments) == 1 + 12 * 4
    assert recipe.explain("lm_head.weight").endswith("decides: trunc_normal_(std=0.02, a=-0.06, b=0.06)")
    assert len({assignment.rule for assignment in recipe.assignments.values()}) == len(recipe.rules)


def test_the_recipe_based_on_an_example_is_one() -> None:
    _, shown = blocks("toml")
    recipe = Recipe.from_text(shown, directory=Path(__file__).parents[2] / "examples")
    assert recipe.value("transformer.h.23.attn.c_attn.bias", ..., seed=0).shape == (3 * 1024,)
    assert [rule.init for rule in recipe.rules] == ["uniform_", "ones_", "normal_", "normal_"]


def test_the_python_shown_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"directory": tmp_path}
    for block in blocks("python"):
        exec(compile(block, "docs/recipes.md", "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith('"head.weight" is tied to "0.weight"')
    assert printed.endswith('rule 2 (match = "*") decides: kaiming_normal_()\n')
    assert names["manifest"].files == ("model.safetensors",)
    assert (tmp_path / "model.safetensors").exists()
