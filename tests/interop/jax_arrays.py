"""Arrays of a recipe: the bits of its checkpoint, however they are sharded, each box computed once."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding
from safetensors.numpy import load_file

from fastinit import checkpoint
from fastinit.interop.jax import KERNEL, array, arrays
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec

P = PartitionSpec
SEED = 2**63 + 11

RECIPE = Recipe(
    [
        Rule("*.embedding", "normal_", {"std": 0.02}, dtype="bfloat16"),
        Rule("*.kernel", "kaiming_uniform_", layout=KERNEL),
        Rule("*.experts", "xavier_normal_"),
        Rule("*.square", "orthogonal_", layout=KERNEL),
        Rule("*.sparse", "sparse_", {"sparsity": 0.3}),
        Rule("*.scale", "ones_"),
        Rule("*.nothing", "normal_"),
        Rule("*.gate", "trunc_normal_"),
    ],
    tensors={
        "embed.embedding": TensorSpec((16, 24)),
        "dense.kernel": TensorSpec((16, 8), "float16"),
        "conv.kernel": TensorSpec((3, 2, 8, 16)),
        "moe.experts": TensorSpec((3, 8, 8)),
        "mix.square": TensorSpec((24, 16), "bfloat16"),
        "mix.sparse": TensorSpec((16, 8), "float16"),
        "norm.scale": TensorSpec((8,)),
        "mix.gate": TensorSpec(()),
        "of.nothing": TensorSpec((0, 8)),
        "left.as.it.is": TensorSpec((8,)),
    },
    ties={"head.embedding": "embed.embedding"},
    allow_unmatched=True,
)
MATRICES = [name for name, each in RECIPE.assignments.items() if len(each.spec.shape) > 1 and each.spec.numel]

# The mesh, and how the last two dimensions of a tensor are spread over it.
SHARDINGS = [
    ((8,), ()),
    ((8,), ("a", None)),
    ((8,), (None, "a")),
    ((4, 2), ()),
    ((4, 2), ("a", "b")),
    ((4, 2), ("b", "a")),
    ((4, 2), ("b", None)),
    ((4, 2), (None, "a")),
    ((4, 2), (("b", "a"), None)),
    ((2, 2, 2), ("a", "b")),
    ((2, 2, 2), ("c", None)),
    ((2, 2, 2), (("a", "c"), "b")),
    ((2, 2, 2), (None, ("c", "b", "a"))),
]


def mesh(shape: tuple[int, ...]) -> Mesh:
    return jax.make_mesh(shape, tuple("abc"[: len(shape)]), (jax.sharding.AxisType.Auto,) * len(shape))


def spread(name: str, shape: tuple[int, ...], axes: tuple[Any, ...]) -> NamedSharding:
    leading = len(RECIPE.assignments[name].spec.shape) - 2
    return NamedSharding(mesh(shape), P(*(None,) * leading, *axes))


def assert_is(found: jax.Array, name: str, recipe: Recipe = RECIPE) -> None:
    """That the gathered array, and each part where it lies, has the recipe's bits."""
    expected = recipe.value(name, ..., SEED)
    whole = np.asarray(found)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert whole.tobytes() == expected.tobytes()
    for shard in found.addressable_shards:
        assert np.asarray(shard.data).tobytes() == expected[shard.index].tobytes()


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many elements each box has that is computed."""
    sizes: list[int] = []
    value = Recipe.value

    def recorded(*arguments: Any) -> Any:
        values = value(*arguments)
        sizes.append(values.size)
        return values

    monkeypatch.setattr(Recipe, "value", recorded)
    return sizes


@pytest.mark.parametrize(("shape", "axes"), SHARDINGS)
@pytest.mark.parametrize("name", MATRICES)
def test_a_sharded_array_has_the_bits_of_the_recipe(
    name: str, shape: tuple[int, ...], axes: tuple[Any, ...]
) -> None:
    sharding = spread(name, shape, axes)
    found = array(RECIPE, name, SEED, sharding)
    assert found.sharding == sharding
    assert len(found.addressable_shards) == 8
    assert_is(found, name)


@pytest.mark.parametrize("name", [*RECIPE.assignments, "head.embedding"])
def test_without_a_sharding_it_is_whole_on_the_default_device(name: str) -> None:
    with jax.default_device(jax.devices()[3]):
        found = array(RECIPE, name, SEED)
    assert found.devices() == {jax.devices()[3]}
    assert_is(found, name)
    assert array(RECIPE, name, SEED).devices() == {jax.devices()[0]}


def test_a_single_device_may_be_named() -> None:
    found = array(RECIPE, "dense.kernel", SEED, SingleDeviceSharding(jax.devices()[5]))
    assert found.devices() == {jax.devices()[5]}
    assert_is(found, "dense.kernel")


def test_a_partition_spec_is_of_the_mesh_that_is_set() -> None:
    with jax.set_mesh(mesh((4, 2))):
        found = array(RECIPE, "dense.kernel", SEED, P("a", "b"))
    assert found.sharding == spread("dense.kernel", (4, 2), ("a", "b"))
    assert_is(found, "dense.kernel")


@pytest.mark.parametrize(("shape", "axes"), SHARDINGS)
def test_each_box_is_computed_once_and_alone(
    computed: list[int], shape: tuple[int, ...], axes: tuple[Any, ...]
) -> None:
    name = "embed.embedding"
    sharding = spread(name, shape, axes)
    array(RECIPE, name, SEED, sharding)
    size = math.prod(sharding.shard_shape((16, 24)))
    assert computed == [size] * (16 * 24 // size)


def by_name(name: str, spec: TensorSpec) -> NamedSharding | None:
    if not spec.shape or spec.shape[-1] % 4:
        return None
    return NamedSharding(mesh((4, 2)), P(*(None,) * (len(spec.shape) - 1), "a"))


@pytest.mark.parametrize(
    "shardings",
    [
        None,
        NamedSharding(mesh((8,)), P()),
        by_name,
        {name: by_name(name, each.spec) for name, each in RECIPE.assignments.items()},
    ],
    ids=["none", "one", "function", "mapping"],
)
def test_all_arrays_are_those_of_the_checkpoint(tmp_path: Path, shardings: Any) -> None:
    checkpoint.write(RECIPE, tmp_path / "model", seed=SEED)
    stored = load_file(tmp_path / "model" / "model.safetensors")
    found = arrays(RECIPE, SEED, shardings)
    assert found["head.embedding"] is found["embed.embedding"]
    assert found.keys() == stored.keys() | {"head.embedding"}
    assert list(found) == [name for name in (*RECIPE.tensors, *RECIPE.ties) if name != "left.as.it.is"]
    for name, expected in stored.items():
        assert found[name].dtype == expected.dtype
        assert np.asarray(found[name]).tobytes() == expected.tobytes()
    if callable(shardings):
        assert found["dense.kernel"].sharding == spread("dense.kernel", (4, 2), (None, "a"))


def test_a_tied_name_may_have_the_sharding_of_its_source() -> None:
    shardings = {name: by_name(name, each.spec) for name, each in RECIPE.assignments.items()}
    found = arrays(RECIPE, SEED, shardings | {"head.embedding": shardings["embed.embedding"]})
    assert found["head.embedding"] is found["embed.embedding"]
    with pytest.raises(ValueError, match=r'"head.embedding" is tied to "embed.embedding", which has another'):
        arrays(RECIPE, SEED, shardings | {"head.embedding": None})


DOUBLE = Recipe([Rule("*", "normal_")], tensors={"w": TensorSpec((8, 3), "float64")})


def test_float64_is_refused_where_jax_would_round_it(computed: list[int]) -> None:
    with pytest.raises(ValueError, match=r'tensor "w": JAX makes float32 of float64 unless .*enable_x64'):
        array(DOUBLE, "w", SEED)
    assert not computed
    with jax.enable_x64(True):
        assert_is(array(DOUBLE, "w", SEED, NamedSharding(mesh((8,)), P("a"))), "w", DOUBLE)


REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: array(RECIPE, "dens.kernel", SEED), RecipeError, 'unknown tensor "dens.kernel"; did you mean'),
    (lambda: array(RECIPE, "left.as.it.is", SEED), RecipeError, "no rule applies to it"),
    (lambda: array(RECIPE, "dense.kernel", 1.5), RuntimeError, "expected a long"),
    (
        lambda: array(RECIPE, "dense.kernel", SEED, P("a")),
        ValueError,
        "P?.*'a'.* is of no mesh: call jax.set_",
    ),
    (lambda: array(RECIPE, "dense.kernel", SEED, jax.devices()[0]), TypeError, "expected a jax.sharding.Sh"),
    (
        lambda: arrays(RECIPE, SEED, NamedSharding(mesh((8,)), P("a"))),
        ValueError,
        'tensor "conv.kernel": .* 8 .* 3',
    ),
    (
        lambda: array(RECIPE, "norm.scale", SEED, NamedSharding(mesh((8,)), P(None, "a"))),
        ValueError,
        'tensor "norm.scale": .* rank at least 2',
    ),
    (lambda: arrays(RECIPE, SEED, {"dens.kernel": None}), RecipeError, 'unknown tensor "dens.kernel"'),
    (lambda: arrays(RECIPE, SEED, {"left.as.it.is": None}), RecipeError, 'unknown tensor "left.as.it.is"'),
    (lambda: arrays(RECIPE, SEED, {"dense.kernel": None}), ValueError, 'is given for "conv.kernel"'),
    (lambda: arrays(Recipe([Rule("*", "ones_")]), SEED), RecipeError, r"\[tensors\] is empty"),
    (
        lambda: arrays(Recipe([Rule("*", "normal_")], tensors=RECIPE.tensors | DOUBLE.tensors), SEED),
        ValueError,
        'tensor "w": JAX makes float32',
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_what_cannot_be_made_is_refused_before_anything_is(
    computed: list[int], call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
    assert not computed
