"""What a model does to signals and gradients is measured layer by layer, and the model left as it was."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.diagnostics import propagation

FRAMEWORKS = ["fastinit", "torch"]


@pytest.fixture(params=FRAMEWORKS)
def library(request: pytest.FixtureRequest) -> Any:
    """fastinit, or PyTorch."""
    found: Any = pytest.importorskip(request.param)
    found.manual_seed(0)
    return found


def perceptron(library: Any, activation: str, fill: Callable[[Any], Any], depth: int = 50) -> Any:
    """The network of the chapter on numerical stability: layers of one width, without biases."""
    nn = library.nn
    layers = []
    for _ in range(depth):
        layer = nn.Linear(100, 100, bias=False)
        fill(layer.weight)
        layers += [layer, getattr(nn, activation)()]
    return nn.Sequential(*layers)


def normal(std: float) -> Callable[[Any], Any]:
    return lambda weight: fastinit.nn.init.normal_(weight, std=std)


def steps(factor: float) -> int:
    """After how many layers of this factor a signal has left three decades."""
    return math.ceil(math.log(1e3) / abs(math.log(factor)))


# By which factor a layer of 100 units changes a standard deviation: std sqrt(100), and a ReLU's sqrt(1/2).
@pytest.mark.parametrize(
    ("activation", "fill", "factor", "depth"),
    [
        ("Identity", normal(0.01), 0.1, 50),
        ("Identity", normal(1.0), 10.0, 30),
        ("ReLU", normal(0.01), 0.1 / math.sqrt(2), 30),
        ("ReLU", normal(1.0), 10 / math.sqrt(2), 30),
        ("ReLU", fastinit.nn.init.xavier_normal_, 1 / math.sqrt(2), 50),
    ],
)
def test_the_depths_at_which_signal_and_gradient_are_lost_follow_from_the_scale(
    library: Any, activation: str, fill: Callable[[Any], Any], factor: float, depth: int
) -> None:
    found = propagation(perceptron(library, activation, fill, depth), library.randn(64, 100))
    expected = steps(factor)
    there, back = ("vanishes", "explodes")[factor > 1], ("vanishes", "explodes")[factor < 1]
    assert getattr(found, f"{there}_at") == pytest.approx(expected, abs=1 + expected // 8)
    assert getattr(found, f"gradient_{there}_at") == pytest.approx(depth - expected, abs=2 + expected // 8)
    assert getattr(found, f"{back}_at") is getattr(found, f"gradient_{back}_at") is None
    assert f"the signal {there} at depth {getattr(found, f'{there}_at')}" in str(found)


@pytest.mark.parametrize(
    ("activation", "fill"),
    [
        ("Identity", fastinit.nn.init.xavier_normal_),
        ("Tanh", fastinit.nn.init.xavier_uniform_),
        ("ReLU", lambda weight: fastinit.nn.init.kaiming_normal_(weight, nonlinearity="relu")),
    ],
)
def test_the_scheme_that_fits_the_activation_loses_neither(
    library: Any, activation: str, fill: Callable[[Any], Any]
) -> None:
    found = propagation(perceptron(library, activation, fill), library.randn(64, 100))
    assert found[-1].depth == 50
    for event in ("vanishes_at", "explodes_at", "gradient_vanishes_at", "gradient_explodes_at"):
        assert getattr(found, event) is None, event


def test_a_signal_that_underflows_wakes_no_unit_and_brings_no_gradient(library: Any) -> None:
    found = propagation(perceptron(library, "ReLU", normal(0.01)), library.randn(64, 100))
    assert (found[-1].std, found[-1].dead) == (0.0, 1.0)
    assert found.gradient_vanishes_at == 50


def test_what_overflows_has_exploded(library: Any) -> None:
    found = propagation(perceptron(library, "Identity", normal(1.0)), library.randn(8, 100))
    assert found.explodes_at == pytest.approx(4, abs=1)
    assert found[-1].std == math.inf


def kaiming(weight: Any) -> Any:
    return fastinit.nn.init.kaiming_normal_(weight, nonlinearity="relu")


def test_what_starts_without_a_spread_is_not_said_to_explode(library: Any) -> None:
    deep = perceptron(library, "ReLU", kaiming, depth=5)
    one = library.nn.Sequential(*deep, library.nn.Linear(100, 1))
    for inputs in (library.ones(8, 100), library.randn(1, 100)):
        assert propagation(one, inputs).explodes_at is None
        for loss in (None, lambda output: output.mean(), lambda output: output.sum()):
            found = propagation(one, inputs, loss)
            assert found[-1].gradient_std == 0 or loss is None
            assert (found.gradient_vanishes_at, found.gradient_explodes_at) == (None, None)


def test_what_is_lost_is_told_also_where_it_started_without_a_spread(library: Any) -> None:
    found = propagation(
        perceptron(library, "Identity", normal(0.01)), library.ones(8, 100), lambda output: output.mean()
    )
    assert found.vanishes_at is not None
    assert found.gradient_vanishes_at is not None


def small(library: Any) -> Any:
    nn = library.nn
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def test_the_figures_are_those_of_the_outputs_and_the_gradients(library: Any) -> None:
    nn = library.nn
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    inputs = library.randn(20, 6)
    found = propagation(net, inputs, lambda output: (output**2).mean())

    hidden = net[0](inputs)
    active = net[1](hidden)
    output = net[2](active)
    for each in (hidden, active, output):
        each.retain_grad()
    (output**2).mean().backward()
    assert [row.name for row in found] == ["0", "1", "2"]
    assert [row.layer for row in found] == ["Linear", "Tanh", "Linear"]
    assert [row.depth for row in found] == [1, 1, 2]
    assert found.input_std == pytest.approx(inputs.numpy().std(), rel=1e-5)
    for row, each in zip(found, (hidden, active, output), strict=True):
        values = each.detach().numpy()
        assert row.shape == values.shape
        assert row.mean == pytest.approx(values.mean(), abs=1e-6)
        assert row.std == pytest.approx(values.std(), rel=1e-5)
        assert row.gradient_std == pytest.approx(each.grad.numpy().std(), rel=1e-5)
    for place in (0, 2):
        expected = net[place].weight.grad.numpy().std()
        assert found[place].weight_gradient_std == pytest.approx(expected, rel=1e-5)
    assert math.isnan(found[1].weight_gradient_std)
    assert json.loads(json.dumps(found.to_dict()))["vanishes_at"] is None


def test_units_that_no_input_wakes_are_dead(library: Any) -> None:
    nn = library.nn
    net = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Conv1d(10, 10, 1), nn.ReLU(inplace=True))
    with library.no_grad():
        net[0].weight.fill_(1)
        net[0].bias.copy_(library.tensor([100.0] * 7 + [-100.0] * 3))
        net[2].weight.fill_(0)
        net[2].bias.copy_(library.tensor([1.0] * 6 + [0.0, -1.0, -1.0, -1.0]))
        dense = propagation(net[:2], library.randn(5, 4))
        tokens = propagation(net[:2], library.randn(5, 3, 4))
        channels = propagation(net[2:], library.randn(2, 10, 3))
    assert dense["1"].dead == tokens["1"].dead == pytest.approx(0.3)
    assert channels[1].dead == pytest.approx(0.4)
    assert math.isnan(dense["0"].dead)


@pytest.mark.parametrize(("activation", "width"), [("Tanh", 1.0), ("Sigmoid", 2.0)])
def test_values_near_a_limit_are_saturated(library: Any, activation: str, width: float) -> None:
    inputs = library.tensor([[-9.0, -1.9, -1.8, 0.0, 1.8, 1.9, 2.0, 9.0]]) * width
    found = propagation(library.nn.Sequential(getattr(library.nn, activation)()), inputs)
    assert found[0].saturated == 5 / 8  # tanh(1.83) = 0.95


@pytest.mark.parametrize(
    ("activation", "arguments", "ends"),
    [("Hardtanh", (), (-1.0, 1.0)), ("Hardtanh", (-4.0, 2.0), (-4.0, 2.0)), ("Hardsigmoid", (), (-3.0, 3.0))],
)
def test_what_has_a_hard_limit_is_saturated_at_it_and_not_before(
    library: Any, activation: str, arguments: tuple[float, ...], ends: tuple[float, float]
) -> None:
    low, high = ends
    inputs = library.tensor([[low - 1, low, 0.99 * low, 0.0, 0.99 * high, high, high + 1, high + 9]])
    found = propagation(library.nn.Sequential(getattr(library.nn, activation)(*arguments)), inputs)
    assert found[0].saturated == 5 / 8


def test_a_layer_that_is_called_again_has_a_row_for_each_call(library: Any) -> None:
    nn = library.nn
    shared = nn.Linear(6, 6)
    found = propagation(nn.Sequential(shared, nn.ReLU(), shared), library.randn(5, 6), lambda y: y.sum())
    assert [row.name for row in found] == ["0", "1", "0 (call 2)"]
    assert [row.depth for row in found] == [1, 1, 2]
    assert found[0].weight_gradient_std == found[2].weight_gradient_std
    assert found[0].gradient_std != found[2].gradient_std


def state(library: Any, net: Any) -> list[Any]:
    """All that a measurement must leave as it was."""
    hooks = [
        (len(each._forward_hooks), len(each._forward_pre_hooks), len(each._backward_hooks))
        for each in net.modules()
    ]
    tensors = [*net.named_parameters(), *net.named_buffers()]
    values = [(name, id(each), np.array(each.detach().numpy()).tobytes()) for name, each in tensors]
    grads = [None if each.grad is None else each.grad.numpy().tobytes() for each in net.parameters()]
    wanted = [each.requires_grad for each in net.parameters()]
    generators = [library.get_rng_state().tolist(), fastinit.get_rng_state().tolist()]
    return [hooks, values, grads, wanted, generators, [each.training for each in net.modules()]]


class RefusedError(Exception):
    """Raised by a loss."""


def refuse(_: Any) -> Any:
    raise RefusedError


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("loss", [None, lambda output: (output**2).sum(), refuse])
def test_the_model_is_left_as_it_was(library: Any, training: bool, loss: Any) -> None:
    net = small(library).train(training)
    net(library.randn(4, 6)).sum().backward()
    net[0].bias.requires_grad_(False)
    inputs = library.randn(10, 6)
    before = state(library, net)
    if loss is refuse:
        with pytest.raises(RefusedError):
            propagation(net, inputs, loss)
    else:
        propagation(net, inputs, loss)
    assert state(library, net) == before
    assert inputs.grad is None


def test_a_layer_that_raises_leaves_the_model_as_it_was(library: Any) -> None:
    net, inputs = small(library), library.randn(10, 7)
    before = state(library, net)
    with pytest.raises(RuntimeError):
        propagation(net, inputs)
    assert state(library, net) == before


def test_the_result_is_the_same_every_time(library: Any) -> None:
    net, inputs = small(library), library.randn(10, 6)
    assert propagation(net, inputs).to_dict() == propagation(net, inputs).to_dict()


def test_a_frozen_model_has_a_way_forward_only(library: Any) -> None:
    net = small(library).requires_grad_(False)
    found = propagation(net, library.randn(10, 6))
    assert all(math.isnan(row.gradient_std) for row in found)
    assert found[0].std > 0
    with pytest.raises(ValueError, match="nothing that the loss depends on requires grad"):
        propagation(net, library.randn(10, 6), lambda output: output.sum())


def test_tokens_arguments_and_names_are_passed_on(library: Any) -> None:
    nn = library.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 8)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, tokens: Any, scale: float = 1.0) -> dict[str, Any]:
            x = self.embedding(tokens) * scale
            return {"tokens": tokens, "hidden": self.attention(x, x, x)[0]}

    net = Model()
    tokens = library.tensor([[1, 2, 3], [4, 5, 6]])
    found = propagation(net, tokens)
    assert math.isnan(found.input_std)
    assert [(row.name, row.depth) for row in found] == [("embedding", 1), ("attention", 2)]
    assert all(row.gradient_std > 0 for row in found)
    assert propagation(net, (tokens, 1.0)).to_dict() == found.to_dict()
    assert propagation(net, {"tokens": tokens, "scale": 2.0})[1].std != found[1].std


def test_what_computes_a_parameter_is_no_layer() -> None:
    torch = pytest.importorskip("torch")
    linear = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(6, 6))
    net = torch.nn.Sequential(linear, torch.nn.ReLU())
    found = propagation(net, torch.randn(5, 6), lambda output: output.sum())
    assert [(row.name, row.depth) for row in found] == [("0", 1), ("1", 1)]
    assert found[0].weight_gradient_std > 0


def test_a_layer_that_is_computed_again_on_the_way_back_is_measured_once() -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.checkpoint import checkpoint

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(6, 6)

        def forward(self, x: Any) -> Any:
            return checkpoint(self.linear, x, use_reentrant=False)

    assert len(propagation(Model(), torch.randn(5, 6))) == 1


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda output: 3.0, TypeError, "expected loss to give a tensor, got float"),
        (lambda output: output, ValueError, r"expected loss to give a scalar, got the shape \(10, 3\)"),
    ],
)
def test_a_loss_must_be_a_scalar_tensor(library: Any, loss: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        propagation(small(library), library.randn(10, 6), loss)


def test_what_is_no_module_or_has_no_parameters_yet_is_refused(library: Any) -> None:
    with pytest.raises(TypeError, match="expected a module of fastinit or of torch, got function"):
        propagation(refuse, library.randn(3))
    net = library.nn.Sequential(library.nn.LazyLinear(3))
    with pytest.raises(ValueError, match='"0" is lazy, and has no parameters before its first call'):
        propagation(net, library.randn(2, 3))


def test_histograms_count_each_output_and_its_gradient() -> None:
    fastinit.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 5))
    inputs = fastinit.randn(64, 20)
    table = propagation(net, inputs, lambda output: (output**2).mean(), histograms=True)
    assert [row.histogram.counts.sum() for row in table] == [64 * 30, 64 * 30, 64 * 5]
    assert [row.gradient_histogram.counts.sum() for row in table] == [64 * 30, 64 * 30, 64 * 5]
    hidden = net[0](inputs).detach().numpy()
    counts, edges = np.histogram(hidden.astype(np.float64), 64)
    assert (table["0"].histogram.counts == counts).all()
    assert (table["0"].histogram.edges == edges).all()


def test_histograms_are_no_part_of_the_text_of_the_document_or_of_what_is_equal() -> None:
    net = nn.Linear(4, 4)
    inputs = fastinit.randn(8, 4)
    without, with_them = propagation(net, inputs), propagation(net, inputs, histograms=True)
    assert without[0].histogram is None
    assert without[0].gradient_histogram is None
    assert str(with_them) == str(without)
    assert with_them.to_dict() == without.to_dict()
    assert with_them.rows == without.rows
    assert "istogram" not in repr(with_them[0])


@pytest.mark.parametrize("wrapped", ["compiled", "parallel"])
def test_a_wrapped_module_is_measured_as_a_bare_one(wrapped: str) -> None:
    torch = pytest.importorskip("torch")
    bare = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    inputs = torch.randn(5, 8)
    wrap = {
        "compiled": lambda: torch.compile(bare, backend="eager"),
        "parallel": lambda: torch.nn.DataParallel(bare),
    }
    table = propagation(wrap[wrapped](), inputs)
    assert [row.name for row in table] == ["0", "1", "2"]
    assert table.rows == propagation(bare, inputs).rows
