"""What an existing checkpoint holds, one file or several, is read from its headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit.recipe import Recipe, RecipeError, TensorSpec, tensors_of

INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    save_file({"b": np.zeros((2, 3), np.float16)}, tmp_path / FIRST)
    save_file({"a": np.zeros(4, np.float32), "c": np.zeros((), np.float64)}, tmp_path / SECOND)
    write_index(tmp_path, {"c": SECOND, "a": SECOND, "b": FIRST})
    return tmp_path


def write_index(directory: Path, places: Any) -> None:
    (directory / INDEX).write_text(json.dumps({"metadata": {"total_size": 36}, "weight_map": places}))


def test_an_index_lists_what_its_files_hold_in_its_own_order(sharded: Path) -> None:
    tensors = tensors_of(sharded / INDEX)
    assert list(tensors.items()) == [
        ("c", TensorSpec((), "float64")),
        ("a", TensorSpec((4,), "float32")),
        ("b", TensorSpec((2, 3), "float16")),
    ]
    assert tensors_of(sharded) == tensors
    assert tensors_of(str(sharded)) == tensors
    text = '[tensors]\nlike = "."\n[[rule]]\nmatch = "*"\ninit = "ones_"\n'
    assert Recipe.from_text(text, directory=sharded).tensors == tensors


def test_a_directory_may_hold_one_file(tmp_path: Path) -> None:
    save_file({"a": np.zeros(4, np.float32)}, tmp_path / "any.safetensors")
    assert tensors_of(tmp_path) == {"a": TensorSpec((4,))}


def test_a_directory_of_none_or_of_more_is_refused(sharded: Path) -> None:
    (sharded / "empty").mkdir()
    with pytest.raises(RecipeError, match=r"empty holds neither a .safetensors file nor the index"):
        tensors_of(sharded / "empty")
    save_file({"a": np.zeros(4, np.float32)}, sharded / "model.safetensors")
    with pytest.raises(RecipeError, match=r"holds model.safetensors.index.json and model.safetensors: name"):
        tensors_of(sharded)
    (sharded / INDEX).unlink()
    with pytest.raises(RecipeError, match=r"holds model-00001-of-00002.safetensors and"):
        tensors_of(sharded)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"c": SECOND, "a": SECOND, "b": f"../{FIRST}"}, "which is no name of a file beside it"),
        ({"c": SECOND, "a": SECOND, "b": f"/tmp/{FIRST}"}, "which is no name of a file beside it"),
        ({"c": SECOND, "a": SECOND, "b": f"x\\{FIRST}"}, "which is no name of a file beside it"),
        ({"c": SECOND, "a": SECOND, "b": ".."}, "which is no name of a file beside it"),
        ({"c": SECOND, "a": SECOND, "b": "a\0.safetensors"}, "which is no name of a file beside it"),
        ({"c": SECOND, "a": SECOND, "b": 1}, "which is no name of a file beside it"),
        ({"c": SECOND, "a": SECOND, "b": "none.safetensors"}, "cannot read "),
        ({"c": SECOND, "a": FIRST, "b": FIRST}, '"a" is in '),
        ({"c": SECOND, "b": FIRST}, "does not list it"),
        ({"c": SECOND, "a": SECOND, "b": FIRST, "d": FIRST}, f'says that {FIRST} holds "d", but it does not'),
        (None, "has no weight_map"),
        ([], "has no weight_map"),
    ],
)
def test_an_index_that_its_files_do_not_bear_out_is_refused(sharded: Path, places: Any, message: str) -> None:
    write_index(sharded, places)
    with pytest.raises(RecipeError) as raised:
        tensors_of(sharded)
    assert message in str(raised.value)


def test_a_tensor_in_two_files_is_refused(sharded: Path) -> None:
    save_file({"a": np.zeros(4, np.float32), "b": np.zeros((2, 3), np.float16)}, sharded / FIRST)
    with pytest.raises(RecipeError, match=rf'"a" is in .*{FIRST}, but .* says that {SECOND} holds it'):
        tensors_of(sharded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{{"weight_map": {{"a": "{SECOND}", "a": "{SECOND}"}}}}', 'lists "a" twice'),
        ("[" * 100_000, "is no JSON"),
        ("{", "is no JSON"),
        ("\xff", "is no JSON"),
        ("[]", "has no weight_map"),
    ],
)
def test_what_is_no_index_is_refused(sharded: Path, text: str, message: str) -> None:
    (sharded / INDEX).write_text(text, encoding="latin-1")
    with pytest.raises(RecipeError, match=message):
        tensors_of(sharded / INDEX)
