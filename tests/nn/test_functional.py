"""What holds for every function of `nn.functional`."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import fastinit
from fastinit.nn import functional as F

#: Each function applied to two 3x3 matrices and three indices.
CALLS = {
    "linear": lambda f, x, y, i: f.linear(x, y),
    "bilinear": lambda f, x, y, i: f.bilinear(x, y, x.reshape(1, 3, 3)),
    "relu": lambda f, x, y, i: f.relu(x),
    "leaky_relu": lambda f, x, y, i: f.leaky_relu(x),
    "elu": lambda f, x, y, i: f.elu(x),
    "selu": lambda f, x, y, i: f.selu(x),
    "gelu": lambda f, x, y, i: f.gelu(x),
    "silu": lambda f, x, y, i: f.silu(x),
    "softplus": lambda f, x, y, i: f.softplus(x),
    "sigmoid": lambda f, x, y, i: f.sigmoid(x),
    "tanh": lambda f, x, y, i: f.tanh(x),
    "softmax": lambda f, x, y, i: f.softmax(x, 0),
    "log_softmax": lambda f, x, y, i: f.log_softmax(x, 0),
    "dropout": lambda f, x, y, i: f.dropout(x, 0.5),
    "embedding": lambda f, x, y, i: f.embedding(i, x),
    "layer_norm": lambda f, x, y, i: f.layer_norm(x, (3,), x[0], y[0]),
    "rms_norm": lambda f, x, y, i: f.rms_norm(x, (3,), y[0]),
    "mse_loss": lambda f, x, y, i: f.mse_loss(x, y),
    "smooth_l1_loss": lambda f, x, y, i: f.smooth_l1_loss(x, y),
    "l1_loss": lambda f, x, y, i: f.l1_loss(x, y),
    "nll_loss": lambda f, x, y, i: f.nll_loss(x, i),
    "cross_entropy": lambda f, x, y, i: f.cross_entropy(x, i),
    "cross_entropy of probabilities": lambda f, x, y, i: f.cross_entropy(x, y),
    "binary_cross_entropy": lambda f, x, y, i: f.binary_cross_entropy(x.sigmoid(), y.sigmoid()),
    "binary_cross_entropy_with_logits": lambda f, x, y, i: f.binary_cross_entropy_with_logits(x, y),
}


@pytest.mark.parametrize("retain_graph", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_a_second_backward_needs_retain_graph(same_as_torch, normal, name, retain_graph):
    def call(lib, x, y, i):
        total = CALLS[name](lib.nn.functional, x, y, i).sum()
        total.backward(retain_graph=retain_graph)
        total.backward()
        return lib.tensor(True)

    same_as_torch(call, normal(3, 3), normal(3, 3), np.array([0, 2, 1]))


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_recorded_without_grad_mode(normal, name):
    x, y = (fastinit.tensor(normal(3, 3).tolist(), requires_grad=True) for _ in range(2))
    with fastinit.no_grad():
        assert not CALLS[name](F, x, y, fastinit.tensor([0, 2, 1])).requires_grad


def test_arguments_have_torchs_names_order_and_defaults():
    torch = pytest.importorskip("torch")
    compared = 0
    for name in F.__all__:
        function = getattr(torch.nn.functional, name)
        # A builtin tells no signature, and what chooses among functions by a flag only "*args".
        if inspect.isfunction(function) and function.__qualname__ != "boolean_dispatch.<locals>.fn":
            ours, theirs = (
                [(each.name, each.default) for each in inspect.signature(which).parameters.values()]
                for which in (getattr(F, name), function)
            )
            assert ours == theirs, name
            compared += 1
    assert compared > 15
