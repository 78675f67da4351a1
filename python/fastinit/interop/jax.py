"""JAX: arrays, whole or sharded, with the bits of a recipe, and initialisers in the form of JAX's own.

A `jax.Array` is never filled in place. It is made here from its parts: each device's box is computed on its
own, those that several devices hold once. A host makes one tensor at a time, and of it just the boxes of its
own devices.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ..nn.init import Layout
from ..random import Generator
from ..recipe import Recipe, RecipeError, TensorSpec
from ..recipe.errors import located, unknown
from ..recipe.initialiser import Argument, Initialiser, bind, takes_layout
from ..shard import Shard

if TYPE_CHECKING:
    import jax

    Placement: TypeAlias = jax.sharding.Sharding | jax.sharding.PartitionSpec | None
    Placements: TypeAlias = Placement | Mapping[str, Placement] | Callable[[str, TensorSpec], Placement]

__all__ = ["KERNEL", "array", "arrays", "initializer"]

Box: TypeAlias = tuple[slice, ...]

KERNEL: Final = Layout(transposed=True, kernel_first=True)
"""How JAX's libraries store the weight of a layer: (in, out), for a convolution (*kernel, in, out)."""


def array(recipe: Recipe, name: str, seed: int, sharding: Placement = None) -> jax.Array:
    """Makes one of a recipe's tensors, with the bits that a checkpoint of the same seed holds.

    Args:
        recipe: a recipe that lists its tensors.
        name: one of them, or a tied name.
        seed: an int in [-2^63, 2^64).
        sharding: where its parts lie; a `PartitionSpec` is of the mesh that `jax.set_mesh` has set; None: it
            is whole, on JAX's default device.

    Returns:
        An array of the tensor's shape and of the dtype that a checkpoint stores. Each device that this
        process addresses has its box, computed alone (for an initialiser that is not elementwise, from what
        its docstring says).

    Raises:
        RecipeError: the recipe has no such tensor, or leaves it as it is.
        ValueError: the sharding does not cut the shape into equal parts, a `PartitionSpec` meets no mesh, or
            the dtype is float64 and JAX is not set to have it.

    Source: fastinit's own, made by jax.make_array_from_single_device_arrays; see docs/jax.md.
    """
    spec = recipe.assignment(name).spec
    _check(f'tensor "{name}"', spec, sharding := _resolved(sharding))
    return _made(spec, lambda box: recipe.value(name, box, seed), sharding)


def arrays(recipe: Recipe, seed: int, shardings: Placements = None) -> dict[str, jax.Array]:
    """Makes all of a recipe's tensors, as `array` does.

    Args:
        recipe: a recipe that lists its tensors.
        seed: an int in [-2^63, 2^64).
        shardings: one for all; or one for each, by name; or a function that is given a name and its
            `TensorSpec`, and returns one.

    Returns:
        The arrays by name, in the recipe's order; under a tied name, the very array of its source.

    Raises:
        RecipeError: the recipe lists no tensors, or a mapping names one that it does not have.
        ValueError: as for `array`, or a mapping has no sharding for a tensor, or gives a tied name another
            than its source. Nothing is computed before all this is checked.

    Source: fastinit's own; see docs/jax.md.
    """
    with located(recipe.source):
        if not recipe.assignments:
            raise RecipeError("[tensors] is empty: arrays need names, shapes and dtypes")
        named = _by_name(recipe, shardings)
    placed = {}
    for name, assignment in recipe.assignments.items():
        placed[name] = _resolved(named(name, assignment.spec))
        _check(f'tensor "{name}"', assignment.spec, placed[name])
    made = {name: array(recipe, name, seed, sharding) for name, sharding in placed.items()}
    names = dict.fromkeys((*recipe.tensors, *recipe.ties))
    return {name: made[key] for name in names if (key := recipe.key(name)) in made}


def initializer(
    name: str, layout: Layout | None = None, **arguments: Argument
) -> jax.nn.initializers.Initializer:
    """Gives one of `fastinit.nn.init`'s initialisers the form of `jax.nn.initializers`.

    What it returns is called `init(key, shape, dtype=None, out_sharding=None)`. The seed is the key's: all
    its words count, and `jax.random.key(n)` for n below 2^32 is the seed n, so that `init` makes the values
    that `fastinit.nn.init` gives an array of that shape with `Generator(seed=n)`. Called within `jax.jit`,
    `vmap` or `eval_shape`, it makes the same values by `jax.pure_callback`, whole, on the host, and takes no
    `out_sharding`.

    Args:
        name: a function of `fastinit.nn.init`, such as `"kaiming_uniform_"`.
        layout: which matrices an array holds, for a function that depends on them; None: one, stored as
            JAX's libraries do, `KERNEL`. (Elsewhere in fastinit a weight is `(out, in, *kernel)` by default.)
        arguments: those of the function.

    Returns:
        A function, to be given to a layer as its `kernel_init`. It takes one key, typed or of uint32; a
        shape; one of float16, bfloat16, float32 and float64, by default JAX's own default; and a sharding
        as `array` does.

    Raises:
        RecipeError: there is no such initialiser, or it does not take its arguments. `init` raises it for
            a shape or a dtype that the initialiser refuses, TypeError or ValueError for what is no key,
            ValueError as `array`, and NotImplementedError for an `out_sharding` within `jax.jit`.

    Source: the form of jax.nn.initializers, with the values of `fastinit.nn.init`; see docs/jax.md.
    """
    bound = bind(name, arguments, layout)
    if layout is None and takes_layout(name):
        bound = replace(bound, layout=KERNEL)

    def init(key: Any, shape: Sequence[int], dtype: Any = None, out_sharding: Placement = None) -> Any:
        import jax

        dtype = np.dtype(jax.numpy.result_type(float) if dtype is None else dtype)
        spec = TensorSpec(tuple(map(operator.index, shape)), dtype.name)
        bound.check(spec)
        words = _words(key)
        traced = isinstance(words, jax.core.Tracer)
        if traced and out_sharding is not None:
            raise NotImplementedError(
                f"{bound}: within jax.jit the whole comes from the host: give jax.jit the out_shardings, or "
                "call the initializer outside, where each device's box is computed alone"
            )
        _check(str(bound), spec, sharding := _resolved(out_sharding))
        box = functools.partial(_box, bound, spec)
        if not traced:
            return _made(spec, functools.partial(box, np.asarray(words)), sharding)
        result = jax.ShapeDtypeStruct(spec.shape, spec.numpy_dtype)
        return jax.pure_callback(
            lambda words: box(np.asarray(words), _whole(spec)), result, words, vmap_method="sequential"
        )

    return init


