"""Writing a checkpoint: the bits of the recipe, the whole file or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open

from fastinit import checkpoint
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec, initialize_, value

RULES = [Rule("*.bias", "zeros_"), Rule("*.weight", "normal_", {"std": 0.02})]
TENSORS = {
    "h.0.weight": TensorSpec((5, 6)),
    "h.1.weight": TensorSpec((5, 6), "bfloat16"),
    "h.2.weight": TensorSpec((3,), "float16"),
    "h.3.weight": TensorSpec((), "float64"),
    "h.4.weight": TensorSpec((0, 4)),
    "h.0.bias": TensorSpec((6,)),
}
RECIPE = Recipe(RULES, tensors=TENSORS, ties={"head.weight": "h.0.weight"})
SEED = 11


def read(path: Path) -> dict[str, np.ndarray]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def test_the_file_holds_what_filling_in_place_gives(tmp_path: Path) -> None:
    path = checkpoint.write(RECIPE, tmp_path, seed=SEED)
    expected = {name: np.empty(spec.shape, spec.numpy_dtype) for name, spec in TENSORS.items()}
    initialize_(expected, RECIPE, SEED)
    found = read(path)
    assert path == tmp_path / "model.safetensors"
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


def test_any_slice_of_the_file_can_be_recomputed_from_the_recipe(tmp_path: Path) -> None:
    found = read(checkpoint.write(RECIPE, tmp_path, seed=SEED))
    for name in ("h.0.weight", "h.1.weight"):
        index = (slice(1, 4), slice(2, None))
        np.testing.assert_array_equal(value(RECIPE, name, index, seed=SEED), found[name][index])


def test_a_tied_name_is_left_out_and_the_header_says_whose_format_it_is(tmp_path: Path) -> None:
    with safe_open(checkpoint.write(RECIPE, tmp_path, seed=SEED), framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}
        assert "head.weight" not in file.keys()  # noqa: SIM118 - it is no mapping


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, second, third = (
        checkpoint.write(RECIPE, tmp_path / name, seed=seed).read_bytes()
        for name, seed in (("first", SEED), ("second", SEED), ("third", SEED + 1))
    )
    assert first == second
    assert first != third


def test_other_tensors_change_no_bit_of_a_tensor(tmp_path: Path) -> None:
    whole = read(checkpoint.write(RECIPE, tmp_path / "whole", seed=SEED))
    names = ["h.1.weight", "extra.weight", "h.0.weight"]
    tensors = {name: TENSORS.get(name, TensorSpec((9,))) for name in names}
    other = read(checkpoint.write(Recipe(RULES[1:], tensors=tensors), tmp_path / "other", seed=SEED))
    for name in ("h.0.weight", "h.1.weight"):
        np.testing.assert_array_equal(whole[name], other[name])


def test_a_bfloat16_tensor_is_stored_as_bfloat16(tmp_path: Path) -> None:
    assert read(checkpoint.write(RECIPE, tmp_path, seed=SEED))["h.1.weight"].dtype == ml_dtypes.bfloat16


def test_each_tensor_is_shown_to_the_observer_once_it_is_filled(tmp_path: Path) -> None:
    seen: dict[str, np.ndarray] = {}
    path = checkpoint.write(
        RECIPE, tmp_path, seed=SEED, observe=lambda tensor, values: seen.update({tensor.name: values.copy()})
    )
    stored = read(path)
    assert list(seen) == list(TENSORS)
    for name, values in seen.items():
        np.testing.assert_array_equal(values, stored[name])


def test_the_file_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = checkpoint.write(RECIPE, tmp_path, seed=SEED)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match=r"model\.safetensors exists"):
        checkpoint.write(RECIPE, tmp_path, seed=SEED)
    assert path.read_bytes() == b"precious"
    checkpoint.write(RECIPE, tmp_path, seed=SEED, force=True)
    assert read(path).keys() == TENSORS.keys()
    assert names_in(tmp_path) == ["model.safetensors"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_whatever_stops_the_writing_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"precious")

    def stop(*_: object) -> None:
        raise error

    with pytest.raises(error):
        checkpoint.write(RECIPE, tmp_path, seed=SEED, force=True, observe=stop)
    assert path.read_bytes() == b"precious"
    assert names_in(tmp_path) == ["model.safetensors"]


def test_a_checkpoint_larger_than_the_free_disk_is_refused_before_it_is_filled(tmp_path: Path) -> None:
    recipe = Recipe(RULES[1:], tensors={"w.weight": TensorSpec((1 << 24, 1 << 24))})
    with pytest.raises(OSError, match=r"takes 1,125,899,906,842,624 bytes, but its disk has only .* free"):
        checkpoint.write(recipe, tmp_path, seed=SEED)
    assert not names_in(tmp_path)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Lowers the rights of root, whom no permission stops, to those of nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that any user may enter (pytest's own are the caller's alone)."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("below", [".", "new"])
def test_a_directory_that_may_not_be_written_in_is_refused(public_directory: Path, below: str) -> None:
    public_directory.chmod(0o555)
    with (
        unprivileged(),
        pytest.raises(PermissionError, match=rf"{public_directory}(/new|/model.safetensors)'$"),
    ):
        checkpoint.write(RECIPE, public_directory / below, seed=SEED)
    assert not names_in(public_directory)


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"precious")
    with pytest.raises(OSError, match="out"):
        checkpoint.write(RECIPE, tmp_path / "out", seed=SEED)
    assert (tmp_path / "out").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(RULES), r"\[tensors\] is empty"),
        (
            Recipe([Rule("*", "ones_")], tensors={"__metadata__": TensorSpec((1,))}),
            "keeps the name for itself",
        ),
    ],
)
def test_a_recipe_that_no_file_can_hold_is_refused(tmp_path: Path, recipe: Recipe, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        checkpoint.write(recipe, tmp_path / "out", seed=SEED)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", [-(1 << 64), 1 << 64, 1.5, "1"])
def test_a_seed_that_is_not_a_64_bit_int_is_refused(tmp_path: Path, seed: Any) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        checkpoint.write(RECIPE, tmp_path / "out", seed=seed)
    assert not (tmp_path / "out").exists()
