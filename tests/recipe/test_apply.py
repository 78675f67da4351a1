"""Filling in place and recomputing slices: the same bits, keyed by name, whatever else there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit import Generator, Shard, nn
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec, initialize_, value

RULES = [Rule("*.bias", "zeros_"), Rule("*.weight", "normal_", {"std": 0.02})]
SEED = 7


def weights(*names: str, dtype: Any = np.float32) -> dict[str, np.ndarray]:
    """Arrays that hold NaN: what is not filled shows."""
    return {name: np.full((5, 6), np.nan, dtype) for name in names}


def test_each_parameter_is_filled_from_the_fork_of_its_name() -> None:
    arrays = weights("a.weight", "b.weight")
    assert initialize_(arrays, Recipe(RULES[1:]), SEED) is arrays
    for name, array in arrays.items():
        expected = nn.init.normal_(np.empty((5, 6), np.float32), 0, 0.02, Generator(seed=SEED).fork(name))
        np.testing.assert_array_equal(array, expected)
    assert not np.array_equal(arrays["a.weight"], arrays["b.weight"])


def test_adding_removing_and_reordering_leaves_the_other_bits_as_they_were() -> None:
    recipe = Recipe(RULES[1:])
    few, many = weights("a.weight", "c.weight"), weights("c.weight", "b.weight", "a.weight", "d.weight")
    initialize_(few, recipe, SEED)
    initialize_(many, recipe, SEED)
    for name, array in few.items():
        np.testing.assert_array_equal(array, many[name])


def test_the_seed_and_the_name_change_the_values() -> None:
    first, second = weights("a.weight"), weights("a.weight")
    initialize_(first, Recipe(RULES[1:]), SEED)
    initialize_(second, Recipe(RULES[1:]), SEED + 1)
    assert not np.array_equal(first["a.weight"], second["a.weight"])


def test_no_other_generator_moves() -> None:
    before = bytes(fastinit.get_rng_state())
    initialize_(weights("a.weight"), Recipe(RULES[1:]), SEED)
    assert bytes(fastinit.get_rng_state()) == before


def test_half_precision_is_the_rounded_single_precision() -> None:
    single, half = weights("a.weight"), weights("a.weight", dtype=ml_dtypes.bfloat16)
    for arrays in (single, half):
        initialize_(arrays, Recipe(RULES[1:]), SEED)
    np.testing.assert_array_equal(half["a.weight"], single["a.weight"].astype(ml_dtypes.bfloat16))


def test_a_strided_view_is_filled_as_the_array_it_looks_like() -> None:
    base = np.zeros((6, 10), np.float32)
    plain = weights("a.weight")
    initialize_({"a.weight": base[:, ::2].T}, Recipe(RULES[1:]), SEED)
    initialize_(plain, Recipe(RULES[1:]), SEED)
    np.testing.assert_array_equal(base[:, ::2].T, plain["a.weight"])
    assert not base[:, 1::2].any()


def test_a_tied_parameter_has_the_bits_of_its_source() -> None:
    recipe = Recipe(RULES[1:], ties={"head": "a.weight"})
    both, alone = weights("head", "a.weight"), weights("head")
    initialize_(both, recipe, SEED)
    initialize_(alone, recipe, SEED)
    np.testing.assert_array_equal(both["head"], both["a.weight"])
    np.testing.assert_array_equal(alone["head"], both["a.weight"])


def test_one_array_under_two_names_is_filled_once_under_the_first() -> None:
    (shared,) = weights("x").values()
    plain = weights("b.weight")
    initialize_({"b.weight": shared, "a.weight": shared}, Recipe(RULES[1:]), SEED)
    initialize_(plain, Recipe(RULES[1:]), SEED)
    np.testing.assert_array_equal(shared, plain["b.weight"])


def test_an_array_keeps_its_dtype_whatever_a_checkpoint_would_store() -> None:
    arrays, plain = weights("a.weight"), weights("a.weight")
    initialize_(arrays, Recipe([Rule("*", "normal_", {"std": 0.02}, dtype="float16")]), SEED)
    initialize_(plain, Recipe(RULES[1:]), SEED)
    np.testing.assert_array_equal(arrays["a.weight"], plain["a.weight"])


def test_what_no_rule_matches_stays_as_it_is_where_that_is_allowed() -> None:
    arrays = weights("a.weight", "a.gain", "b.weight") | {"steps": np.ones(3, np.int64)}
    arrays["b.weight"] = np.full(3, np.nan, np.float32)
    initialize_(arrays, Recipe([Rule("*.weight", "normal_", ndim=2)], allow_unmatched=True), SEED)
    assert np.isfinite(arrays["a.weight"]).all()
    assert np.isnan(arrays["a.gain"]).all()
    assert np.isnan(arrays["b.weight"]).all()
    assert arrays["steps"].all()
    with pytest.raises(RecipeError, match=r'unknown tensor "a.gain"'):
        initialize_(weights("a.gain"), LISTED_SOME, SEED)


LISTED_SOME = Recipe(
    [Rule("a.weight", "ones_")],
    tensors={"a.weight": TensorSpec((5, 6)), "b.weight": TensorSpec((5, 6))},
    allow_unmatched=True,
)


class Layer(nn.Module):
    """Two parameters, and a tensor that is none."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(fastinit.zeros(5, 6))
        self.bias = nn.Parameter(fastinit.ones(6))
        self.scale = fastinit.ones(6)


