"""In a context PyTorch's own initialisers and random functions give the values of fastinit's."""

import numpy as np
import pytest

from fastinit import Generator, random
from fastinit.memory import adopt
from fastinit.nn import init

torch = pytest.importorskip("torch")
from fastinit.interop.torch import fast_init  # noqa: E402

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
# Ways to lay out a tensor of shape (6, 4).
VIEWS = {
    "contiguous": lambda dtype: torch.empty(6, 4, dtype=dtype),
    "transposed": lambda dtype: torch.empty(4, 6, dtype=dtype).T,
    "strided": lambda dtype: torch.empty(12, 12, dtype=dtype)[::2, 1::3],
    "offset": lambda dtype: torch.empty(9, 4, dtype=dtype)[3:],
}
# Functions of torch.nn.init, which are those of fastinit.nn.init.
INITIALISERS = [
    ("uniform_", (), {}),
    ("uniform_", (-1, 3), {}),
    ("uniform_", (), {"a": -1.0, "b": 0.5}),
    ("normal_", (), {}),
    ("normal_", (1, 0.02), {}),
    ("normal_", (), {"mean": -1.0, "std": 2.0}),
    ("trunc_normal_", (), {}),
    ("trunc_normal_", (0.01, 0.02, -0.04, 0.04), {}),
    ("trunc_normal_", (), {"a": 1.0, "b": 1.5}),
    ("xavier_uniform_", (), {}),
    ("xavier_uniform_", (5 / 3,), {}),
    ("xavier_normal_", (), {"gain": 2**0.5}),
    ("kaiming_uniform_", (), {}),
    ("kaiming_uniform_", (5**0.5,), {"mode": "fan_out"}),
    ("kaiming_uniform_", (), {"nonlinearity": "relu"}),
    ("kaiming_normal_", (), {}),
    ("kaiming_normal_", (0.2,), {"mode": "FAN_OUT", "nonlinearity": "tanh"}),
    ("sparse_", (0.5,), {}),
    ("sparse_", (0.3,), {"std": 1.0}),
]
# Methods of Tensor, each with the fill of an array that gives its values.
METHODS = [
    ("uniform_", (), {}, random.uniform, {}),
    ("uniform_", (-1, 3), {}, random.uniform, {"low": -1, "high": 3}),
    ("uniform_", (), {"to": 3}, random.uniform, {"high": 3}),
    ("uniform_", (), {"from": -1.5}, random.uniform, {"low": -1.5}),
    ("normal_", (), {}, random.normal, {}),
    ("normal_", (1, 0.5), {}, random.normal, {"mean": 1, "std": 0.5}),
    ("normal_", (np.float32(1),), {"std": torch.tensor(0.5)}, random.normal, {"mean": 1, "std": 0.5}),
    ("bernoulli_", (), {}, random.bernoulli, {"p": 0.5}),
    ("bernoulli_", (0.2,), {}, random.bernoulli, {"p": 0.2}),
    ("exponential_", (), {}, random.exponential, {}),
    ("exponential_", (), {"lambd": 3}, random.exponential, {"lambd": 3}),
    ("cauchy_", (), {}, random.cauchy, {}),
    ("cauchy_", (1, 2.5), {}, random.cauchy, {"median": 1, "sigma": 2.5}),
    ("log_normal_", (), {}, random.log_normal, {}),
    ("log_normal_", (0.5,), {"std": 0.25}, random.log_normal, {"mean": 0.5, "std": 0.25}),
    ("geometric_", (0.25,), {}, random.geometric, {"p": 0.25}),
    ("random_", (), {}, random.integers, {}),
    ("random_", (9,), {}, random.integers, {"high": 9}),
    ("random_", (-3, 9), {}, random.integers, {"low": -3, "high": 9}),
    ("random_", (3, None), {}, random.integers, {"low": 3}),
    ("random_", (), {"from": -3, "to": 4}, random.integers, {"low": -3, "high": 4}),
    ("random_", (np.int64(9),), {}, random.integers, {"high": 9}),
]

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
each_view = pytest.mark.parametrize("view", VIEWS)


