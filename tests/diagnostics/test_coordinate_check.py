"""The coordinate check measures each layer of each width before and after each step, and how they grow."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit.diagnostics import CoordinateCheck, CoordinateRow, coordinate_check


@pytest.fixture(params=["fastinit", "torch"])
def library(request: pytest.FixtureRequest) -> Any:
    """fastinit, or PyTorch."""
    found: Any = pytest.importorskip(request.param)
    found.manual_seed(0)
    return found


def growing(library: Any, exponent: float) -> Any:
    """A maker of models whose layer gives exactly width^exponent times the input, and learns nothing."""
    nn = library.nn

    def make(width: int, seed: int) -> Any:
        layer = nn.Linear(1, width)
        with library.no_grad():
            layer.weight.fill_(-(float(width) ** exponent))
            layer.bias.zero_()
        return nn.Sequential(layer, nn.Identity())

    return make


def still(module: Any) -> Any:
    """An optimiser that moves nothing."""
    return type("Still", (), {"zero_grad": lambda self: None, "step": lambda self: None})()


def total(output: Any) -> Any:
    return output.sum()


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 1.0])
def test_the_slope_is_the_exponent_of_the_width(library: Any, exponent: float) -> None:
    inputs = library.tensor([[2.0], [-4.0]])
    found = coordinate_check(
        growing(library, exponent), [4, 16, 64], inputs, loss=total, optimizer=still, steps=2, seeds=[0]
    )
    assert found.slopes() == {name: pytest.approx((exponent,) * 3, abs=1e-6) for name in ("0", "1")}
    assert [(row.name, row.width, row.step) for row in found][:6] == [
        (name, 4, step) for step in range(3) for name in ("0", "1")
    ]
    assert found[0].size == pytest.approx(3 * 4**exponent)
    assert len(found) == 3 * 3 * 2


def test_the_sizes_are_those_of_training_by_hand(library: Any) -> None:
    nn = library.nn
    inputs = library.randn(5, 3)

    def make(width: int, seed: int) -> Any:
        return nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 2))

    def loss(output: Any) -> Any:
        return output.square().mean()

    def sgd(module: Any) -> Any:
        return library.optim.SGD(module.parameters(), lr=0.5)

    found = coordinate_check(make, [4, 8], inputs, loss=loss, optimizer=sgd, steps=2, seeds=[3, 5])
    for width in (4, 8):
        expected = np.zeros((3, 3))
        for seed in (3, 5):
            library.manual_seed(seed)
            module = make(width, seed)
            optimizer = sgd(module)
            for step in range(3):
                x = inputs
                for place, layer in enumerate(module):
                    x = layer(x)
                    expected[step, place] += x.abs().mean().item() / 2
                optimizer.zero_grad()
                loss(x).backward()
                optimizer.step()
        sizes = [row.size for row in found if row.width == width]
        np.testing.assert_allclose(sizes, expected.ravel(), rtol=1e-5)


def test_the_generators_and_the_caller_are_left_as_they_were(library: Any) -> None:
    before = library.get_rng_state().tolist(), fastinit.get_rng_state().tolist()
    make, inputs = growing(library, 0.0), library.ones(1, 1)

    def refuse(output: Any) -> Any:
        raise RuntimeError("refused")

    coordinate_check(make, [2, 3], inputs, loss=total, optimizer=still)
    with pytest.raises(RuntimeError, match="refused"):
        coordinate_check(make, [2, 3], inputs, loss=refuse, optimizer=still)
    assert (library.get_rng_state().tolist(), fastinit.get_rng_state().tolist()) == before


def test_repeated_calls_and_what_functions_make_of_the_last_layer_have_rows(library: Any) -> None:
    nn = library.nn

    class Model(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.first = nn.Linear(2, width)
            self.shared = nn.Linear(width, width)

        def forward(self, x: Any, scale: float = 1.0) -> Any:
            return {"output": self.shared(self.shared(self.first(x))).abs() * scale}

    def check(inputs: Any) -> CoordinateCheck:
        return coordinate_check(
            lambda width, seed: Model(width),
            [2, 4],
            inputs,
            loss=lambda output: output["output"].mean(),
            optimizer=still,
            steps=0,
        )

    x = library.randn(3, 2)
    found = check({"x": x, "scale": 3.0})
    assert list(found.slopes()) == ["first", "shared", "shared (call 2)", "(output)"]
    assert found["(output)"].size == pytest.approx(3 * found["shared (call 2)"].size)
    assert check((x, 1.0))["(output)"].size == pytest.approx(found["shared (call 2)"].size)


def test_a_size_that_is_not_finite_has_an_infinite_slope_and_zeros_have_none() -> None:
    rows = [
        CoordinateRow(name, width, 0, size)
        for name, sizes in {"nan": (1.0, math.nan), "inf": (1.0, math.inf), "zero": (0.0, 0.0)}.items()
        for width, size in zip((2, 4), sizes, strict=True)
    ]
    found = CoordinateCheck(rows)
    assert found.slopes()["nan"] == found.slopes()["inf"] == (math.inf,)
    assert math.isnan(found.slopes()["zero"][0])
    assert json.loads(json.dumps(found.to_dict()))["slopes"] == {
        "nan": ["inf"],
        "inf": ["inf"],
        "zero": [None],
    }


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"widths": [4]}, ValueError, r"expected two widths or more, each above 0, got \[4\]"),
        ({"widths": [4, 4]}, ValueError, "expected two widths or more"),
        ({"widths": [0, 4]}, ValueError, "each above 0"),
        ({"seeds": []}, ValueError, "expected one seed at least"),
        ({"steps": -1}, ValueError, "expected steps of at least 0, got -1"),
        ({"optimizer": None}, ValueError, "expected an optimiser from make or from optimizer, got neither"),
        ({"make": lambda width, seed: (fastinit.nn.Linear(1, 1), still(None))}, ValueError, "got both"),
        ({"make": lambda width, seed: 3}, TypeError, "expected a module of fastinit or of torch, got int"),
        ({"loss": lambda output: 3.0}, TypeError, "expected loss to give a tensor, got float"),
        (
            {"loss": lambda output: output},
            ValueError,
            r"expected loss to give a scalar, got the shape \(3, 2\)",
        ),
        (
            {"make": lambda width, seed: fastinit.nn.Sequential(*[fastinit.nn.Linear(1, 1)] * width)},
            ValueError,
            "not every model calls the layers",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], error: type, message: str) -> None:
    options: dict[str, Any] = {
        "make": growing(fastinit, 0.0),
        "widths": [2, 4],
        "inputs": fastinit.ones(3, 1),
        "loss": total,
        "optimizer": still,
        **changed,
    }
    with pytest.raises(error, match=message):
        coordinate_check(**options)
