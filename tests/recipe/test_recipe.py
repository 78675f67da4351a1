"""A recipe built in Python: the first rule that matches decides, and what does not fit is refused at once."""

from __future__ import annotations

import re

import pytest

from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec

RULES = [
    Rule("*.bias", "zeros_"),
    Rule("*.c_proj.weight", "normal_", {"std": 0.004}),
    Rule("*.weight", "normal_", {"std": 0.02}),
]
TENSORS = {
    "h.0.c_proj.weight": TensorSpec((4, 4)),
    "h.0.c_fc.weight": TensorSpec((4, 16)),
    "h.0.c_fc.bias": TensorSpec((16,), "bfloat16"),
}


def test_the_first_rule_that_matches_decides() -> None:
    recipe = Recipe(RULES, tensors=TENSORS)
    decided = {name: str(each.initialiser) for name, each in recipe.assignments.items()}
    assert decided == {
        "h.0.c_proj.weight": "normal_(std=0.004)",
        "h.0.c_fc.weight": "normal_(std=0.02)",
        "h.0.c_fc.bias": "zeros_()",
    }


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "a.b.c", True),
        ("h.*.weight", "h.0.attn.weight", True),
        ("h.?.weight", "h.0.weight", True),
        ("h.?.weight", "h.10.weight", False),
        ("h.[01].weight", "h.1.weight", True),
        ("h.[!01].weight", "h.1.weight", False),
        ("weight", "h.0.weight", False),
        ("*.Weight", "h.0.weight", False),
    ],
)
def test_a_pattern_is_a_glob_on_the_whole_name_whose_star_crosses_dots(
    pattern: str, name: str, matches: bool
) -> None:
    assert Rule(pattern, "zeros_").matches(name) is matches


def test_explain_tells_the_rules_passed_and_the_one_that_decides() -> None:
    recipe = Recipe(RULES, tensors=TENSORS, ties={"head": "h.0.c_fc.weight"})
    assert recipe.explain("head").splitlines() == [
        '"head" is tied to "h.0.c_fc.weight"',
        '"h.0.c_fc.weight" [4, 16] float32',
        'rule 1 (match = "*.bias") does not match',
        'rule 2 (match = "*.c_proj.weight") does not match',
        'rule 3 (match = "*.weight") decides: normal_(std=0.02)',
    ]


def test_explain_answers_for_any_name_where_the_recipe_lists_none() -> None:
    recipe = Recipe(RULES)
    assert recipe.explain("x.bias").endswith("decides: zeros_()")
    assert recipe.explain("x").endswith("no rule matches")


CONDITIONAL = [
    Rule(re.compile(r".*\.weight"), "normal_", {"std": 0.5}, ndim=(1, 3)),
    Rule("*.weight", "normal_", {"std": 0.1}, shape=(None, 4), dtype="float16"),
    Rule("*", "normal_"),
]


def test_explain_tells_why_a_rule_does_not_apply() -> None:
    recipe = Recipe(CONDITIONAL, tensors=TENSORS, allow_unused=True)
    assert recipe.explain("h.0.c_fc.weight").splitlines() == [
        '"h.0.c_fc.weight" [4, 16] float32',
        r'rule 1 (regex = ".*\.weight") does not apply: it has 2 dimensions, not 1 or 3',
        'rule 2 (match = "*.weight") does not apply: its shape is [4, 16], not ["*", 4]',
        'rule 3 (match = "*") decides: normal_()',
    ]
    assert recipe.explain("h.0.c_proj.weight").splitlines()[-1] == (
        'rule 2 (match = "*.weight") decides: normal_(std=0.1), stored as float16'
    )


def test_explain_says_what_a_decision_hangs_on_where_no_shape_is_known() -> None:
    assert Recipe(CONDITIONAL).explain("a.weight").splitlines() == [
        '"a.weight"',
        r'rule 1 (regex = ".*\.weight"), where ndim = [1, 3], decides: normal_(std=0.5)',
        'rule 2 (match = "*.weight"), where shape = ["*", 4], decides: normal_(std=0.1), stored as float16',
        'rule 3 (match = "*") decides: normal_()',
    ]


