"""ReZero: a network of any depth begins as the identity, for signals and for gradients."""

from __future__ import annotations

import pytest

import fastinit
from fastinit import initialize_, schemes
from reference.deep_models import gated_network


def test_signals_and_gradients_pass_unchanged() -> None:
    fastinit.manual_seed(0)
    model = gated_network(fastinit, 100)
    initialize_(model, schemes.rezero(model, gain=2**0.5), seed=0)
    inputs = fastinit.randn(5, 16, requires_grad=True)
    output = model(inputs)
    assert (output == inputs).all()
    sent = fastinit.randn(5, 16)
    output.backward(sent)
    assert (inputs.grad == sent).all()
    assert all((block.alpha.grad != 0).all() for block in model)  # the gates learn from the first step


def test_all_but_the_gates_is_as_usual() -> None:
    recipe = schemes.rezero(
        {
            "h.0.alpha": (),
            "h.0.resweight": (1,),
            "h.0.fc.weight": (40, 60),
            "wte.weight": (7, 25),
            "b.bias": (3,),
        },
        gain=1.5,
    )
    calls = {name: str(each.initialiser) for name, each in recipe.assignments.items()}
    assert calls == {
        "h.0.alpha": "zeros_()",
        "h.0.resweight": "zeros_()",
        "h.0.fc.weight": "xavier_normal_(gain=1.5)",
        "wte.weight": "normal_(std=0.2)",
        "b.bias": "zeros_()",
    }


def test_gates_of_other_names_are_told() -> None:
    model = {"h.0.gate": (1,), "h.0.fc.weight": (4, 4)}
    with pytest.raises(ValueError, match=r"rezero: no parameter is called as usual, \*alpha.*: give gates="):
        schemes.rezero(model)
    with pytest.raises(ValueError, match="rezero: gates: 'x' matches no parameter"):
        schemes.rezero(model, gates="x")
    assert schemes.rezero(model, gates="*.gate").assignment("h.0.gate").initialiser.name == "zeros_"
