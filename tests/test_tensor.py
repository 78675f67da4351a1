"""Tensor as a Python object, and the dtypes that operations give, held against PyTorch."""

import itertools
import operator

import numpy as np
import pytest

import fastinit
from fastinit.autograd.variable import wrap

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]
OPERATORS = {
    "add": operator.add,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "lt": operator.lt,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
}
SCALARS = [True, 2, 2.5]


def outcome(function, *operands):
    try:
        result = function(*operands)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        return type(error)
    return str(result.dtype).split(".")[1], tuple(result.shape), result.double().tolist()


def ones(library, dtype, *shape):
    return library.full(shape, 3).to(getattr(library, dtype))


@pytest.mark.parametrize("name", OPERATORS)
def test_the_dtype_of_a_result_is_pytorchs(name):
    torch = pytest.importorskip("torch")
    function = OPERATORS[name]
    for first, second in itertools.product(DTYPES, DTYPES):
        for shape, other in (((2,), (2,)), ((2,), ()), ((), (2,))):
            results = [
                outcome(function, ones(lib, first, *shape), ones(lib, second, *other))
                for lib in (fastinit, torch)
            ]
            assert results[0] == results[1], (first, shape, second, other)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_python_number_widens_only_the_category(name):
    torch = pytest.importorskip("torch")
    function = OPERATORS[name]
    for dtype, scalar in itertools.product(DTYPES, SCALARS):
        for shape in ((2,), ()):
            for swapped in (False, True):
                order = (lambda f: lambda a, b: f(b, a)) if swapped else (lambda f: f)
                results = [
                    outcome(order(function), ones(lib, dtype, *shape), scalar) for lib in (fastinit, torch)
                ]
                assert results[0] == results[1], (dtype, scalar, shape, swapped)


UNARY = [
    "exp", "log", "sqrt", "rsqrt", "sin", "tanh", "sigmoid", "relu", "abs", "neg", "sum", "mean",
    "prod", "max", "amax", "argmax", "cumsum", "var", "norm", "sign", "floor", "round", "clamp",
    "reciprocal", "square", "long", "float", "half", "bool", "isnan", "logical_not", "any", "all",
    "sort", "expm1", "log1p"
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_a_function_keeps_or_changes_the_dtype_as_pytorchs_does(name, dtype):
    torch = pytest.importorskip("torch")

    def call(library):
        x = ones(library, dtype, 2, 3)
        if name == "clamp":
            return x.clamp(1, 2)
        result = getattr(x, name)(*((0,) if name == "cumsum" else ()))
        return result[0] if isinstance(result, tuple) else result

    ours, theirs = outcome(call, fastinit), outcome(call, torch)
    if isinstance(theirs, type):
        assert ours == theirs
        return
    assert ours[:2] == theirs[:2]
    np.testing.assert_allclose(ours[2], theirs[2], rtol=1e-2 if dtype in {"float16", "bfloat16"} else 1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bit_arithmetic_rounds_once(dtype):
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(0).normal(size=(2, 64)).astype(np.float32)
    ours, theirs = (
        lib(values).to(getattr(kind, dtype)) for lib, kind in ((wrap, fastinit), (torch.from_numpy, torch))
    )
    for function in (
        lambda x: x[0] * x[1],
        lambda x: x[0] / x[1],
        lambda x: x * 0.1,
        lambda x: x + 1e-5,
        lambda x: x.sum(),
        lambda x: x.mean(1),
    ):
        assert function(ours).float().tolist() == function(theirs).float().tolist()


def test_gradients_come_back_in_the_dtype_of_the_input():
    x = fastinit.ones(2, dtype=fastinit.bfloat16).requires_grad_()
    y = fastinit.ones(2, dtype=fastinit.float64).requires_grad_()
    ((x * y).exp() / (x + 2)).sum().backward()
    assert x.grad.dtype is fastinit.bfloat16
    assert y.grad.dtype is fastinit.float64


def test_a_tensor_is_a_python_object():
    x = fastinit.tensor([[1.5, 2.0], [3.0, 4.0]])
    assert len(x) == 2
    assert [row.tolist() for row in x] == [[1.5, 2], [3, 4]]
    assert x.shape == (2, 2)
    assert x.size() == fastinit.Size([2, 2])
    assert x.size(-1) == 2
    assert (x.dim(), x.numel(), x.element_size(), x.nbytes) == (2, 4, 4, 16)
    assert x.stride() == (2, 1)
    assert x.T.stride() == (1, 2)
    assert not x.T.is_contiguous()
    assert x[1].data_ptr() == x.data_ptr() + 8
    assert float(x[0, 0]) == 1.5
    assert int(x[0, 0]) == 1
    assert bool(x[0, 0])
    assert f"{x[0, 0]:.3f}" == "1.500"
    assert range(5)[fastinit.tensor(2)] == 2
    assert x in [x]
    assert 3.0 in x
    assert {x: 1}[x] == 1
    assert x.type() == "fastinit.FloatTensor"
    assert x != "text"
    assert str(x.device) == "cpu"


def test_numpy_shares_the_memory_and_takes_tensors():
    x = fastinit.tensor([1.0, 2.0])
    array = x.numpy()
    array[0] = 5
    assert x.tolist() == [5, 2]
    assert np.asarray(x) is not None
    assert np.shares_memory(np.asarray(x), array)
    assert np.add(x, 1).tolist() == [6, 3]
    assert isinstance(np.float32(2) * x, fastinit.Tensor)


def test_numpy_takes_what_requires_grad_where_nothing_is_recorded():
    x = fastinit.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="requires grad"):
        x.numpy()
    with fastinit.no_grad():
        assert np.shares_memory(x.numpy(), x.detach().numpy())
        assert np.asarray(x).tolist() == [1, 1]


def test_the_constructor_is_pytorchs_old_one():
    assert fastinit.Tensor(2, 3).shape == (2, 3)
    assert fastinit.Tensor([1, 2]).tolist() == [1, 2]
    assert fastinit.Tensor([1, 2]).dtype is fastinit.float32
    assert fastinit.Tensor().shape == (0,)
    x = fastinit.tensor([1, 2])
    assert fastinit.Tensor(fastinit.Size([2])).shape == (2,)
    assert x.new_zeros(2, 2).dtype is fastinit.int64
    assert x.new_full((2,), 7).tolist() == [7, 7]


def test_attributes_of_the_user_stay():
    x = fastinit.tensor([1.0])
    x.tag = "weights"
    assert x.tag == "weights"


def test_values_and_indices_come_as_a_named_pair():
    x = fastinit.tensor([[1.0, 3.0], [4.0, 2.0]])
    values, indices = x.max(dim=1)
    assert (values.tolist(), indices.tolist()) == ([3, 4], [1, 0])
    shown = "fastinit.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor([1, 0]))"
    assert repr(fastinit.max(x, 1)) == shown
    assert x.sort(descending=True).indices.tolist() == [[1, 0], [0, 1]]


def test_questions_about_tensors_have_functions():
    x = fastinit.ones(2, 3)
    assert fastinit.is_tensor(x)
    assert not fastinit.is_tensor(x.numpy())
    assert fastinit.is_floating_point(x)
    assert fastinit.numel(x) == 6
    with pytest.raises(TypeError, match="unsupported operand type"):
        x @ 3