def test_a_rule_says_in_which_dtype_a_checkpoint_stores_what_it_decides() -> None:
    recipe = Recipe(CONDITIONAL, tensors=TENSORS, allow_unused=True)
    assert recipe.assignments["h.0.c_proj.weight"].spec == TensorSpec((4, 4), "float16")
    assert recipe.assignments["h.0.c_fc.weight"].spec == TensorSpec((4, 16))
    assert recipe.tensors == TENSORS
    assert recipe.assign(TENSORS)["h.0.c_proj.weight"].spec == TensorSpec((4, 4))
    assert recipe.value("h.0.c_proj.weight", 0, seed=1).dtype == "float16"


def test_what_no_rule_matches_has_no_assignment_where_that_is_allowed() -> None:
    recipe = Recipe(RULES[:1], tensors=TENSORS, ties={"head": "h.0.c_fc.weight"}, allow_unmatched=True)
    assert list(recipe.assignments) == ["h.0.c_fc.bias"]
    assert recipe.explain("head").endswith("no rule matches: it stays as it is")
    with pytest.raises(RecipeError, match=r'"h.0.c_fc.weight": no rule applies to it: it has no initial'):
        recipe.value("head", ..., seed=0)
    with pytest.raises(RecipeError, match=r'\(match = "x"\): matches no tensor$'):
        Recipe([Rule("x", "ones_")], tensors=TENSORS, allow_unmatched=True)


def test_a_rule_may_decide_nothing_where_that_is_allowed() -> None:
    recipe = Recipe([RULES[0], RULES[2], RULES[1], Rule("x", "ones_")], tensors=TENSORS, allow_unused=True)
    assert {each.rule for each in recipe.assignments.values()} == {0, 1}
    with pytest.raises(RecipeError, match="no rule matches it"):
        Recipe(RULES[:1], tensors=TENSORS, allow_unused=True)


def test_the_same_rules_serve_the_tensors_of_another_model() -> None:
    rules = Recipe(RULES, ties={"head": "h.0.c_fc.weight"}, source="here")
    recipe = rules.with_tensors(TENSORS, {"head": "h.0.c_proj.weight", "h.1": "h.0.c_fc.bias"})
    assert recipe == Recipe(RULES, tensors=TENSORS, ties={"head": "h.0.c_fc.weight", "h.1": "h.0.c_fc.bias"})
    with pytest.raises(RecipeError, match=r"^here: the recipe lists tensors of its own"):
        recipe.with_tensors(TENSORS)
    with pytest.raises(RecipeError, match=r"^here: there are no tensors"):
        rules.with_tensors({})
    with pytest.raises(RecipeError, match=r'^here: tensor "a": no rule matches it$'):
        rules.with_tensors({**TENSORS, "a": TensorSpec((2,))})


