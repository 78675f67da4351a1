"""Verifying: whatever differs from what the seed gives is found, and its place is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from fastinit import checkpoint
from fastinit.checkpoint import CheckpointError, Manifest, MismatchError
from fastinit.checkpoint.header import INDEX
from fastinit.checkpoint.manifest import MANIFEST
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.checkpoints import PEAK_MEMORY, RULES, SEED, TENSORS, contents, open_files

VARIOUS = {
    **TENSORS,
    "a.weight": TensorSpec((700, 500), "bfloat16"),
    "b.weight": TensorSpec((1200, 256)),
    "b.square": TensorSpec((40, 3, 40)),
}
RECIPE = Recipe(
    [Rule("*.square", "orthogonal_", layout=Layout(expert_axis=1)), *RULES],
    tensors=VARIOUS,
    ties={"head.weight": "h.0.weight"},
)


@pytest.fixture(scope="module", params=["1GB", 400_000], ids=["one file", "several"])
def written(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Manifest:
    return checkpoint.write(RECIPE, tmp_path_factory.mktemp("out"), seed=SEED, max_shard_size=request.param)


@pytest.fixture
def directory(written: Manifest, tmp_path: Path) -> Path:
    """A copy, to do harm to."""
    return Path(shutil.copytree(written.url, tmp_path / "copy"))


def flip(path: Path, place: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


def test_what_is_as_written_is_right(written: Manifest) -> None:
    before, files = contents(Path(written.url)), open_files()
    steps: list[int] = []
    assert checkpoint.verify(written.url, progress=steps.append).to_text() == written.to_text()
    assert sum(steps) == sum(spec.nbytes for spec in VARIOUS.values())
    assert contents(Path(written.url)) == before
    assert open_files() == files


STORED = [name for name, spec in VARIOUS.items() if spec.numel]


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_bit_of_a_value_is_found_and_its_index_named(
    written: Manifest, directory: Path, name: str, where: str
) -> None:
    spec = VARIOUS[name]
    index = {"first": 0, "middle": spec.numel // 2, "last": spec.numel - 1}[where]
    file = next(file for file in written.job.plan.files if name in file.entries)
    place = len(file.header) + file.entries[name].start + index * spec.numpy_dtype.itemsize
    flip(directory / file.name, place, bit=3)
    with pytest.raises(MismatchError, match=rf'"{name}" differs first at flat index {index} \[') as found:
        checkpoint.verify(directory)
    assert (found.value.file, found.value.tensor, found.value.index) == (file.name, name, index)
    place_in_tensor = [int(each) for each in np.unravel_index(index, spec.shape)]
    assert str(place_in_tensor) in str(found.value)


def test_the_message_says_what_is_there_and_what_should_be(tmp_path: Path) -> None:
    recipe = Recipe([Rule("*", "constant_", {"val": 0.5})], tensors={"w": TensorSpec((3, 4))})
    checkpoint.write(recipe, tmp_path)
    path = tmp_path / "model.safetensors"
    stored = load_file(path)
    stored["w"][1, 2] = 7
    save_file(stored, path, metadata={"format": "pt"})
    with pytest.raises(MismatchError, match=r"index 6 \[1, 2\]: it holds 7\.0, and the seed gives 0\.5"):
        checkpoint.verify(tmp_path)


def test_negative_zero_is_not_zero(tmp_path: Path) -> None:
    recipe = Recipe([Rule("*", "zeros_")], tensors={"w": TensorSpec((3,))})
    checkpoint.write(recipe, tmp_path)
    flip(tmp_path / "model.safetensors", -1, bit=7)
    with pytest.raises(MismatchError, match=r"holds -0\.0, and the seed gives 0\.0"):
        checkpoint.verify(tmp_path)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_of_a_safetensors_file_or_of_the_index_is_found(
    written: Manifest, directory: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([name for name in contents(directory) if name != MANIFEST]))
    path = directory / name
    place = data.draw(st.integers(0, path.stat().st_size - 1))
    bit = data.draw(st.integers(0, 7))
    flip(path, place, bit)
    with pytest.raises(MismatchError, match=name) as found:
        checkpoint.verify(directory)
    assert found.value.file == name
    flip(path, place, bit)


@pytest.mark.parametrize("place", [0, 7, 8, 30, -1])
def test_a_bit_of_a_header_is_found(written: Manifest, directory: Path, place: int) -> None:
    for file in written.job.plan.files:
        flip(directory / file.name, place % len(file.header))
        with pytest.raises(MismatchError, match=f"{file.name}: its header is not the one"):
            checkpoint.verify(directory)
        flip(directory / file.name, place % len(file.header))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (Path.unlink, "is missing"),
        (cut, r"has [\d,]+ bytes, and should have"),
        (empty, r"has 0 bytes, and should have"),
        (lengthen, r"has [\d,]+ bytes, and should have"),
    ],
)
def test_a_file_that_is_missing_or_has_not_its_size_is_found(
    written: Manifest, directory: Path, harm: Callable[[Path], None], message: str
) -> None:
    harm(directory / written.files[-1])
    with pytest.raises(MismatchError, match=f"{written.files[-1]} {message}"):
        checkpoint.verify(directory)


def test_an_index_that_is_missing_or_too_much_is_found(written: Manifest, directory: Path) -> None:
    several = len(written.files) > 1
    if several:
        (directory / INDEX).unlink()
    else:
        (directory / INDEX).write_bytes(b"{}")
    with pytest.raises(MismatchError, match=f"{INDEX} {'is missing' if several else 'should not be there'}"):
        checkpoint.verify(directory)


def test_a_digest_that_is_not_that_of_the_values_is_found(directory: Path) -> None:
    path = directory / MANIFEST
    document = json.loads(path.read_text())
    for name in VARIOUS:
        digest = document["tensors"][name]["blake2b"]
        changed = {**document["tensors"][name], "blake2b": digest[:-1] + ("1" if digest[-1] == "0" else "0")}
        path.write_text(json.dumps({**document, "tensors": {**document["tensors"], name: changed}}))
        with pytest.raises(MismatchError, match=f'{MANIFEST}: the digest of "{name}"') as found:
            checkpoint.verify(directory)
        assert (found.value.file, found.value.tensor) == (MANIFEST, name)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_of_the_manifest_that_decides_something_is_found(
    directory: Path, data: st.DataObject
) -> None:
    """That is, all but the version that wrote it, and how large a shard might have been.

    (Nor the last digit of a float, which may say the same float as another.)
    """
    path = directory / MANIFEST
    text = path.read_bytes()
    lines = text.splitlines(keepends=True)
    keys = ["fastinit", "max_shard_size", "mean", "deviations", "min", "max"]
    ignored = tuple(f'"{key}":'.encode() for key in keys)
    number = data.draw(
        st.sampled_from([n for n, line in enumerate(lines) if not line.strip().startswith(ignored)])
    )
    place = sum(map(len, lines[:number])) + data.draw(st.integers(0, len(lines[number]) - 1))
    flip(path, place, data.draw(st.integers(0, 7)))
    with pytest.raises(CheckpointError):
        checkpoint.verify(directory)
    path.write_bytes(text)


def test_a_manifest_of_another_seed_is_found_out(directory: Path) -> None:
    path = directory / MANIFEST
    path.write_text(path.read_text().replace(f'"seed": {SEED}', f'"seed": {SEED + 1}'))
    with pytest.raises(MismatchError, match="differs first at flat index 0 "):
        checkpoint.verify(directory)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "its format is 99, and that of fastinit"),
        ({"stream_version": 99}, "its stream_version is 99"),
        ({"seed": "7"}, '"seed" is missing, or is not a int'),
        ({"seed": 1 << 64}, "seed"),
        ({"max_shard_size": 0}, "size"),
        ({"recipe": ""}, "recipe"),
        ({"recipe_digest": "00"}, "digest"),
        ({"files": {}}, '"files"'),
        ({"ties": {}}, '"ties"'),
        ({"tensors": {}}, "tensors"),
        ({"tensors": None}, "tensors"),
    ],
)
def test_a_manifest_that_is_none_says_why(directory: Path, change: dict[str, Any], message: str) -> None:
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CheckpointError, match=rf"{MANIFEST} is no manifest: .*{message}"):
        checkpoint.verify(directory)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", "\0", '{"format": 1}'])
def test_what_is_no_manifest_at_all_is_refused(directory: Path, text: str) -> None:
    (directory / MANIFEST).write_text(text)
    with pytest.raises(CheckpointError, match=f"{MANIFEST} is no manifest"):
        checkpoint.verify(directory)


def test_bytes_that_are_no_text_are_no_manifest(directory: Path) -> None:
    (directory / MANIFEST).write_bytes(b"\xff\xfe{}")
    with pytest.raises(CheckpointError, match=f"{MANIFEST} is no manifest"):
        checkpoint.verify(directory)


def test_a_directory_without_a_manifest_has_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=MANIFEST):
        checkpoint.verify(tmp_path)


def test_a_manifest_reads_back_as_it_was_written(written: Manifest) -> None:
    text = (Path(written.url) / MANIFEST).read_text()
    assert written.to_text() == text
    document = json.loads(text)
    assert document["seed"] == SEED
    assert Recipe.from_text(document["recipe"]) == RECIPE
    assert document["ties"] == {"head.weight": "h.0.weight"}
    for name, spec in VARIOUS.items():
        entry = document["tensors"][name]
        assert (tuple(entry["shape"]), entry["dtype"]) == (spec.shape, spec.dtype)
        assert entry["file"] in document["files"]
    assert document["files"] == {
        path.name: path.stat().st_size for path in Path(written.url).glob("*.safetensors")
    }


VERIFYING = f"""
{PEAK_MEMORY}
import sys
from fastinit import checkpoint
checkpoint.verify(sys.argv[1])
print(peak_memory())
"""


def test_the_memory_does_not_grow_with_the_checkpoint(scratch: Path) -> None:
    recipe = Recipe([Rule("*", "uniform_")], tensors={"w": TensorSpec((300, 1 << 20), "bfloat16")})
    checkpoint.write(recipe, scratch)
    command = [sys.executable, "-W", "error", "-c", VERIFYING, str(scratch)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert int(done.stdout) < 300 << 20