def test_a_module_is_filled_as_the_mapping_of_its_parameters() -> None:
    net = nn.Sequential(Layer(), Layer())
    assert initialize_(net, Recipe(RULES), SEED) is net
    arrays = {name: np.empty(param.shape, np.float32) for name, param in net.named_parameters()}
    assert list(arrays) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    initialize_(arrays, Recipe(RULES), SEED)
    for name, param in net.named_parameters():
        np.testing.assert_array_equal(param.detach().numpy(), arrays[name])
        assert param.requires_grad
        assert param.grad is None
        assert param.grad_fn is None


def test_a_layer_used_twice_is_filled_once_under_its_first_name() -> None:
    shared = Layer()
    initialize_(nn.Sequential(shared, shared), Recipe(RULES), SEED)
    expected = weights("0.weight")
    initialize_(expected, Recipe(RULES[1:]), SEED)
    np.testing.assert_array_equal(shared.weight.detach().numpy(), expected["0.weight"])


LISTED = Recipe(RULES[1:], tensors={"a.weight": TensorSpec((5, 6)), "b.weight": TensorSpec((5, 6))})


@pytest.mark.parametrize(
    ("recipe", "make", "error", "message"),
    [
        (Recipe(RULES), lambda: weights("a.weight"), RecipeError, "matches no tensor"),
        (Recipe(RULES[1:]), lambda: weights("a.weight", "a.gain"), RecipeError, 'tensor "a.gain": no rule'),
        (
            LISTED,
            lambda: weights("a.weight", "c.weight"),
            RecipeError,
            'unknown tensor "c.weight"; did you mean',
        ),
        (
            LISTED,
            lambda: weights("a.weight") | {"b.weight": np.zeros((6, 5), np.float32)},
            RecipeError,
            "it is [6, 5] float32, but the recipe says [5, 6] float32",
        ),
        (
            Recipe(RULES[1:], ties={"head": "a.weight"}),
            lambda: weights("a.weight") | {"head": np.zeros((6, 5), np.float32)},
            RecipeError,
            '"head" is [6, 5] float32; it is tied to "a.weight", which is [5, 6] float32',
        ),
        (
            Recipe([Rule("*", "xavier_normal_")]),
            lambda: weights("a.weight") | {"b": np.zeros(3, np.float32)},
            RecipeError,
            "fewer than 2 dimensions",
        ),
        (
            Recipe(RULES[1:]),
            lambda: weights("a.weight") | {"b.weight": np.zeros((5, 6), np.int64)},
            RecipeError,
            '"b.weight" is of dtype int64',
        ),
        (
            Recipe(RULES[1:]),
            lambda: weights("a.weight") | {"b.weight": np.broadcast_to(np.float32(0), (5, 6))},
            ValueError,
            "read-only",
        ),
        (Recipe(RULES[1:]), lambda: weights("a.weight") | {"b.weight": [1.0]}, TypeError, "got list"),
    ],
)
def test_everything_is_checked_before_anything_is_filled(
    recipe: Recipe, make: Callable[[], dict[str, Any]], error: type[Exception], message: str
) -> None:
    arrays = make()
    with pytest.raises(error) as raised:
        initialize_(arrays, recipe, SEED)
    assert message in str(raised.value)
    assert np.isnan(arrays["a.weight"]).all()


def test_a_box_of_a_tensor_gets_the_values_that_the_whole_has_there() -> None:
    whole = weights("a.weight", "b.weight")
    initialize_(whole, Recipe(RULES[1:]), SEED)
    box = (slice(1, 3), slice(2, 6))
    arrays = {"a.weight": np.empty((2, 4), np.float32), "b.weight": np.empty((5, 6), np.float32)}
    initialize_(arrays, Recipe(RULES[1:]), SEED, shards={"a.weight": Shard((5, 6), box)})
    np.testing.assert_array_equal(arrays["a.weight"], whole["a.weight"][box])
    np.testing.assert_array_equal(arrays["b.weight"], whole["b.weight"])


