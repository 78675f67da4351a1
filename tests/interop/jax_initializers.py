"""Initialisers in JAX's form: their values are those of `fastinit.nn.init`, and come from all of the key."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from fastinit import Generator, nn
from fastinit.interop.jax import KERNEL, initializer
from fastinit.nn.init import Layout
from fastinit.recipe import RecipeError

P = PartitionSpec
KEY = jax.random.key(42)

CASES = [
    ("normal_", {"std": 0.5}, (5,)),
    ("uniform_", {"a": -1, "b": 2}, ()),
    ("trunc_normal_", {}, (2, 0, 3)),
    ("constant_", {"val": 3}, (4, 3)),
    ("kaiming_uniform_", {"a": 1, "mode": "fan_out"}, (8, 16)),
    ("xavier_normal_", {}, (3, 3, 8, 16)),
    ("variance_scaling_", {"distribution": "uniform"}, (5, 8, 16)),
    ("orthogonal_", {"gain": 2}, (2, 3, 4, 8)),
    ("dirac_", {}, (3, 8, 16)),
    ("sparse_", {"sparsity": 0.4}, (16, 8)),
    ("eye_", {}, (8, 16)),
]
ARGUMENTS = pytest.mark.parametrize(("name", "arguments", "shape"), CASES)


def filled(name: str, arguments: dict[str, Any], shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray:
    """What `fastinit.nn.init` makes of an array that is stored as JAX's libraries store a kernel."""
    function = getattr(nn.init, name)
    options: dict[str, Any] = dict(arguments)
    if "generator" in function.__annotations__:
        options["generator"] = Generator(seed=seed)
    if "layout" in function.__annotations__:
        options["layout"] = KERNEL
    return function(np.empty(shape, dtype), **options)


def mesh() -> Mesh:
    return jax.make_mesh((4, 2), ("a", "b"), (AxisType.Auto, AxisType.Auto))


def bits(array: Any) -> bytes:
    return np.asarray(array).tobytes()


@ARGUMENTS
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_the_seed_of_a_key_gives_its_values(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...], dtype: Any
) -> None:
    found = initializer(name, **arguments)(KEY, shape, dtype)
    expected = filled(name, arguments, shape, np.dtype(dtype), seed=42)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert bits(found) == bits(expected)


