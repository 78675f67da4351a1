"""The optimisers' kernels against the NumPy reference, bit for bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import _core
from reference import optimizer as reference

DTYPES = [np.float32, np.float64]
SHAPES = [(), (1,), (3, 5), (0, 2), (7, 11, 13), (10003,)]
SGD = [
    (0.1, momentum, dampening, decay, nesterov, maximize)
    for momentum, dampening, decay, nesterov, maximize in itertools.product(
        (0.0, 0.9), (0.0, 0.3), (0.0, 0.1), (False, True), (False, True)
    )
]
ADAM = [
    (0.01, beta1, 0.99, 1e-8, decay, decoupled, maximize)
    for beta1, decay, decoupled, maximize in itertools.product(
        (0.0, 0.4, 0.9), (0.0, 0.1), (False, True), (False, True)
    )
]
ADAMW = (0.01, 0.9, 0.999, 1e-8, 0.01, True, False)


def normals(shapes: list[tuple[int, ...]], dtype: type, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape), dtype) for shape in shapes]


def squares(shapes: list[tuple[int, ...]], dtype: type, seed: int) -> list[np.ndarray]:
    return [np.asarray(array * array) for array in normals(shapes, dtype, seed)]


def counts(size: int, value: float = 0) -> list[np.ndarray]:
    return [np.asarray(value, np.float32) for _ in range(size)]


def copies(*lists: list[np.ndarray]) -> list[list[np.ndarray]]:
    return [[array.copy() for array in arrays] for arrays in lists]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", SGD, ids=str)
def test_sgd_is_the_reference_on_every_instruction_set(
    isa: str, options: tuple[Any, ...], dtype: type
) -> None:
    values, grads, momenta = (normals(SHAPES, dtype, seed) for seed in range(3))
    kept: list[np.ndarray] | list[None] = momenta if options[1] else [None] * len(SHAPES)
    wanted = [reference.sgd(*each, *options) for each in zip(values, grads, kept, strict=True)]
    assert _core.sgd_step(values, grads, momenta if options[1] else None, *options) == []
    for value, momentum, (moved, through) in zip(values, momenta, wanted, strict=True):
        np.testing.assert_array_equal(value, moved)
        if through is not None:
            np.testing.assert_array_equal(momentum, through)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adam_is_the_reference_on_every_instruction_set(
    isa: str, options: tuple[Any, ...], amsgrad: bool, dtype: type
) -> None:
    values, grads, means = (normals(SHAPES, dtype, seed) for seed in range(3))
    means_of_squares, largest = (squares(SHAPES, dtype, seed) for seed in (3, 4))
    steps = [np.asarray(taken, np.float32) for taken in (0, 0, 1, 2, 2, 1000)]
    before = copies(values, grads, means, means_of_squares, largest)
    assert (
        _core.adam_step(values, grads, means, means_of_squares, largest if amsgrad else None, steps, *options)
        == []
    )
    assert [step.item() for step in steps] == [1, 1, 2, 3, 3, 1001]
    for i, step in enumerate(steps):
        value, grad, mean, square, most = (arrays[i] for arrays in before)
        wanted = reference.adam(value, grad, mean, square, most if amsgrad else None, step.item(), *options)
        got = values[i], means[i], means_of_squares[i], largest[i]
        for array, expected in zip(got, wanted, strict=True):
            if expected is not None:
                np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_number_of_threads_changes_no_bit(threads: int) -> None:
    shapes = [(70001,), (3,), (0,), (200, 300), (1,), (40000,)]
    values, grads, means = (normals(shapes, np.float32, seed) for seed in range(3))
    second = squares(shapes, np.float32, 3)
    wanted = [
        reference.adam(value, grad, mean, square, None, 1, *ADAMW)[0]
        for value, grad, mean, square in zip(values, grads, means, second, strict=True)
    ]
    before = fastinit.get_num_threads()
    fastinit.set_num_threads(threads)
    try:
        _core.adam_step(values, grads, means, second, None, counts(len(shapes)), *ADAMW)
    finally:
        fastinit.set_num_threads(before)
    for value, moved in zip(values, wanted, strict=True):
        np.testing.assert_array_equal(value, moved)


def test_parameters_of_both_dtypes_move_in_one_call() -> None:
    values = [np.ones(3, np.float32), np.ones(2), np.ones(4, np.float32)]
    grads = [np.full_like(value, 2) for value in values]
    assert _core.sgd_step(values, grads, None, 0.25, 0, 0, 0, False, False) == []
    assert [value.tolist() for value in values] == [[0.5] * 3, [0.5] * 2, [0.5] * 4]


@pytest.mark.parametrize("size", [5, 50000])
def test_parameters_that_share_memory_move_one_after_the_other(size: int) -> None:
    memory = np.random.default_rng(0).standard_normal(size + 1)
    grads = [np.ones(size) for _ in range(3)]
    parts = [slice(None, -1), slice(1, None), slice(1, None)]
    options = (0.5, 0, 0, 1.0, False, False)
    wanted = memory.copy()
    for part, grad in zip(parts, grads, strict=True):
        wanted[part] = reference.sgd(wanted[part], grad, None, *options)[0]
    assert _core.sgd_step([memory[part] for part in parts], grads, None, *options) == []
    np.testing.assert_array_equal(memory, wanted)


def strided(value: np.ndarray) -> np.ndarray:
    return np.repeat(value, 2)[::2]


def read_only(value: np.ndarray) -> np.ndarray:
    value.flags.writeable = False
    return value


def unaligned(value: np.ndarray) -> np.ndarray:
    memory = np.zeros(value.nbytes + 1, np.uint8)[1:]
    return memory.view(value.dtype)


UNFIT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "strided": strided,
    "read-only": read_only,
    "unaligned": unaligned,
    "swapped": lambda value: value.astype(">f4"),
    "float16": lambda value: value.astype(np.float16),
    "integers": lambda value: value.astype(np.int32),
    "another dtype": lambda value: value.astype(np.float64),
    "another shape": lambda value: value[:, None].copy(),
    "smaller": lambda value: value[:1].copy(),
}


@pytest.mark.parametrize("which", [0, 2])
@pytest.mark.parametrize("change", UNFIT.values(), ids=list(UNFIT))
def test_what_no_kernel_takes_is_left_alone_and_named(
    change: Callable[[np.ndarray], np.ndarray], which: int
) -> None:
    lists = [[np.ones(4, np.float32) for _ in range(3)] for _ in range(4)]
    lists[which][1] = change(lists[which][1])
    before = copies(*lists)
    steps = counts(3)
    values, grads, means, second = lists
    assert _core.adam_step(values, grads, means, second, None, steps, *ADAMW) == [1]
    assert [step.item() for step in steps] == [1, 0, 1]
    for arrays, former in zip(lists, before, strict=True):
        np.testing.assert_array_equal(arrays[1], former[1])
    assert values[0][0] != 1
    assert values[2][0] != 1


def test_a_read_only_gradient_is_read() -> None:
    values = [np.ones(3)]
    assert _core.sgd_step(values, [read_only(np.ones(3))], None, 1, 0, 0, 0, False, False) == []
    assert values[0].tolist() == [0, 0, 0]


def test_a_parameter_that_overlaps_its_gradient_is_left_alone() -> None:
    memory = np.arange(6.0)
    assert _core.sgd_step([memory[1:]], [memory[:-1]], None, 1, 0, 0, 0, False, False) == [0]
    assert memory.tolist() == [0, 1, 2, 3, 4, 5]


def test_the_largest_mean_of_squares_keeps_a_nan() -> None:
    for largest, square in [(np.nan, 1.0), (1.0, np.nan)]:
        kept = [np.full(3, largest)]
        lists = [np.ones(3)], [np.ones(3)], [np.ones(3)], [np.full(3, square)]
        _core.adam_step(*lists, kept, counts(1), *ADAMW)
        assert np.isnan(kept[0]).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((np.ones(2),), [np.ones(2)], None), TypeError, "parameters must be a list of arrays, not tuple"),
        (([np.ones(2)], [], None), ValueError, "grads has 0 arrays, but parameters has 1"),
        (([np.ones(2)], [[1, 2]], None), TypeError, "grads must be a numpy.ndarray, not list"),
        (([np.ones(2)], [np.ones(2)], [None]), TypeError, "momenta must be a numpy.ndarray, not NoneType"),
    ],
)
def test_wrong_lists_are_refused(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _core.sgd_step(*arguments, 0.1, 0, 0, 0, False, False)


def test_numbers_are_numbers() -> None:
    with pytest.raises(TypeError):
        _core.sgd_step([], [], None, "fast", 0, 0, 0, False, False)
