"""What a rule may call: every initialiser there is, by name, with its own arguments."""

from __future__ import annotations

import numpy as np
import pytest

from fastinit import Generator, Shard, get_rng_state
from fastinit.recipe import TensorSpec
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
