"""The drift of a checkpoint is 0 where nothing has changed, and else what NumPy computes from both."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit import checkpoint
from fastinit.checkpoint import CheckpointError, drift
from fastinit.recipe import Recipe, Rule, TensorSpec, value

module = importlib.import_module("fastinit.checkpoint.drift")

RULES = [Rule("*.bias", "zeros_"), Rule("*.scale", "ones_"), Rule("*.q", "orthogonal_"), Rule("*", "normal_")]
TENSORS = {
    "a.weight": TensorSpec((40, 30)),
    "a.bias": TensorSpec((40,), "bfloat16"),
    "b.weight": TensorSpec((3, 4, 5, 6), "bfloat16"),
    "b.scale": TensorSpec((), "float64"),
    "c.q": TensorSpec((12, 8)),
    "d.weight": TensorSpec((0, 3), "float16"),
}
RECIPE = Recipe(RULES, tensors=TENSORS, ties={"head": "a.weight"})
SEED = 7


def arrays(recipe: Recipe = RECIPE) -> dict[str, Any]:
    return {name: value(recipe, name, ..., SEED) for name in recipe.assignments}


def write(directory: Path, tensors: dict[str, Any]) -> Path:
    save_file(tensors, directory / "model.safetensors")
    return directory


@pytest.mark.parametrize("box", [1, 7, 50, 1000, 1 << 22])
def test_an_untouched_checkpoint_has_not_drifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, box: int
) -> None:
    monkeypatch.setattr(module, "_PIECE", box)
    checkpoint.write(RECIPE, tmp_path, seed=SEED)
    found = drift(tmp_path, RECIPE, SEED)
    assert found.keys() == TENSORS.keys()
    for name, each in found.items():
        assert (each.relative, each.rms, each.largest, each.unchanged) == (0, 0, 0, 1), name
        if name != "d.weight":
            assert each.std_now == each.std_then
    assert found["a.weight"].cosine == 1
    assert math.isnan(found["a.bias"].cosine)
    assert drift(tmp_path, RECIPE, SEED + 1)["a.weight"].relative > 1


@pytest.mark.parametrize("box", [11, 1 << 22])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_a_change_gives_the_figures_of_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: Any, box: int
) -> None:
    monkeypatch.setattr(module, "_PIECE", box)
    rng = np.random.default_rng(0)
    then = {name: array.astype(dtype) for name, array in arrays().items()}
    moved = {
        name: np.asarray(array + (rng.random(array.shape) < 0.5) * rng.normal(size=array.shape) * 0.1).astype(
            dtype
        )
        for name, array in then.items()
    }
    found = drift(write(tmp_path, moved), RECIPE, SEED)
    for name in ("a.weight", "a.bias", "b.weight", "c.q"):
        w, w0 = moved[name].astype(np.float64), then[name].astype(np.float64)
        change, norm = np.linalg.norm(w - w0), np.linalg.norm(w0)
        each = found[name]
        assert each.relative == (pytest.approx(change / norm) if norm else math.inf)
        assert each.rms == pytest.approx(change / math.sqrt(w.size))
        assert each.largest == np.abs(w - w0).max()
        assert each.unchanged == (w == w0).mean()
        assert each.std_then == pytest.approx(w0.std())
        assert each.std_now == pytest.approx(w.std())
        if norm:
            assert each.cosine == pytest.approx((w * w0).sum() / norm / np.linalg.norm(w))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.float64])
def test_to_store_it_in_another_dtype_is_no_change(tmp_path: Path, dtype: Any) -> None:
    stored = {name: array.astype(dtype) for name, array in arrays().items()}
    for each in drift(write(tmp_path, stored), RECIPE, SEED).values():
        assert (each.relative, each.unchanged) == (0, 1)


def test_a_value_that_is_not_a_number_shows(tmp_path: Path) -> None:
    changed = arrays()
    changed["a.weight"][3, 4] = np.nan
    each = drift(write(tmp_path, changed), RECIPE, SEED)["a.weight"]
    assert all(map(math.isnan, (each.relative, each.rms, each.largest, each.cosine)))
    assert each.unchanged == 1199 / 1200


def test_either_name_of_a_tie_is_compared_with_its_source(tmp_path: Path) -> None:
    both = arrays()
    both["head"] = both["a.weight"] + np.float32(1)
    found = drift(write(tmp_path, both), RECIPE, SEED)
    assert found["a.weight"].relative == 0
    assert found["head"].largest == pytest.approx(1, rel=1e-6)
    both["head"] = both.pop("a.weight")
    assert drift(write(tmp_path, both), RECIPE, SEED)["head"].relative == 0


@pytest.mark.parametrize("names", [("a.weight",), ("head",), ("a.weight", "head")])
def test_a_recipe_without_tensors_takes_those_of_the_checkpoint(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    every = arrays()
    stored = {name: every["a.weight"].copy() for name in names} | {"a.bias": every["a.bias"]}
    rules = Recipe([RULES[0], RULES[-1]], ties={"head": "a.weight"})
    found = drift(write(tmp_path, stored), rules, SEED)
    assert found.keys() == stored.keys()
    assert all(each.relative == 0 for each in found.values())
    stored["steps"] = np.arange(3)
    with pytest.raises(CheckpointError, match='only in the checkpoint: "steps"'):
        drift(write(tmp_path, stored), rules, SEED)
    assert drift(tmp_path, rules, SEED, only_common=True).keys() == found.keys()


def test_what_does_not_fit_is_listed_or_left_out(tmp_path: Path) -> None:
    stored = arrays()
    del stored["c.q"]
    stored["b.weight"] = stored["b.weight"].reshape(12, 30)
    stored["a.bias"] = np.zeros(40, np.int64)
    stored |= {f"new.{number}": np.zeros(1) for number in range(20)}
    with pytest.raises(CheckpointError) as raised:
        drift(write(tmp_path, stored), RECIPE, SEED)
    message = str(raised.value)
    assert '"new.0", ' in message
    assert " and 12 more; " in message
    assert 'only in the recipe: "c.q"' in message
    assert '"b.weight" ([12, 30] here, [3, 4, 5, 6] in the recipe)' in message
    assert 'not of floating point: "a.bias" (I64)' in message
    found = drift(tmp_path, RECIPE, SEED, only_common=True)
    assert found.keys() == {"a.weight", "b.scale", "d.weight"}


def test_names_and_bytes_are_those_asked_for(tmp_path: Path) -> None:
    write(tmp_path, arrays())
    seen: list[int] = []
    found = drift(tmp_path, RECIPE, SEED, names=["b.weight", "a.bias"], observe=seen.append)
    assert found.keys() == {"a.bias", "b.weight"}
    assert sum(seen) == sum(TENSORS[name].nbytes for name in found)
