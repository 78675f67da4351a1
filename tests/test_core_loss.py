"""The kernels of the losses against the NumPy reference, and the ways that lead to them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import fastinit
import fastinit.nn.functional as F
from fastinit import _core
from reference import loss as reference

DTYPES = [np.float32, np.float64]
SHAPES = [(1, 1), (4, 3), (7, 16), (33, 10), (5, 1030)]
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}


def logits_and_classes(rows: int, columns: int, dtype: type = np.float32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows + columns)
    return (4 * rng.standard_normal((rows, columns))).astype(dtype), rng.integers(0, columns, rows)


@pytest.fixture(params=[1, 2, 7])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = fastinit.get_num_threads()
    fastinit.set_num_threads(request.param)
    yield request.param
    fastinit.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ignored", [-100, 0])
def test_cross_entropy_is_the_reference(isa: str, shape: tuple[int, int], ignored: int, dtype: type) -> None:
    x, target = logits_and_classes(*shape, dtype)
    tolerance = TOLERANCE[dtype]
    wanted = reference.cross_entropy(x, target, ignored)
    kept = int((target != ignored).sum())
    losses, counted, exponentials, sums = _core.cross_entropy(x, target, ignored, "none", True)
    assert counted == kept
    np.testing.assert_allclose(losses, wanted, rtol=4 * tolerance, atol=4 * tolerance)
    for reduction, total in [("sum", wanted.sum()), ("mean", wanted.sum() / kept if kept else np.nan)]:
        loss, _, nothing, none = _core.cross_entropy(x, target, ignored, reduction, False)
        assert nothing is None
        assert none is None
        np.testing.assert_allclose(loss, total, rtol=4 * tolerance, atol=4 * tolerance)
    grad = np.random.default_rng(1).standard_normal(shape[0]).astype(dtype)
    np.testing.assert_allclose(
        _core.cross_entropy_backward(exponentials, sums, target, ignored, grad, 4.0),
        reference.cross_entropy_gradient(x, target, ignored, grad / 4),
        rtol=8 * tolerance,
        atol=tolerance,
    )
    one = np.asarray(3, dtype)
    np.testing.assert_allclose(
        _core.cross_entropy_backward(exponentials, sums, target, ignored, one, 2.0),
        reference.cross_entropy_gradient(x, target, ignored, np.full(shape[0], 1.5)),
        rtol=8 * tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_no_instruction_set_or_number_of_threads_changes_a_loss(
    isa: str, threads: int, reduction: str
) -> None:
    x, target = logits_and_classes(3001, 40)
    y = x + 1
    fastinit.set_num_threads(1)
    _core.use_isa("baseline")
    wanted = _core.cross_entropy(x, target, 3, reduction, True)
    squares = _core.mse_loss(x, y, reduction)
    fastinit.set_num_threads(threads)
    _core.use_isa(isa)
    for got, expected in zip(_core.cross_entropy(x, target, 3, reduction, True), wanted, strict=True):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(_core.mse_loss(x, y, reduction), squares)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (1,), (5, 7), (0, 3), (10003,)])
def test_squared_errors_are_the_reference(isa: str, shape: tuple[int, ...], dtype: type) -> None:
    rng = np.random.default_rng(0)
    x, y, grad = (np.asarray(rng.standard_normal(shape), dtype) for _ in range(3))
    difference = x - y
    squares = difference * difference
    np.testing.assert_array_equal(_core.mse_loss(x, y, "none"), squares)
    total = np.square(difference.astype(np.float64)).sum()
    np.testing.assert_allclose(_core.mse_loss(x, y, "sum"), total, rtol=1e-14 if dtype is float else 1e-7)
    with np.errstate(invalid="ignore"):
        mean = total / np.float64(x.size)
    np.testing.assert_allclose(_core.mse_loss(x, y, "mean"), mean, rtol=2e-7)
    np.testing.assert_array_equal(_core.mse_loss_backward(x, y, grad, 1.0), difference * (2 * grad))
    half = np.asarray(0.5, dtype)
    np.testing.assert_array_equal(_core.mse_loss_backward(x, y, half, 4.0), difference * half / 2)


@pytest.mark.parametrize("class_", [-1, 3, 2**40])
def test_a_class_that_there_is_not_is_refused(class_: int) -> None:
    x, target = logits_and_classes(4, 3)
    target[2] = class_
    message = f"Target {class_} is out of bounds."
    with pytest.raises(IndexError, match=message):
        _core.cross_entropy(x, target, -100, "mean", False)
    _, _, exponentials, sums = _core.cross_entropy(x, target, class_, "mean", True)
    with pytest.raises(IndexError, match=message):
        _core.cross_entropy_backward(exponentials, sums, target, -100, np.asarray(1, np.float32), 1.0)


@pytest.mark.parametrize(
    ("x", "target"),
    [
        (np.ones((2, 3)), np.zeros(3, np.int64)),
        (np.ones((2, 3)), np.zeros(2, np.int32)),
        (np.ones((2, 3)), np.zeros((2, 1), np.int64)),
        (np.ones(3), np.zeros(3, np.int64)),
        (np.ones((2, 0)), np.zeros(2, np.int64)),
    ],
)
def test_rows_and_classes_must_fit(x: np.ndarray, target: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected rows of logits"):
        _core.cross_entropy(x, target, -100, "mean", False)


def test_gradients_must_fit() -> None:
    x, target = logits_and_classes(4, 3)
    _, _, exponentials, sums = _core.cross_entropy(x, target, -100, "none", True)
    for grad in (np.ones(3, np.float32), np.ones(4)):
        with pytest.raises(ValueError, match="grad fits neither"):
            _core.cross_entropy_backward(exponentials, sums, target, -100, grad, 1.0)
        with pytest.raises(ValueError, match="grad fits neither"):
            _core.mse_loss_backward(target.astype(np.float32), sums, grad, 1.0)
    with pytest.raises(ValueError, match="a sum for each row"):
        _core.cross_entropy_backward(exponentials, sums[1:], target, -100, np.float32([1] * 4), 1.0)
    with pytest.raises(ValueError, match="differ in dtype or shape"):
        _core.mse_loss(x, x.astype(float), "mean")
    with pytest.raises(ValueError, match="median is not a valid value for reduction"):
        _core.mse_loss(x, x, "median")


def test_logits_of_any_layout_have_the_same_loss() -> None:
    x, target = logits_and_classes(6, 5)
    wanted = _core.cross_entropy(x, target, -100, "mean", False)[0]
    for layout in (np.asfortranarray(x), np.repeat(x, 2, 1)[:, ::2]):
        assert _core.cross_entropy(layout, np.repeat(target, 2)[::2], -100, "mean", False)[0] == wanted


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_loss_is_one_compiled_pass_and_so_is_its_gradient(reduction: str) -> None:
    x, target = logits_and_classes(6, 5)
    logits, other = (fastinit.tensor(x, requires_grad=True) for _ in range(2))
    _core.reset_calls()
    F.cross_entropy(logits, fastinit.tensor(target), reduction=reduction).sum().backward()
    F.mse_loss(logits, other, reduction=reduction).sum().backward()
    assert _core.calls() == {
        "cross_entropy": 1,
        "cross_entropy_backward": 1,
        "mse_loss": 1,
        "mse_loss_backward": 1,
    }


def test_logits_may_be_overwritten_before_the_gradient_is_taken() -> None:
    x, target = logits_and_classes(6, 5)
    results = []
    for overwritten in (False, True):
        logits = fastinit.tensor(x, requires_grad=True)
        loss = F.cross_entropy(logits, fastinit.tensor(target))
        if overwritten:
            with fastinit.no_grad():
                logits.zero_()
        loss.backward()
        results.append(logits.grad.tolist())
    assert results[0] == results[1]


def test_a_target_that_changed_is_refused_by_backward() -> None:
    x, target = logits_and_classes(6, 5)
    classes = fastinit.tensor(target)
    loss = F.cross_entropy(fastinit.tensor(x, requires_grad=True), classes)
    classes.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_the_compiled_way_and_the_general_one_agree() -> None:
    x, target = logits_and_classes(6, 5)
    results = []
    for weight in (None, fastinit.ones(5)):
        logits = fastinit.tensor(x, requires_grad=True)
        loss = F.cross_entropy(logits, fastinit.tensor(target), weight, ignore_index=2)
        loss.backward()
        results.append((loss.item(), logits.grad.numpy()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-6)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-5, atol=1e-7)
