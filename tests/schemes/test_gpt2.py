"""GPT-2's scheme: the residual stream is as large behind a hundred blocks as behind two."""

from __future__ import annotations

import math
from typing import Any

import pytest

import fastinit
from fastinit import initialize_, schemes
from fastinit.recipe import Recipe, Rule
from reference.deep_models import language_model
from reference.pages import ROOT

PLAIN = Recipe([Rule("*bias", "zeros_"), Rule("*norm*", "ones_"), Rule("*", "normal_", {"std": 0.02})])


def stream(depth: int, plain: bool = False) -> float:
    """How much larger the stream is behind the last block than before the first."""
    fastinit.manual_seed(0)
    tokens = fastinit.randint(0, 11, (8, 6))
    model = language_model(fastinit, depth, width=64)
    initialize_(model, PLAIN if plain else schemes.gpt2(model), seed=0)
    with fastinit.no_grad():
        x = model.embed_tokens(tokens)
        return float(model.decoder(x).std() / x.std())


def test_the_stream_does_not_grow_with_the_depth() -> None:
    shallow, deep = stream(2), stream(64)
    assert deep / shallow == pytest.approx(1, abs=0.15)
    assert stream(64, plain=True) / stream(2, plain=True) > 4


def test_the_root_of_the_number_of_residual_layers_divides() -> None:
    depth = 5
    recipe = schemes.gpt2(language_model(fastinit, depth), std=0.03)
    for name, each in recipe.assignments.items():
        std = each.initialiser.arguments.get("std")
        if name.endswith(("out_proj.weight", "fc2.weight")):
            assert std == pytest.approx(0.03 / math.sqrt(2 * depth))
        else:
            assert std in (None, 0.03)


def test_a_part_of_a_model_has_the_scale_of_the_whole() -> None:
    whole = schemes.gpt2(
        {f"h.{n}.{each}.c_proj.weight": (4, 4) for n in range(12) for each in ("attn", "mlp")}
    )
    part = {f"h.{n}.{each}.c_proj.weight": (4, 4) for n in range(3) for each in ("attn", "mlp")}
    assert schemes.gpt2(part, residual_layers=24).assignments == {
        name: each for name, each in whole.assignments.items() if name in part
    }


def test_gpt2_itself_is_as_its_recipe_says() -> None:
    """All 148 parameters of the example, whose formula was written by hand."""
    example = Recipe.from_toml(ROOT / "examples/gpt2.toml")
    found = schemes.gpt2(example.tensors)
    for name, each in example.assignments.items():
        assert str(found.assignment(name).initialiser) == str(each.initialiser)


def test_a_tied_head_is_filled_once() -> None:
    model = language_model(fastinit, 2)
    model.lm_head.weight = model.embed_tokens.weight
    recipe = schemes.gpt2(model)
    assert recipe.ties == {"lm_head.weight": "embed_tokens.weight"}
    initialize_(model, recipe, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"residual": "*.c_proj.wieght"}, "gpt2: residual: '.*wieght' matches no parameter; did you mean"),
        ({"residual": ["*.fc2.weight", "x"]}, "gpt2: residual: 'x' matches no parameter"),
        ({"residual_layers": 0}, "expected residual_layers of at least 1, got 0"),
        ({"std": -1.0}, "std >= 0"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schemes.gpt2({f"h.{n}.fc2.weight": (4, 4) for n in range(2)} | {"c_proj.weight": (2, 2)}, **options)


def test_a_model_without_residual_layers_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"gpt2: no parameter is called as usual, \*\.c_proj\.weight.*residual="
    ):
        schemes.gpt2({"0.weight": (4, 4)})
