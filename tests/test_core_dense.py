"""The dense kernels against the NumPy reference, on either road: our own product and OpenBLAS."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fastinit import _core
from reference import dense as reference

SHAPES = [
    (2, 4, 3),
    (1, 1, 1),
    (5, 1, 7),
    (1, 64, 33),
    (7, 13, 5),
    (33, 65, 17),
    (98, 300, 45),
    (6, 513, 1030),
    (65, 531, 40),
    (64, 100, 260),
    (256, 784, 10),
]
DTYPES = [np.float32, np.float64]


@pytest.fixture(params=[*_core.usable_isas(), "openblas"])
def road(request: pytest.FixtureRequest, use_isa: Callable[[str], None]) -> Iterator[str]:
    """Our own product on each instruction set of this CPU, then OpenBLAS."""
    if request.param == "openblas":
        _core.use_blas("openblas")
    else:
        _core.use_blas("none")
        use_isa(request.param)
    yield request.param
    _core.use_blas("auto")


def normal(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(sum(shape) + 1).standard_normal(shape).astype(dtype)


def contiguous(a: np.ndarray) -> np.ndarray:
    return a


def transposed(a: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(a.T).T


def every_second(a: np.ndarray) -> np.ndarray:
    spread = np.zeros([2 * size for size in a.shape], a.dtype)
    view = spread[tuple(slice(None, None, 2) for _ in a.shape)]
    view[...] = a
    return view


def reversed_in_memory(a: np.ndarray) -> np.ndarray:
    backwards = (slice(None, None, -1),) * a.ndim
    return a[backwards].copy()[backwards]


def unaligned(a: np.ndarray) -> np.ndarray:
    memory = np.empty(a.nbytes + 1, np.uint8)
    view = memory[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


LAYOUTS: list[Callable[[np.ndarray], np.ndarray]] = [
    contiguous,
    transposed,
    every_second,
    reversed_in_memory,
    unaligned,
]


def assert_product(actual: np.ndarray, a: np.ndarray, b: np.ndarray, added: np.ndarray | float = 0.0) -> None:
    bound = reference.error_bound(a, b) + 2 * np.finfo(a.dtype).eps * np.abs(added)
    assert actual.dtype == a.dtype
    assert (np.abs(actual - (reference.product(a, b) + added)) <= bound).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "features", "out"), SHAPES)
def test_linear_is_the_reference(road: str, rows: int, features: int, out: int, dtype: type) -> None:
    x, weight, bias = (
        normal(rows, features, dtype=dtype),
        normal(out, features, dtype=dtype),
        normal(out, dtype=dtype),
    )
    assert_product(_core.linear(x, weight, None), x, weight.T)
    assert_product(_core.linear(x, weight, bias), x, weight.T, bias)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "features", "out"), SHAPES)
def test_linear_backward_is_the_reference(road: str, rows: int, features: int, out: int, dtype: type) -> None:
    x, weight, grad = (
        normal(rows, features, dtype=dtype),
        normal(out, features, dtype=dtype),
        normal(rows, out, dtype=dtype),
    )
    grad_x, grad_weight, grad_bias = (
        np.full_like(x, np.nan),
        np.full_like(weight, np.nan),
        np.full(out, np.nan, dtype),
    )
    _core.linear_backward(grad, x, weight, grad_x, grad_weight, grad_bias)
    assert_product(grad_x, grad, weight)
    assert_product(grad_weight, grad.T, x)
    assert_product(grad_bias, np.ones(rows, dtype), grad)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_strides_give_the_same_product(
    road: str, layout: Callable[[np.ndarray], np.ndarray], dtype: type
) -> None:
    x, weight, bias, grad = (normal(*shape, dtype=dtype) for shape in [(33, 40), (20, 40), (20,), (33, 20)])
    assert_product(_core.linear(layout(x), layout(weight), layout(bias)), x, weight.T, bias)
    grad_x, grad_weight, grad_bias = np.empty_like(x), np.empty_like(weight), np.empty_like(bias)
    _core.linear_backward(layout(grad), layout(x), layout(weight), grad_x, grad_weight, grad_bias)
    assert_product(grad_x, grad, weight)
    assert_product(grad_weight, grad.T, x)
    assert_product(grad_bias, np.ones(33, dtype), grad)


@pytest.mark.parametrize("layout", LAYOUTS[:-1])
def test_gradients_accumulate_in_the_memory_given(
    road: str, layout: Callable[[np.ndarray], np.ndarray]
) -> None:
    x, weight, grad = normal(33, 40), normal(20, 40), normal(33, 20)
    before_weight, before_bias = normal(20, 40), normal(20)
    grad_weight, grad_bias = layout(before_weight.copy()), layout(before_bias.copy())
    address = grad_weight.ctypes.data
    _core.linear_backward(grad, x, weight, None, grad_weight, grad_bias, True, True)
    assert grad_weight.ctypes.data == address
    assert_product(grad_weight, grad.T, x, before_weight)
    assert_product(grad_bias, np.ones(33, np.float32), grad, before_bias)


def test_accumulating_a_weight_gradient_allocates_nothing_of_its_size(road: str) -> None:
    x, weight, grad = normal(8, 1024), normal(1024, 1024), normal(8, 1024)
    grad_weight = np.zeros_like(weight)
    _core.linear_backward(grad, x, weight, None, grad_weight, None, True)  # what is made once is made here
    tracemalloc.start()
    _core.linear_backward(grad, x, weight, None, grad_weight, None, True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4096


def test_leading_dimensions_count_as_rows(road: str) -> None:
    x, weight, grad = normal(2, 3, 5, 8), normal(6, 8), normal(2, 3, 5, 6)
    for view in (x, np.moveaxis(np.moveaxis(x, 0, 2).copy(), 2, 0)):
        result = _core.linear(view, weight)
        assert result.shape == (2, 3, 5, 6)
        assert_product(result, x, weight.T)
        grad_x, grad_weight = np.empty_like(x), np.empty_like(weight)
        _core.linear_backward(grad, view, weight, grad_x, grad_weight, None)
        assert_product(grad_x, grad, weight)
        assert_product(grad_weight, grad.reshape(-1, 6).T, x.reshape(-1, 8))
    vector = normal(8)
    assert_product(_core.linear(vector, weight), vector, weight.T)


def test_repeated_rows_are_read_where_they_lie(road: str) -> None:
    some, weight, grad = normal(3, 1, 5), normal(4, 5), normal(3, 1, 4)
    for shape in [(3, 6, 5), (2, 3, 6, 5), (2, 3, 1, 5)]:
        x, given = np.broadcast_to(some, shape), np.broadcast_to(grad, (*shape[:-1], 4))
        assert_product(_core.linear(x, weight), x, weight.T)
        grad_x, grad_weight = np.empty(shape, np.float32), np.empty_like(weight)
        _core.linear_backward(given, x, weight, grad_x, grad_weight, None)
        assert_product(grad_x, given, weight)
        assert_product(grad_weight, given.reshape(-1, 4).T, x.reshape(-1, 5))


@pytest.mark.parametrize(("rows", "features", "out"), [(0, 4, 3), (2, 0, 3), (2, 4, 0), (0, 0, 0)])
def test_dimensions_of_size_zero(road: str, rows: int, features: int, out: int) -> None:
    x, weight, bias, grad = normal(rows, features), normal(out, features), normal(out), normal(rows, out)
    np.testing.assert_allclose(_core.linear(x, weight, bias), x @ weight.T + bias, rtol=1e-5)
    grad_x, grad_weight, grad_bias = np.full_like(x, 7), np.full_like(weight, 7), np.full_like(bias, 7)
    _core.linear_backward(grad, x, weight, grad_x, grad_weight, grad_bias, True, True)
    np.testing.assert_allclose(grad_weight, 7 + grad.T @ x, rtol=1e-5)
    np.testing.assert_allclose(grad_bias, 7 + grad.sum(axis=0), rtol=1e-5)
    _core.linear_backward(grad, x, weight, grad_x, grad_weight, grad_bias)
    np.testing.assert_allclose(grad_x, grad @ weight, rtol=1e-5)
    np.testing.assert_allclose(grad_weight, grad.T @ x, rtol=1e-5)
    np.testing.assert_allclose(grad_bias, grad.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_a_fused_activation_is_the_two_steps(
    road: str, name: str, layout: Callable[[np.ndarray], np.ndarray]
) -> None:
    x, weight, bias, grad = normal(9, 12), normal(10, 12), normal(10), normal(9, 10)
    for given in (bias, None):
        fused = _core.linear(x, weight, given, name)
        np.testing.assert_array_equal(fused, _core.activation(name, _core.linear(x, weight, given)))
    two_steps = [np.empty_like(x), np.empty_like(weight), np.empty_like(bias)]
    one_step = [np.empty_like(x), np.empty_like(weight), np.empty_like(bias)]
    _core.linear_backward(_core.activation_backward(name, grad, fused), x, weight, *two_steps)
    _core.linear_backward(layout(grad), x, weight, *one_step, False, False, name, layout(fused))
    for one, two in zip(one_step, two_steps, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("a_shape", "b_shape"),
    [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (6, 4, 5)),
        ((0, 3, 4), (4, 5)),
        ((2, 3, 0), (2, 0, 5)),
        ((2, 70, 80), (2, 80, 90)),
    ],
)
def test_matmul_broadcasts_its_stacks(
    road: str, a_shape: tuple[int, ...], b_shape: tuple[int, ...], dtype: type
) -> None:
    a, b = normal(*a_shape, dtype=dtype), normal(*b_shape, dtype=dtype)
    for left in (a, np.swapaxes(np.swapaxes(a, -1, -2).copy(), -1, -2)):
        result = _core.matmul(left, b)
        assert result.shape == (a @ b).shape
        assert_product(result, a, b)


def test_nan_and_infinity_pass_through_a_product(road: str) -> None:
    x, weight = normal(4, 6), normal(5, 6)
    x[1, 2], x[2, 3] = np.nan, np.inf
    result = _core.linear(x, weight)
    assert np.isnan(result[1]).all()
    assert np.isinf(result[2]).all()
    assert np.isfinite(result[[0, 3]]).all()


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def f64(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float64)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: _core.linear(f32(2, 5), f32(3, 4)),
            "mat1 and mat2 shapes cannot be multiplied (2x5 and 4x3)",
        ),
        (lambda: _core.linear(f32(5), f32(3, 4)), "mat1 and mat2 shapes cannot be multiplied (1x5 and 4x3)"),
        (
            lambda: _core.linear(f32(2, 3, 5), f32(3, 4)),
            "mat1 and mat2 shapes cannot be multiplied (6x5 and 4x3)",
        ),
        (
            lambda: _core.linear(f32(2, 4), f64(3, 4)),
            "expected m1 and m2 to have the same dtype, but got: float != double",
        ),
        (
            lambda: _core.linear(np.ones((2, 4), np.int64), f32(3, 4)),
            "expected m1 and m2 to have the same dtype, but got: long int != float",
        ),
        (
            lambda: _core.linear(f64(2, 4), f32(3, 4), f32(3)),
            "mat1 and mat2 must have the same dtype, but got Double and Float",
        ),
        (
            lambda: _core.linear(f32(2, 4), f32(3, 4), f64(3)),
            "self and mat2 must have the same dtype, but got Double and Float",
        ),
        (
            lambda: _core.linear(f32(2, 4), f32(3, 4), f32(2)),
            "The expanded size of the tensor (3) must match the existing size (2) at "
            "non-singleton dimension 1.  Target sizes: [2, 3].  Tensor sizes: [2]",
        ),
        (
            lambda: _core.matmul(f32(2, 5), f32(4, 3)),
            "mat1 and mat2 shapes cannot be multiplied (2x5 and 4x3)",
        ),
        (
            lambda: _core.matmul(f32(2, 2, 5), f32(2, 4, 3)),
            "Expected size for first two dimensions of batch2 tensor to be: [2, 5] but got: [2, 4].",
        ),
        (
            lambda: _core.matmul(f32(2, 2, 5), f32(3, 5, 3)),
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_pytorchs_words(call: Callable[[], object], message: str) -> None:
    with pytest.raises(RuntimeError) as error:
        call()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("position", "wrong"),
    [(0, f32(2, 4)), (1, f32(3, 4)), (2, f32(3, 5)), (3, f32(4, 2)), (4, f64(3, 4)), (5, f32(4))],
)
def test_a_refused_backward_leaves_every_gradient_as_it_was(position: int, wrong: np.ndarray) -> None:
    arguments = [f32(2, 3), f32(2, 4), f32(3, 4), f32(2, 4), f32(3, 4), f32(3)]
    arguments[position] = wrong
    with pytest.raises(RuntimeError):
        _core.linear_backward(*arguments)
    assert all((array == 1).all() for array in arguments)


def test_a_gradient_that_cannot_be_written_is_refused() -> None:
    grad_weight = f32(3, 4)
    grad_weight.flags.writeable = False
    with pytest.raises(ValueError, match="grad_weight is read-only"):
        _core.linear_backward(f32(2, 3), f32(2, 4), f32(3, 4), None, grad_weight, None)


@pytest.mark.parametrize("name", ["gelu", "silu", "relu "])
def test_an_activation_whose_result_does_not_give_its_gradient_is_not_fused(name: str) -> None:
    arrays = [f32(2, 3), f32(2, 4), f32(3, 4), f32(2, 4), f32(3, 4), f32(3)]
    with pytest.raises(ValueError, match=r"activation|gradient of relu"):
        _core.linear_backward(*arrays, False, False, name, f32(2, 3))


def test_arguments_of_another_type_are_refused() -> None:
    with pytest.raises(TypeError, match=r"weight must be a numpy.ndarray, not list"):
        _core.linear(f32(2, 4), [[1.0] * 4] * 3)
    with pytest.raises(TypeError, match="float32 or float64, got int64"):
        _core.linear(np.ones((2, 4), np.int64), np.ones((3, 4), np.int64))
    with pytest.raises(TypeError, match="positional arguments"):
        _core.linear(f32(2, 4))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_agree_with_pytorch(road: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    x, weight, bias = (normal(*shape).astype(dtype) for shape in [(64, 100), (30, 100), (30,)])
    inputs = [torch.from_numpy(array).requires_grad_() for array in (x, weight, bias)]
    result = torch.nn.functional.linear(*inputs)
    grad = normal(64, 30).astype(dtype)
    result.backward(torch.from_numpy(grad))
    gradients = [np.empty_like(x), np.empty_like(weight), np.empty_like(bias)]
    _core.linear_backward(grad, x, weight, *gradients)
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        _core.linear(x, weight, bias), result.detach().numpy(), rtol=tolerance, atol=10 * tolerance
    )
    for ours, theirs in zip(gradients, inputs, strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=tolerance, atol=10 * tolerance)


def test_the_peak_rate_is_one_of_a_machine_that_there_may_be(isa: str) -> None:
    assert 1e8 < _core.peak_rate(1e-3) < 1e15
