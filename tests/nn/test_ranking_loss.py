"""Losses of pairs and triples, divergences and likelihoods against PyTorch."""

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

SIGNS = np.array([[1.0, -1, 1, -1], [1, 1, -1, 1]])
REDUCTIONS = ["mean", "sum", "none"]
CALLS = calls("""
kl_div(x, y, reduction=how) | kl_div(x, y, reduction=how, log_target=True) | kl_div(x, y * 0, reduction=how)
huber_loss(x, y, how) | huber_loss(x, y, reduction=how, delta=0.25) | huber_loss(x, y[:1], how)
huber_loss(x, y, how, weight=y) | margin_ranking_loss(x, y, s, reduction=how)
margin_ranking_loss(x, y, s, 0.5, reduction=how) | hinge_embedding_loss(x, s, reduction=how)
hinge_embedding_loss(x, s, 0.25, reduction=how) | soft_margin_loss(x, s, reduction=how)
cosine_embedding_loss(x, y, s[:, 0], reduction=how)
cosine_embedding_loss(x, y, s[:, 1], 0.25, reduction=how)
cosine_embedding_loss(x[0], y[0], s[0, 1], reduction=how) | triplet_margin_loss(x, y, s, reduction=how)
triplet_margin_loss(x, y, s, 0.5, 1, swap=True, reduction=how) | poisson_nll_loss(x, y, reduction=how)
triplet_margin_loss(x[0], y[0], s[0], reduction=how) | poisson_nll_loss(x, y * 3, full=True, reduction=how)
poisson_nll_loss(y, y, log_input=False, reduction=how) | gaussian_nll_loss(x, y, y, reduction=how)
gaussian_nll_loss(x, y, y[:, 0], reduction=how) | gaussian_nll_loss(x, y, y[:, :1], True, reduction=how)
gaussian_nll_loss(x, y, 0.5, reduction=how) | gaussian_nll_loss(x, y, y * 1e-8, reduction=how)
""")
WRONG = calls("""
kl_div(x, y, reduction="x") | huber_loss(x, y, "x") | huber_loss(x, y, delta=-1.0) | huber_loss(x, y, weight=y[0])
huber_loss(x, y, "x", weight=y) | soft_margin_loss(x, s, reduction="x") | poisson_nll_loss(x, y, reduction="x")
hinge_embedding_loss(x, s, reduction="x") | margin_ranking_loss(x, y, s, reduction="x")
margin_ranking_loss(x, y, s[0]) | cosine_embedding_loss(x, y, s) | cosine_embedding_loss(x, y, s[0, 0])
cosine_embedding_loss(x[0], y[0], s[0]) | triplet_margin_loss(x, y, s, -1) | triplet_margin_loss(x, y, s[0])
gaussian_nll_loss(x, y, -y) | gaussian_nll_loss(x, y, y[:, :3]) | gaussian_nll_loss(x, y, y, reduction="x")
gaussian_nll_loss(x, y, -1.0) | soft_margin_loss(x, s[:, :3]) | kl_div(x, y, reduction="batchmean")
kl_div(x, y, size_average=False) | hinge_embedding_loss(x, s, reduce=False) | kl_div(x[0, 0], y[0, 0], reduction="batchmean")
""")  # noqa: E501 - a case is not broken
LAYERS = calls("""
KLDivLoss() | KLDivLoss(reduction="batchmean", log_target=True) | HuberLoss("sum", 0.5)
MarginRankingLoss(0.2) | HingeEmbeddingLoss(0.5) | SoftMarginLoss()
PoissonNLLLoss(full=True) | PoissonNLLLoss(False, eps=1e-3)
""")
OF_THREE = calls("""
TripletMarginLoss(swap=True) | TripletMarginLoss(0.5, 1.0) | GaussianNLLLoss(full=True, eps=0.5)
MarginRankingLoss(1)
""")


def evaluated(library, call, **names):
    return eval(call, {"torch": library, **names, **vars(library.nn.functional)})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("how", REDUCTIONS)
@pytest.mark.parametrize("call", CALLS)
def test_functions(same_as_torch, normal, call, how, dtype):
    y = np.abs(normal(2, 4)) + 0.1
    same_as_torch(
        lambda library, x, y, s: evaluated(library, call, x=x, y=y, s=s, how=how),
        normal(2, 4),
        y,
        SIGNS,
        dtype=dtype,
        constant=(2,),
    )


@pytest.mark.parametrize("call", WRONG)
def test_wrong_and_old_arguments(same_as_torch, normal, call):
    same_as_torch(
        lambda library, x, y, s: evaluated(library, call, x=x, y=y, s=s),
        normal(2, 4),
        np.abs(normal(2, 4)),
        SIGNS,
        constant=(2,),
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_layers(same_as_torch, normal, layer):
    torch = pytest.importorskip("torch")
    assert outcome(fastinit, f"nn.{layer}") == outcome(torch, f"nn.{layer}")
    if layer.startswith("MarginRanking"):
        return
    call = f"nn.{layer}"
    same_as_torch(
        lambda library, x, y: eval(call, {"nn": library.nn})(x, y),
        normal(2, 4),
        np.abs(normal(2, 4)) + 0.1,
        constant=(1,),
    )


@pytest.mark.parametrize("layer", [*OF_THREE, "CosineEmbeddingLoss(0.1)"])
def test_layers_of_three(same_as_torch, normal, layer):
    torch = pytest.importorskip("torch")
    call = f"nn.{layer}"
    assert outcome(fastinit, call) == outcome(torch, call)
    third = SIGNS[:, 0] if layer.startswith("Cosine") else np.abs(normal(2, 4)) + 0.1
    same_as_torch(
        lambda library, x, y, z: eval(call, {"nn": library.nn})(x, y, z), normal(2, 4), normal(2, 4), third
    )


def test_a_margin_is_above_0():
    torch = pytest.importorskip("torch")
    call = "nn.TripletMarginLoss(0)"
    assert outcome(fastinit, call) == outcome(torch, call)