def _made(
    spec: TensorSpec, box: Callable[[Box], npt.NDArray[Any]], sharding: jax.sharding.Sharding | None
) -> jax.Array:
    """The array whose boxes `box` computes; it is called once for each."""
    import jax

    if sharding is None:
        return jax.device_put(box(_whole(spec)))

    @functools.cache  # JAX asks for each device, also where several hold the same box
    def part(*bounds: tuple[int, int]) -> npt.NDArray[Any]:
        return box(tuple(slice(*each) for each in bounds))

    def callback(index: Box) -> npt.NDArray[Any]:
        return part(*(each.indices(size)[:2] for each, size in zip(index, spec.shape, strict=True)))

    return jax.make_array_from_callback(spec.shape, sharding, callback, dtype=spec.numpy_dtype)


def _whole(spec: TensorSpec) -> Box:
    return (slice(None),) * len(spec.shape)


def _box(bound: Initialiser, spec: TensorSpec, words: npt.NDArray[Any], box: Box) -> npt.NDArray[Any]:
    """The values that an initialiser gives a box, from the words of a key."""
    seed, *rest = ((int(high) << 32) | int(low) for high, low in words.reshape(-1, 2))
    generator = Generator(seed=seed)
    for number in rest:
        generator = generator.fork(number)
    shard = Shard(spec.shape, box)
    values = np.empty(shard.shape, spec.numpy_dtype)
    bound.fill(values, generator, shard)
    return values


def _words(key: Any) -> Any:
    """The words of a key: uint32, an even number of them."""
    import jax

    if not hasattr(key, "dtype"):
        raise TypeError(f"expected a key of jax.random, got {type(key).__name__}")
    if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    if key.dtype != np.uint32:
        raise TypeError(f"expected a key of jax.random, got an array of {key.dtype}")
    if len(key.shape) != 1 or key.size not in (2, 4):
        raise ValueError(f"expected one key of jax.random, got words of the shape {key.shape}")
    return key


def _resolved(sharding: Placement) -> jax.sharding.Sharding | None:
    import jax

    if not isinstance(sharding, jax.sharding.PartitionSpec):
        return sharding
    mesh = jax.sharding.get_mesh()
    if mesh.empty:
        raise ValueError(
            f"{sharding} is of no mesh: call jax.set_mesh(mesh), or give a jax.sharding.NamedSharding"
        )
    return jax.sharding.NamedSharding(mesh, sharding)


def _check(what: str, spec: TensorSpec, sharding: jax.sharding.Sharding | None) -> None:
    """Checks that JAX has the dtype, and that the sharding cuts the shape into equal parts."""
    import jax

    if jax.dtypes.canonicalize_dtype(spec.numpy_dtype) != spec.numpy_dtype:
        raise ValueError(
            f"{what}: JAX makes float32 of float64 unless jax.config.update('jax_enable_x64', True) is set"
        )
    if sharding is None:
        return
    if not isinstance(sharding, jax.sharding.Sharding):
        raise TypeError(f"{what}: expected a jax.sharding.Sharding, got {type(sharding).__name__}")
    try:
        sharding.check_compatible_aval(spec.shape)
        sharding.shard_shape(spec.shape)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _by_name(recipe: Recipe, shardings: Placements) -> Callable[[str, TensorSpec], Placement]:
    if callable(shardings):
        return shardings
    if not isinstance(shardings, Mapping):
        return lambda name, spec: shardings
    for name, sharding in shardings.items():
        key = recipe.key(name)
        if key not in recipe.assignments:
            raise unknown("tensor", name, recipe.assignments)
        if sharding != shardings.get(key, sharding):
            raise ValueError(f'"{name}" is tied to "{key}", which has another sharding')
    missing = sorted(recipe.assignments.keys() - shardings.keys())
    if missing:
        raise ValueError(f'no sharding is given for "{missing[0]}": None is JAX\'s default device')
    return lambda name, spec: shardings[name]