def test_explain_of_an_unknown_tensor_names_the_nearest() -> None:
    recipe = Recipe(RULES, tensors=TENSORS)
    with pytest.raises(RecipeError, match=r'unknown tensor "h.0.c_fc.wait"; did you mean "h.0.c_fc.weight"'):
        recipe.explain("h.0.c_fc.wait")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule("*", "norml_"), 'unknown initialiser "norml_"; did you mean "normal_"'),
        (Rule("*", "calculate_gain"), 'unknown initialiser "calculate_gain"'),
        (Rule("*", "normal_", {"sdt": 1.0}), 'unknown argument of normal_ "sdt"; did you mean "std"'),
        (Rule("*", "normal_", {"tensor": 1.0}), 'unknown argument of normal_ "tensor"'),
        (Rule("*", "normal_", {"generator": 1.0}), 'unknown argument of normal_ "generator"'),
        (Rule("*", "constant_"), "constant_ needs val"),
        (Rule("*", "normal_", {"std": "0.02"}), 'std = "0.02": normal_ takes a number here'),
        (Rule("*", "normal_", {"std": True}), "std = True: normal_ takes a number here"),
        (Rule("*", "kaiming_normal_", {"mode": 1}), "mode = 1: kaiming_normal_ takes a text here"),
        (Rule("*", "normal_", {"std": -1.0}), "normal expects std >= 0.0"),
        (Rule("*", "normal_", {"std": float("nan")}), "std"),
        (Rule("*", "uniform_", {"a": 1.0, "b": 0.0}), "from=1"),
        (Rule("*", "kaiming_normal_", {"mode": "fan_avg"}), "Mode fan_avg not supported"),
        (Rule("*", "xavier_uniform_"), "fewer than 2 dimensions"),
        (Rule("*", "eye_"), "Only tensors with 2 dimensions are supported"),
        (Rule("*", "dirac_", {"groups": 3}), "3, 4, or 5 dimensions"),
    ],
)
def test_an_initialiser_that_cannot_be_called_so_is_refused_with_its_rule(rule: Rule, message: str) -> None:
    with pytest.raises(RecipeError, match=r'^here: rule 1 \(match = "\*"\): .*') as raised:
        Recipe([rule], tensors={"gain": TensorSpec((8,))}, source="here")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("rules", "ties", "message"),
    [
        (RULES[1:], {}, 'tensor "h.0.c_fc.bias": no rule matches it'),
        (
            [Rule("*.bias", "ones_", ndim=2), *RULES[1:]],
            {},
            'tensor "h.0.c_fc.bias": no rule matches it; rule 1 (match = "*.bias") does not: it has 1 '
            "dimension, not 2",
        ),
        (
            [Rule("*.bias", "ones_", ndim=2), *RULES],
            {},
            'matches no tensor: "h.0.c_fc.bias" fits by its name, but it has 1 dimension, not 2',
        ),
        ([*RULES, Rule("*.gain", "ones_")], {}, 'rule 4 (match = "*.gain"): matches no tensor'),
        (
            [RULES[0], RULES[2], RULES[1]],
            {},
            'rule 3 (match = "*.c_proj.weight"): decides nothing: rule 2 (match = "*.weight") comes first '
            'and takes "h.0.c_proj.weight"',
        ),
        (
            RULES,
            {"head": "h.0.c_fc.wait"},
            'tie "head": unknown tensor "h.0.c_fc.wait"; did you mean "h.0.c_fc.weight"',
        ),
        (RULES, {"h.0.c_fc.bias": "h.0.c_fc.weight"}, "it is [16] bfloat16, but"),
        (RULES, {"a": "b", "b": "h.0.c_fc.weight"}, 'tie "a": "b" is itself tied'),
        (RULES, {"a": "a"}, 'tie "a": "a" is itself tied'),
    ],
)
def test_what_does_not_fit_together_is_refused(rules: list[Rule], ties: dict[str, str], message: str) -> None:
    with pytest.raises(RecipeError) as raised:
        Recipe(rules, tensors=TENSORS, ties=ties)
    assert message in str(raised.value)


def test_a_tied_tensor_may_be_listed_and_meets_no_rule() -> None:
    tensors = TENSORS | {"head": TENSORS["h.0.c_fc.weight"]}
    recipe = Recipe(RULES, tensors=tensors, ties={"head": "h.0.c_fc.weight"})
    assert "head" not in recipe.assignments
    with pytest.raises(RecipeError, match="matches no tensor"):
        Recipe([Rule("head", "ones_"), *RULES], tensors=tensors, ties={"head": "h.0.c_fc.weight"})


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((2, -1), "float32", "not a whole number"),
        ((2, 1.5), "float32", "not a whole number"),
        ((2, True), "float32", "not a whole number"),
        ((1 << 25, 1 << 25), "float32", "fewer than 2^50"),
        ((1,) * 65, "float32", "65 dimensions"),
        ((2,), "float23", 'unknown dtype "float23"; did you mean "float32"'),
        ((2,), "int64", 'unknown dtype "int64"'),
    ],
)
def test_a_tensor_that_no_array_can_be_is_refused(shape: tuple[int, ...], dtype: str, message: str) -> None:
    with pytest.raises(RecipeError) as raised:
        TensorSpec(shape, dtype)
    assert message in str(raised.value)


@pytest.mark.parametrize("shape", [(), (0,), (0, 4), (4, 0)])
def test_scalars_and_empty_tensors_are_tensors(shape: tuple[int, ...]) -> None:
    assert (
        Recipe([Rule("*", "normal_")], tensors={"w": TensorSpec(shape)}).assignments["w"].spec.shape == shape
    )
