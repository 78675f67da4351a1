"""The TOML form of a recipe: what each table says, and what a slip in it is answered with."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec

SMALL = """
[vars]
n_layer = 2
width = 8
half = "width / 2"

[tensors]
"h.{0..1}.{q,k}.weight" = { shape = ["width", "3 * half"], dtype = "float16" }
"h.{0..1}.bias" = { shape = [8] }

[[rule]]
match = "*.bias"
init = "zeros_"

[[rule]]
match = "*.weight"
init = "normal_"
std = "0.02 / sqrt(2 * n_layer)"

[tie]
"head.{q,k}" = "h.0.{q,k}.weight"
"""


def test_every_table_says_what_it_says() -> None:
    recipe = Recipe.from_text(SMALL)
    weights = [f"h.{layer}.{part}.weight" for layer in (0, 1) for part in ("q", "k")]
    assert recipe.tensors == {
        **dict.fromkeys(weights, TensorSpec((8, 12), "float16")),
        **dict.fromkeys(["h.0.bias", "h.1.bias"], TensorSpec((8,), "float32")),
    }
    assert recipe.ties == {"head.q": "h.0.q.weight", "head.k": "h.0.k.weight"}
    assert recipe.rules[1].arguments == {"std": 0.02 / 2}


def test_a_rule_may_have_a_regular_expression_conditions_and_a_dtype() -> None:
    rule = """
    [vars]
    n = 4
    [[rule]]
    regex = 'h\\.\\d+\\.weight'
    ndim = [2, "n - 1"]
    shape = ["*", "2 * n"]
    init = "ones_"
    dtype = "bfloat16"
    """
    assert Recipe.from_text(rule).rules == (
        Rule(re.compile(r"h\.\d+\.weight"), "ones_", ndim=(2, 3), shape=(None, 8), dtype="bfloat16"),
    )
    assert Recipe.from_text('[[rule]]\nmatch = "*"\ninit = "ones_"\nndim = 2').rules[0].ndim == (2,)


def test_what_is_allowed_is_said_at_the_top() -> None:
    rule = '[[rule]]\nmatch = "x"\ninit = "ones_"\n[tensors]\n"y" = { shape = [2] }\n'
    recipe = Recipe.from_text(f"allow_unmatched = true\nallow_unused = true\n{rule}")
    assert recipe.assignments == {}
    with pytest.raises(RecipeError, match='tensor "y": no rule matches it'):
        Recipe.from_text(f"allow_unused = true\n{rule}")


def test_variables_may_stand_in_any_order_and_in_the_ranges_of_names() -> None:
    text = SMALL.replace("n_layer = 2", 'n_layer = "width / 4"').replace("{0..1}", "{0..n_layer-1}")
    assert Recipe.from_text(text) == Recipe.from_text(SMALL)


def test_a_text_argument_is_a_text_and_not_arithmetic() -> None:
    rule = '[[rule]]\nmatch = "*"\ninit = "kaiming_normal_"\nmode = "fan_out"\na = "1 / 4"\n'
    assert Recipe.from_text(rule).rules[0].arguments == {"mode": "fan_out", "a": 0.25}


def test_names_shapes_and_dtypes_may_come_from_a_safetensors_file(tmp_path: Path) -> None:
    stored = {"a.weight": np.zeros((2, 3), np.float16), "b.weight": np.zeros((), np.float64)}
    save_file(stored, tmp_path / "existing.safetensors")
    path = tmp_path / "recipe.toml"
    path.write_text(
        '[tensors]\nlike = "existing.safetensors"\n"c.weight" = { shape = [4] }\n'
        '[[rule]]\nmatch = "*"\ninit = "ones_"\n'
    )
    assert Recipe.from_toml(path).tensors == {
        "a.weight": TensorSpec((2, 3), "float16"),
        "b.weight": TensorSpec((), "float64"),
        "c.weight": TensorSpec((4,), "float32"),
    }


def test_a_tensor_may_itself_be_called_like() -> None:
    text = '[tensors]\nlike = { shape = [2] }\n[[rule]]\nmatch = "*"\ninit = "ones_"\n'
    assert Recipe.from_text(text).tensors == {"like": TensorSpec((2,))}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n_layer = 2", "n_layer = ", "not valid TOML: Invalid value (at line 3, column 11)"),
        ("n_layer = 2", "n_layer = 2\nn_layer = 3", "not valid TOML"),
        ("[vars]", "[variables]", 'unknown table or key "variables"; did you mean "vars"'),
        ("[vars]", "vers = 1\n[vars]", 'unknown table or key "vers"; did you mean "vars"'),
        ("n_layer = 2", "n_layer = true", "[vars] n_layer: True is neither a number nor arithmetic"),
        ("n_layer = 2", "n_layer = [2]", "[vars] n_layer: [2] is neither"),
        (
            '"width / 2"',
            '"wdth / 2"',
            '[vars] half: unknown name "wdth"; did you mean "width"?, in "wdth / 2"',
        ),
        ('"3 * half"', '"half / 3"', "\"h.{0..1}.{q,k}.weight\": shape: 'half / 3' is 1.333"),
        ('"3 * half"', "-3", "shape [8, -3] holds what is not a whole number"),
        ('"3 * half"', "inf", "shape: inf is inf, not a whole number"),
        ("shape = [8]", 'shape = "8"', '[tensors] "h.{0..1}.bias": needs shape, an array of whole numbers'),
        ("shape = [8]", 'dtype = "float32"', "needs shape"),
        ("{ shape = [8] }", "[8]", "must be a table such as"),
        ("shape = [8]", 'shape = [8], dtyp = "float32"', 'unknown key "dtyp"; did you mean "dtype"'),
        ("shape = [8]", "shape = [8], dtype = 32", 'dtype is 32, not a name such as "float32"'),
        ('"float16"', '"float61"', 'unknown dtype "float61"; did you mean "float64" or "float16"'),
        (
            '"h.{0..1}.bias"',
            "h.0.bias",
            '[tensors] "h": holds a table: a name with dots must stand in quotes',
        ),
        ('"head.{q,k}"', "head.q", '[tie] "head": holds a table: a name with dots must stand in quotes'),
        ("h.{0..1}.bias", "h.{0..1.bias", '"{" without "}"'),
        ("h.{0..1}.bias", "h.{0,0}.bias", 'gives "h.0.bias" twice'),
        ("h.{0..1}.bias", "h.1.k.weight", 'gives "h.1.k.weight", which an entry above gives too'),
        ('match = "*.bias"', "", 'line 11: rule 1: needs match = "..." or regex = "..."'),
        ('match = "*.bias"', 'match = "*"\nregex = ".*"', "line 11: rule 1: has both match and regex"),
        ('match = "*.bias"', "match = 1", 'line 11: rule 1: needs match = "..."'),
        (
            'match = "*.bias"',
            'regex = ".*(bias"',
            'line 11: rule 1: regex = ".*(bias" is not a regular expression: missing )',
        ),
        ('match = "*.bias"', 'regex = "b"', 'tensor "h.0.bias": no rule matches it'),
        ('"zeros_"', '"zeros_"\nndim = "n"', 'line 11: rule 1 (match = "*.bias"): ndim: unknown name "n"'),
        ('"zeros_"', '"zeros_"\nndim = [1.5]', "ndim: 1.5 is 1.5, not a whole number"),
        ('"zeros_"', '"zeros_"\nndim = -1', '(match = "*.bias"): ndim holds -1'),
        ('"zeros_"', '"zeros_"\nndim = 2', 'no rule matches it; line 11: rule 1 (match = "*.bias") does not'),
        ('"zeros_"', '"zeros_"\nshape = 8', '(match = "*.bias"): shape: must be an array of whole numbers'),
        ('"zeros_"', '"zeros_"\nshape = [9]', "does not: its shape is [8], not [9]"),
        ('"zeros_"', '"zeros_"\ndtype = "float61"', '(match = "*.bias"): unknown dtype "float61"; did you'),
        ('"zeros_"', '"zeros_"\ndtype = 16', '(match = "*.bias"): dtype is 16, not a name'),
        ('"zeros_"', '"zeros_"\nsplits = 3', '(match = "*.bias"): zeros_ reads no fans, so that'),
        ("std =", "std = inf #", 'line 15: rule 2 (match = "*.weight"): std = inf: it must be a finite'),
        ("[vars]", "allow_unused = 1\n[vars]", "allow_unused must be true or false"),
        ("width = 8", 'width = "2 * half"', '[vars] half: "width" depends on itself: width -> half -> width'),
        ('init = "zeros_"', "", 'line 11: rule 1: needs init = "..."'),
        ('init = "zeros_"', "init = 3", 'line 11: rule 1: needs init = "..."'),
        ("zeros_", "zero_", 'line 11: rule 1 (match = "*.bias"): unknown initialiser "zero_"; did you mean'),
        ("zeros_", "ones", 'unknown initialiser "ones"; did you mean "ones_"'),
        ("std =", "sd =", 'line 15: rule 2 (match = "*.weight"): unknown argument of normal_ "sd"'),
        (
            "std =",
            "std = -1 #",
            'line 15: rule 2 (match = "*.weight"): tensor "h.0.q.weight": normal_(std=-1)',
        ),
        ("2 * n_layer", "2 * layers", '(match = "*.weight"): std: unknown name "layers"'),
        ("2 * n_layer", "0 * n_layer", '(match = "*.weight"): std: "0.02 / sqrt(0 * n_layer)" has no value'),
        ("std =", "std = [1] #", '(match = "*.weight"): std: [1] is neither a number nor arithmetic'),
        ("*.bias", "*.gain", 'tensor "h.0.bias": no rule matches it'),
        ('[[rule]]\nmatch = "*.bias"\ninit = "zeros_"', "", 'tensor "h.0.bias": no rule matches it'),
        ("h.0.{q,k}.weight", "h.2.{q,k}.weight", 'tie "head.q": unknown tensor "h.2.q.weight"; did you mean'),
        ("head.{q,k}", "head.{q,k,v}", '[tie] "head.{q,k,v}": 3 names are tied to 2'),
        ("head.{q,k}", "head.{q,q}", 'ties "head.q" a second time'),
        ('"h.0.{q,k}.weight"', "1", '[tie] "head.{q,k}": must name another tensor'),
        ('"head.{q,k}" = "h.0.{q,k}.weight"', '"h.0.bias" = "h.0.q.weight"', "it is [8] float32, but"),
    ],
)
def test_a_slip_is_answered_with_its_place_and_what_was_meant(old: str, new: str, message: str) -> None:
    assert old in SMALL
    with pytest.raises(RecipeError) as raised:
        Recipe.from_text(SMALL.replace(old, new, 1), source="small.toml")
    text = str(raised.value)
    assert text.startswith("small.toml: ")
    assert message in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vars = 1", "vars must be a table"),
        ("tensors = []", "tensors must be a table"),
        ("rule = 1", "rule must be tables"),
        ("[rule]\nmatch = '*'", "rule must be tables"),
        ("rule = [1]", "rule must be tables"),
        ("x = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_a_table_of_another_kind_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Recipe.from_text(text)


def test_rules_have_no_line_where_a_string_looks_like_another_rule() -> None:
    text = "[[rule]]\nmatch = '''x\n[[rule]]\n'''\ninit = 'zeros'\n"
    with pytest.raises(RecipeError, match=r"^rule 1 "):
        Recipe.from_text(text)


def test_the_file_is_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(b"[vars]\nx = \xff\n")
    with pytest.raises(RecipeError, match=r"bad.toml: not UTF-8 text: .* at byte 11"):
        Recipe.from_toml(path)
    path.write_text("[vars\n")
    with pytest.raises(RecipeError, match=r"bad.toml: not valid TOML: .*line 1"):
        Recipe.from_toml(path)
    with pytest.raises(FileNotFoundError):
        Recipe.from_toml(tmp_path / "none.toml")


def test_a_file_to_be_like_must_be_there_and_hold_floating_tensors(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('[tensors]\nlike = "existing.safetensors"\n[[rule]]\nmatch = "*"\ninit = "ones_"\n')
    with pytest.raises(RecipeError, match=r'\[tensors\] "like": cannot read .*existing.safetensors: No such'):
        Recipe.from_toml(path)
    (tmp_path / "existing.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(RecipeError, match="is not a safetensors file"):
        Recipe.from_toml(path)
    save_file({"steps": np.zeros(3, np.int64)}, tmp_path / "existing.safetensors")
    with pytest.raises(RecipeError, match=r'"steps" in .* is I64, not of a floating dtype'):
        Recipe.from_toml(path)
