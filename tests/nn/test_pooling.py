"""Maximum and mean pooling."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
BATCHES = [(), (2,), (0,)]

# Arguments after the input: kernel_size, stride, padding, and the rest by name.
WINDOWS = [
    ((2,), {}),
    ((3, 1, 1), {}),
    ((3, 2, 1), {"ceil_mode": True}),
    ((2, 3), {"ceil_mode": True}),
    ((2, 2, 1), {"ceil_mode": True}),
]
PAIRS = [(((3, 2), (1, 2), (1, 0)), {}), (((1, 3), (2, 1), (0, 1)), {"ceil_mode": True}), ((2, ()), {})]


def checked(same_as_torch, normal, name, shape, args, kwargs, dtype):
    def call(lib, x):
        return getattr(lib.nn.functional, name)(x, *args, **kwargs)

    same_as_torch(call, normal(*shape), dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(("args", "kwargs"), WINDOWS)
@pytest.mark.parametrize("name", ["max_pool1d", "avg_pool1d"])
def test_pooling_of_one_dimension_is_torchs(same_as_torch, normal, name, args, kwargs, batch, dtype):
    checked(same_as_torch, normal, name, (*batch, 3, 8), args, kwargs, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(("args", "kwargs"), WINDOWS + PAIRS)
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pooling_of_two_dimensions_is_torchs(same_as_torch, normal, name, args, kwargs, batch, dtype):
    checked(same_as_torch, normal, name, (*batch, 3, 8, 5), args, kwargs, dtype)


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_windows_of_maxima_may_have_gaps(same_as_torch, normal, ceil_mode):
    kwargs = {"dilation": 2, "ceil_mode": ceil_mode}
    checked(same_as_torch, normal, "max_pool1d", (2, 3, 8), (3, 2, 1), kwargs, "float32")
    kwargs["dilation"] = (1, 2)
    checked(same_as_torch, normal, "max_pool2d", (2, 3, 8, 6), (2, 1, 1), kwargs, "float32")


@pytest.mark.parametrize(
    "kwargs",
    [
        {"count_include_pad": False},
        {"count_include_pad": False, "ceil_mode": True},
        {"divisor_override": 3},
        {"divisor_override": -2, "ceil_mode": True},
    ],
)
def test_means_divide_by_what_was_asked(same_as_torch, normal, kwargs):
    checked(same_as_torch, normal, "avg_pool2d", (2, 3, 8, 5), (3, 2, 1), kwargs, "float32")


@pytest.mark.parametrize("name", ["max_pool1d", "max_pool2d"])
def test_maxima_say_where_they_lie(same_as_torch, name):
    # With ties, and with elements as small as the padding.
    x = np.array([[3.0, 3, 1, -np.inf, -np.inf, -np.inf, 2, 2]]).repeat(6, 0)[None]

    def call(lib, x):
        return getattr(lib.nn.functional, name)(x, 3, 2, 1, return_indices=True)[1]

    same_as_torch(call, x)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_integers_are_pooled_too(same_as_torch, name):
    x = np.arange(-12, 12).reshape(1, 4, 6)
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x, 2, 1, 1), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, (2, 3), (None, 2), (1, 1)])
def test_adaptive_means_are_torchs(same_as_torch, normal, size, batch, dtype):
    checked(same_as_torch, normal, "adaptive_avg_pool2d", (*batch, 3, 5, 4), (size,), {}, dtype)


def test_no_windows_have_a_gradient_of_zeros():
    # PyTorch's backward refuses.
    x = fastinit.ones(2, 3, 4, requires_grad=True)
    y = F.adaptive_avg_pool2d(x, 0)
    assert y.shape == (2, 0, 0)
    y.sum().backward()
    assert not x.grad.any()


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, (2,)])
def test_adaptive_means_of_one_dimension_are_torchs(same_as_torch, normal, size, batch):
    checked(same_as_torch, normal, "adaptive_avg_pool1d", (*batch, 3, 5), (size,), {}, "float32")


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.max_pool2d(x, 6),
        lambda f, x: f.max_pool2d(x, 3, padding=2),
        lambda f, x: f.max_pool2d(x, 3, padding=-1),
        lambda f, x: f.max_pool2d(x, 3, stride=0),
        lambda f, x: f.max_pool2d(x, 3, stride=-1),
        lambda f, x: f.max_pool2d(x, 0),
        lambda f, x: f.max_pool2d(x, -1),
        lambda f, x: f.max_pool2d(x, 2, dilation=0),
        lambda f, x: f.max_pool2d(x, (2, 2, 2)),
        lambda f, x: f.max_pool2d(x, 2, (1, 1, 1)),
        lambda f, x: f.max_pool2d(x, 2, 1, (1, 1, 1)),
        lambda f, x: f.max_pool2d(x, 2, dilation=(1, 1, 1)),
        lambda f, x: f.max_pool2d(x[0, 0], 2),
        lambda f, x: f.max_pool2d(x[:, :0], 2),
        lambda f, x: f.max_pool2d(x[..., :0], 2),
        lambda f, x: f.max_pool2d([1.0], 2),
        lambda f, x: f.max_pool1d(x, 2),
        lambda f, x: f.max_pool1d(x[0, 0, 0], 2),
        lambda f, x: f.max_pool1d(x[0], 6),
        lambda f, x: f.max_pool1d(x[0], 0),
        lambda f, x: f.max_pool1d(x[0], 2, 0),
        lambda f, x: f.max_pool1d(x[0], 2, -1),
        lambda f, x: f.max_pool1d(x[0], 2, padding=2),
        lambda f, x: f.max_pool1d(x[0], 2, padding=-1),
        lambda f, x: f.max_pool1d(x[0], 2, dilation=0),
        lambda f, x: f.max_pool1d(x[0], (2, 2)),
        lambda f, x: f.max_pool1d(x[0], 2, (2, 2)),
        lambda f, x: f.avg_pool2d(x, 6),
        lambda f, x: f.avg_pool2d(x, 3, padding=2),
        lambda f, x: f.avg_pool2d(x, 3, padding=-1),
        lambda f, x: f.avg_pool2d(x, 3, stride=0),
        lambda f, x: f.avg_pool2d(x, -1),
        lambda f, x: f.avg_pool2d(x, (2, 2, 2)),
        lambda f, x: f.avg_pool2d(x, 2, (2, 2, 2)),
        lambda f, x: f.avg_pool2d(x, 2, 2, (1, 1, 1)),
        lambda f, x: f.avg_pool2d(x, 2, divisor_override=0),
        lambda f, x: f.avg_pool2d(x[0, 0], 2),
        lambda f, x: f.avg_pool2d(x[None], 2),
        lambda f, x: f.avg_pool2d(x[:, :0], 2),
        lambda f, x: f.avg_pool2d(x > 0, 2),
        lambda f, x: f.avg_pool2d([1.0], 2),
        lambda f, x: f.avg_pool1d(x, 2),
        lambda f, x: f.avg_pool1d(x[0], 6),
        lambda f, x: f.avg_pool1d(x[0], 0),
        lambda f, x: f.avg_pool1d(x[0], (2, 2)),
        lambda f, x: f.avg_pool1d(x[0], 2, padding=2),
        lambda f, x: f.adaptive_avg_pool2d(x, (1, 1, 1)),
        lambda f, x: f.adaptive_avg_pool2d(x, -1),
        lambda f, x: f.adaptive_avg_pool2d(x[0, 0], 2),
        lambda f, x: f.adaptive_avg_pool2d(x[..., :0], 2),
        lambda f, x: f.adaptive_avg_pool2d(x.long(), 2),
        lambda f, x: f.adaptive_avg_pool1d(x, 2),
        lambda f, x: f.adaptive_avg_pool1d(x[0], None),
        lambda f, x: f.adaptive_avg_pool1d(x[0], (2, 2)),
        lambda f, x: f.adaptive_avg_pool1d(x[0], -1),
    ],
)
def test_what_does_not_fit_is_refused_in_torchs_words(same_as_torch, normal, call):
    assert same_as_torch(lambda lib, x: call(lib.nn.functional, x), normal(2, 4, 5, 5)).error is not None


def test_the_gradients_are_their_difference_quotients():
    x = fastinit.randn(2, 5, 4, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda t: F.max_pool2d(t, 3, 2, 1, ceil_mode=True), (x,))
    assert gradcheck(lambda t: F.max_pool1d(t, 2, dilation=2), (x,))
    assert gradcheck(lambda t: F.avg_pool2d(t, 3, 2, 1, True, False), (x,))
    assert gradcheck(lambda t: F.avg_pool1d(t, 3, 1, 1), (x,))
    assert gradcheck(lambda t: F.adaptive_avg_pool2d(t, (2, 3)), (x,))


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.MaxPool1d(2),
        lambda nn: nn.MaxPool1d(3, 1, 1, 2, ceil_mode=True),
        lambda nn: nn.MaxPool2d(2),
        lambda nn: nn.MaxPool2d((3, 2), (2, 1), (0, 1), 2),
        lambda nn: nn.AvgPool1d(2),
        lambda nn: nn.AvgPool1d(3, 2, 1, True, False),
        lambda nn: nn.AvgPool2d(2),
        lambda nn: nn.AvgPool2d((3, 2), 2, 1, True, False, 5),
        lambda nn: nn.AdaptiveAvgPool1d(3),
        lambda nn: nn.AdaptiveAvgPool2d((None, 3)),
    ],
)
def test_layers_print_and_compute_as_torchs_do(same_as_torch, normal, build):
    torch = pytest.importorskip("torch")
    assert repr(build(nn)) == repr(build(torch.nn))
    shape = (2, 3, 7) if "1d" in repr(build(nn)) else (2, 3, 7, 6)
    same_as_torch(lambda lib, x: build(lib.nn)(x), normal(*shape))


@pytest.mark.parametrize("name", ["MaxPool1d", "MaxPool2d"])
def test_layers_return_indices_on_request(same_as_torch, normal, name):
    def call(lib, x):
        values, places = getattr(lib.nn, name)(2, return_indices=True)(x)
        assert values.shape == places.shape
        return places

    same_as_torch(call, normal(3, 4, 6))
