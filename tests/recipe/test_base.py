"""Variables given from outside, and recipes based on other recipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastinit.recipe import Recipe, RecipeError, TensorSpec

BASE = """
[vars]
n_layer = 2
width = 8
std = "0.5 / n_layer"

[tensors]
"h.{0..n_layer-1}.weight" = { shape = ["width", "4 * width"] }
"h.{0..n_layer-1}.bias" = { shape = ["width"] }

[[rule]]
match = "*.bias"
init = "zeros_"

[[rule]]
match = "*.weight"
init = "normal_"
std = "std"

[tie]
"head" = "h.0.weight"
"""

CHILD = """
base = "base.toml"

[vars]
n_layer = "2 * n_more"
n_more = 2

[tensors]
"gain" = { shape = ["width"] }

[[rule]]
match = "gain"
init = "ones_"

[[rule]]
match = "h.0.weight"
init = "normal_"
std = 1

[tie]
"gain_again" = "gain"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(BASE)
    (tmp_path / "child.toml").write_text(CHILD)
    return tmp_path


def test_variables_may_be_given_from_outside_and_what_follows_from_them_follows(folder: Path) -> None:
    recipe = Recipe.from_toml(folder / "base.toml", variables={"n_layer": 4, "width": "2 ** 4"})
    assert len(recipe.tensors) == 8
    assert recipe.tensors["h.3.weight"] == TensorSpec((16, 64))
    assert recipe.rules[1].arguments == {"std": 0.125}
    assert Recipe.from_text(BASE, variables={"std": 3}).rules[1].arguments == {"std": 3}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"n_layers": 3}, 'base.toml: unknown variable "n_layers"; did you mean "n_layer"'),
        ({"n_layer": "2 *"}, 'base.toml: variable n_layer: "2 *" is not an arithmetic expression'),
        ({"n_layer": None}, "variable n_layer: None is neither a number nor arithmetic"),
        ({"n_layer": "4 / std"}, 'variable n_layer: [vars] std: "n_layer" depends on itself: n_layer -> std'),
        ({"n_layer": 2.5}, "'n_layer-1' is 1.5, not a whole number"),
    ],
)
def test_a_variable_that_is_none_is_refused(folder: Path, variables: dict[str, int], message: str) -> None:
    with pytest.raises(RecipeError) as raised:
        Recipe.from_toml(folder / "base.toml", variables=variables)
    assert message in str(raised.value)


def test_a_recipe_adds_to_its_base_and_is_tried_first(folder: Path) -> None:
    recipe = Recipe.from_toml(folder / "child.toml")
    assert list(recipe.tensors)[-1] == "gain"
    assert len(recipe.tensors) == 4 * 2 + 1
    assert recipe.ties == {"head": "h.0.weight", "gain_again": "gain"}
    calls = {name: str(each.initialiser) for name, each in recipe.assignments.items()}
    assert calls["h.0.weight"] == "normal_(std=1)"
    assert calls["h.1.weight"] == "normal_(std=0.125)"
    assert calls["gain"] == "ones_()"
    assert len(Recipe.from_toml(folder / "child.toml", variables={"n_more": 1}).tensors) == 5


def test_a_text_may_have_a_base_too(folder: Path) -> None:
    text = 'base = "base.toml"\n[vars]\nwidth = 2\n'
    recipe = Recipe.from_text(text, directory=folder)
    assert recipe.tensors["h.0.bias"] == TensorSpec((2,))
    with pytest.raises(RecipeError, match=r"^.*base.toml: line 11: rule 1 \(match = \"\*.bias\"\): decides"):
        Recipe.from_text(text + '[[rule]]\nmatch = "*.b*"\ninit = "ones_"\n', directory=folder)


def test_a_rule_that_asks_for_the_same_takes_the_place_of_the_base_s(folder: Path) -> None:
    rule = '[[rule]]\nmatch = "*.bias"\ninit = "ones_"\n'
    recipe = Recipe.from_text(f'base = "base.toml"\n{rule}', directory=folder)
    assert [(rule.match, rule.init) for rule in recipe.rules] == [
        ("*.bias", "ones_"),
        ("*.weight", "normal_"),
    ]
    assert recipe.place(1).endswith('base.toml: line 15: rule 2 (match = "*.weight")')


def test_chains_hold_together_and_circles_are_refused(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "grandchild.toml").write_text('base = "../child.toml"\n[vars]\nn_more = 3\nwidth = 4\n')
    recipe = Recipe.from_toml(folder / "sub" / "grandchild.toml")
    assert recipe.tensors["h.5.bias"] == TensorSpec((4,))
    (folder / "base.toml").write_text('base = "sub/../sub/grandchild.toml"\n')
    with pytest.raises(RecipeError, match=r"grandchild.toml: base: .*child.toml is among the files that"):
        Recipe.from_toml(folder / "child.toml")
    (folder / "base.toml").write_text('base = "base.toml"\n')
    with pytest.raises(RecipeError, match=r"base.toml: base: .*base.toml is among"):
        Recipe.from_toml(folder / "base.toml")


def test_the_nearest_file_that_says_so_allows(folder: Path) -> None:
    (folder / "base.toml").write_text("allow_unmatched = true\nallow_unused = true\n" + BASE)
    recipe = Recipe.from_text('base = "base.toml"\nallow_unused = false\n', directory=folder)
    assert recipe.allow_unmatched
    assert not recipe.allow_unused


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("child.toml", '"base.toml"', '"none.toml"', "child.toml: base: cannot read "),
        ("child.toml", '"base.toml"', "1", "child.toml: base must be the path of a recipe"),
        ("child.toml", "n_more = 2", "n_mor = 2", 'child.toml: [vars] n_layer: unknown name "n_more"; did'),
        (
            "child.toml",
            '"ones_"',
            '"one_"',
            'child.toml: line 11: rule 1 (match = "gain"): unknown initialiser',
        ),
        (
            "child.toml",
            '"gain" = {',
            '"h.1.bias" = {',
            'child.toml: [tensors] "h.1.bias": gives "h.1.bias", wh',
        ),
        ("child.toml", '"gain_again"', '"head"', 'child.toml: [tie] "head": ties "head" a second time'),
        ("child.toml", '"h.0.weight"', '"h.*.weight"', "base.toml: line 15: rule 2"),
        ("child.toml", 'match = "gain"', 'match = "gani"', 'child.toml: tensor "gain": no rule matches it'),
        ("base.toml", '"zeros_"', '"zero_"', 'base.toml: line 11: rule 1 (match = "*.bias"): unknown init'),
        ("base.toml", '"0.5 / n_layer"', '"0.5 / layer"', 'base.toml: [vars] std: unknown name "layer"'),
        ("base.toml", "[vars]", "[vers]", 'base.toml: unknown table or key "vers"'),
        (
            "base.toml",
            '["width"]',
            '["widht"]',
            'base.toml: [tensors] "h.{0..n_layer-1}.bias": shape: unknown name "widht"',
        ),
        (
            "base.toml",
            'std = "std"',
            "std = -1",
            'base.toml: line 15: rule 2 (match = "*.weight"): tensor "h.1',
        ),
    ],
)
def test_a_slip_is_answered_with_the_file_in_which_it_stands(
    folder: Path, file: str, old: str, new: str, message: str
) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(RecipeError) as raised:
        Recipe.from_toml(folder / "child.toml")
    assert str(raised.value).startswith(str(folder / message.partition(":")[0]))
    assert message in str(raised.value)
