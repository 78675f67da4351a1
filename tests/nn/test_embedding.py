"""Embedding."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"padding_idx": 1},
        {"padding_idx": -1},
        {"scale_grad_by_freq": True},
        {"padding_idx": 0, "scale_grad_by_freq": True},
    ],
)
def test_embedding_is_torchs_in_value_gradient_and_node_name(same_as_torch, normal, kwargs, dtype):
    for indices in [
        np.array([[1, 2, 1], [0, 4, 1]]),
        np.array(3),
        np.zeros((0, 2), int),
        np.array([2, 2], np.int32),
    ]:
        same_as_torch(
            lambda lib, i, w: lib.nn.functional.embedding(i, w, **kwargs), indices, normal(5, 3), dtype=dtype
        )


@pytest.mark.parametrize(("max_norm", "norm_type"), [(1.0, 2.0), (1.0, 1.0), (0.5, 3.0), (100.0, 2.0)])
def test_rows_longer_than_max_norm_are_scaled_down_in_place(same_as_torch, normal, max_norm, norm_type):
    def call(lib, i, w):
        y = lib.nn.functional.embedding(i, w, max_norm=max_norm, norm_type=norm_type)
        assert w._version == 1
        return lib.cat([y.reshape(-1, 3), w])

    same_as_torch(call, np.array([1, 2, 1]), 3 * normal(5, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, w, lib: f.embedding(lib.tensor([1, 7]), w),
        lambda f, w, lib: f.embedding(lib.tensor([1, -1]), w),
        lambda f, w, lib: f.embedding(lib.tensor([1.0]), w),
        lambda f, w, lib: f.embedding(lib.tensor([1], dtype=lib.int16), w),
        lambda f, w, lib: f.embedding(lib.tensor([1]), w, padding_idx=5),
        lambda f, w, lib: f.embedding(lib.tensor([1]), w, padding_idx=-6),
        lambda f, w, lib: f.embedding(lib.tensor([1]), w[0]),
        lambda f, w, lib: f.embedding(lib.tensor([1]), w.reshape(5, 3, 1)),
        lambda f, w, lib: f.embedding([1], w),
        lambda f, w, lib: f.embedding(lib.tensor([1]), [1.0]),
        lambda f, w, lib: lib.nn.Embedding(5, 3, padding_idx=5),
        lambda f, w, lib: lib.nn.Embedding(5, 3, _weight=w[:4]),
        lambda f, w, lib: lib.nn.Embedding.from_pretrained(w[0]),
    ],
)
def test_bad_indices_and_tables_are_refused_in_torchs_words(same_as_torch, normal, call):
    same_as_torch(lambda lib, w: call(lib.nn.functional, w, lib), normal(5, 3))


def test_the_gradient_is_added_into_the_tables_own_buffer():
    layer = nn.Embedding(5, 3)
    layer(fastinit.tensor([1, 1, 4])).sum().backward()
    address = layer.weight.grad._array.ctypes.data
    layer(fastinit.tensor([1, 0])).sum().backward()
    assert layer.weight.grad._array.ctypes.data == address
    assert layer.weight.grad[:, 0].tolist() == [1, 3, 0, 0, 1]


def test_the_gradient_is_its_difference_quotient():
    weight = fastinit.randn(5, 3, dtype=fastinit.float64, requires_grad=True)
    indices = fastinit.tensor([[1, 2, 1], [0, 4, 1]])
    assert gradcheck(lambda w: F.embedding(indices, w), (weight,))


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.Embedding(10, 3),
        lambda nn: nn.Embedding(
            10, 3, padding_idx=-1, max_norm=1.0, norm_type=3, scale_grad_by_freq=True, sparse=True
        ),
        lambda nn: nn.Embedding(10, 3, padding_idx=0, norm_type=2.0),
    ],
)
def test_embeddings_print_as_torchs_do(build):
    torch = pytest.importorskip("torch")
    assert repr(build(nn)) == repr(build(torch.nn))


def test_a_new_table_is_standard_normal_but_for_its_padding():
    fastinit.manual_seed(0)
    weight = nn.Embedding(1000, 10, padding_idx=3).weight.detach().numpy()
    assert not weight[3].any()
    assert np.delete(weight, 3, 0).std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("freeze", [True, False])
def test_a_pretrained_table_is_shared_and_frozen_on_request(freeze):
    table = fastinit.ones(3, 2)
    layer = nn.Embedding.from_pretrained(table, freeze=freeze, padding_idx=1)
    assert layer.weight.requires_grad is not freeze
    assert layer.weight._array is table._array
    assert layer.weight[1].tolist() == [1, 1]
