"""Activations: values, gradients, in-place forms, dtypes and printed forms are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import _core, nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]

#: Name, positional arguments after the input, keyword arguments.
CASES = [
    ("relu", (), {}),
    ("leaky_relu", (), {}),
    ("leaky_relu", (0.3,), {}),
    ("leaky_relu", (-0.2,), {}),
    ("elu", (), {}),
    ("elu", (0.4,), {}),
    ("elu", (-0.7,), {}),
    ("selu", (), {}),
    ("gelu", (), {}),
    ("gelu", (), {"approximate": "tanh"}),
    ("silu", (), {}),
    ("softplus", (), {}),
    ("softplus", (3.0, 2.0), {}),
    ("sigmoid", (), {}),
    ("tanh", (), {}),
]
SOFTMAXES = ["softmax", "log_softmax"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "args", "kwargs"), CASES)
def test_activations_are_torchs_in_value_gradient_and_node_name(
    same_as_torch, normal, name, args, kwargs, dtype
):
    def call(lib, x):
        return getattr(lib.nn.functional, name)(x, *args, **kwargs)

    for shape in [(), (7,), (2, 3, 4), (0, 3)]:
        same_as_torch(call, 3 * normal(*shape), dtype=dtype)


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES)
def test_activations_keep_their_limits(same_as_torch, name, args, kwargs):
    ends = np.array(
        [-np.inf, -1e30, -100.0, -30.0, -1e-30, -0.0, 0.0, 1e-30, 30.0, 100.0, 1e30, np.inf, np.nan]
    )
    if (name, kwargs) == ("gelu", {}):  # PyTorch's of infinity is inf or nan, as its code for this CPU has it
        ends = ends[~np.isposinf(ends)]
        assert F.gelu(fastinit.tensor(np.inf)).item() == np.inf
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x, *args, **kwargs), ends, constant=(0,))


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES)
def test_activations_read_strided_inputs(same_as_torch, normal, name, args, kwargs):
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x.t()[::2], *args, **kwargs), normal(3, 6))


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES)
def test_the_gradient_of_an_activation_is_its_difference_quotient(normal, name, args, kwargs):
    x = fastinit.tensor((2 * normal(3, 4)).tolist(), dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda x: getattr(F, name)(x, *args, **kwargs), (x,))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
@pytest.mark.parametrize("name", sorted({name for name, _, _ in CASES}))
def test_integers_are_taken_or_refused_as_torch_does(same_as_torch, name, dtype):
    values = np.array([0, 1, 1], dtype)
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x), values)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "silu"])
def test_in_place_forms_write_over_their_input(same_as_torch, normal, name):
    def call(lib, x):
        y = x * 1
        z = getattr(lib.nn.functional, name)(y, inplace=True)
        assert z is y
        return y

    for dtype in DTYPES:
        same_as_torch(call, normal(3, 4), dtype=dtype)


@pytest.mark.parametrize("name", ["relu_", "leaky_relu_", "elu_", "selu_"])
def test_functions_with_an_underscore_are_the_in_place_forms(same_as_torch, normal, name):
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x * 1), normal(3, 4))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "silu"])
def test_a_leaf_that_requires_grad_is_not_written_over(same_as_torch, normal, name):
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x, inplace=True), normal(3, 4))


@pytest.mark.parametrize("changed", ["input", "output"])
@pytest.mark.parametrize(("name", "args", "kwargs"), CASES)
def test_a_value_that_the_gradient_needs_may_not_change_before_backward(
    same_as_torch, normal, name, args, kwargs, changed
):
    def call(lib, x):
        x = x * 1
        y = getattr(lib.nn.functional, name)(x, *args, **kwargs)
        with lib.no_grad():
            (x if changed == "input" else y).add_(1)
        try:
            y.sum().backward()
        except RuntimeError as error:
            return lib.tensor("modified by an inplace operation" in str(error))
        return lib.tensor(False)

    same_as_torch(call, normal(3, 4))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.gelu(x, approximate="cubic"),
        lambda f, x: f.relu([1.0]),
        lambda f, x: f.gelu([1.0]),
        lambda f, x: f.softplus([1.0]),
        lambda f, x: f.elu([1.0]),
    ],
)
def test_bad_arguments_are_refused_in_torchs_words(same_as_torch, normal, call):
    same_as_torch(lambda lib, x: call(lib.nn.functional, x), normal(2))


def test_activations_reach_the_compiled_module_both_ways():
    for name, args, kwargs in CASES:
        x = fastinit.randn(3, 4, requires_grad=True)
        _core.reset_calls()
        y = getattr(F, name)(x, *args, **kwargs)
        assert sum(_core.calls().values()) == 1, name
        y.sum().backward()
        assert sum(_core.calls().values()) == 2, name


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_the_methods_of_a_tensor_reach_the_compiled_module_too(name):
    x = fastinit.randn(3, 4, requires_grad=True)
    _core.reset_calls()
    getattr(x, name)().backward(fastinit.ones(3, 4))
    assert _core.calls()["activation"] == 1
    assert _core.calls()["activation_backward"] == 1


# Softmax.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "dim"),
    [
        ((5,), 0),
        ((3, 5), 1),
        ((3, 5), 0),
        ((2, 3, 4), 1),
        ((2, 3, 4), -3),
        ((), 0),
        ((), -1),
        ((0, 3), 1),
        ((3, 0), 1),
    ],
)
@pytest.mark.parametrize("name", SOFTMAXES)
def test_softmax_is_torchs_along_every_dimension(same_as_torch, normal, name, shape, dim, dtype):
    same_as_torch(
        lambda lib, x: getattr(lib.nn.functional, name)(x, dim=dim), 3 * normal(*shape), dtype=dtype
    )


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", SOFTMAXES)
def test_softmax_without_a_dimension_chooses_torchs_and_warns(same_as_torch, normal, name, shape):
    outcome = same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x), normal(*shape))
    assert "Implicit dimension choice" in outcome.warnings[0]
    layer = "Softmax" if name == "softmax" else "LogSoftmax"
    same_as_torch(lambda lib, x: getattr(lib.nn, layer)()(x), normal(*shape))


@pytest.mark.parametrize("name", SOFTMAXES)
def test_the_warning_of_softmax_points_at_the_caller(name):
    layer = nn.Softmax() if name == "softmax" else nn.LogSoftmax()
    for call in (getattr(F, name), layer):
        with pytest.warns(UserWarning, match="Implicit dimension") as caught:
            call(fastinit.ones(2))
        assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "rows",
    [
        [[1e4, -1e4, 0.0]],
        [[np.inf, 1.0, 0.0]],
        [[-np.inf, 1.0, 0.0]],
        [[-np.inf, -np.inf, -np.inf]],
        [[np.nan, 1, 2]],
    ],
)
@pytest.mark.parametrize("name", SOFTMAXES)
def test_softmax_neither_overflows_nor_hides_what_is_not_finite(same_as_torch, name, rows):
    same_as_torch(lambda lib, x: getattr(lib.nn.functional, name)(x, dim=1), np.array(rows), constant=(0,))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, lib, x: f(x, dim=3),
        lambda f, lib, x: f(x.long(), dim=1),
        lambda f, lib, x: f(x.long(), dim=0),
        lambda f, lib, x: f(x.long(), dim=0, dtype=lib.float32),
        lambda f, lib, x: f(x, dim=0, dtype=lib.float64),
        lambda f, lib, x: f(x.half(), dim=0, dtype=lib.float32),
    ],
)
@pytest.mark.parametrize("name", SOFTMAXES)
def test_softmax_takes_or_refuses_dimension_and_dtype_as_torch_does(same_as_torch, normal, name, call):
    same_as_torch(lambda lib, x: call(getattr(lib.nn.functional, name), lib, x), normal(3, 4))


@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("name", SOFTMAXES)
def test_the_gradient_of_softmax_is_its_difference_quotient(name, dim):
    x = fastinit.randn(2, 3, 4, dtype=fastinit.float64, requires_grad=True)
    assert gradcheck(lambda x: getattr(F, name)(x, dim=dim), (x,))


# Layers.

LAYERS = [
    ("ReLU", (), {}),
    ("ReLU", (True,), {}),
    ("LeakyReLU", (), {}),
    ("LeakyReLU", (0.1, True), {}),
    ("ELU", (), {}),
    ("ELU", (0.5, True), {}),
    ("SELU", (), {}),
    ("SELU", (True,), {}),
    ("GELU", (), {}),
    ("GELU", ("tanh",), {}),
    ("SiLU", (), {}),
    ("SiLU", (True,), {}),
    ("Sigmoid", (), {}),
    ("Tanh", (), {}),
    ("Softplus", (), {}),
    ("Softplus", (2, 3), {}),
    ("Softmax", (), {"dim": 1}),
    ("Softmax", (-1,), {}),
    ("LogSoftmax", (), {"dim": 0}),
    ("Dropout", (0.0,), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), LAYERS)
def test_activation_layers_compute_and_print_as_torchs_do(same_as_torch, normal, name, args, kwargs):
    torch = pytest.importorskip("torch")
    assert repr(getattr(nn, name)(*args, **kwargs)) == repr(getattr(torch.nn, name)(*args, **kwargs))
    same_as_torch(lambda lib, x: getattr(lib.nn, name)(*args, **kwargs)(x * 1), normal(3, 4))
