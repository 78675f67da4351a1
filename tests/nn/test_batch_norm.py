"""BatchNorm and InstanceNorm: normalisation of channels, with running statistics."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F
from reference.differential import outcome, output

DTYPES = ["float32", "float64", "float16", "bfloat16"]
SHAPES = [(4, 3), (1, 3, 2), (2, 3, 4, 5), (2, 3, 2, 1, 2), (0, 3), (2, 3, 0)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("given", [(), ("weight",), ("bias",), ("weight", "bias")])
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_is_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shape, given, training, dtype
):
    def call(lib, x, mean, var, *parameters):
        named = dict(zip(given, parameters, strict=True))
        return lib.nn.functional.batch_norm(x, mean, var.abs() + 0.5, training=training, **named)

    arrays = [normal(*shape), normal(3), normal(3), *[normal(3) for _ in given]]
    same_as_torch(call, *arrays, dtype=dtype, constant=(1, 2))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("momentum", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_training_moves_the_running_statistics_in_place(same_as_torch, normal, name, momentum, dtype):
    def call(lib, x, mean, var):
        getattr(lib.nn.functional, name)(x, mean, var, None, None, True, momentum)
        assert mean._version == (name == "instance_norm")
        return lib.stack([mean, var])

    same_as_torch(call, normal(3, 2, 4), normal(2), np.ones(2), dtype=dtype, constant=(1, 2))


@pytest.mark.parametrize("given", [(), ("weight",), ("weight", "bias")])
@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 3, 2, 2)])
def test_instance_norm_is_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shape, own, running, given
):
    def call(lib, x, mean, var, *parameters):
        statistics = (mean, var.abs() + 0.5) if running else ()
        named = dict(zip(given, parameters, strict=True))
        return lib.nn.functional.instance_norm(x, *statistics, use_input_stats=own, **named)

    arrays = [normal(*shape), normal(3), normal(3), *[normal(3) for _ in given]]
    same_as_torch(call, *arrays, dtype="float64", constant=(1, 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, m, v: f.batch_norm(x, None, None),
        lambda f, x, m, v: f.batch_norm(x, m, None),
        lambda f, x, m, v: f.batch_norm(x, m, None, training=True),
        lambda f, x, m, v: f.batch_norm(x, None, v, training=True),
        lambda f, x, m, v: f.batch_norm(x, m[:2], v),
        lambda f, x, m, v: f.batch_norm(x, m, v[:2], training=True),
        lambda f, x, m, v: f.batch_norm(x, m, v, v[:2]),
        lambda f, x, m, v: f.batch_norm(x, m, v, v, m[:2]),
        lambda f, x, m, v: f.batch_norm(x[:1], m, v, training=True),
        lambda f, x, m, v: f.batch_norm(x[0], m, v),
        lambda f, x, m, v: f.batch_norm(x.long(), m, v),
        lambda f, x, m, v: f.batch_norm(x.double(), m, v),
        lambda f, x, m, v: f.batch_norm(x, m.double(), v.double()),
        lambda f, x, m, v: f.batch_norm(x, m, v, v.double()),
        lambda f, x, m, v: f.batch_norm(x.half(), m, v, v.half(), m.half()),
        lambda f, x, m, v: f.batch_norm(x.half(), m.half(), v.half(), v.half(), m),
        lambda f, x, m, v: f.batch_norm(x, m, v, eps=-1),
        lambda f, x, m, v: f.batch_norm(x, m, v, training=True, eps=0),
        lambda f, x, m, v: f.batch_norm(x, m.clone().requires_grad_(), v),
        lambda f, x, m, v: f.batch_norm(x, m, v.clone().requires_grad_(), training=True),
        lambda f, x, m, v: f.batch_norm([1.0], m, v),
        lambda f, x, m, v: f.instance_norm(x),
        lambda f, x, m, v: f.instance_norm(x.reshape(2, 3, 2), use_input_stats=False),
        lambda f, x, m, v: f.instance_norm(x.reshape(2, 3, 2), m),
        lambda f, x, m, v: f.instance_norm(x.reshape(2, 3, 2), m[:2], v[:2]),
        lambda f, x, m, v: f.instance_norm(x.reshape(2, 3, 2), weight=m[:2]),
    ],
)
def test_what_does_not_fit_is_refused_in_torchs_words(same_as_torch, normal, call):
    same_as_torch(
        lambda lib, x, m, v: call(lib.nn.functional, x, m, v),
        normal(4, 3),
        np.zeros(3),
        np.ones(3),
        constant=(1, 2),
    )


@pytest.mark.parametrize("training", [False, True])
def test_the_gradients_are_their_difference_quotients(training):
    x = fastinit.randn(3, 2, 4, dtype=fastinit.float64, requires_grad=True)
    w = fastinit.randn(2, dtype=fastinit.float64, requires_grad=True)
    b = fastinit.randn(2, dtype=fastinit.float64, requires_grad=True)
    mean, var = fastinit.zeros(2, dtype=fastinit.float64), fastinit.ones(2, dtype=fastinit.float64)
    assert gradcheck(lambda *t: F.batch_norm(t[0], mean.clone(), var, *t[1:], training), (x, w, b))
    assert gradcheck(lambda *t: F.instance_norm(t[0], None, None, *t[1:]), (x, w, b))


LAYERS = [
    "nn.BatchNorm1d(3)",
    "nn.BatchNorm1d(3, momentum=None)",
    "nn.BatchNorm2d(3, 1e-3, 0.3, affine=False)",
    "nn.BatchNorm3d(3, track_running_stats=False)",
    "nn.BatchNorm1d(3, bias=False, dtype=torch.float64)",
    "nn.InstanceNorm1d(3)",
    "nn.InstanceNorm2d(3, affine=True, track_running_stats=True)",
    "nn.InstanceNorm3d(3, momentum=None, affine=True, bias=False, track_running_stats=True)",
]


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_are_printed_trained_and_saved_as_torchs(layer):
    program = f"""
