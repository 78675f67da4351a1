"""functional.pad."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
MODES = ["reflect", "replicate", "circular"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "pad", "value"),
    [
        ((2, 3), (1, 2), None),
        ((2, 3), (1, -1, -1, 2), 1.5),
        ((2, 3), (-3, 1), -1),
        ((2, 3), (), 0),
        ((3,), (0, 4), 7),
        ((0, 3), (1, 1, 2, 0), 2.0),
        ((2, 3, 2), (0, 0, 0, 0, 1, 1), None),
    ],
)
def test_constants_are_added_as_torch_does(same_as_torch, normal, shape, pad, value, dtype):
    same_as_torch(
        lambda lib, x: lib.nn.functional.pad(x, pad, "constant", value), normal(*shape), dtype=dtype
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("shape", "pad"),
    [
        ((2, 4), (3, 1)),
        ((2, 3, 4), (3, 3)),
        ((2, 3, 4), (0, 0)),
        ((2, 3, 4), (3, 1, 2, 0)),
        ((2, 3, 4, 5), (1, 2, 2, 1)),
        ((0, 3, 4, 5), (1, 2, 2, 1)),
        ((2, 3, 4, 5), (1, 2, 2, 1, 0, 2)),
        ((1, 2, 3, 4, 5), (1, 2, 2, 1, 0, 2)),
        ((2, 3, 4), (-1, 2)),
        ((2, 3, 4), (2, -1)),
    ],
)
def test_own_elements_are_added_as_torch_does(same_as_torch, normal, shape, pad, mode, dtype):
    same_as_torch(lambda lib, x: lib.nn.functional.pad(x, pad, mode), normal(*shape), dtype=dtype)


@pytest.mark.parametrize("mode", ["constant", *MODES])
def test_integers_are_padded_too(same_as_torch, mode):
    same_as_torch(lambda lib, x: lib.nn.functional.pad(x, (1, 2), mode), np.arange(12).reshape(1, 3, 4))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f(x, (1, 1, 1)),
        lambda f, x: f(x, (1,) * 10),
        lambda f, x: f(x, (-3, -3)),
        lambda f, x: f(x, 1),
        lambda f, x: f([1.0], (1, 1)),
        lambda f, x: f(x, (1, 1), "reflect"),
        lambda f, x: f(x, (1, 1, 1, 1), "other"),
        lambda f, x: f(x, (1, 1, 1, 1), "reflect", 1.0),
        lambda f, x: f(x, (5, 1, 1, 1), "reflect"),
        lambda f, x: f(x, (1, 1, 1, 4), "reflect"),
        lambda f, x: f(x, (1, 1, 1, 1, 3, 1), "reflect"),
        lambda f, x: f(x, (6, 1, 1, 1), "circular"),
        lambda f, x: f(x, (-3, -3, 1, 1), "circular"),
        lambda f, x: f(x[..., :0], (1, 1, 1, 1), "replicate"),
        lambda f, x: f(x[0, 0, 0], (1, 1), "replicate"),
    ],
)
def test_paddings_that_do_not_fit_are_refused_in_torchs_words(same_as_torch, normal, call):
    assert same_as_torch(lambda lib, x: call(lib.nn.functional.pad, x), normal(2, 3, 4, 5)).error is not None


@pytest.mark.parametrize("mode", ["constant", *MODES])
def test_the_gradients_are_their_difference_quotients(mode):
    x = fastinit.randn(2, 3, 4, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda t: F.pad(t, (2, 3, 1, 2), mode), (x,))


def test_a_result_without_elements_added_is_a_copy():
    x = fastinit.zeros(2, 3)
    F.pad(x, (0, 0)).add_(1)
    assert x.sum() == 0
