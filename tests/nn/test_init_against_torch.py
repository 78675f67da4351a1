"""The same mistakes and the same arguments, under PyTorch and here."""

import inspect
import warnings

import numpy as np
import pytest

import fastinit
from fastinit.nn import init
from reference.torch_ways import WAYS, seeded

torch = pytest.importorskip("torch")

nan, inf = float("nan"), float("inf")
TORCH_DTYPES = {
    np.float16: torch.float16, np.float32: torch.float32, np.float64: torch.float64, np.int32: torch.int32,
    np.bool_: torch.bool,
}  # fmt: skip
FUNCTIONS = sorted(
    name
    for name, function in vars(torch.nn.init).items()
    if inspect.isfunction(function) and function.__module__ == "torch.nn.init" and not name.startswith("_")
)


def outcome(call):
    """Returns what `call` raised and warned of, as types and messages."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
            raised = None
        except Exception as error:
            raised = (type(error), str(error).split("\n")[0])
    return raised, [(warning.category, str(warning.message)) for warning in caught]


def test_every_function_of_torch_nn_init_is_here():
    assert {name for name in FUNCTIONS if name not in init.__all__} == set()


@pytest.mark.parametrize(
    "name", [name for name in FUNCTIONS if name.endswith("_") or name == "calculate_gain"]
)
def test_arguments_and_defaults_are_those_of_torch(name):
    expected = inspect.signature(getattr(torch.nn.init, name)).parameters.values()
    actual = list(inspect.signature(getattr(init, name)).parameters.values())
    for theirs, ours in zip(expected, actual, strict=False):
        assert (ours.name, ours.default) == (theirs.name, theirs.default)
    beyond = [each.name for each in actual[len(list(expected)) :]]
    assert beyond in ([], ["shard"], ["shard", "layout"])


CALLS = [
    ("uniform_", (3,), (1, 0), {}),
    ("uniform_", (3,), (1.5, 0.25), {}),
    ("uniform_", (3,), (nan, 1), {}),
    ("uniform_", (3,), (0, inf), {}),
    ("uniform_", (3,), (-3e38, 3e38), {}),
    ("uniform_", (0,), (1, 0), {}),
    ("uniform_", (3,), ("a",), {}),
    ("uniform_", (3,), (1, 1), {}),
    ("normal_", (3,), (0, -1), {}),
    ("normal_", (0,), (0, -1), {}),
    ("normal_", (3,), (0, nan), {}),
    ("normal_", (3,), ("a",), {}),
    ("normal_", (3,), (0, 0), {}),
    ("trunc_normal_", (3,), (), {"a": 2, "b": -2}),
    ("trunc_normal_", (3,), (), {"a": nan}),
    ("trunc_normal_", (3,), (), {"mean": 10}),
    ("trunc_normal_", (3,), (), {"a": 1, "b": 1}),
    ("trunc_normal_", (3,), (), {"a": -inf, "b": inf}),
    ("constant_", (3,), (1e39,), {}),
    ("constant_", (3,), (nan,), {}),
    ("constant_", (3,), (1j,), {}),
    ("eye_", (3,), (), {}),
    ("eye_", (3, 2, 1), (), {}),
    ("eye_", (0, 3), (), {}),
    ("dirac_", (2, 2), (), {}),
    ("dirac_", (3, 2, 3), (), {"groups": 2}),
    ("dirac_", (0, 2, 3), (), {}),
    ("dirac_", (2, 2, 2, 2, 2, 2), (), {}),
    ("xavier_uniform_", (3,), (), {}),
    ("xavier_uniform_", (), (), {}),
    ("xavier_uniform_", (0, 3), (), {}),
    ("xavier_uniform_", (3, 3), (), {"gain": -1}),
    ("xavier_normal_", (3,), (), {}),
    ("xavier_normal_", (3, 3), (), {"gain": -1}),
    ("xavier_normal_", (3, 3), (), {"gain": nan}),
    ("kaiming_uniform_", (0, 3), (), {}),
    ("kaiming_uniform_", (0,), (), {}),
    ("kaiming_normal_", (3, 0), (), {}),
    ("kaiming_uniform_", (3,), (), {}),
    ("kaiming_uniform_", (3, 3), (), {"mode": "fan_avg"}),
    ("kaiming_uniform_", (3, 3), (), {"mode": "FAN_OUT"}),
    ("kaiming_uniform_", (3, 3), (), {"mode": "FAN_AVG"}),
    ("kaiming_uniform_", (3, 3), (), {"nonlinearity": "gelu"}),
    ("kaiming_uniform_", (3, 3), (), {"a": True}),
    ("kaiming_uniform_", (3, 3), (), {"a": "x"}),
    ("kaiming_uniform_", (3, 3), (), {"a": None}),
    ("kaiming_uniform_", (3, 3), (), {"a": nan}),
    ("kaiming_uniform_", (3, 3), (), {"a": True, "nonlinearity": "relu"}),
    ("kaiming_normal_", (3,), (), {}),
    ("orthogonal_", (3,), (), {}),
    ("orthogonal_", (0, 3), (), {}),
    ("orthogonal_", (3, 3, 0), (), {}),
    ("sparse_", (3,), (0.1,), {}),
    ("sparse_", (3, 3), (0.5,), {"std": -1}),
    ("sparse_", (0, 3), (0.5,), {}),
    ("sparse_", (3, 0), (0.5,), {}),
    ("uniform", (3,), (), {}),
    ("normal", (3,), (), {}),
    ("constant", (3,), (2,), {}),
    ("eye", (3, 3), (), {}),
    ("dirac", (3, 3, 3), (), {}),
    ("xavier_uniform", (3, 3), (), {}),
    ("xavier_normal", (3, 3), (), {"gain": -1}),
    ("kaiming_uniform", (3, 3), (), {"mode": "fan_in"}),
    ("kaiming_normal", (3, 3), (), {}),
    ("orthogonal", (3, 3), (), {}),
    ("sparse", (3, 3), (0.5,), {}),
]


@pytest.mark.parametrize(("name", "shape", "arguments", "keywords"), CALLS)
def test_errors_and_warnings_are_those_of_torch(name, shape, arguments, keywords):
    tensor = torch.full(shape, 7.0)
    array = np.full(shape, 7, np.float32)
    state = fastinit.get_rng_state()
    expected = outcome(lambda: getattr(torch.nn.init, name)(tensor, *arguments, **keywords))
    actual = outcome(lambda: getattr(init, name)(array, *arguments, **keywords))
    assert actual == expected
    if actual[0] is not None:
        assert (array == 7).all()
        assert (fastinit.get_rng_state() == state).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "shape", "arguments", "keywords"), CALLS)
def test_errors_and_warnings_on_its_own_tensors_are_those_of_torch(way, name, shape, arguments, keywords):
    plain = torch.full(shape, 7.0)
    expected = outcome(lambda: getattr(torch.nn.init, name)(plain, *arguments, **keywords))
    with seeded(way) as opened:
        tensor = opened.wrap(torch.full(shape, 7.0))
        version = tensor._version
        actual = outcome(lambda: getattr(opened.init, name)(tensor, *arguments, **keywords))
    assert actual == expected
    if actual[0] is not None:
        assert (tensor == 7).all()
        assert tensor._version == version


@pytest.mark.parametrize("name", ["uniform_", "normal_", "trunc_normal_", "xavier_normal_", "orthogonal_"])
@pytest.mark.parametrize("dtype", [np.int32, np.bool_])
def test_integer_tensors_are_refused_as_in_torch(name, dtype):
    expected = outcome(lambda: getattr(torch.nn.init, name)(torch.zeros(3, 3, dtype=TORCH_DTYPES[dtype])))
    assert outcome(lambda: getattr(init, name)(np.zeros((3, 3), dtype))) == expected


@pytest.mark.parametrize(
    ("nonlinearity", "param"),
    [
        ("linear", None),
        ("conv1d", None),
        ("conv_transpose3d", None),
        ("sigmoid", None),
        ("tanh", None),
        ("relu", None),
        ("relu", 3),
        ("selu", None),
        ("leaky_relu", None),
        ("leaky_relu", 0),
        ("leaky_relu", 2),
        ("leaky_relu", True),
        ("leaky_relu", "0.1"),
        ("conv4d", None),
        ("gelu", None),
        (None, None),
    ],
)
def test_the_gain_is_that_of_torch(nonlinearity, param):
    expected = outcome(lambda: torch.nn.init.calculate_gain(nonlinearity, param))
    assert outcome(lambda: init.calculate_gain(nonlinearity, param)) == expected
    if expected[0] is None:
        assert init.calculate_gain(nonlinearity, param) == torch.nn.init.calculate_gain(nonlinearity, param)


@pytest.mark.parametrize(
    "shape", [(3, 5), (5, 3), (4, 2, 3), (4, 3, 2, 5), (1, 1), (2, 3, 1, 1, 4), (0, 4), (3, 2, 0)]
)
def test_the_fans_are_those_of_torch(shape):
    expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert init._calculate_fan_in_and_fan_out(np.empty(shape)) == expected


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.bool_])
@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        ("eye_", (3, 5), ()), ("eye_", (5, 3), ()), ("eye_", (4, 4), ()), ("eye_", (1, 0), ()),
        ("dirac_", (3, 3, 3), ()), ("dirac_", (6, 2, 4), (3,)), ("dirac_", (2, 5, 1, 2), (1,)),
        ("dirac_", (4, 1, 2, 3, 4), (2,)), ("dirac_", (4, 5, 3), (2,)),
        ("constant_", (2, 3), (1.5,)), ("ones_", (2, 3), ()), ("zeros_", (2, 3), ()), ("ones_", (), ()),
    ],
)  # fmt: skip
def test_what_is_not_random_is_equal_to_torch(name, shape, arguments, dtype):
    expected = getattr(torch.nn.init, name)(torch.full(shape, 7).to(TORCH_DTYPES[dtype]), *arguments)
    actual = getattr(init, name)(np.full(shape, 7, dtype), *arguments)
    assert actual.tobytes() == expected.numpy().tobytes()
