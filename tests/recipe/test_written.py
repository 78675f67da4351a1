"""A recipe written as TOML reads back as an equal one, whatever its names and numbers are."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec
from fastinit.recipe.initialiser import Initialiser
from fastinit.recipe.spec import DTYPES
from fastinit.recipe.written import written

names = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\{},.\n\r\t\0\x7f\x85\u2028'))
floats = st.floats(allow_nan=False, allow_infinity=False)
sizes = st.integers(0, 1 << 70)
specs = st.builds(
    TensorSpec, st.lists(st.integers(0, 1000), max_size=4).map(tuple), st.sampled_from(sorted(DTYPES))
)
patterns = names | st.sampled_from([r"h\.\d+", r'"\\"', "(?i)é.*", "[\\s\\S]*"]).map(re.compile)
rules = st.builds(
    lambda match, values, conditions, dtype: Rule(match, *values, dtype=dtype, **conditions),
    patterns,
    st.sampled_from(["zeros_", "orthogonal_"]).map(lambda init: (init,))
    | st.tuples(
        st.just("normal_"), st.fixed_dictionaries({}, optional={"std": floats, "mean": floats | sizes})
    )
    | st.tuples(st.just("constant_"), st.fixed_dictionaries({"val": floats}))
    | st.tuples(st.just("kaiming_normal_"), st.fixed_dictionaries({"mode": names, "a": floats})),
    st.fixed_dictionaries(
        {},
        optional={
            "ndim": sizes | st.lists(sizes, min_size=1).map(tuple),
            "shape": st.lists(sizes | st.none()).map(tuple),
        },
    ),
    st.none() | st.sampled_from(sorted(DTYPES)),
)


@given(st.lists(rules), st.booleans(), st.booleans())
def test_rules_read_back_as_they_were(rules: list[Rule], allow_unmatched: bool, allow_unused: bool) -> None:
    recipe = Recipe(rules, allow_unmatched=allow_unmatched, allow_unused=allow_unused)
    again = Recipe.from_text(recipe.to_toml())
    assert again.rules == recipe.rules
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert again.digest() == recipe.digest()
    assert (again.allow_unmatched, again.allow_unused) == (allow_unmatched, allow_unused)


@given(st.dictionaries(names, specs), st.lists(names))
def test_tensors_and_ties_read_back_as_they_were(tensors: dict[str, TensorSpec], tied: list[str]) -> None:
    source = next(iter(tensors), "source")
    ties = {name: source for name in tied if name not in tensors and name != source}
    recipe = Recipe([Rule("*", "ones_")], tensors=tensors, ties=ties, allow_unused=True)
    again = Recipe.from_text(recipe.to_toml())
    assert list(again.tensors.items()) == list(tensors.items())
    assert again.ties == ties
    assert again == recipe


EXAMPLE = """allow_unused = true

[tensors]
"h.0.\\u007f\\"\\\\\\\\\\\\{q\\\\}" = { shape = [8, 24], dtype = "bfloat16" }

[[rule]]
regex = "h\\\\.\\\\d+\\\\..*"
ndim = 2
shape = ["*", 24]
init = "normal_"
mean = -0.0
std = 0.3333333333333333
dtype = "float16"

[[rule]]
match = "*"
ndim = [1, 3]
init = "variance_scaling_"
mode = "fan_out"

[tie]
"head" = "h.0.\\u007f\\"\\\\\\\\\\\\{q\\\\}"
"""


def test_the_text_is_this() -> None:
    name = 'h.0.\x7f"\\{q}'
    recipe = Recipe(
        [
            Rule(
                re.compile(r"h\.\d+\..*"),
                "normal_",
                {"std": np.float64(1 / 3), "mean": -0.0},
                ndim=2,
                shape=(None, 24),
                dtype="float16",
            ),
            Rule("*", "variance_scaling_", {"mode": "fan_out"}, ndim=(1, 3)),
        ],
        tensors={name: TensorSpec((8, 24), "bfloat16")},
        ties={"head": name},
        allow_unused=True,
        source="somewhere",
    )
    assert recipe.to_toml() == EXAMPLE
    assert Recipe.from_text(EXAMPLE) == recipe
    assert recipe.digest() == "79f9df406597abc44dea28abdf37155d7450229471d68f62b0d48474819a3ad9"


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (Layout(), "transposed = false"),
        (Layout(splits=3, transposed=True), "splits = 3\ntransposed = true"),
        (Layout((8, 2), (0, 1)), "splits = [8, 2]\nexpert_axis = [0, 1]"),
        (Layout(kernel_first=True), "kernel_first = true"),
        (Layout(transposed=True, kernel_first=True), "transposed = true\nkernel_first = true"),
        (Layout(3, gains=(1, 1, 0.1)), "splits = 3\ngains = [1.0, 1.0, 0.1]"),
    ],
)
def test_a_layout_is_written_with_its_own_keys(layout: Layout, text: str) -> None:
    rule = Rule("*", "xavier_normal_", layout=layout)
    found = written([(rule, Initialiser("xavier_normal_", {}, layout))], {}, {}, {})
    assert found == f'[[rule]]\nmatch = "*"\ninit = "xavier_normal_"\n{text}\n'


BASIS = Recipe([Rule("*", "normal_", {"std": 0.5})], tensors={"a": TensorSpec((2,)), "b": TensorSpec((2,))})


@pytest.mark.parametrize(
    "other",
    [
        Recipe([Rule("*", "normal_", {"std": 0.25})], tensors=BASIS.tensors),
        Recipe([Rule("?", "normal_", {"std": 0.5})], tensors=BASIS.tensors),
        Recipe([Rule("*", "normal_", {"std": 0.5}, ndim=1)], tensors=BASIS.tensors),
        Recipe(BASIS.rules, tensors={"a": TensorSpec((2,))}),
        Recipe(BASIS.rules, tensors=dict(reversed(BASIS.tensors.items()))),
        Recipe(BASIS.rules, tensors=BASIS.tensors, ties={"c": "a"}),
        Recipe(BASIS.rules, tensors=BASIS.tensors, allow_unused=True),
        Recipe(BASIS.rules, tensors=BASIS.tensors, allow_unmatched=True),
        "text",
    ],
)
def test_recipes_that_say_something_else_are_not_equal(other: Any) -> None:
    assert other != BASIS
    if isinstance(other, Recipe):
        assert other.digest() != BASIS.digest()


def test_where_a_recipe_stands_and_the_order_of_arguments_are_no_part_of_it() -> None:
    rules = [Rule("*", "uniform_", {"b": 2.0, "a": 1.0}, 7)]
    other = [Rule("*", "uniform_", {"a": 1.0, "b": 2.0})]
    assert Recipe(rules, source="x") == Recipe(other)
    assert pickle.loads(pickle.dumps(BASIS)) == BASIS


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(RecipeError, match=r'^rule 1 \(match = "\*"\): std = .*: it must be a finite number'):
        Recipe([Rule("*", "normal_", {"std": value})])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Recipe([Rule("\ud800", "ones_")]),
        lambda: Recipe([Rule("*", "ones_")], tensors={"\ud800": TensorSpec((2,))}),
        lambda: Recipe([Rule("*", "ones_")], ties={"a": "\ud800"}),
        lambda: Recipe([Rule("*", "kaiming_normal_", {"mode": "\ud800"})]),
    ],
)
def test_half_a_character_is_refused(make: Any) -> None:
    with pytest.raises(RecipeError, match=r"'.*\\ud800.*' holds half of a surrogate pair"):
        make()