def after_one_fill():
    """The generator of a context with seed 3, once 5 elements have been filled."""
    generator = Generator(seed=3)
    init.normal_(np.empty(5), generator=generator)
    return generator


@each_dtype
@each_view
@pytest.mark.parametrize(("name", "arguments", "keywords"), INITIALISERS)
def test_an_initialiser_gives_fastinits_values_at_the_next_position(name, arguments, keywords, view, dtype):
    expected = getattr(init, name)(
        torch.empty(6, 4, dtype=dtype), *arguments, **keywords, generator=after_one_fill()
    )
    tensor = VIEWS[view](dtype)
    with fast_init(3) as generator:
        torch.empty(5).normal_()
        assert getattr(torch.nn.init, name)(tensor, *arguments, **keywords) is tensor
    assert torch.equal(tensor, expected)
    assert repr(generator) == "<fastinit.Generator seed=3 stream=0 position=32>"


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 5), (1, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_orthogonal_gives_fastinits_values(shape, dtype):
    expected = init.orthogonal_(torch.empty(shape, dtype=dtype), 2, generator=after_one_fill())
    with fast_init(3):
        torch.empty(5).normal_()
        tensor = torch.nn.init.orthogonal_(torch.empty(shape, dtype=dtype), gain=2)
    assert torch.equal(tensor, expected)


@each_dtype
@each_view
@pytest.mark.parametrize(("name", "arguments", "keywords", "fill", "same"), METHODS)
def test_a_method_gives_the_values_of_the_fill(name, arguments, keywords, fill, same, view, dtype):
    expected = torch.empty(6, 4, dtype=dtype)
    fill(adopt(expected)[0], **same, generator=after_one_fill())
    tensor = VIEWS[view](dtype)
    with fast_init(3):
        torch.empty(5).normal_()
        assert getattr(tensor, name)(*arguments, **keywords) is tensor
        again = getattr(torch.Tensor, name)(VIEWS[view](dtype), *arguments, **keywords)
    assert torch.equal(tensor, expected)
    assert not torch.equal(again, tensor)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
@pytest.mark.parametrize(
    ("name", "arguments", "fill", "same"),
    [
        ("random_", (), random.integers, {}),
        ("random_", (2,), random.integers, {"high": 2}),
        ("bernoulli_", (0.3,), random.bernoulli, {"p": 0.3}),
    ],
)
def test_integers_are_filled_too(name, arguments, fill, same, dtype):
    expected = torch.empty(50, dtype=dtype)
    fill(expected.numpy(), **same, generator=Generator(seed=3))
    with fast_init(3):
        assert torch.equal(getattr(torch.empty(50, dtype=dtype), name)(*arguments), expected)


CREATED = [
    (lambda **given: torch.rand(6, 4, **given), random.uniform, {}),
    (lambda **given: torch.rand((6, 4), **given), random.uniform, {}),
    (lambda **given: torch.rand(size=(6, 4), out=None, **given), random.uniform, {}),
    (lambda **given: torch.randn([6, 4], **given), random.normal, {}),
    (lambda **given: torch.rand_like(torch.zeros(6, 4), **given), random.uniform, {}),
    (lambda **given: torch.randn_like(torch.zeros(6, 4), **given), random.normal, {}),
    (lambda **given: torch.normal(1, 0.5, (6, 4), **given), random.normal, {"mean": 1, "std": 0.5}),
    (lambda **given: torch.normal(mean=0.0, std=2.0, size=(6, 4), **given), random.normal, {"std": 2}),
    (lambda **given: torch.randint(9, (6, 4), **given), random.integers, {"high": 9}),
    (lambda **given: torch.randint(-2, 9, (6, 4), **given), random.integers, {"low": -2, "high": 9}),
    (
        lambda **given: torch.randint(-2, high=9, size=(6, 4), **given),
        random.integers,
        {"low": -2, "high": 9},
    ),
    (lambda **given: torch.randint(high=9, size=(6, 4), **given), random.integers, {"high": 9}),
    (lambda **given: torch.randint_like(torch.zeros(6, 4), 9, **given), random.integers, {"high": 9}),
    (
        lambda **given: torch.randint_like(torch.zeros(6, 4), 1, 9, **given),
        random.integers,
        {"low": 1, "high": 9},
    ),
]


@pytest.mark.parametrize(("create", "fill", "same"), CREATED)
@pytest.mark.parametrize(
    "given", [{}, {"dtype": torch.float64}, {"dtype": torch.float16, "requires_grad": True}], ids=str
)
def test_a_new_tensor_is_that_of_pytorch_with_fastinits_values(create, fill, same, given):
    plain = create(**given)
    with fast_init(3):
        tensor = create(**given)
    expected = torch.empty(6, 4, dtype=plain.dtype)
    fill(adopt(expected)[0], **same, generator=Generator(seed=3))
    assert torch.equal(tensor, expected)
    for of in ("dtype", "device", "layout", "requires_grad", "is_leaf", "grad_fn", "_version"):
        assert getattr(tensor, of) == getattr(plain, of)
    assert tensor.stride() == plain.stride()


def test_a_new_tensor_keeps_the_memory_format_it_is_asked_for():
    image = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    with fast_init(0):
        assert torch.rand_like(image).stride() == image.stride()
        assert torch.rand_like(image, memory_format=torch.contiguous_format).is_contiguous()


def test_parameters_keep_what_autograd_knows_of_them():
    parameter = torch.nn.Parameter(torch.empty(3, 4))
    with fast_init(0):
        for name, arguments, keywords in INITIALISERS:
            version = parameter._version
            assert getattr(torch.nn.init, name)(parameter, *arguments, **keywords) is parameter
            assert parameter._version > version
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert parameter.grad_fn is None


def test_a_saved_value_that_is_overwritten_is_an_error_of_backward():
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    with fast_init(0), torch.no_grad():
        y.normal_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_the_default_device_and_dtype_count():
    with fast_init(0), torch.device("meta"):
        assert torch.rand(3).is_meta
    with torch.device("meta"), fast_init(0):
        assert torch.rand(3).is_meta
        assert torch.nn.Linear(2, 3).weight.is_meta
        assert torch.rand(3, device="cpu").device.type == "cpu"


@pytest.mark.parametrize("name", ["trunc_normal_", "orthogonal_", "sparse_"])
def test_a_function_that_was_imported_before_gives_fastinits_values(name):
    transformers = pytest.importorskip("transformers.initialization")
    arguments = (0.5,) if name == "sparse_" else ()
    expected = getattr(init, name)(torch.empty(6, 4), *arguments, generator=Generator(seed=3))
    with fast_init(3):
        tensor = transformers.TORCH_INIT_FUNCTIONS[name](torch.empty(6, 4), *arguments)
    assert torch.equal(tensor, expected)


@pytest.mark.parametrize("name", ["uniform_", "normal_", "kaiming_uniform_", "xavier_normal_", "orthogonal_"])
def test_a_function_that_transformers_guards_gives_fastinits_values(name):
    transformers = pytest.importorskip("transformers.initialization")
    expected = getattr(init, name)(torch.empty(6, 4), generator=Generator(seed=3))
    ready = torch.zeros(6, 4)
    ready._is_hf_initialized = True
    with fast_init(3), transformers.guard_torch_init_functions():
        assert getattr(torch.nn.init, name)(ready).count_nonzero() == 0
        tensor = getattr(torch.nn.init, name)(torch.empty(6, 4))
    assert torch.equal(tensor, expected)
