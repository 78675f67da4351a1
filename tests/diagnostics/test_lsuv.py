"""Layer-sequential unit variance: every layer's outputs have variance 1 on the batch, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import Generator
from fastinit.diagnostics import lsuv_, propagation


@pytest.fixture(params=["fastinit", "torch"])
def library(request: pytest.FixtureRequest) -> Any:
    """fastinit, or PyTorch."""
    found: Any = pytest.importorskip(request.param)
    found.manual_seed(0)
    return found


def net(library: Any, activation: str = "ReLU", depth: int = 6) -> Any:
    nn = library.nn
    return nn.Sequential(
        *(each for _ in range(depth) for each in (nn.Linear(40, 40), getattr(nn, activation)()))
    )


def weights(module: Any) -> list[np.ndarray]:
    return [np.array(each.detach().numpy()) for each in module.parameters()]


@pytest.mark.parametrize("activation", ["ReLU", "Tanh", "Identity"])
@pytest.mark.parametrize("orthogonal", [True, False])
def test_every_layer_has_outputs_of_variance_1(library: Any, activation: str, orthogonal: bool) -> None:
    module, batch = net(library, activation), library.randn(256, 40)
    assert lsuv_(module, batch, tolerance=0.02, orthogonal=orthogonal) is module
    for row in propagation(module, batch):
        assert row.layer != "Linear" or abs(row.std**2 - 1) < 0.02


def test_the_weights_are_orthogonal_but_for_their_scale(library: Any) -> None:
    module = lsuv_(net(library), library.randn(64, 40))
    for layer in module[::2]:
        gram = layer.weight.detach().numpy() @ layer.weight.detach().numpy().T
        np.testing.assert_allclose(gram, np.eye(40) * gram[0, 0], atol=1e-4 * gram[0, 0])


def test_kernels_are_scaled_and_biases_norms_and_embeddings_are_not(library: Any) -> None:
    nn = library.nn
    module = nn.Sequential(
        nn.Embedding(10, 6), nn.Conv1d(4, 8, 3), nn.BatchNorm1d(8), nn.Flatten(), nn.Linear(32, 3)
    )
    before = weights(module)
    lsuv_(module, library.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]))
    changed = [not np.array_equal(a, b) for a, b in zip(before, weights(module), strict=True)]
    assert changed == [False, True, False, False, False, True, False]
    assert module[2].running_mean.tolist() == [0.0] * 8


def test_the_generator_alone_decides(library: Any) -> None:
    batch = library.randn(64, 40)
    source = net(library).state_dict()
    found = []
    for seed in (1, 1, 2):
        module = net(library)
        module.load_state_dict(source)
        found.append(weights(lsuv_(module, batch, generator=Generator(seed=seed))))
    assert all(np.array_equal(a, b) for a, b in zip(found[0], found[1], strict=True))
    assert not np.array_equal(found[0][0], found[2][0])


def test_the_default_generator_moves_by_what_is_drawn(library: Any) -> None:
    module, batch = net(library, depth=1), library.randn(64, 40)
    fastinit.manual_seed(3)
    first = weights(lsuv_(module, batch))[0]
    assert not np.allclose(first, weights(lsuv_(module, batch))[0])
    fastinit.manual_seed(3)
    assert np.array_equal(first, weights(lsuv_(module, batch))[0])


def test_a_layer_that_is_used_twice_is_scaled_once(library: Any) -> None:
    nn = library.nn
    shared = nn.Linear(40, 40)
    batch = library.randn(64, 40)
    found = propagation(lsuv_(nn.Sequential(shared, nn.Tanh(), shared), batch), batch)
    assert abs(found[0].std ** 2 - 1) < 0.1


def test_a_call_that_fails_leaves_the_weights_as_they_were(library: Any) -> None:
    nn = library.nn
    module = nn.Sequential(nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 3), nn.Linear(5, 5))
    silent = nn.Sequential(nn.Linear(4, 4, bias=False))
    before = weights(module)
    batch = library.randn(8, 40)
    state = fastinit.get_rng_state().tolist()
    with pytest.raises(RuntimeError):
        lsuv_(module, batch)
    with pytest.raises(ValueError, match='lsuv_: "0" returns values whose standard deviation is 0'):
        lsuv_(silent, library.zeros(5, 4))
    assert all(np.array_equal(a, b) for a, b in zip(before, weights(module), strict=True))
    assert fastinit.get_rng_state().tolist() == state
    assert not any(each._forward_hooks for each in module.modules())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "expected a tolerance above 0, got 0.0"),
        ({"most_steps": 0}, "expected most_steps of at least 1, got 0"),
    ],
)
def test_senseless_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lsuv_(net(fastinit), fastinit.randn(4, 40), **options)


def test_a_model_may_be_called_by_keywords(library: Any) -> None:
    net, inputs = library.nn.Sequential(library.nn.Linear(20, 30)), library.randn(100, 20)
    assert lsuv_(net, {"input": inputs})(inputs).var().item() == pytest.approx(1, abs=0.1)


def test_a_batch_that_no_weight_changes_is_refused_and_the_weights_are_as_before(library: Any) -> None:
    net = library.nn.Sequential(library.nn.Linear(20, 30))
    before = net[0].weight.detach().clone()
    with pytest.raises(ValueError, match='the weight of "0" changes nothing'):
        lsuv_(net, library.zeros(100, 20))
    assert bool((net[0].weight == before).all())
