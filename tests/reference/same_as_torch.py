"""Runs the same code under fastinit and under PyTorch, and compares all that can be seen of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fastinit

#: Relative and absolute error allowed between the two, by dtype: their sums run in different orders.
TOLERANCE = {
    "float64": (1e-11, 1e-12),
    "float32": (2e-5, 5e-6),
    "float16": (4e-3, 2e-3),
    "bfloat16": (3e-2, 1e-2),
}


@dataclass
class Outcome:
    """What a call did."""

    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    value: Any = None
    dtype: str = ""
    node: str | None = None
    grads: list[Any] = field(default_factory=list)


def _neutral(text: object) -> str:
    return str(text).split("\n", 1)[0].replace("torch.", "fastinit.")


def _numpy(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach().double().tolist(), dtype=np.float64)


def _tensor(library: ModuleType, array: np.ndarray, dtype: str | None, requires_grad: bool) -> Any:
    tensor = library.tensor(array.tolist(), dtype=getattr(library, array.dtype.name.rstrip("_")))
    tensor = tensor.reshape(array.shape)
    if array.dtype.kind == "f":
        if dtype is not None:
            tensor = tensor.to(getattr(library, dtype))
        tensor.requires_grad_(requires_grad)
    return tensor


def observe(
    library: ModuleType,
    call: Callable[..., Any],
    arrays: tuple[np.ndarray, ...],
    dtype: str | None,
    constant: tuple[int, ...],
) -> Outcome:
    outcome = Outcome()
    tensors = [_tensor(library, array, dtype, i not in constant) for i, array in enumerate(arrays)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call(library, *tensors)
        except Exception as error:
            outcome.error = f"{type(error).__name__}: {_neutral(error)}"
        else:
            outcome.value, outcome.dtype = _numpy(result), _neutral(result.dtype)
            if result.grad_fn is not None:
                outcome.node = type(result.grad_fn).__name__
                seed = np.random.default_rng(7).normal(size=result.shape)
                result.backward(_tensor(library, np.asarray(seed), str(result.dtype).split(".")[1], False))
                outcome.grads = [
                    None if tensor.grad is None else (_neutral(tensor.grad.dtype), _numpy(tensor.grad))
                    for tensor in tensors
                ]
    outcome.warnings = [
        f"{each.category.__name__}: {_neutral(each.message).split(' (Triggered internally')[0]}"
        for each in caught
    ]
    return outcome


@pytest.fixture
def same_as_torch() -> Callable[..., Outcome]:
    """Returns a check: `check(call, *arrays)` runs `call(library, *tensors)` under both libraries.

    The error, the warnings, or else the result, its dtype, its node's name and every gradient must agree.
    Floating-point arrays become tensors of `dtype` (their own if None) that require grad, but those at the
    positions `constant`. `precision` names the dtype whose tolerance holds, if not the result's own.
    """
    torch = pytest.importorskip("torch")

    def check(
        call: Callable[..., Any],
        *arrays: Any,
        dtype: str | None = "float32",
        constant: tuple[int, ...] = (),
        warns: bool = True,
        node: bool = True,
        precision: str | None = None,
    ) -> Outcome:
        arrays = tuple(np.asarray(array) for array in arrays)
        theirs = observe(torch, call, arrays, dtype, constant)
        ours = observe(fastinit, call, arrays, dtype, constant)
        assert ours.error == theirs.error
        if warns:
            assert ours.warnings == theirs.warnings
        if theirs.error is not None:
            return ours
        assert ours.dtype == theirs.dtype
        if node:
            assert ours.node == theirs.node
        _assert_close(ours.value, theirs.value, precision or ours.dtype)
        assert len(ours.grads) == len(theirs.grads)
        for mine, other in zip(ours.grads, theirs.grads, strict=True):
            assert (mine is None) == (other is None)
            if mine is not None:
                assert mine[0] == other[0]
                _assert_close(mine[1], other[1], precision or mine[0])
        return ours

    return check


def _assert_close(ours: np.ndarray, theirs: np.ndarray, dtype: str) -> None:
    assert ours.shape == theirs.shape
    rtol, atol = TOLERANCE.get(dtype.rsplit(".", maxsplit=1)[-1], (0, 0))
    scale = np.max(np.abs(theirs[np.isfinite(theirs)]), initial=1)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol * scale)


@pytest.fixture
def normal() -> Callable[..., np.ndarray]:
    """Returns a source of normal values: `normal(2, 3)` is an array of that shape, new at each call."""
    rng = np.random.default_rng(2026)
    return lambda *shape: rng.normal(size=shape)
