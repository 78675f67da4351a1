"""Every scheme gives one recipe for modules of both libraries and for shapes; it fills shards and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import Shard, checkpoint, initialize_, schemes
from fastinit.diagnostics import parameters
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.deep_models import gated_network, language_model, residual_network, translator

#: Each scheme with a model that it is for: `scheme(model, narrow model)` and `build(library, width)`.
SCHEMES: dict[str, tuple[Callable[[Any, Any], Recipe], Callable[[Any, int], Any]]] = {
    "gpt2": (lambda model, _: schemes.gpt2(model), lambda library, width: language_model(library, 3, width)),
    "fixup": (
        lambda model, _: schemes.fixup(model),
        lambda library, width: residual_network(library, 3, width),
    ),
    "t_fixup": (
        lambda model, _: schemes.t_fixup(model),
        lambda library, width: translator(library, 3, width),
    ),
    "rezero": (
        lambda model, _: schemes.rezero(model),
        lambda library, width: gated_network(library, 3, width),
    ),
    "deepnet": (
        lambda model, _: schemes.deepnet(model),
        lambda library, width: language_model(library, 3, width, "post"),
    ),
    "mup": (
        lambda model, base: schemes.mup(model, base).recipe,
        lambda library, width: language_model(library, 3, width),
    ),
}
each_scheme = pytest.mark.parametrize("name", SCHEMES)


def recipe_and_model(name: str, library: Any = fastinit, width: int = 48) -> tuple[Recipe, Any]:
    scheme, build = SCHEMES[name]
    model = build(library, width)
    return scheme(model, build(library, 16)), model


def shapes(model: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(each.shape) for name, each in model.named_parameters()}


@each_scheme
def test_modules_of_both_libraries_and_their_shapes_give_one_recipe(name: str) -> None:
    torch = pytest.importorskip("torch")
    scheme, build = SCHEMES[name]
    recipe, model = recipe_and_model(name)
    assert recipe_and_model(name, torch)[0] == recipe
    with torch.device("meta"):
        assert recipe_and_model(name, torch)[0] == recipe
    narrow = shapes(build(fastinit, 16))
    assert scheme(shapes(model), narrow) == recipe
    specs = {each: TensorSpec(shape) for each, shape in shapes(model).items()}
    assert scheme(specs, narrow) == recipe


@each_scheme
def test_a_filled_model_is_what_the_diagnostics_expect(name: str) -> None:
    recipe, model = recipe_and_model(name)
    initialize_(model, recipe, seed=0)
    assert not parameters(model, recipe=recipe, spectra=False).flagged


@each_scheme
def test_a_shard_has_the_bits_of_the_whole(name: str) -> None:
    recipe, model = recipe_and_model(name)
    initialize_(model, recipe, seed=3)
    for key, whole in model.named_parameters():
        values = whole.detach().numpy()
        index = tuple(slice(size // 3, size - size // 4) for size in values.shape)
        part = np.full_like(values[index], 7)
        initialize_({key: part}, recipe, seed=3, shards={key: Shard(values.shape, index)})
        assert part.tobytes() == values[index].tobytes()


@each_scheme
def test_a_checkpoint_holds_what_fills_the_model(name: str, tmp_path: Path) -> None:
    recipe, model = recipe_and_model(name)
    checkpoint.write(recipe, tmp_path, seed=5)
    initialize_(model, recipe, seed=5)
    found = checkpoint.Checkpoint(tmp_path)
    for key, each in model.named_parameters():
        array = each.detach().numpy()
        assert found.read(key, 0, array.size).tobytes() == array.tobytes()


@each_scheme
def test_the_recipe_reads_back_and_has_a_rule_for_each_kind_of_layer(name: str) -> None:
    recipe, _ = recipe_and_model(name)
    assert Recipe.from_text(recipe.to_toml()) == recipe
    deeper = SCHEMES[name][1](fastinit, 48)
    assert len(recipe.rules) < len(shapes(deeper))


@each_scheme
def test_rules_of_ones_own_come_first_and_leave_the_others_bits(name: str) -> None:
    recipe, model = recipe_and_model(name)
    chosen = next(key for key, each in model.named_parameters() if each.dim() > 1)
    call: Any = getattr(schemes, name)
    build = SCHEMES[name][1]
    narrow = (build(fastinit, 16),) if name == "mup" else ()
    found = call(model, *narrow, rules=[Rule(chosen, "constant_", {"val": 2.0})])
    changed: Recipe = found.recipe if name == "mup" else found
    for key in recipe.assignments:
        before, after = recipe.value(key, ..., seed=1), changed.value(key, ..., seed=1)
        assert (after == 2).all() if key == chosen else np.array_equal(before, after)


@each_scheme
def test_what_a_scheme_does_not_know_is_asked_for_and_nothing_else_is_taken(name: str) -> None:
    call: Any = getattr(schemes, name)
    narrow: tuple[Any, ...] = ({"w": (2, 2)},) if name == "mup" else ()
    with pytest.raises(
        TypeError, match=f"{name}: expected a module or a mapping from names to shapes, got int"
    ):
        call(3, *narrow)
    with pytest.raises(ValueError, match=f"{name}: the model has no parameters"):
        call({}, *narrow)
    known = shapes(SCHEMES[name][1](fastinit, 16))
    model = {**known, "temperature": ()}
    with pytest.raises(ValueError, match=rf'{name}: it does not say how "temperature" \[\] start.*Rule\('):
        call(model, *((model,) if name == "mup" else ()))
    call(model, *((model,) if name == "mup" else ()), rules=[Rule("temperature", "ones_")])
    with pytest.raises(ValueError, match="matches no tensor"):
        call(known, *((known,) if name == "mup" else ()), rules=[Rule("temperature", "ones_")])