@ARGUMENTS
def test_a_sharded_array_has_the_same_bits(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    init = initializer(name, **arguments)
    axes = (*(None,) * (len(shape) - 2), "a", "b") if len(shape) > 1 and shape[-1] == 16 else ()
    sharding = NamedSharding(mesh(), P(*axes))
    found = init(KEY, shape, jnp.float32, sharding)
    assert found.sharding == sharding
    assert bits(found) == bits(init(KEY, shape))
    with jax.set_mesh(mesh()):
        assert init(KEY, shape, out_sharding=P(*axes)).sharding == sharding


@ARGUMENTS
def test_within_transformations_it_has_the_same_bits(
    name: str, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    init = initializer(name, **arguments)
    keys = jax.random.split(KEY, 3)
    each = [bits(init(key, shape)) for key in keys]
    assert bits(jax.jit(init, static_argnums=1)(keys[0], shape)) == each[0]
    assert bits(jax.vmap(lambda key: init(key, shape))(keys)) == b"".join(each)
    assert bits(jax.lax.map(lambda key: init(key, shape), keys)) == b"".join(each)
    traced = jax.eval_shape(lambda: init(jax.random.key(0), shape, jnp.bfloat16))
    assert (traced.shape, traced.dtype) == (shape, ml_dtypes.bfloat16)


def test_a_jitted_call_may_spread_its_result() -> None:
    init, sharding = initializer("normal_"), NamedSharding(mesh(), P("a", "b"))
    found = jax.jit(lambda key: init(key, (8, 6)), out_shardings=sharding)(KEY)
    assert found.sharding == sharding
    assert bits(found) == bits(init(KEY, (8, 6)))


def test_a_gradient_goes_past_it() -> None:
    init = initializer("normal_")
    gradient = jax.grad(lambda x: (x * init(jax.random.key(1), (3, 4))).sum())
    assert bits(gradient(jnp.ones((3, 4)))) == bits(init(jax.random.key(1), (3, 4)))
    assert bits(jax.jit(gradient)(jnp.ones((3, 4)))) == bits(init(jax.random.key(1), (3, 4)))


@pytest.mark.parametrize(
    ("name", "arguments", "theirs"),
    [
        ("kaiming_uniform_", {}, jax.nn.initializers.he_uniform()),
        ("xavier_uniform_", {}, jax.nn.initializers.glorot_uniform()),
        ("lecun_normal_", {}, jax.nn.initializers.lecun_normal()),
        ("variance_scaling_", {"scale": 3, "mode": "fan_out"},
         jax.nn.initializers.variance_scaling(3, "fan_out", "truncated_normal")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(200, 500), (5, 5, 64, 96)])
def test_the_fans_are_those_that_jax_counts(
    name: str, arguments: dict[str, Any], theirs: Callable[..., Any], shape: tuple[int, ...]
) -> None:
    ours = np.asarray(initializer(name, **arguments)(KEY, shape))
    expected = np.asarray(theirs(KEY, shape, jnp.float32))
    assert ours.std() == pytest.approx(expected.std(), rel=0.01)
    assert np.abs(ours).max() == pytest.approx(np.abs(expected).max(), rel=0.01)


@pytest.mark.parametrize("shape", [(8, 5), (2, 3, 4, 6)])
def test_the_columns_of_an_orthogonal_kernel_are_orthonormal(shape: tuple[int, ...]) -> None:
    matrix = np.asarray(initializer("orthogonal_")(KEY, shape)).reshape(-1, shape[-1])
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(shape[-1]), atol=1e-6)


def test_a_stack_of_kernels_is_said_by_a_layout() -> None:
    layout = Layout(expert_axis=0, transposed=True, kernel_first=True)
    found = initializer("kaiming_uniform_", layout)(KEY, (4, 6, 5))
    assert np.abs(found).max() <= math.sqrt(6 / 6)
    assert bits(found) == bits(
        nn.init.kaiming_uniform_(np.empty((4, 6, 5), np.float32), generator=Generator(seed=42), layout=layout)
    )


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_every_word_of_a_key_counts(impl: str) -> None:
    init = initializer("uniform_")
    words = np.asarray(jax.random.key_data(jax.random.key(5, impl=impl)))
    changed = [
        words,
        *(words + (np.arange(words.size) == place).astype(np.uint32) for place in range(words.size)),
    ]
    keys = [jax.random.wrap_key_data(jnp.asarray(each), impl=impl) for each in changed]
    values = [bits(init(key, (16,))) for key in keys]
    assert len(set(values)) == 1 + words.size
    assert values == [bits(init(key, (16,))) for key in keys]
    assert values == [bits(init(jnp.asarray(each), (16,))) for each in changed]  # the old form of a key
    assert values[0] == bits(jax.jit(lambda key: init(key, (16,)))(keys[0]))


def test_the_dtype_is_by_default_that_of_jax() -> None:
    init = initializer("normal_")
    assert init(KEY, (3,)).dtype == np.float32
    with jax.enable_x64(True):
        assert init(KEY, (3,)).dtype == np.float64
        assert init(KEY, (3,), jnp.float64, NamedSharding(mesh(), P())).dtype == np.float64
        assert bits(init(KEY, (3,))) == bits(filled("normal_", {}, (3,), np.float64, seed=42))


def test_zero_elements_are_warned_of() -> None:
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        assert initializer("kaiming_uniform_")(KEY, (0, 3)).shape == (0, 3)


NORMAL = initializer("normal_")
REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: initializer("normal"), RecipeError, 'unknown initialiser "normal"; did you mean "normal_"'),
    (lambda: initializer("normal_", sdt=1), RecipeError, 'unknown argument of normal_ "sdt"'),
    (lambda: initializer("constant_"), RecipeError, "needs val"),
    (lambda: initializer("normal_", KERNEL), RecipeError, "reads no fans"),
    (lambda: initializer("kaiming_normal_")(KEY, (3,)), RecipeError, "a matrix has 2 or more dimensions"),
    (lambda: NORMAL(KEY, (3, -1)), RecipeError, "at least 0"),
    (lambda: NORMAL(KEY, (3,), jnp.int32), RecipeError, 'unknown dtype "int32"'),
    (lambda: NORMAL(KEY, (3,), jnp.float64), ValueError, r"normal_\(\): JAX makes float32 of float64 unless"),
    (lambda: NORMAL(42, (3,)), TypeError, "expected a key of jax.random, got int"),
    (lambda: NORMAL(jnp.zeros(2), (3,)), TypeError, "expected a key of jax.random, got an array of float32"),
    (lambda: NORMAL(jnp.zeros(3, jnp.uint32), (3,)), ValueError, r"got words of the shape \(3,\)"),
    (lambda: NORMAL(jax.random.split(KEY, 2), (3,)), ValueError, r"one key .* words of the shape \(2, 2\)"),
    (lambda: NORMAL(KEY, (3, 4), None, NamedSharding(mesh(), P("a"))), ValueError, r"normal_\(\): .* 4 .* 3"),
    (
        lambda: jax.jit(lambda key: NORMAL(key, (4,), None, NamedSharding(mesh(), P("a"))))(KEY),
        NotImplementedError,
        "give jax.jit the out_shardings",
    ),
    (lambda: jax.jit(lambda key: NORMAL(key, (4,), jnp.int8))(KEY), RecipeError, 'unknown dtype "int8"'),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_what_cannot_be_made_is_refused(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
