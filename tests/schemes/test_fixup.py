"""Fixup: a network without normalisations begins as the identity, and learns as fast at any depth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import initialize_, schemes
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, Rule
from reference.deep_models import residual_network

HE = Recipe(
    [
        Rule("*bias*", "zeros_"),
        Rule("*scale", "ones_"),
        Rule("*", "kaiming_normal_", {"nonlinearity": "relu"}),
    ]
)


def change(depth: int, recipe: Recipe | None = None, steps: int = 8) -> float:
    """By how much some steps of SGD change what the network returns."""
    found = []
    for seed in range(3):
        fastinit.manual_seed(seed)
        inputs, classes = fastinit.randn(32, 8), fastinit.randint(0, 3, (32,))
        model = residual_network(fastinit, depth)
        initialize_(model, recipe or schemes.fixup(model), seed)
        before = model(inputs).detach().numpy().copy()
        optimizer = fastinit.optim.SGD(model.parameters(), lr=0.03)
        for _ in range(steps):
            optimizer.zero_grad()
            fastinit.nn.functional.cross_entropy(model(inputs), classes).backward()
            optimizer.step()
        found.append(np.abs(model(inputs).detach().numpy() - before).mean())
    return float(np.mean(found))


def test_training_changes_the_output_by_as_much_at_any_depth() -> None:
    shallow, deep = change(2), change(64)
    assert shallow > 0.01
    assert deep / shallow == pytest.approx(1, abs=0.15)
    assert change(3, HE) > 10 * shallow


def test_every_block_begins_as_the_identity_and_the_output_is_0() -> None:
    model = residual_network(fastinit, 20)
    initialize_(model, schemes.fixup(model), seed=0)
    inputs = fastinit.randn(5, 16).relu()
    for block in model.blocks:
        assert (block(inputs) == inputs).all()
    assert (model(fastinit.randn(5, 8)) == 0).all()


@pytest.mark.parametrize(("layers", "blocks"), [(2, 16), (3, 16), (4, 7)])
def test_the_scale_is_that_of_the_formula(layers: int, blocks: int) -> None:
    kind = [f"conv{n}" for n in range(layers)]
    model = {f"layer1.{n}.{each}.weight": (8, 4, 3, 3) for n in range(blocks) for each in kind}
    model |= {"stem.weight": (8, 3, 7, 7), "layer1.0.downsample.weight": (8, 4, 1, 1), "fc.weight": (10, 8)}
    recipe = schemes.fixup(model, branches=[kind])
    for name in model:
        call = recipe.assignment(name).initialiser
        if kind[-1] in name or name == "fc.weight":
            assert call.name == "zeros_"
            continue
        std = math.sqrt(2 / (8 * math.prod(model[name][2:])))
        if "conv" in name:
            std *= blocks ** (-1 / (2 * layers - 2))
        array = np.empty((1000, *model[name][1:]), np.float64)
        expected = std * math.sqrt(8 / 1000)  # the fan is out * kernel
        call.fill(array, fastinit.Generator(seed=0))
        assert array.std() == pytest.approx(expected, rel=0.02)


def test_blocks_of_two_kinds_are_counted_together() -> None:
    basic = {f"layer1.{n}.conv{k}.weight": (8, 8, 3, 3) for n in range(3) for k in (1, 2)}
    bottleneck = {f"layer2.{n}.conv{k}.weight": (8, 8, 1, 1) for n in range(6) for k in (1, 2, 3)}
    recipe = schemes.fixup({"conv1.weight": (8, 3, 3, 3), **basic, **bottleneck, "fc.weight": (10, 8)})

    def scale(name: str) -> Any:
        return recipe.assignment(name).initialiser.arguments.get("scale", 0)

    assert scale("conv1.weight") == pytest.approx(2)
    assert scale("layer1.0.conv1.weight") == pytest.approx(2 / 9)
    assert scale("layer1.0.conv2.weight") == 0
    assert scale("layer2.0.conv1.weight") == scale("layer2.0.conv2.weight") == pytest.approx(2 / 3)
    assert scale("layer2.0.conv3.weight") == 0


def test_a_branch_of_one_layer_is_0() -> None:
    model = {f"blocks.{n}.linear.weight": (4, 4) for n in range(3)}
    recipe = schemes.fixup(model, branches=[["linear"]], classifier=())
    assert {str(each.initialiser) for each in recipe.assignments.values()} == {"zeros_()"}


def test_what_torch_stores_transposed_has_its_own_fans() -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.ModuleDict({"up": torch.nn.ConvTranspose2d(3, 5, 2), "fc": torch.nn.Linear(5, 2)})
    model["block"] = torch.nn.ModuleDict({"conv1": torch.nn.Linear(5, 5), "conv2": torch.nn.Linear(5, 5)})
    assert schemes.fixup(model).assignment("up.weight").initialiser.layout == Layout(transposed=True)


BLOCK = {"layer1.0.conv1.weight": (4, 4), "layer1.0.conv2.weight": (4, 4)}


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ({"conv1.weight": (4, 4), "fc.weight": (4, 4)}, {}, "no residual branch is found, .* give branches="),
        (BLOCK, {}, "fixup: no parameter is called as usual, .*fc.weight.*: give classifier="),
        (BLOCK, {"classifier": "x"}, "fixup: classifier: 'x' matches no parameter"),
        (BLOCK, {"branches": [["a", "b"]]}, "fixup: branches: no block has the layers a, b"),
        (BLOCK, {"branches": [[]]}, r"fixup: expected branches to be tuples of names of layers, got \[\]"),
        (BLOCK, {"branches": ["conv1", "conv2"]}, "tuples of names of layers, got 'conv1'"),
        (BLOCK, {"branches": "conv1"}, "tuples of names of layers, got 'conv1'"),
        (
            {**BLOCK, "layer1.0.bn1.weight": (4,)},
            {},
            '"layer1.0.bn1.weight" scales a normalisation.*nn.Identity',
        ),
        ({**BLOCK, "fc.weight": (2, 4)}, {"mode": "fan"}, "Mode fan not supported"),
    ],
)
def test_what_does_not_fit_is_refused(model: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schemes.fixup(model, **options)


def test_a_normalisation_may_stay_by_a_rule_of_its_own() -> None:
    model = {**BLOCK, "layer1.0.bn1.weight": (4,), "fc.weight": (2, 4)}
    schemes.fixup(model, rules=[Rule("*.bn1.weight", "ones_")])
