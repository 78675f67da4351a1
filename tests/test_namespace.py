"""Functions of the package that are methods, or functions of nn.functional: what PyTorch's do."""

import importlib

import numpy as np
import pytest

import fastinit
from fastinit.namespace import NAMES
from reference.differential import calls, outcome

CALLS = calls("""
torch.relu_(x) | torch.exp_(x) | torch.clamp_(x, 0, 1) | torch.clamp_(x, min=0.5) | torch.sigmoid_(x)
torch.abs_(x) | torch.zero_(x) | torch.fill_(x, 3) | torch.round_(x, decimals=1) | torch.detach_(x)
torch.neg_(x) | torch.xlogy_(x, x) | torch.index_put_(x, (i,), x[:1] + 1) | torch.clip_(x, max=0)
torch.resize_as_(x, i) | torch.detach(x) | torch.fill(x, 2)
torch.argwhere(x > 1) | torch.ger(x[0], x[0]) | torch.split_with_sizes(x, [1, 2], 1) | torch.is_signed(i)
torch.is_same_size(x, i) | torch.real(x) | torch.conj(x) | torch.get_device(x) | torch.dropout(x, 0.5, False)
torch.dropout(x, 1.0, True) | torch.embedding(x, i) | torch.embedding(x, i, 1)
torch.selu(x) | torch.selu_(x)
torch.conv1d(x, torch.ones(1, 2, 2), None, 1, 1) | torch.max_pool1d(x, 2)
torch.bilinear(x, x, torch.ones(1, 3, 3)) | torch.no_such_function | torch.avg_pool1d(x, 2, 1)
""")


@pytest.mark.parametrize("call", CALLS)
def test_a_function_does_what_pytorchs_does(call: str) -> None:
    torch = pytest.importorskip("torch")
    results = []
    for library in (fastinit, torch):
        x = library.tensor(np.arange(6.0).reshape(2, 3).tolist()) - 2.25
        results.append(outcome(library, call, x=x, i=library.tensor([0, 1])))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_is_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert callable(getattr(torch, name))
    assert callable(getattr(fastinit, name))
    assert name in dir(fastinit)


def test_functions_in_place_are_recorded(same_as_torch, normal) -> None:
    for name in ("relu_", "exp_", "sigmoid_", "square_"):
        same_as_torch(lambda library, x, name=name: getattr(library, name)(x * 1), normal(2, 3))
        same_as_torch(lambda library, x, name=name: getattr(library, name)(x), normal(2, 3))


def test_normalisations_take_their_arguments_in_the_order_of_the_namespace(same_as_torch, normal) -> None:
    for call in (
        lambda library, x, w, b: library.layer_norm(x, (4,), w, b, 1e-3, False),
        lambda library, x, w, b: library.layer_norm(x, [4]),
        lambda library, x, w, b: library.group_norm(x, 2, w, b),
        lambda library, x, w, b: library.batch_norm(x, w, b, None, None, True, 0.1, 1e-5, False),
        lambda library, x, w, b: library.batch_norm(
            x, w, b, w.detach(), b.detach() ** 2, False, 0.1, 1e-5, True
        ),
        lambda library, x, w, b: library.instance_norm(x, w, b, None, None, True, 0.1, 1e-5, False),
        lambda library, x, w, b: library.rms_norm(x, (4,), w),
    ):
        same_as_torch(call, normal(2, 4, 4), normal(4), normal(4))


@pytest.mark.parametrize(
    "module",
    [
        "autograd",
        "nn",
        "nn.functional",
        "nn.utils",
        "nn.utils.parametrizations",
        "nn.utils.parametrize",
        "optim",
        "optim.lr_scheduler",
    ],
)
def test_a_module_lists_what_pytorchs_has_and_nothing_of_its_own_machinery(module: str) -> None:
    pytest.importorskip("torch")
    of_pytorch = importlib.import_module(f"torch.{module}")
    listed = importlib.import_module(f"fastinit.{module}").__all__
    assert [name for name in listed if not hasattr(of_pytorch, name)] == []
