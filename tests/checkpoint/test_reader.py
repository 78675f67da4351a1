"""A checkpoint of any form is found, checked, and read in any pieces."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit.checkpoint.errors import CheckpointError
from fastinit.checkpoint.header import Entry, HeaderError, encode
from fastinit.checkpoint.reader import Checkpoint

RNG = np.random.default_rng(0)
ARRAYS = {
    "a.weight": RNG.normal(size=(7, 5)).astype(np.float32),
    "a.bias": RNG.normal(size=7).astype(ml_dtypes.bfloat16),
    "scale": np.array(2.5),
    "none": np.empty((0, 3), np.float16),
    "mask": np.array([True, False, True]),
    "steps": np.array([1, -2, 3]),
}
INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-1.safetensors", "model-2.safetensors"


def write_index(directory: Path, weight_map: Any) -> None:
    (directory / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    names = list(ARRAYS)
    parts = {FIRST: names[:3], SECOND: names[3:]}
    for file, inside in parts.items():
        save_file({name: ARRAYS[name] for name in inside}, tmp_path / file)
    write_index(tmp_path, {name: file for file, inside in parts.items() for name in inside})
    return tmp_path


def check(checkpoint: Checkpoint) -> None:
    assert checkpoint.tensors.keys() == ARRAYS.keys()
    assert checkpoint.nbytes == sum(array.nbytes for array in ARRAYS.values())
    for name, array in ARRAYS.items():
        entry = checkpoint.tensors[name].entry
        assert (entry.shape, checkpoint.dtype(name)) == (array.shape, array.dtype)
        assert checkpoint.read(name).tobytes() == array.tobytes()


def test_a_checkpoint_is_found_in_every_form(
    two_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(Checkpoint(two_files))
    check(Checkpoint(two_files / INDEX))
    assert list(Checkpoint(two_files / FIRST).tensors) == list(
        Checkpoint(str(two_files / FIRST)).headers[FIRST].entries
    )
    (two_files / INDEX).unlink()
    check(Checkpoint(str(two_files)))
    alone = tmp_path_factory.mktemp("x.safetensors")  # a directory for all that
    save_file(ARRAYS, alone / "model.safetensors")
    (alone / "other.safetensors").write_bytes(b"not read")
    check(Checkpoint(alone))
    check(Checkpoint(alone / "model.safetensors"))


def test_a_bare_file_name_is_of_the_working_directory(
    two_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(two_files)
    check(Checkpoint(INDEX))
    check(Checkpoint("."))


def test_any_range_is_read_into_new_or_given_memory(two_files: Path) -> None:
    checkpoint, flat = Checkpoint(two_files), ARRAYS["a.weight"].ravel()
    for start, stop in [(0, 35), (3, 17), (34, 35), (5, 5), (35, 35)]:
        np.testing.assert_array_equal(checkpoint.read("a.weight", start, stop), flat[start:stop])
        buffer = np.empty(stop - start, np.float32)
        assert checkpoint.read("a.weight", start, stop, buffer) is buffer
        np.testing.assert_array_equal(buffer, flat[start:stop])
    for start, stop in [(-1, 3), (3, 36), (4, 3)]:
        with pytest.raises(ValueError, match="has 35 values"):
            checkpoint.read("a.weight", start, stop)
    for out in (
        np.empty(3, np.float32),
        np.empty(2),
        np.empty((1, 2), np.float32),
        np.empty(4, np.float32)[::2],
    ):
        with pytest.raises(ValueError, match="contiguous vector of 2 float32"):
            checkpoint.read("a.weight", 0, 2, out)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("nbytes", [1, 7, 8, 40, 1000])
def test_pieces_make_up_the_whole(two_files: Path, name: str, nbytes: int) -> None:
    array = ARRAYS[name]
    pieces = [piece.copy() for piece in Checkpoint(two_files).pieces(name, nbytes)]
    assert b"".join(piece.tobytes() for piece in pieces) == array.tobytes()
    assert all(0 < piece.nbytes <= max(nbytes, array.itemsize) for piece in pieces)


def test_only_the_headers_are_read_at_first(tmp_path: Path) -> None:
    size = 1 << 40
    path = tmp_path / "model.safetensors"
    text = encode({"huge": Entry("F64", (size // 8,), 0, size)}, {})
    path.write_bytes(text)
    os.truncate(path, len(text) + size)  # a file of holes
    assert Checkpoint(tmp_path).nbytes == size
    assert Checkpoint(tmp_path).read("huge", size // 8 - 2).tolist() == [0, 0]


def test_a_tensor_that_no_array_can_have_is_listed_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(encode({"packed": Entry("F4", (4,), 0, 2)}, {}) + b"ab")
    checkpoint = Checkpoint(path)
    assert checkpoint.tensors["packed"].entry.shape == (4,)
    for read in (checkpoint.read, checkpoint.dtype):
        with pytest.raises(CheckpointError, match='"packed" is of dtype F4'):
            read("packed")


def test_an_unknown_tensor_is_named(two_files: Path) -> None:
    with pytest.raises(CheckpointError, match='no tensor "b"'):
        Checkpoint(two_files).read("b")


@pytest.mark.parametrize(
    "file", ["../x.safetensors", "/etc/passwd", "a/b.safetensors", "..", ".", "", "a\\b", "s3://a", "a\0b"]
)
def test_an_index_cannot_lead_elsewhere(two_files: Path, file: str) -> None:
    write_index(two_files, {"a.weight": file})
    with pytest.raises(CheckpointError, match=r'the file of "a\.weight" must be one beside the index'):
        Checkpoint(two_files)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "1", '{"weight_map": 3}', '{"weight_map": {"a": 1}}', "\xff", "[" * 10_000]
)
def test_what_is_no_index_is_refused(two_files: Path, text: str) -> None:
    (two_files / INDEX).write_text(text, encoding="latin-1")
    with pytest.raises(CheckpointError, match=r"index\.json: no index"):
        Checkpoint(two_files)


def test_an_index_and_its_files_must_agree(two_files: Path) -> None:
    write_index(two_files, {"a.weight": FIRST, "b.weight": SECOND})
    with pytest.raises(CheckpointError, match=f'"b.weight" is in {SECOND}, which lacks it'):
        Checkpoint(two_files)
    write_index(two_files, {"a.weight": FIRST, "b.weight": "third.safetensors"})
    with pytest.raises(FileNotFoundError):
        Checkpoint(two_files)


def test_a_tensor_in_two_files_is_an_error_that_names_both(two_files: Path) -> None:
    save_file({"a.bias": ARRAYS["a.bias"], "none": ARRAYS["none"]}, two_files / SECOND)
    (two_files / INDEX).unlink()
    with pytest.raises(CheckpointError, match=f'both {FIRST} and {SECOND} hold a tensor "a.bias"'):
        Checkpoint(two_files)


def test_a_bad_header_is_said_with_its_file(two_files: Path) -> None:
    (two_files / SECOND).write_bytes(b"short")
    with pytest.raises(HeaderError, match=f"{SECOND}: 5 bytes are too few"):
        Checkpoint(two_files)


def test_where_nothing_is_that_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / "none.safetensors", tmp_path / "none.json"):
        with pytest.raises(OSError, match=r"no \.safetensors file|No such file"):
            Checkpoint(path)
