"""Linear, Bilinear and Identity: products, gradients, errors, names, and the memory of shared gradients."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import _core, nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
INPUTS = [(4,), (2, 4), (1, 4), (0, 4), (2, 5, 4), (2, 1, 5, 4), (3, 0, 4)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", INPUTS)
def test_linear_is_torchs_in_value_gradient_and_node_name(same_as_torch, normal, shape, bias, dtype):
    operands = (normal(*shape), normal(3, 4), *([normal(3)] if bias else []))
    same_as_torch(lambda lib, *t: lib.nn.functional.linear(*t), *operands, dtype=dtype)


@pytest.mark.parametrize("constant", [(0,), (1,), (2,), (0, 1), (1, 2)])
def test_linear_gives_gradients_to_whom_they_are_due(same_as_torch, normal, constant):
    call = lambda lib, *t: lib.nn.functional.linear(*t)  # noqa: E731
    same_as_torch(call, normal(2, 4), normal(3, 4), normal(3), constant=constant)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 5), (3, 4)],
        [(2, 5), (3, 4), (3,)],
        [(5,), (3, 4), (3,)],
        [(2, 3, 5), (3, 4)],
        [(2, 4), (3, 4), (4,)],
        [(2, 5, 4), (3, 4), (4,)],
        [(4,), (3, 4), (4,)],
        [(), (3, 4)],
        [(2, 4), (2, 3, 4)],
        [(2, 4), (4,), (1,)],
        [(2, 4), (4,)],
        [(4,), (4,)],
        [(2, 0), (3, 0), (3,)],
        [(2, 4), (0, 4), (0,)],
    ],
)
def test_linear_refuses_and_accepts_the_shapes_that_torch_does(same_as_torch, normal, shapes):
    call = lambda lib, *t: lib.nn.functional.linear(*t)  # noqa: E731
    same_as_torch(call, *[normal(*shape) for shape in shapes])


@pytest.mark.parametrize("shape", [(1,), (2, 3), (2, 1), ()])
def test_a_bias_that_broadcasts_gets_the_sum_of_its_gradients(same_as_torch, normal, shape):
    call = lambda lib, *t: lib.nn.functional.linear(*t)  # noqa: E731
    same_as_torch(call, normal(2, 4), normal(3, 4), normal(*shape), node=False)


@pytest.mark.parametrize(
    "dtypes", ["fd", "fdd", "ffd", "fdf", "eef", "eff", "ef", "fe", "df", "lf", "lfl", "fl"]
)
def test_linear_refuses_a_mixture_of_dtypes_in_torchs_words(same_as_torch, dtypes):
    arrays = [np.ones(shape, code) for shape, code in zip([(2, 4), (3, 4), (3,)], dtypes, strict=False)]
    same_as_torch(lambda lib, *t: lib.nn.functional.linear(*t), *arrays, dtype=None)


def test_linear_of_integers_is_exact(same_as_torch):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(-9, 9, shape) for shape in [(2, 4), (3, 4), (3,)]]
    same_as_torch(lambda lib, *t: lib.nn.functional.linear(*t), *arrays)


@pytest.mark.parametrize(
    "call",
    [
        lambda lib, x, w: lib.nn.functional.linear([1.0], w),
        lambda lib, x, w: lib.nn.functional.linear(x, None),
        lambda lib, x, w: lib.nn.functional.linear(x, w, [1.0]),
        lambda lib, x, w: lib.nn.functional.bilinear([1.0], x, w),
    ],
)
def test_what_is_no_tensor_is_refused_by_name(same_as_torch, normal, call):
    same_as_torch(call, normal(2, 4), normal(3, 4))


def test_linear_reads_strided_operands_as_they_lie(same_as_torch, normal):
    def call(lib, x, w, b):
        return lib.nn.functional.linear(x.t(), w.t(), b[::2])

    same_as_torch(call, normal(4, 2), normal(4, 3), normal(6))


@pytest.mark.parametrize(("shape", "bias"), [((2, 4), True), ((4,), True), ((2, 3, 4), False)])
def test_the_gradient_of_linear_is_its_difference_quotient(shape, bias):
    layer = nn.Linear(4, 3, bias=bias, dtype=fastinit.float64)
    x = fastinit.randn(*shape, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(F.linear, (x, *layer.parameters()))


def test_backward_adds_into_one_buffer_until_zero_grad():
    layer = nn.Linear(5, 4)
    x = fastinit.randn(3, 5)
    layer(x).sum().backward()
    address = layer.weight.grad._array.ctypes.data
    first = layer.weight.grad.clone()
    layer(x).sum().backward()
    assert layer.weight.grad._array.ctypes.data == address
    assert fastinit.equal(layer.weight.grad, 2 * first)
    layer.zero_grad()
    assert layer.weight.grad is None


def test_a_layer_is_one_compiled_call_each_way():
    layer = nn.Linear(5, 4)
    x = fastinit.randn(3, 5, requires_grad=True)
    _core.reset_calls()
    y = layer(layer(x)[:, [0, 1, 2, 3, 0]])
    assert _core.calls()["linear"] == 2
    y.sum().backward()
    assert _core.calls()["linear_backward"] == 2


def test_gradients_reach_hooks_autograd_grad_and_weights_that_are_no_leaves():
    layer = nn.Linear(5, 4, dtype=fastinit.float64)
    x = fastinit.randn(3, 5, dtype=fastinit.float64)
    expected = fastinit.ones(3, 4, dtype=fastinit.float64).t() @ x

    (grad,) = fastinit.autograd.grad(layer(x).sum(), [layer.weight])
    assert fastinit.allclose(grad, expected)
    assert layer.weight.grad is None

    doubled = layer.weight * 2
    F.linear(x, doubled, layer.bias).sum().backward()
    assert fastinit.allclose(layer.weight.grad, 2 * expected)

    layer.zero_grad()
    seen = []
    layer.weight.register_hook(lambda grad: seen.append(grad.clone()) or grad * 3)
    layer(layer(x)[:, [0, 1, 2, 3, 0]]).sum().backward()
    assert len(seen) == 1
    assert fastinit.allclose(layer.weight.grad, seen[0] * 3)


def test_a_frozen_weight_gets_no_gradient():
    layer = nn.Linear(5, 4)
    layer.weight.requires_grad_(False)
    layer(fastinit.randn(3, 5)).sum().backward()
    assert layer.weight.grad is None
    assert layer.bias.grad is not None


def test_a_weight_changed_after_forward_is_noticed_at_backward():
    layer = nn.Linear(5, 4)
    y = layer(fastinit.randn(3, 5)).sum()
    with fastinit.no_grad():
        layer.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_second_backward_needs_retain_graph():
    y = nn.Linear(5, 4)(fastinit.randn(3, 5)).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


# Sharing.


def test_one_layer_twice_in_a_network_multiplies_twice_and_its_gradient_is_the_sum():
    linear = nn.Linear(1, 1, bias=False)
    net = nn.Sequential(linear, linear)
    nn.init.constant_(linear.weight, 3)
    y = net(fastinit.ones(1, 1))
    y.backward()
    assert y.item() == 9
    assert net[0].weight.grad.item() == 6
    assert [name for name, _ in net.named_parameters()] == ["0.weight"]


def test_one_parameter_in_two_layers_gathers_both_gradients(same_as_torch, normal):
    def call(lib, x, w):
        encoder, decoder = lib.nn.Linear(4, 4), lib.nn.Linear(4, 4)
        decoder.weight = encoder.weight
        with lib.no_grad():
            encoder.weight.copy_(w)
            for layer in (encoder, decoder):
                layer.bias.zero_()
        decoder(encoder(x).relu()).sum().backward()
        assert decoder.weight is encoder.weight
        return decoder.weight.grad

    same_as_torch(call, normal(3, 4), normal(4, 4))


def test_a_layer_called_in_a_loop_gathers_the_gradient_of_every_call(same_as_torch, normal):
    def call(lib, x, w):
        layer = lib.nn.Linear(4, 4, bias=False)
        with lib.no_grad():
            layer.weight.copy_(w)
        for _ in range(5):
            x = layer(x).tanh()
        x.sum().backward()
        return layer.weight.grad

    same_as_torch(call, normal(3, 4), normal(4, 4))


def test_a_module_under_two_names_is_one_set_of_parameters():
    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.left = nn.Linear(2, 2)
            self.right = self.left

        def forward(self, x):
            return self.left(x) + self.right(x)

    twin = Twin()
    twin(fastinit.ones(1, 2)).sum().backward()
    assert [name for name, _ in twin.named_parameters()] == ["left.weight", "left.bias"]
    assert [name for name, _ in twin.named_parameters(remove_duplicate=False)] == [
        "left.weight",
        "left.bias",
        "right.weight",
        "right.bias",
    ]
    assert twin.right.weight.grad.tolist() == [[2, 2], [2, 2]]


# Bilinear and Identity.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(2,), (), (2, 3), (0,)])
def test_bilinear_is_torchs_in_value_gradient_and_node_name(same_as_torch, normal, batch, bias, dtype):
    operands = [normal(*batch, 3), normal(*batch, 4), normal(5, 3, 4)] + [normal(5)] * bias
    same_as_torch(lambda lib, *t: lib.nn.functional.bilinear(*t), *operands, dtype=dtype)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 4), (5, 3, 4)],
        [(2, 7), (2, 4), (5, 3, 4)],
        [(2, 3), (2, 7), (5, 3, 4)],
        [(2, 3), (2, 4), (5, 3, 4), (6,)],
        [(2, 2, 3), (2, 4), (5, 3, 4)],
    ],
)
def test_bilinear_refuses_shapes_in_torchs_words(same_as_torch, normal, shapes):
    same_as_torch(lambda lib, *t: lib.nn.functional.bilinear(*t), *[normal(*shape) for shape in shapes])


@pytest.mark.parametrize("dtypes", ["fdf", "ffe", "fffd"])
def test_bilinear_refuses_a_mixture_of_dtypes_in_torchs_words(same_as_torch, dtypes):
    shapes = [(2, 3), (2, 4), (5, 3, 4), (5,)]
    arrays = [np.ones(shape, code) for shape, code in zip(shapes, dtypes, strict=False)]
    same_as_torch(lambda lib, *t: lib.nn.functional.bilinear(*t), *arrays, dtype=None)


def test_the_gradient_of_bilinear_is_its_difference_quotient():
    layer = nn.Bilinear(3, 4, 2, dtype=fastinit.float64)
    x1 = fastinit.randn(5, 3, dtype=fastinit.float64, requires_grad=True)
    x2 = fastinit.randn(5, 4, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(F.bilinear, (x1, x2, *layer.parameters()))


def test_identity_returns_its_input_whatever_it_was_built_with():
    x = fastinit.ones(2)
    assert nn.Identity(54, unused=True)(x) is x


# Construction.


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.Linear(4, 3),
        lambda nn: nn.Linear(4, 3, bias=False),
        lambda nn: nn.Bilinear(2, 3, 4),
        lambda nn: nn.Bilinear(2, 3, 4, bias=False),
        lambda nn: nn.Identity(54, unused=1),
        lambda nn: nn.Flatten(),
        lambda nn: nn.Flatten(0, -2),
        lambda nn: nn.Unflatten(1, (2, 5)),
        lambda nn: nn.Unflatten(1, [2, 5]),
    ],
)
def test_layers_print_and_name_their_parameters_as_torchs_do(build):
    torch = pytest.importorskip("torch")
    ours, theirs = build(nn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    assert [(n, tuple(p.shape)) for n, p in ours.named_parameters()] == [
        (n, tuple(p.shape)) for n, p in theirs.named_parameters()
    ]


@pytest.mark.parametrize(
    ("layer", "bound"),
    [(lambda: nn.Linear(100, 200), 0.1), (lambda: nn.Bilinear(100, 20, 30), 0.1)],
    ids=["Linear", "Bilinear"],
)
def test_new_layers_are_uniform_within_one_over_root_fan_in(layer, bound):
    fastinit.manual_seed(0)
    for parameter in layer().parameters():
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= bound
        assert values.std() == pytest.approx(bound / np.sqrt(3), rel=0.15)
    fastinit.manual_seed(0)
    again = layer()
    fastinit.manual_seed(0)
    assert all(fastinit.equal(a, b) for a, b in zip(again.parameters(), layer().parameters(), strict=True))


def test_dtype_and_device_are_those_asked_for():
    layer = nn.Linear(2, 3, dtype=fastinit.float64, device="cpu")
    assert layer.weight.dtype is layer.bias.dtype is fastinit.float64


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.Linear(0, 2).bias,
        lambda nn: nn.Linear(2, 0).bias,
        lambda nn: nn.Bilinear(0, 2, 3).bias,
        lambda nn: nn.Linear(2, 2)(nn.Identity()),
    ],
)
def test_layers_without_elements_warn_or_are_refused_as_torchs_are(same_as_torch, build):
    same_as_torch(lambda lib: build(lib.nn))


# Flatten.


@pytest.mark.parametrize(
    ("start", "end"), [(1, -1), (0, -1), (0, 1), (-2, -1), (1, 1), (2, 1), (3, -1), (0, 5)]
)
def test_flatten_joins_the_dimensions_that_torch_joins(same_as_torch, normal, start, end):
    same_as_torch(lambda lib, x: lib.nn.Flatten(start, end)(x), normal(2, 3, 4))


@pytest.mark.parametrize(
    ("dim", "sizes"),
    [(1, (3, 2)), (1, (-1, 3)), (-1, [2, 2]), (1, (4, -1)), (5, (1, 2)), (1, 3), (1, (1.0, 6))],
)
def test_unflatten_splits_the_dimension_that_torch_splits(same_as_torch, normal, dim, sizes):
    same_as_torch(lambda lib, x: lib.nn.Unflatten(dim, sizes)(x), normal(2, 6, 4))


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_gradients_are_of_the_parameters_that_were_used(name):
    # As in PyTorch: `.data` may be set to a tensor of another shape between forward and backward.
    layer = nn.Linear(4, 1000)
    used = getattr(layer, name)
    shape = used.shape
    output = layer(fastinit.ones(3, 4))
    used.data = fastinit.zeros(2)
    output.sum().backward()
    assert used.grad.shape == shape
    assert (used.grad == 3).all()
