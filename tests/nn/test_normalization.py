"""LayerNorm, RMSNorm and GroupNorm."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
SHAPES = [((2, 5), (5,)), ((2, 3, 5), (3, 5)), ((5,), (5,)), ((0, 5), (5,)), ((2, 0), (0,)), ((4, 1), (1,))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", [(), ("weight",), ("bias",), ("weight", "bias")])
@pytest.mark.parametrize(("shape", "normalized"), SHAPES)
def test_layer_norm_is_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shape, normalized, given, dtype
):
    def call(lib, x, *parameters):
        return lib.nn.functional.layer_norm(x, normalized, **dict(zip(given, parameters, strict=True)))

    same_as_torch(call, normal(*shape), *[normal(*normalized) for _ in given], dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("eps", [None, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("shape", "normalized"), SHAPES)
def test_rms_norm_is_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shape, normalized, weighted, eps, dtype
):
    def call(lib, x, *weight):
        return lib.nn.functional.rms_norm(x, normalized, *weight, eps=eps)

    same_as_torch(call, normal(*shape), *[normal(*normalized)] * weighted, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("given", [(), ("weight",), ("bias",), ("weight", "bias")])
@pytest.mark.parametrize(("shape", "groups"), [((4, 6), 1), ((2, 6, 3), 2), ((1, 6, 2, 4), 6), ((0, 6), 3)])
def test_group_norm_is_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, shape, groups, given, dtype
):
    def call(lib, x, *parameters):
        return lib.nn.functional.group_norm(x, groups, **dict(zip(given, parameters, strict=True)))

    # PyTorch's backward fails where there is a bias without a weight.
    constant = (0, 1) if given == ("bias",) else ()
    same_as_torch(call, normal(*shape), *[normal(6) for _ in given], dtype=dtype, constant=constant)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, w: f(x, 2),
        lambda f, x, w: f(x, -1),
        lambda f, x, w: f(x, 1, w[:2], w),
        lambda f, x, w: f(x, 1, x, w),
        lambda f, x, w: f(x[0], 1),
        lambda f, x, w: f(x[:1], 3),
        lambda f, x, w: f(x[:1].reshape(1, 3, 1), 3),
        lambda f, x, w: f(x.long(), 3),
        lambda f, x, w: f(x, 3, w.double(), w.double()),
        lambda f, x, w: f(x.double(), 3, w),
        lambda f, x, w: f(x.half(), 1, w.half(), w),
    ],
)
def test_groups_that_do_not_fit_are_refused_in_torchs_words(same_as_torch, normal, call):
    same_as_torch(lambda lib, x, w: call(lib.nn.functional.group_norm, x, w), normal(4, 3), normal(3))


def test_the_gradient_of_a_weight_that_met_no_values_is_zero():
    layer = nn.GroupNorm(2, 4)
    layer(fastinit.ones(2, 4, 0)).sum().backward()
    assert layer.weight.grad.tolist() == [0, 0, 0, 0]


def test_no_groups_are_refused():
    with pytest.raises(RuntimeError, match="Expected num groups to be greater than 0, got 0"):
        F.group_norm(fastinit.ones(2, 4), 0)
    with pytest.raises(ValueError, match=r"num_channels \(4\) must be divisible by num_groups \(0\)"):
        nn.GroupNorm(0, 4)
    with pytest.raises(ValueError, match=r"num_channels \(4\) must be divisible by num_groups \(3\)"):
        nn.GroupNorm(3, 4)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f(x, (4,)),
        lambda f, x: f(x, ()),
        lambda f, x: f(x, 5),
        lambda f, x: f(x, (5,), x[0, :4]),
        lambda f, x: f(x[0], (2, 5)),
        lambda f, x: f(x.long(), (5,)),
        lambda f, x: f([1.0], (1,)),
    ],
)
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_shapes_and_dtypes_are_refused_in_torchs_words(same_as_torch, normal, name, call):
    same_as_torch(lambda lib, x: call(getattr(lib.nn.functional, name), x), normal(2, 5))


@pytest.mark.parametrize("codes", ["fdd", "dff", "fee", "eff", "efe", "ffd"])
def test_layer_norm_mixes_the_dtypes_that_torch_mixes(same_as_torch, codes):
    arrays = [np.arange(5).astype(code) for code in codes]
    same_as_torch(
        lambda lib, x, w, b: lib.nn.functional.layer_norm(x, (5,), w, b),
        *arrays,
        dtype=None,
        precision="float16",
    )


@pytest.mark.parametrize("codes", ["fd", "df", "fe", "ef"])
def test_rms_norm_keeps_the_dtype_of_its_input(same_as_torch, codes):
    arrays = [np.arange(1, 6).astype(code) for code in codes]
    # PyTorch warns that it has no fused kernel for the mixture; here there is nothing to warn of.
    same_as_torch(
        lambda lib, x, w: lib.nn.functional.rms_norm(x, (5,), w),
        *arrays,
        dtype=None,
        warns=False,
        precision="float16",
    )


def test_the_variance_of_large_values_does_not_cancel():
    x = fastinit.tensor([[1e4 + 1, 1e4 + 2, 1e4 + 3, 1e4 + 4]])
    expected = np.array([-3, -1, 1, 3]) / np.sqrt(5)
    np.testing.assert_allclose(F.layer_norm(x, (4,)).numpy()[0], expected, rtol=1e-4)


def test_the_gradients_are_their_difference_quotients():
    x = fastinit.randn(3, 2, 4, dtype=fastinit.float64, requires_grad=True)
    w = fastinit.randn(2, 4, dtype=fastinit.float64, requires_grad=True)
    b = fastinit.randn(2, 4, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda *t: F.layer_norm(t[0], (2, 4), *t[1:]), (x, w, b))
    assert gradcheck(lambda *t: F.rms_norm(t[0], (2, 4), *t[1:]), (x, w))
    scale = fastinit.randn(2, dtype=fastinit.float64, requires_grad=True)
    shift = fastinit.randn(2, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda *t: F.group_norm(t[0], 2, t[1], t[2]), (x, scale, shift))
    assert gradcheck(lambda *t: F.group_norm(t[0], 1, None, t[1]), (x, shift))


@pytest.mark.parametrize(
    "build",
    [
        lambda nn: nn.GroupNorm(1, 2),
        lambda nn: nn.GroupNorm(2, 2, eps=0.1, affine=False),
        lambda nn: nn.GroupNorm(2, 2, bias=False),
        lambda nn: nn.LayerNorm(5),
        lambda nn: nn.LayerNorm([2, 5], elementwise_affine=False, bias=False),
        lambda nn: nn.LayerNorm(5, eps=0.1, bias=False),
        lambda nn: nn.RMSNorm(5),
        lambda nn: nn.RMSNorm((2, 5), eps=1e-6, elementwise_affine=False),
    ],
)
def test_layers_start_print_and_compute_as_torchs_do(same_as_torch, normal, build):
    torch = pytest.importorskip("torch")
    ours, theirs = build(nn), build(torch.nn)
    assert repr(ours) == repr(theirs)
    assert {name: p.tolist() for name, p in ours.named_parameters()} == {
        name: p.tolist() for name, p in theirs.named_parameters()
    }
    same_as_torch(lambda lib, x: build(lib.nn)(x), normal(3, 2, 5))
