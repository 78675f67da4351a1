"""Dropout."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import _core, nn
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_kept_is_scaled_so_that_the_mean_stays(dtype):
    fastinit.manual_seed(1)
    x = fastinit.ones(100, 100, dtype=getattr(fastinit, dtype), requires_grad=True)
    y = F.dropout(x, 0.2)
    y.sum().backward()
    kept = y.detach().float().numpy() != 0
    assert y.dtype is x.dtype
    assert kept.mean() == pytest.approx(0.8, abs=0.02)
    assert set(np.unique(y.detach().double().numpy())) == {0, 1.25}
    assert np.array_equal(x.grad.double().numpy(), y.detach().double().numpy())


def test_a_mask_comes_from_the_default_generator_and_one_word_per_element():
    fastinit.manual_seed(5)
    first = F.dropout(fastinit.ones(3, 5))
    after = fastinit.rand(1)
    fastinit.manual_seed(5)
    _core.reset_calls()
    assert fastinit.equal(first, F.dropout(fastinit.ones(3, 5)))
    assert _core.calls()["fill_bernoulli"] == 1
    assert fastinit.equal(after, fastinit.rand(1))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_or_everything_is_dropped_without_a_draw(same_as_torch, normal, p):
    fastinit.manual_seed(3)
    expected = fastinit.rand(1)
    fastinit.manual_seed(3)
    same_as_torch(lambda lib, x: lib.nn.functional.dropout(x, p), normal(3, 4), node=p == 1)
    assert fastinit.equal(fastinit.rand(1), expected)


@pytest.mark.parametrize("dtype", ["int64", "bool"])
@pytest.mark.parametrize("p", [0.5, 1.0])
def test_all_of_an_integer_tensor_may_be_dropped_but_not_a_part(same_as_torch, dtype, p):
    same_as_torch(
        lambda lib, x: lib.nn.functional.dropout(x.to(getattr(lib, dtype)), p), np.ones(3), constant=(0,)
    )


def test_evaluation_returns_the_input_itself():
    x = fastinit.ones(3)
    assert F.dropout(x, training=False) is x
    assert nn.Dropout().eval()(x) is x
    assert F.dropout(x, 0.0) is x


def test_nan_and_infinity_survive_a_mask_of_zeros(same_as_torch):
    values = np.array([np.nan, np.inf, 1.0])
    same_as_torch(lambda lib, x: lib.nn.functional.dropout(x, 1.0), values, constant=(0,))


@pytest.mark.parametrize("p", [0.5, 1.0])
def test_in_place_writes_over_the_input(p):
    x = fastinit.ones(4, 5, requires_grad=True)
    y = x * 1
    assert F.dropout(y, p, inplace=True) is y
    y.sum().backward()
    assert fastinit.equal(x.grad, y)


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, x: lib.nn.functional.dropout(x, 1.5),
        lambda lib, x: lib.nn.Dropout(1.5),
        lambda lib, x: lib.nn.Dropout(-0.1),
        lambda lib, x: lib.nn.functional.dropout(x, 0.5, True, True),
        lambda lib, x: lib.nn.functional.dropout(x.long(), 0.5),
        lambda lib, x: lib.nn.functional.dropout(x.long(), 0.0),
        lambda lib, x: lib.nn.functional.dropout([1.0]),
    ],
)
def test_bad_arguments_are_refused_in_torchs_words(same_as_torch, normal, call):
    same_as_torch(call, normal(3, 4))


def test_dropout_prints_as_torchs_does():
    torch = pytest.importorskip("torch")
    assert repr(nn.Dropout(0.3, True)) == repr(torch.nn.Dropout(0.3, True))
