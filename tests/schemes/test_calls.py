"""What is decided for each parameter is said with a rule for each kind of layer, or for each shape of it."""

from __future__ import annotations

from fastinit import schemes
from fastinit.recipe import Rule, TensorSpec
from fastinit.schemes.calls import ZEROS, Call, normal, recipe_of
from fastinit.schemes.model import read


def rules(shapes: dict[str, tuple[int, ...]], calls: dict[str, Call]) -> list[tuple[str, str]]:
    recipe = recipe_of("test", read("test", shapes), lambda name, _: calls[name], [])
    for name, call in calls.items():
        assert recipe.assignment(name).initialiser.name == call.init
        assert recipe.assignment(name).initialiser.arguments == call.arguments
    return [(str(rule), str(rule.shape)) for rule in recipe.rules]


def test_layers_that_differ_in_their_numbers_share_a_rule() -> None:
    names = [f"h.{n}.fc.weight" for n in range(12)]
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(names, (4, 4))
    assert rules(shapes, dict.fromkeys(names, normal(0.1))) == [(r'(regex = "h\.\d+\.fc\.weight")', "None")]


def test_shapes_decide_where_layers_of_one_name_differ_by_them() -> None:
    shapes: dict[str, tuple[int, ...]] = {f"layer{k}.{n}.conv": (k, k) for k in (1, 2) for n in range(2)}
    shapes |= {f"h.{n}": (4, 4) if n < 3 else (8, 8) for n in range(6)}
    calls = {name: normal(0.1 * shape[0]) for name, shape in shapes.items()}
    found = rules(shapes, calls)
    assert len(found) == 4
    assert [shape for _, shape in found] == ["None", "None", "(4, 4)", "(8, 8)"]


def test_names_decide_where_nothing_else_tells_layers_apart() -> None:
    shapes: dict[str, tuple[int, ...]] = {f"h.{n}": (4, 4) for n in range(3)}
    found = rules(shapes, {"h.0": normal(0.1), "h.1": ZEROS, "h.2": normal(0.1)})
    assert [rule for rule, _ in found] == [f'(match = "h.{n}")' for n in range(3)]


def test_names_with_the_signs_of_patterns_mean_themselves() -> None:
    shapes: dict[str, tuple[int, ...]] = {"a[0].w*": (4, 4), "a0.wx": (4, 4)}
    rules(shapes, {"a[0].w*": normal(0.1), "a0.wx": ZEROS})


def test_vectors_are_known_by_their_names() -> None:
    weights = {f"h.{n}.c_proj.weight": (4, 4) for n in range(2)}
    ones = {"norm.weight": (4,), "norm.gamma": (4,), "scale": (1,), "multiplier": ()}
    zeros = {
        "norm.bias": (4,),
        "norm.beta": (4,),
        "bias1a": (1,),
        "attn.in_proj_bias": (12,),
        "bias_k": (1, 1, 4),
    }
    recipe = schemes.gpt2({**weights, **ones, **zeros})
    for names, init in ((ones, "ones_"), (zeros, "zeros_")):
        assert {recipe.assignment(name).initialiser.name for name in names} == {init}


def test_the_dtype_and_the_ties_of_a_model_are_kept() -> None:
    shapes = {"h.0.c_proj.weight": TensorSpec((4, 4), "bfloat16"), "h.1.c_proj.weight": TensorSpec((4, 4))}
    recipe = schemes.gpt2(shapes)
    assert recipe.tensors == shapes
    assert schemes.gpt2(shapes, rules=[Rule("h.0.*", "zeros_")]).rules[0].match == "h.0.*"
