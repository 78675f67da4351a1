"""CosineSimilarity and PairwiseDistance."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
SHAPES = [((2, 3), (2, 3)), ((2, 3, 4), (3, 4)), ((2, 1, 4), (3, 1)), ((3,), (3,)), ((0, 3), (0, 3))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("eps", [1e-8, 2.0])
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("shapes", SHAPES)
def test_cosine_similarity_is_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shapes, dim, eps, dtype
):
    def call(lib, x1, x2):
        return lib.nn.functional.cosine_similarity(x1, x2, dim, eps)

    # PyTorch rounds to 16 bits in between, also on the way back.
    constant = () if dtype in {"float32", "float64"} else (0, 1)
    same_as_torch(call, *[normal(*shape) for shape in shapes], dtype=dtype, constant=constant)


def test_vectors_of_zeros_are_like_none(same_as_torch, normal):
    def call(lib, x1, x2):
        return lib.nn.CosineSimilarity()(x1, x2)

    same_as_torch(call, np.zeros((2, 3)), normal(2, 3))
    same_as_torch(call, np.zeros((2, 3)), np.zeros((2, 3)))


@pytest.mark.parametrize("codes", ["fd", "df", "ef", "lf"])
def test_cosine_similarity_mixes_dtypes_as_torch_does(same_as_torch, codes):
    arrays = [np.arange(1, 7).reshape(2, 3).astype(code) for code in codes]
    same_as_torch(
        lambda lib, x1, x2: lib.nn.functional.cosine_similarity(x1, x2),
        *arrays,
        dtype=None,
        precision="float16",
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("p", [2.0, 1, 3.5, float("inf")])
@pytest.mark.parametrize("shapes", [*SHAPES[:4], ((), ())])
def test_pairwise_distance_is_torchs_in_value_and_gradient(same_as_torch, normal, shapes, p, keepdim, dtype):
    def call(lib, x1, x2):
        return lib.nn.functional.pairwise_distance(x1, x2, p, keepdim=keepdim)

    # In 16 bits PyTorch rounds the difference first.
    arrays = [np.round(normal(*shape) * 4) / 4 + index for index, shape in enumerate(shapes)]
    same_as_torch(call, *arrays, dtype=dtype, node=False)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.cosine_similarity(x, x, 2),
        lambda f, x: f.cosine_similarity(x, x, eps=-1),
        lambda f, x: f.cosine_similarity(x, x[:, :2]),
        lambda f, x: f.cosine_similarity(x.long(), x.long()),
        lambda f, x: f.cosine_similarity([1.0], x),
        lambda f, x: f.cosine_similarity(x, [1.0]),
        lambda f, x: f.pairwise_distance(x, x[:, :2]),
        lambda f, x: f.pairwise_distance([1.0], x),
        lambda f, x: f.pairwise_distance(x, [1.0]),
    ],
)
def test_what_does_not_fit_is_refused_in_torchs_words(same_as_torch, normal, call):
    assert same_as_torch(lambda lib, x: call(lib.nn.functional, x), normal(2, 3)).error is not None


def test_the_gradients_are_their_difference_quotients():
    x1 = fastinit.randn(2, 3, 4, dtype=fastinit.float64, requires_grad=True)
    x2 = fastinit.randn(3, 1, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda a, b: F.cosine_similarity(a, b, -1), (x1, x2))
    assert gradcheck(lambda a, b: F.pairwise_distance(a, b, 3.0), (x1, x2))


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.CosineSimilarity(),
        lambda nn: nn.CosineSimilarity(0, 0.5),
        lambda nn: nn.PairwiseDistance(),
        lambda nn: nn.PairwiseDistance(1, 0.5, True),
    ],
)
def test_layers_print_and_compute_as_torchs_do(same_as_torch, normal, build):
    torch = pytest.importorskip("torch")
    assert repr(build(nn)) == repr(build(torch.nn))
    same_as_torch(lambda lib, x1, x2: build(lib.nn)(x1, x2), normal(3, 4), normal(3, 4), node=False)
