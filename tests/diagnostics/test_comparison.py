"""Two models side by side: what differs is measured, and what does not fit is listed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from fastinit import checkpoint, initialize_, nn
from fastinit.diagnostics import compare
from fastinit.recipe import Recipe, Rule, tensors_of_model

RECIPE = Recipe([Rule("*", "normal_")])


def net(seed: int = 0, library: Any = nn) -> Any:
    made = library.Sequential(library.Linear(5, 4), library.Linear(4, 3, bias=False))
    return initialize_(made, RECIPE, seed)


def drawn(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((30, 20), np.float32)


def test_the_figures_are_those_of_numpy() -> None:
    a, b = drawn(0), drawn(1)
    b[3] = a[3]
    (row,) = compare({"w": a}, {"w": b})
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    apart = wide_b - wide_a
    assert row.relative == pytest.approx(np.linalg.norm(apart) / np.linalg.norm(wide_a))
    assert row.rms == pytest.approx(math.sqrt((apart**2).mean()))
    assert row.largest == pytest.approx(abs(apart).max())
    norms = np.linalg.norm(wide_a) * np.linalg.norm(wide_b)
    assert row.cosine == pytest.approx((wide_a * wide_b).sum() / norms)
    assert (row.std_a, row.std_b) == pytest.approx((wide_a.std(), wide_b.std()))
    assert row.equal == pytest.approx(1 / 30)


def test_what_is_equal_is_identical() -> None:
    found = compare(net(), net())
    assert found.identical
    assert all((row.relative, row.largest, row.equal) == (0, 0, 1) for row in found)
    assert not compare(net(), net(1)).identical


def test_strides_are_of_no_account() -> None:
    a = drawn(0)
    assert compare({"w": a}, {"w": np.asfortranarray(a)}).identical
    assert compare({"w": a[::-2, 1:]}, {"w": a[::-2, 1:].copy()}).identical


def test_dtypes_may_differ_and_are_said() -> None:
    a = drawn(0)
    found = compare({"w": a}, {"w": a.astype(ml_dtypes.bfloat16)})
    assert (found["w"].dtype_a, found["w"].dtype_b) == ("float32", "bfloat16")
    assert 0 < found["w"].relative < 2**-8
    assert not found.identical
    assert not compare({"w": np.ones(2)}, {"w": np.ones(2, np.float32)}).identical


def test_a_module_of_pytorch_a_checkpoint_and_a_path_are_taken_alike(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    checkpoint.write(RECIPE.with_tensors(*tensors_of_model(net)), tmp_path, seed=5)
    for given in (tmp_path, checkpoint.Checkpoint(tmp_path), net(5), net(5, torch.nn)):
        assert compare(given, tmp_path).identical
        assert compare(net(5, torch.nn), given).identical


def test_names_and_shapes_that_do_not_fit_are_listed() -> None:
    found = compare(
        {"a": drawn(0), "b": drawn(0), "c": drawn(0)}, {"b": drawn(0).T, "c": drawn(0), "d": drawn(0)}
    )
    assert [row.name for row in found] == ["c"]
    assert (found.only_in_a, found.only_in_b) == (("a",), ("d",))
    assert found.reshaped == {"b": ((30, 20), (20, 30))}
    assert not found.identical
    assert str(found).splitlines()[-3:] == [
        "only in a: 'a'",
        "only in b: 'd'",
        "'b' is [30, 20] in a, [20, 30] in b",
    ]
    assert json.loads(json.dumps(found.to_dict()))["reshaped"] == {"b": [[30, 20], [20, 30]]}


def test_nan_equals_nothing_and_nothing_is_identical_to_nothing() -> None:
    odd = {"w": np.array([1.0, math.nan])}
    assert compare(odd, odd)["w"].equal == 0.5
    assert compare({"w": np.empty(0)}, {"w": np.empty(0)}).identical
    assert compare({}, {}).identical


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match=r"compare: expected a module, a mapping .* got int"):
        compare(net(), 3)
