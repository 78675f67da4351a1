"""A rule applies where the name and all its conditions fit."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from fastinit.recipe import RecipeError, Rule, TensorSpec


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        (r"h\.\d+\.weight", "h.10.weight", True),
        (r"h\.\d+", "h.10.weight", False),
        (r"\d+\.weight", "h.10.weight", False),
        (r"(q|k)", "k", True),
        (r"q|kv", "k", False),
        (r"(?i)H\..*", "h.0", True),
        (r".*", "a\nb", False),
    ],
)
def test_a_regular_expression_must_fit_the_whole_name(pattern: str, name: str, matches: bool) -> None:
    assert Rule(re.compile(pattern), "zeros_").matches(name) is matches


@pytest.mark.parametrize(
    ("conditions", "shape", "obstacle"),
    [
        ({}, (), None),
        ({"ndim": 2}, (4, 8), None),
        ({"ndim": 2}, (8,), "it has 1 dimension, not 2"),
        ({"ndim": (2, 3)}, (4, 8, 1), None),
        ({"ndim": (2, 3)}, (1, 1, 1, 1), "it has 4 dimensions, not 2 or 3"),
        ({"ndim": 0}, (), None),
        ({"shape": (None, 8)}, (4, 8), None),
        ({"shape": (None, 8)}, (8, 4), 'its shape is [8, 4], not ["*", 8]'),
        ({"shape": (None, 8)}, (8,), 'its shape is [8], not ["*", 8]'),
        ({"shape": ()}, (), None),
        ({"shape": ()}, (1,), "its shape is [1], not []"),
        ({"ndim": 2, "shape": (4, 8)}, (4, 8), None),
        ({"ndim": 1, "shape": (4, 8)}, (4, 8), "it has 2 dimensions, not 1"),
    ],
)
def test_a_rule_applies_where_name_and_conditions_fit(
    conditions: dict[str, Any], shape: tuple[int, ...], obstacle: str | None
) -> None:
    rule = Rule("*.weight", "zeros_", **conditions)
    assert rule.obstacle("a.weight", TensorSpec(shape)) == obstacle
    assert rule.applies("a.weight", TensorSpec(shape)) is (obstacle is None)
    assert rule.obstacle("a.bias", TensorSpec(shape)) == "its name does not match"
    assert not rule.applies("a.bias", TensorSpec(shape))


def test_one_number_of_dimensions_is_a_list_of_one() -> None:
    assert Rule("*", "zeros_", ndim=2) == Rule("*", "zeros_", ndim=(2,))
    assert hash(Rule("*", "normal_", {"std": 1.0})) == hash(Rule("*", "normal_", {"std": 1.0}, 7))


@pytest.mark.parametrize(
    ("match", "options", "message"),
    [
        (re.compile("x", re.IGNORECASE), {}, "flags must stand in the regular expression"),
        ("*", {"ndim": -1}, "ndim holds -1, which is not a whole number"),
        ("*", {"ndim": ()}, "ndim is an empty list"),
        ("*", {"ndim": True}, "ndim holds True"),
        ("*", {"shape": (1.5,)}, "shape holds 1.5"),
        ("*", {"dtype": "bfloat61"}, 'unknown dtype "bfloat61"; did you mean "bfloat16"'),
    ],
)
def test_a_condition_that_is_none_is_refused(match: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as raised:
        Rule(match, "zeros_", **options)
    assert message in str(raised.value)


def test_a_rule_can_be_sent_to_another_process() -> None:
    rule = Rule(re.compile(r"h\.\d"), "normal_", {"std": 0.5}, ndim=2, dtype="float16")
    assert rule.matches("h.1")
    assert pickle.loads(pickle.dumps(rule)) == rule
