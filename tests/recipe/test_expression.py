"""Arithmetic in recipes: what it may say, and that it can say nothing else."""

from __future__ import annotations

import math

import pytest

from fastinit.recipe import RecipeError
from fastinit.recipe.expression import evaluate
from reference.environment import SETTINGS, float_setting

VARIABLES = {"n_layer": 12, "n_embd": 768, "scale": 0.5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        (" 4 * n_embd ", 3072),
        ("0.02 / sqrt(2 * n_layer)", 0.02 / math.sqrt(24)),
        ("-scale ** 2", -0.25),
        ("(n_embd + 1) // 2 % 100", 84),
        ("max(n_layer, 1, 40) - min(3, abs(-2))", 38),
        ("log(exp(1)) + 0 * pi * e", 1.0),
        ("2 ** -1", 0.5),
        ("1e-3", 1e-3),
    ],
)
def test_arithmetic_on_variables_has_its_value(text: str, expected: float) -> None:
    assert evaluate(text, VARIABLES) == expected


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_caller_s_rounding_mode_changes_no_value(setting: str) -> None:
    texts = ["0.02 / sqrt(2 * n_layer)", "scale / 3", "-scale / 3", "1e-160 * 1e-160"]
    expected = [evaluate(text, VARIABLES) for text in texts]
    with float_setting(setting):
        assert [evaluate(text, VARIABLES) for text in texts] == expected


def test_whole_numbers_stay_whole() -> None:
    assert isinstance(evaluate("4 * n_embd", VARIABLES), int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n_layers + 1", 'unknown name "n_layers"; did you mean "n_layer"'),
        ("sqr(2)", 'unknown function "sqr"; did you mean "sqrt"'),
        ("1 / 0", "has no value"),
        ("sqrt(-1)", "has no value"),
        ("(-1) ** 0.5", "has no value"),
        ("10.0 ** 400", "has no value"),
        ("1e999", "not finite"),
        ("9 ** 9 ** 9", "the power is too large"),
        ("2 ** 1000 * 2 ** 1000", "the value is too large"),
        ("sqrt()", "has no value"),
        ("1 +", "not an arithmetic expression"),
        ("", "not an arithmetic expression"),
        ("(" * 300 + "1" + ")" * 300, "not an arithmetic expression"),
        ("1" * 2000, "at most 1000"),
        ("True", "is not arithmetic"),
        ("'a' * 3", "is not arithmetic"),
        ("1j", "is not arithmetic"),
        ("1 < 2", "is not arithmetic"),
        ("1 << 8", "is not arithmetic"),
        ("[1, 2]", "is not arithmetic"),
        ("(lambda: 1)()", "is not arithmetic"),
        ("n_layer.real", "is not arithmetic"),
        ("max(*[1, 2])", "is not arithmetic"),
        ("log(2, base=2)", "is not arithmetic"),
        ("__import__('os').system('true')", "is not arithmetic"),
        ("__import__('os')", 'unknown function "__import__"'),
    ],
)
def test_everything_but_bounded_arithmetic_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message.replace("(", r"\(")):
        evaluate(text, VARIABLES)
