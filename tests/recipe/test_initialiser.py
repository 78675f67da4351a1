"""What a rule may call: every initialiser there is, by name, with its own arguments."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fastinit import Generator, Shard, get_rng_state
from fastinit.nn import init
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec
from fastinit.recipe import initialiser as module
from fastinit.recipe.initialiser import bind, initialisers, parameters

SHAPES = {"dirac_": (8, 4, 3), "delta_orthogonal_": (8, 4, 3)}


def arguments(name: str) -> dict[str, float]:
    """Something for each argument that the initialiser cannot do without."""
    values = {"val": 3.0, "sparsity": 0.5, "low": -2.0, "high": 2.0, "threshold": 1.0}
    return {key: values[key] for key, each in parameters(name).items() if each.default is each.empty}


def test_the_initialisers_are_those_of_nn_init() -> None:
    assert {"normal_", "trunc_normal_", "kaiming_uniform_", "orthogonal_", "zeros_"} <= set(initialisers())


@pytest.mark.parametrize("name", initialisers())
def test_every_initialiser_can_be_checked_filled_and_sharded_from_a_rule(name: str) -> None:
    initialiser = bind(name, arguments(name))
    shape = SHAPES.get(name, (8, 6))
    initialiser.check(TensorSpec(shape))
    whole = np.full(shape, np.nan, np.float32)
    initialiser.fill(whole, Generator(seed=3))
    assert np.isfinite(whole).all()
    shard = Shard(shape, (slice(2, 7), slice(1, 4), *(slice(0, size) for size in shape[2:])))
    box = np.full(shard.shape, np.nan, np.float32)
    initialiser.fill(box, Generator(seed=3), shard)
    np.testing.assert_array_equal(box, whole[shard.index])


@pytest.mark.parametrize("name", initialisers())
def test_a_check_draws_nothing_from_the_default_generator(name: str) -> None:
    before = bytes(get_rng_state())
    bind(name, arguments(name)).check(TensorSpec(SHAPES.get(name, (8, 6))))
    assert bytes(get_rng_state()) == before


def test_a_call_is_written_as_one_would_type_it() -> None:
    assert str(bind("zeros_", {})) == "zeros_()"
    assert str(bind("normal_", {"mean": 0, "std": 0.02 / 24**0.5})) == "normal_(mean=0, std=0.00408248)"
    assert str(bind("kaiming_normal_", {"mode": "fan_out"})) == 'kaiming_normal_(mode="fan_out")'


def test_those_that_make_whole_matrices_say_so() -> None:
    whole = {name for name in initialisers() if not bind(name, arguments(name)).elementwise}
    assert whole == {"delta_orthogonal_", "orthogonal_", "sparse_"}


READERS_OF_LAYOUTS = [
    name for name in initialisers() if "layout" in inspect.signature(getattr(init, name)).parameters
]


@pytest.mark.parametrize("name", READERS_OF_LAYOUTS)
def test_a_layout_reaches_each_initialiser_that_reads_one(name: str) -> None:
    layout = Layout(expert_axis=0)
    shape = (2, *SHAPES.get(name, (8, 6)))
    initialiser = bind(name, arguments(name), layout)
    initialiser.check(TensorSpec(shape))
    filled, expected = np.empty(shape, np.float32), np.empty(shape, np.float32)
    initialiser.fill(filled, Generator(seed=3))
    options: dict[str, Any] = arguments(name)
    if "generator" in inspect.signature(getattr(init, name)).parameters:
        options["generator"] = Generator(seed=3)
    getattr(init, name)(expected, **options, layout=layout)
    np.testing.assert_array_equal(filled, expected)


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Layout | None]]:
    """Puts an initialiser that reads a layout in the place of `xavier_normal_`; gives the layouts it gets."""
    seen: list[Layout | None] = []

    def xavier_normal_(tensor: Any, gain: float = 1.0, shard: Any = None, layout: Any = None) -> None:
        seen.append(layout)
        if layout is not None and layout.splits == 5:
            raise ValueError("the splits do not fit")

    caches = (module._signature, module.parameters)
    monkeypatch.setattr(init, "xavier_normal_", xavier_normal_)
    for each in caches:
        each.cache_clear()
    yield seen
    for each in caches:
        each.cache_clear()


RULE = '[[rule]]\nmatch = "*"\ninit = "xavier_normal_"\n'


@pytest.mark.parametrize(
    ("keys", "layout", "text"),
    [
        ("splits = 3", Layout(3), "Layout(splits=3)"),
        ('splits = ["2 * n", 4]', Layout((4, 4)), "Layout(splits=(4, 4))"),
        ("expert_axis = 0", Layout(expert_axis=0), "Layout(expert_axis=0)"),
        ("expert_axis = [0, 1]", Layout(expert_axis=(0, 1)), "Layout(expert_axis=(0, 1))"),
        ("transposed = true\ngain = 2", Layout(transposed=True), "gain=2, layout=Layout(transposed=True)"),
        ("transposed = false", Layout(), "Layout()"),
        ("kernel_first = true", Layout(kernel_first=True), "Layout(kernel_first=True)"),
        (
            'splits = 2\ngains = [1, "1 / n"]',
            Layout(2, gains=(1, 0.5)),
            "Layout(splits=2, gains=(1.0, 0.5))",
        ),
    ],
)
def test_the_keys_of_a_layout_reach_the_initialiser(
    layouts: list[Layout | None], keys: str, layout: Layout, text: str
) -> None:
    recipe = Recipe.from_text(f'[vars]\nn = 2\n[tensors]\n"w" = {{ shape = [8, 6] }}\n{RULE}{keys}\n')
    assert recipe.rules[0].layout == layout
    assert layouts == [layout]
    assert text in recipe.explain("w")
    recipe.value("w", 0, seed=0)
    assert layouts == [layout, layout]
    assert Recipe.from_text(recipe.to_toml()) == recipe


@pytest.mark.usefixtures("layouts")
@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("transposed = 1", "transposed must be true or false"),
        ('kernel_first = "yes"', "kernel_first must be true or false"),
        ("splits = 1.5", "splits: 1.5 is 1.5, not a whole number"),
        ("splits = 5", 'tensor "w": xavier_normal_(layout=Layout(splits=5)): the splits do not fit'),
        ("splits = 2\ngains = 3", "gains: must be an array of numbers"),
        ("splits = 2\ngains = [1]", "expected a gain for each of 2 splits, got 1"),
        ("layout = 3", 'unknown argument of xavier_normal_ "layout"'),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(keys: str, message: str) -> None:
    with pytest.raises(RecipeError) as raised:
        Recipe.from_text(f'[tensors]\n"w" = {{ shape = [8, 6] }}\n{RULE}{keys}\n')
    assert str(raised.value).startswith('line 3: rule 1 (match = "*"): ')
    assert message in str(raised.value)


def test_a_layout_for_what_reads_no_fans_is_refused() -> None:
    with pytest.raises(
        RecipeError, match=r"normal_ reads no fans, so that Layout\(splits=3\) has no meaning"
    ):
        Recipe([Rule("*", "normal_", layout=Layout(splits=3))])
