"""Conv1d, Conv2d and Conv3d."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]

# Shapes of the input without batch and of the weight, and the arguments.
CALLS = [
    ((4, 9), (6, 4, 3), {}),
    ((4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    ((4, 9), (4, 1, 2), {"padding": "same", "dilation": 3, "groups": 4}),
    ((3, 6, 5), (4, 3, 3, 3), {}),
    ((4, 6, 5), (6, 2, 3, 2), {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}),
    ((4, 6, 5), (4, 4, 1, 1), {"stride": 3}),
    ((3, 6, 5), (4, 3, 2, 3), {"padding": "same"}),
    ((3, 6, 5), (4, 3, 2, 3), {"padding": "valid", "stride": (3,), "dilation": 2}),
    ((2, 4, 5, 3), (3, 2, 2, 3, 1), {"padding": (1, 0, 1), "stride": (1, 2, 2)}),
    ((2, 4, 5, 3), (4, 1, 3, 2, 2), {"padding": "same", "groups": 2}),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("batch", [(), (2,), (0,)])
@pytest.mark.parametrize(("shape", "weight", "kwargs"), CALLS)
def test_convolutions_are_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shape, weight, kwargs, batch, biased, dtype
):
    def call(lib, *tensors):
        return getattr(lib.nn.functional, f"conv{len(shape) - 1}d")(*tensors, **kwargs)

    arrays = normal(*batch, *shape), normal(*weight), *[normal(weight[0])] * biased
    # PyTorch warns of a copy that an odd 'same' makes; here there is nothing to warn of.
    same_as_torch(call, *arrays, dtype=dtype, warns=False)


def test_integers_are_convolved_too(same_as_torch):
    x, w, b = np.arange(32).reshape(2, 4, 4), np.arange(16).reshape(2, 2, 2, 2), np.array([1, -1])
    same_as_torch(lambda lib, *t: lib.nn.functional.conv2d(*t), x, w, b)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, w, b: f(x[:, :2], w, b),
        lambda f, x, w, b: f(x, w, b, groups=2),
        lambda f, x, w, b: f(x, w, b, groups=4),
        lambda f, x, w, b: f(x, w, b, groups=0),
        lambda f, x, w, b: f(x, w[:1, :2], groups=2),
        lambda f, x, w, b: f(x, w[:0]),
        lambda f, x, w, b: f(x, w, b, stride=0),
        lambda f, x, w, b: f(x, w, b, padding=-1),
        lambda f, x, w, b: f(x, w, b, dilation=-1),
        lambda f, x, w, b: f(x, w, b, dilation=0),
        lambda f, x, w, b: f(x, w, b, stride=(1, 1, 1)),
        lambda f, x, w, b: f(x, w, b, padding=(1, 1, 1)),
        lambda f, x, w, b: f(x, w, b, dilation=(1, 1, 1)),
        lambda f, x, w, b: f(x, w, b, padding="same", stride=2),
        lambda f, x, w, b: f(x, w, b, padding="other"),
        lambda f, x, w, b: f(x, w, b[:5]),
        lambda f, x, w, b: f(x, w, b[None]),
        lambda f, x, w, b: f(x, w[0], b, 1),
        lambda f, x, w, b: f(x, w[..., None], b),
        lambda f, x, w, b: f(x[0, 0], w, b),
        lambda f, x, w, b: f(x[None], w, b),
        lambda f, x, w, b: f(x[..., :2], w, b),
        lambda f, x, w, b: f(x[..., :0], w, b, padding=2),
        lambda f, x, w, b: f(x, w, b, dilation=3),
        lambda f, x, w, b: f(x.double(), w, b),
        lambda f, x, w, b: f(x, w, b.double()),
        lambda f, x, w, b: f(x.long(), w, b),
    ],
)
def test_shapes_numbers_and_dtypes_are_refused_in_torchs_words(same_as_torch, normal, call):
    outcome = same_as_torch(
        lambda lib, *t: call(lib.nn.functional.conv2d, *t), normal(2, 4, 5, 5), normal(6, 4, 3, 3), normal(6)
    )
    assert outcome.error is not None


@pytest.mark.parametrize("position", [0, 1, 2])
def test_what_is_no_tensor_is_refused(position):
    arguments = [fastinit.ones(1, 1, 3), fastinit.ones(1, 1, 2), fastinit.ones(1)]
    arguments[position] = [1.0]
    with pytest.raises(
        TypeError, match=rf"conv1d\(\): argument '.*' \(position {position + 1}\) must be Tens"
    ):
        F.conv1d(*arguments)


def test_a_weight_of_other_dimensions_is_refused():
    with pytest.raises(RuntimeError, match="Expected 4-dimensional input for 4-dimensional weight"):
        F.conv1d(fastinit.ones(1, 1, 3), fastinit.ones(1, 1, 1, 1), None, (1,), (0,), (1,))


def test_a_kernel_without_elements_is_refused():
    with pytest.raises(RuntimeError, match=r"Kernel size must be positive, .* \[1, 1, 0\]"):
        F.conv1d(fastinit.ones(1, 1, 3), fastinit.ones(1, 1, 0))


@pytest.mark.parametrize(("shape", "weight", "kwargs"), CALLS)
def test_the_gradients_are_their_difference_quotients(shape, weight, kwargs):
    shapes = (1, *shape), weight, weight[:1]
    tensors = [fastinit.randn(*each, dtype=fastinit.float64, requires_grad=True) for each in shapes]
    function = getattr(F, f"conv{len(shape) - 1}d")
    assert gradcheck(lambda *t: function(*t, **kwargs), tensors)


LAYERS = [
    lambda nn: nn.Conv1d(4, 6, 3),
    lambda nn: nn.Conv1d(4, 6, 3, padding=2, padding_mode="circular", bias=False),
    lambda nn: nn.Conv1d(4, 6, 3, padding="valid", padding_mode="reflect"),
    lambda nn: nn.Conv2d(4, 6, 3),
    lambda nn: nn.Conv2d(4, 6, (3, 2), (1, 2), (1, 0), 2, 2, False, "reflect"),
    lambda nn: nn.Conv2d(4, 6, 2, padding="same", dilation=3, padding_mode="replicate"),
    lambda nn: nn.Conv2d(4, 4, 3, padding="valid", groups=4),
    lambda nn: nn.Conv3d(4, 6, (1, 2, 3), padding=1, padding_mode="replicate"),
    lambda nn: nn.Conv3d(4, 6, 2, padding="same", padding_mode="circular"),
]


@pytest.mark.parametrize("build", LAYERS)
def test_layers_print_are_named_and_compute_as_torchs_do(same_as_torch, normal, build):
    torch = pytest.importorskip("torch")
    ours, theirs = build(nn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    named = {name: list(p.shape) for name, p in ours.state_dict().items()}
    assert named == {name: list(p.shape) for name, p in theirs.state_dict().items()}
    values = [normal(*shape) for shape in named.values()]
    dims = len(ours.kernel_size)
    for batch in [(), (2,)]:

        def call(lib, x, *parameters):
            layer = build(lib.nn)
            for name, value in zip(named, parameters, strict=True):
                # In place of the Parameter: the gradient is then that of the argument.
                delattr(layer, name)
                setattr(layer, name, value)
            if "bias" not in named:
                assert layer.bias is None
            return layer(x)

        same_as_torch(call, normal(*batch, 4, *(7, 6, 5)[:dims]), *values)


@pytest.mark.parametrize(
    "call",
    [
        lambda nn: nn.Conv2d(4, 6, 3, groups=0),
        lambda nn: nn.Conv2d(4, 6, 3, groups=3),
        lambda nn: nn.Conv2d(4, 5, 3, groups=2),
        lambda nn: nn.Conv2d(4, 6, 3, stride=2, padding="same"),
        lambda nn: nn.Conv2d(-4, 6, 3),
    ],
)
def test_layers_that_cannot_be_are_refused_in_torchs_words(same_as_torch, call):
    assert same_as_torch(lambda lib: call(lib.nn)).error is not None


def test_unknown_paddings_are_refused():
    with pytest.raises(
        ValueError, match=r"Invalid padding string 'full', should be one of {'same', 'valid'}"
    ):
        nn.Conv2d(4, 6, 3, padding="full")
    with pytest.raises(ValueError, match=r"padding_mode must be one of {.*}, but got padding_mode='ones'"):
        nn.Conv2d(4, 6, 3, padding_mode="ones")


@pytest.mark.parametrize(
    ("build", "fan_in"), [(lambda: nn.Conv2d(8, 64, 3, groups=2), 36), (lambda: nn.Conv1d(40, 500, 5), 200)]
)
def test_new_parameters_are_uniform_within_one_over_the_root_of_fan_in(build, fan_in):
    fastinit.manual_seed(0)
    layer = build()
    bound = 1 / math.sqrt(fan_in)
    for parameter in (layer.weight, layer.bias):
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= bound
        assert np.abs(values).max() > 0.9 * bound
    assert layer.weight.detach().numpy().std() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_parameters_have_the_dtype_that_was_asked_for():
    layer = nn.Conv1d(2, 3, 2, dtype=fastinit.float64)
    assert layer.weight.dtype is layer.bias.dtype is fastinit.float64