def test_what_depends_on_the_shape_depends_on_the_whole() -> None:
    recipe = Recipe([Rule("*", "xavier_normal_")], tensors={"a": TensorSpec((8, 6))})
    part = {"a": np.empty((2, 6), np.float32)}
    initialize_(part, recipe, SEED, shards={"a": Shard((8, 6), (slice(4, 6), slice(None)))})
    np.testing.assert_array_equal(part["a"], value(recipe, "a", slice(4, 6), SEED))


@pytest.mark.parametrize(
    ("shards", "error", "message"),
    [
        (
            {"a.wait": Shard((5, 6), (slice(5), slice(6)))},
            RecipeError,
            'unknown tensor "a.wait"; did you mean',
        ),
        (
            {"b.weight": Shard((9, 6), (slice(4), slice(6)))},
            RecipeError,
            '"b.weight": Shard((9, 6), (slice(0, 4)',
        ),
        (
            {"b.weight": (slice(5), slice(6))},
            TypeError,
            'expected a fastinit.Shard in shards, got tuple for "b.',
        ),
        (
            {"b.weight": Shard((9, 6), (slice(5), slice(6)))},
            RecipeError,
            "it is [9, 6] float32, but the recipe says [5, 6] float32",
        ),
        (
            {
                "c.weight": Shard((9, 6), (slice(5), slice(6))),
                "b.weight": Shard((5, 6), (slice(5), slice(6))),
            },
            RecipeError,
            '"b.weight" is Shard((5, 6), (slice(0, 5), slice(0, 6))), but "c.weight", the same tensor, is',
        ),
    ],
)
def test_wrong_shards_are_refused_before_anything_is_filled(
    shards: dict[str, Any], error: type[Exception], message: str
) -> None:
    arrays = weights("a.weight", "b.weight")
    if "c.weight" in shards:
        arrays = {"c.weight": arrays["b.weight"], **arrays}
    with pytest.raises(error) as raised:
        initialize_(arrays, LISTED, SEED, shards=shards)
    assert message in str(raised.value)
    assert np.isnan(arrays["a.weight"]).all()


def test_what_holds_no_names_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a module or a mapping from names to arrays, got ndarray"):
        initialize_(np.zeros(3), Recipe(RULES), SEED)


def test_part_of_what_a_recipe_lists_may_be_filled() -> None:
    arrays = weights("b.weight")
    initialize_(arrays, LISTED, SEED)
    np.testing.assert_array_equal(arrays["b.weight"], value(LISTED, "b.weight", ..., SEED))


@pytest.mark.parametrize("init", ["normal_", "trunc_normal_", "ones_", "orthogonal_", "eye_"])
@pytest.mark.parametrize(
    "index",
    [
        ...,
        (),
        3,
        -1,
        slice(2, 5),
        (slice(None), 4),
        (1, 2),
        (..., 2),
        (1, ...),
        (slice(1, None, 3), slice(None, None, -2)),
        (slice(4, 2), slice(None)),
    ],
)
def test_a_value_is_the_slice_of_what_is_filled(init: str, index: Any) -> None:
    recipe = Recipe([Rule("*", init)], tensors={"w": TensorSpec((8, 7))}, ties={"head": "w"})
    whole = {"w": np.empty((8, 7), np.float32)}
    initialize_(whole, recipe, SEED)
    found = value(recipe, "w", index, SEED)
    np.testing.assert_array_equal(found, whole["w"][index])
    assert found.shape == whole["w"][index].shape
    np.testing.assert_array_equal(value(recipe, "head", index, SEED), found)
    np.testing.assert_array_equal(recipe.value("head", index, SEED), found)


def test_a_slice_of_a_huge_tensor_costs_no_more_than_the_slice() -> None:
    recipe = Recipe([Rule("*", "normal_")], tensors={"w": TensorSpec((1 << 20, 1 << 20), "bfloat16")})
    assert value(recipe, "w", (slice(1 << 19, (1 << 19) + 2), slice(-3, None)), seed=0).shape == (2, 3)


@pytest.mark.parametrize("index", [8, (0, -8), (0, 0, 0), (..., 0, ...)])
def test_an_index_that_does_not_fit_is_refused(index: Any) -> None:
    recipe = Recipe([Rule("*", "normal_")], tensors={"w": TensorSpec((8, 7))})
    with pytest.raises(IndexError):
        value(recipe, "w", index, SEED)


def test_a_value_of_an_unknown_tensor_names_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r'unknown tensor "a.wait"; did you mean "a.weight"'):
        value(LISTED, "a.wait", ..., SEED)


def test_the_package_offers_it_under_its_own_name() -> None:
    ours, theirs = weights("a.weight"), weights("a.weight")
    assert fastinit.initialize_(ours, Recipe(RULES[1:]), seed=SEED) is ours
    initialize_(theirs, Recipe(RULES[1:]), SEED)
    np.testing.assert_array_equal(ours["a.weight"], theirs["a.weight"])
    assert fastinit.recipe.value is value
