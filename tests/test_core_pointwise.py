"""The activation kernels against their definitions, with the error of each stated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastinit import _core
from reference import pointwise as reference

DTYPES = [np.float32, np.float64]

# The parameters, and the largest error in units in the last place. The argument of gelu_tanh's exponential
# is of the size of x^3, and so is what its rounding costs: hence the exponent, 1 + |x|^3 such units.
ACTIVATIONS = [
    ("relu", (), 0, 0),
    ("leaky_relu", (0.01,), 1, 0),
    ("gelu", (), 5, 0),
    ("gelu_tanh", (), 5, 3),
    ("silu", (), 4, 0),
    ("sigmoid", (), 3, 0),
    ("tanh", (), 3, 0),
    ("softplus", (1.0, 20.0), 4, 0),
    ("softplus", (2.0, 1.5), 4, 0),
    ("elu", (1.0,), 2, 0),
    ("elu", (-0.3,), 3, 0),
    ("selu", (), 3, 0),
]
NAMES = sorted({name for name, *_ in ACTIVATIONS})


def inputs(dtype: type) -> np.ndarray:
    """Dense around zero, and every magnitude to where each function has reached its limit."""
    small = np.geomspace(1e-20, 12, 2000)
    return np.concatenate([np.linspace(-20, 20, 20001), small, -small, [0.0, -0.0]]).astype(dtype)


def rounded_parameters(parameters: tuple[float, ...], dtype: type) -> tuple[float, ...]:
    return tuple(float(dtype(parameter)) for parameter in parameters)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "parameters", "units", "exponent"), ACTIVATIONS)
def test_an_activation_errs_by_a_few_units_in_the_last_place(
    name: str, parameters: tuple[float, ...], units: int, exponent: int, dtype: type
) -> None:
    x = inputs(dtype)
    exact = reference.forward(name, x, *rounded_parameters(parameters, dtype))
    result = _core.activation(name, x, *parameters)
    assert result.dtype == dtype
    unit = np.spacing(np.abs(exact).astype(dtype)).astype(np.longdouble)
    growth = 1 + np.abs(x.astype(np.longdouble)) ** exponent if exponent else 1
    subnormal = np.abs(x) * np.finfo(dtype).smallest_subnormal  # where a factor of x is rounded to one
    assert (np.abs(result - exact) <= units * growth * unit + subnormal).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "parameters", "units", "exponent"), ACTIVATIONS)
def test_a_gradient_is_the_derivative(
    name: str, parameters: tuple[float, ...], units: int, exponent: int, dtype: type
) -> None:
    x = inputs(dtype)
    saved = _core.activation(name, x) if name in reference.READS_RESULT else x
    grad = np.random.default_rng(0).standard_normal(x.size).astype(dtype)
    exact = grad * reference.derivative(name, saved, *rounded_parameters(parameters, dtype))
    result = _core.activation_backward(name, grad, saved, *parameters)
    assert result.dtype == dtype
    assert (np.abs(result - exact) <= 8 * np.finfo(dtype).eps * (np.abs(exact) + np.abs(grad))).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [1, 2, 10, 16, 17, 1000])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_row_activation_is_its_definition(name: str, columns: int, dtype: type) -> None:
    random = np.random.default_rng(columns)
    x = (5 * random.standard_normal((3, 4, columns))).astype(dtype)
    result = _core.activation(name, x)
    exact = getattr(reference, name)(x)
    eps = np.finfo(dtype).eps
    assert result.dtype == dtype
    assert (np.abs(result - exact) <= 40 * eps * np.abs(exact) + eps).all()
    grad = random.standard_normal(x.shape).astype(dtype)
    backward = getattr(reference, name + "_backward")(grad, result)
    bound = 40 * eps * np.abs(grad).sum(axis=-1, keepdims=True)
    assert (np.abs(_core.activation_backward(name, grad, result) - backward) <= bound).all()


def test_softmax_of_large_values_neither_overflows_nor_loses_a_row() -> None:
    x = np.array([[1e30, 1e30, -1e30], [-1e4, -1e4, -np.inf]], np.float32)
    np.testing.assert_array_equal(_core.activation("softmax", x), [[0.5, 0.5, 0], [0.5, 0.5, 0]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_activation_agrees_with_pytorch_on_what_is_not_a_number(dtype: type) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 80.0, -80.0, 1e30, -1e30], dtype)
    for name, parameters, *_ in ACTIVATIONS:
        # PyTorch's gelu of infinity is inf or nan, as its code for this CPU has it.
        chosen = values[~np.isinf(values)] if name == "gelu" else values
        special = np.repeat(chosen, 64)  # its vector code, unlike that for the rest of an array
        x = torch.from_numpy(special).requires_grad_()
        if name == "gelu_tanh":
            theirs = functional.gelu(x, approximate="tanh")
        else:
            theirs = getattr(functional, name)(x, *parameters)
        theirs.backward(torch.ones_like(theirs))
        ours = _core.activation(name, special, *parameters)
        saved = ours if name in reference.READS_RESULT else special
        gradient = _core.activation_backward(name, np.ones_like(special), saved, *parameters)
        tolerance = {"rtol": 1e-5, "atol": 1e-30, "err_msg": name}
        np.testing.assert_allclose(ours, theirs.detach().numpy(), **tolerance)
        np.testing.assert_allclose(gradient, x.grad.numpy(), **tolerance)


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "silu", "leaky_relu"])
def test_a_zero_keeps_its_sign_where_pytorch_keeps_it(name: str) -> None:
    torch = pytest.importorskip("torch")
    zeros = np.array([0.0, -0.0], np.float32)
    theirs = getattr(torch.nn.functional, name)(torch.from_numpy(zeros)).numpy()
    np.testing.assert_array_equal(np.signbit(_core.activation(name, zeros, 0.01)), np.signbit(theirs))


@pytest.mark.parametrize("name", [*NAMES, "softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (5, 3), (4, 0), (0, 4), (2, 3, 33)])
def test_any_shape_and_strides(name: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    result = _core.activation(name, x, 1.0, 20.0)
    assert result.shape == shape
    if x.ndim == 0:
        return
    turned = np.ascontiguousarray(x.T).T[..., ::-1][..., ::-1]
    np.testing.assert_array_equal(_core.activation(name, turned, 1.0, 20.0), result)
    np.testing.assert_array_equal(
        _core.activation_backward(name, turned, turned, 1.0, 20.0),
        _core.activation_backward(name, x, x, 1.0, 20.0),
    )


def test_none_copies() -> None:
    x = np.arange(6, dtype=np.float32)
    result = _core.activation("none", x)
    np.testing.assert_array_equal(result, x)
    assert not np.shares_memory(result, x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*NAMES, "softmax", "log_softmax"])
def test_every_instruction_set_gives_the_same_bits(
    name: str, dtype: type, use_isa: Callable[[str], None]
) -> None:
    x = (3 * np.random.default_rng(0).standard_normal((7, 1001))).astype(dtype)
    found = set()
    for isa in _core.usable_isas():
        use_isa(isa)
        result = _core.activation(name, x, 1.0, 20.0)
        gradient = _core.activation_backward(name, x, result, 1.0, 20.0)
        found.add(result.tobytes() + gradient.tobytes())
    assert len(found) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: _core.activation("swish", x), ValueError, "unknown activation 'swish'"),
        (lambda x: _core.activation(3, x), ValueError, "unknown activation 3"),
        (lambda x: _core.activation("relu", [1.0]), TypeError, "x must be a numpy.ndarray, not list"),
        (
            lambda x: _core.activation("relu", x.astype(np.int64)),
            TypeError,
            "expected an array of float32 or float64",
        ),
        (lambda x: _core.activation("relu"), TypeError, "takes 2 to 4 positional arguments but 1"),
        (lambda x: _core.activation("elu", x, "a"), TypeError, "must be real number"),
        (lambda x: _core.activation_backward("relu", x, x[1:]), ValueError, "different shapes"),
        (
            lambda x: _core.activation_backward("relu", x, x.astype(np.float64)),
            TypeError,
            "Float, but saved is Double",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(np.ones(3, np.float32))