layer = {layer}
print(layer, [(name, each.dtype, each) for name, each in layer.state_dict().items()])
print(dict(layer.state_dict()._metadata))
layer.double()
size = (2, 3, 4, 2, 2)[:{{"1": 3, "2": 4, "3": 5}}[type(layer).__name__[-2]]]
for step in range(3):
    x = torch.arange(96)[:torch.ones(size).numel()].reshape(size).double().sin() * (step + 1)
    x.requires_grad_()
    y = layer(x)
    (y ** 3).sum().backward()
    print(y, x.grad, [p.grad for p in layer.parameters()], list(layer.buffers()))
layer.eval()
print(layer(x), list(layer.buffers()))
layer.reset_parameters()
print(layer.state_dict())
"""
    torch = pytest.importorskip("torch")
    assert output(fastinit, program) == output(torch, program)


@pytest.mark.parametrize("name", ["BatchNorm", "InstanceNorm"])
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:input's size")
def test_inputs_of_other_dimensions_and_sizes_are_refused_in_torchs_words(name, d):
    torch = pytest.importorskip("torch")
    sizes = [(2,), (3, 2), (2, 2, 3), (3, 3, 3), (2, 3, 3, 3), (2, 2, 3, 3), (2, 2, 3, 3, 3), (2, 3, 3, 3, 3)]
    for size in [*sizes, (1,) * 6]:
        for affine in (True, False):
            call = f"nn.{name}{d}d(2, affine={affine})(torch.ones({size})).shape"
            assert outcome(fastinit, call) == outcome(torch, call)


def test_a_channel_of_another_size_is_warned_of_where_it_does_no_harm():
    with pytest.warns(UserWarning, match=r"input's size at dim=1 does not match num_features"):
        nn.InstanceNorm1d(2)(fastinit.ones(2, 3, 4))


def test_a_state_from_before_the_count_of_batches_can_be_loaded():
    layer = nn.BatchNorm1d(2)
    state = {name: each.clone() for name, each in layer.state_dict().items() if name != "num_batches_tracked"}
    layer(fastinit.randn(4, 2))
    layer.load_state_dict(state)
    assert layer.num_batches_tracked == 1
    assert layer.running_mean.tolist() == [0, 0]
