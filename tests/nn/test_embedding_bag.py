"""EmbeddingBag."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
MODES = ["sum", "mean", "max"]
INDICES = np.array([1, 2, 1, 0, 4, 1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding_idx", [None, 1, -1])
@pytest.mark.parametrize(
    ("indices", "offsets"),
    [
        (INDICES.reshape(2, 3), None),
        (INDICES.reshape(2, 3).astype(np.int32), None),
        (INDICES.reshape(2, 3)[:0], None),
        (INDICES, [0, 2]),
        (INDICES, [0, 0, 5, 6]),
        (INDICES[:0], [0, 0]),
        (INDICES.astype(np.int32), [0, 1]),
    ],
)
def test_bags_are_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, indices, offsets, padding_idx, mode, dtype
):
    def call(lib, i, w, *starts):
        return lib.nn.functional.embedding_bag(i, w, *starts, mode=mode, padding_idx=padding_idx)

    starts = [] if offsets is None else [np.array(offsets, np.int64)]
    same_as_torch(call, indices, normal(5, 3), *starts, dtype=dtype)


@pytest.mark.parametrize(("mode", "share"), [("sum", 1), ("mean", 1 / 3)])
def test_gradients_are_divided_by_how_often_an_index_occurs(mode, share):
    # PyTorch divides some by the count of another index.
    weight = fastinit.ones(5, 1, requires_grad=True)
    indices = fastinit.tensor(INDICES.reshape(2, 3))
    F.embedding_bag(indices, weight, mode=mode, scale_grad_by_freq=True).sum().backward()
    assert weight.grad.reshape(-1).tolist() == pytest.approx([share, share, share, 0, share])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("padding_idx", [None, 1])
@pytest.mark.parametrize("constant", [(), (1,), (2,)])
def test_weights_of_samples_have_gradients_too(same_as_torch, normal, padding_idx, constant, dtype):
    def call(lib, i, w, f, *starts):
        return lib.nn.functional.embedding_bag(
            i, w, *starts, mode="sum", per_sample_weights=f, padding_idx=padding_idx
        )

    options = {"constant": constant, "dtype": dtype}
    same_as_torch(call, INDICES.reshape(2, 3), normal(5, 3), normal(2, 3), **options)
    same_as_torch(call, INDICES, normal(5, 3), normal(6), np.array([0, 2]), **options)


@pytest.mark.parametrize("mode", MODES)
def test_the_last_offset_may_be_the_end(same_as_torch, normal, mode):
    def call(lib, i, w, starts):
        return lib.nn.functional.embedding_bag(i, w, starts, mode=mode, include_last_offset=True)

    same_as_torch(call, INDICES, normal(5, 3), np.array([0, 2, 6]))


@pytest.mark.parametrize("mode", MODES)
def test_rows_of_indices_have_no_last_offset(same_as_torch, normal, mode):
    def call(lib, i, w):
        return lib.nn.functional.embedding_bag(i, w, mode=mode, include_last_offset=True)

    same_as_torch(call, INDICES.reshape(2, 3), normal(5, 3))


def test_the_last_bag_ends_where_the_last_offset_says():
    # PyTorch divides by all that is left, or takes its maximum, or reads beyond.
    weight = fastinit.arange(10.0).reshape(5, 2)
    bags = F.embedding_bag(
        fastinit.tensor([1, 2, 4]), weight, fastinit.tensor([0, 2]), mode="mean", include_last_offset=True
    )
    assert bags.tolist() == [[3, 4]]


def test_rows_longer_than_max_norm_are_scaled_down_in_place(same_as_torch, normal):
    def call(lib, i, w):
        y = lib.nn.functional.embedding_bag(i, w, max_norm=1.0)
        return lib.cat([y, w])

    same_as_torch(call, INDICES.reshape(2, 3), 3 * normal(5, 3), constant=(1,))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, t, i, w: f(i, w, mode="other"),
        lambda f, t, i, w: f(i, w, t([0])),
        lambda f, t, i, w: f(i[0], w),
        lambda f, t, i, w: f(i[None], w),
        lambda f, t, i, w: f(i, w[0]),
        lambda f, t, i, w: f(i[:, :0], w),
        lambda f, t, i, w: f(i[0], w, t([[0]])),
        lambda f, t, i, w: f(i[0], w, t([1, 2])),
        lambda f, t, i, w: f(i[0], w, t([0, 9])),
        lambda f, t, i, w: f(i[0], w, t([0.0])),
        lambda f, t, i, w: f(i[0].float(), w, t([0])),
        lambda f, t, i, w: f(t([9]), w, t([0])),
        lambda f, t, i, w: f(t([0, -1]), w, t([0])),
        lambda f, t, i, w: f(t([9]), w, t([0]), mode="max"),
        lambda f, t, i, w: f(t([0, -1]), w, t([0]), mode="max"),
        lambda f, t, i, w: f(i, w.long()),
        lambda f, t, i, w: f(i, w, padding_idx=5),
        lambda f, t, i, w: f(i, w, padding_idx=-6),
        lambda f, t, i, w: f(i, w, mode="max", sparse=True),
        lambda f, t, i, w: f(i, w, mode="max", scale_grad_by_freq=True),
        lambda f, t, i, w: f(i, w, per_sample_weights=w[:2]),
        lambda f, t, i, w: f(i, w, per_sample_weights=w[:2, :1], mode="sum"),
        lambda f, t, i, w: f(i[0], w, t([0]), per_sample_weights=w[0].double(), mode="sum"),
        lambda f, t, i, w: f(i[0, :0], w, t([0])[:0], include_last_offset=True),
        lambda f, t, i, w: f([1], w),
    ],
)
def test_what_does_not_fit_is_refused_in_torchs_words(same_as_torch, normal, call):
    outcome = same_as_torch(
        lambda lib, i, w: call(lib.nn.functional.embedding_bag, lib.tensor, i, w),
        INDICES.reshape(2, 3),
        normal(5, 3),
    )
    assert outcome.error is not None


def test_no_offsets_make_no_bags():
    assert F.embedding_bag(fastinit.tensor([0, 1]), fastinit.ones(3, 2), fastinit.tensor([0])[:0]).shape == (
        0,
        2,
    )


def test_offsets_that_decrease_are_refused():
    with pytest.raises(RuntimeError, match="offsets must not decrease"):
        F.embedding_bag(fastinit.tensor([0, 1, 2]), fastinit.ones(3, 2), fastinit.tensor([0, 3, 2]))


def test_a_refused_call_leaves_the_table_as_it_was():
    table = fastinit.full((2, 2), 5.0)
    with pytest.raises(RuntimeError, match="Index 1 of input takes value 7"):
        F.embedding_bag(fastinit.tensor([[0, 7]]), table, max_norm=1.0)
    assert table.tolist() == [[5, 5], [5, 5]]


def test_the_former_order_of_arguments_warns_and_works(same_as_torch, normal):
    same_as_torch(
        lambda lib, i, w: lib.nn.functional.embedding_bag(w, i), INDICES.reshape(2, 3), normal(5, 3)
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_gradients_are_their_difference_quotients(mode):
    weight = fastinit.randn(5, 3, dtype=fastinit.float64, requires_grad=True)
    indices, starts = fastinit.tensor(INDICES), fastinit.tensor([0, 2, 2])
    assert gradcheck(lambda w: F.embedding_bag(indices, w, starts, mode=mode), (weight,))
    factors = fastinit.randn(6, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(
        lambda w, f: F.embedding_bag(indices, w, starts, mode="sum", per_sample_weights=f), (weight, factors)
    )


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.EmbeddingBag(10, 3),
        lambda nn: nn.EmbeddingBag(10, 3, 1.0, 3, True, "sum", True, None, True, -1),
        lambda nn: nn.EmbeddingBag(10, 3, mode="max", padding_idx=0),
    ],
)
def test_layers_print_as_torchs_do(build):
    torch = pytest.importorskip("torch")
    assert repr(build(nn)) == repr(build(torch.nn))


@pytest.mark.parametrize(
    "call",
    [
        lambda nn, w: nn.EmbeddingBag(5, 3, padding_idx=5),
        lambda nn, w: nn.EmbeddingBag(5, 3, padding_idx=-6),
        lambda nn, w: nn.EmbeddingBag(5, 3, _weight=w[:4]),
        lambda nn, w: nn.EmbeddingBag.from_pretrained(w[0]),
    ],
)
def test_layers_refuse_in_torchs_words(same_as_torch, normal, call):
    assert same_as_torch(lambda lib, w: call(lib.nn, w), normal(5, 3)).error is not None


def test_a_layer_hands_on_all_that_it_was_made_with(same_as_torch, normal):
    def call(lib, i, w, f, starts):
        layer = lib.nn.EmbeddingBag.from_pretrained(
            w, False, 1.0, 1.0, False, "sum", False, include_last_offset=True, padding_idx=1
        )
        assert layer.weight.requires_grad
        return layer(i, starts, f)

    options = {"constant": (1,)}
    same_as_torch(call, INDICES, normal(5, 3), normal(6), np.array([0, 2, 6]), **options)


def test_a_new_table_is_standard_normal_but_for_its_padding():
    fastinit.manual_seed(0)
    weight = nn.EmbeddingBag(1000, 10, padding_idx=3).weight.detach().numpy()
    assert not weight[3].any()
    assert np.delete(weight, 3, 0).std() == pytest.approx(1, abs=0.05)


def test_a_pretrained_table_is_shared_and_frozen_unless_asked():
    table = fastinit.ones(3, 2)
    layer = nn.EmbeddingBag.from_pretrained(table)
    assert layer.weight.requires_grad is False
    assert layer.weight._array is table._array
