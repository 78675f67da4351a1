"""Which names are one parameter."""

from __future__ import annotations

import pytest

import fastinit
from fastinit.diagnostics import sharing
from fastinit.nn import Linear, Module, ReLU, Sequential


def test_every_name_of_a_shared_parameter_is_listed_under_the_one_that_stands_for_it() -> None:
    shared = Linear(4, 4)
    net = Sequential(Linear(4, 4), shared, ReLU(), shared, ReLU(), shared)
    assert sharing(net) == {"1.weight": ("3.weight", "5.weight"), "1.bias": ("3.bias", "5.bias")}


def test_nothing_is_listed_where_nothing_is_shared() -> None:
    net = Sequential(Linear(4, 4), Linear(4, 4))
    net[1].load_state_dict(net[0].state_dict())
    assert sharing(net) == {}


def test_parameters_of_pytorch_are_told_as_its_wrappers_would_not_name_them() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Linear(3, 5, bias=False))
    net[1].weight = net[0].weight
    assert sharing(torch.nn.DataParallel(net)) == {"0.weight": ("1.weight",)}


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(TypeError, match="sharing: expected a module, got Tensor"):
        sharing(fastinit.zeros(3))
    assert sharing(Module()) == {}
