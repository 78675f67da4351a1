"""Writing a checkpoint: the bits of the recipe, in files that others read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import fastinit
from fastinit import checkpoint
from fastinit.checkpoint import stream
from fastinit.recipe import Recipe, Rule, TensorSpec, value
from reference.checkpoints import (
    PEAK_MEMORY,
    RECIPE,
    RULES,
    SEED,
    TENSORS,
    contents,
    filled,
    layers,
    open_files,
)

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported: no test reaches a network


def read(directory: Path) -> dict[str, np.ndarray[Any, Any]]:
    """All that the files of a checkpoint hold."""
    found: dict[str, np.ndarray[Any, Any]] = {}
    for path in sorted(directory.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            found |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    return found


def assert_same(found: dict[str, np.ndarray[Any, Any]], recipe: Recipe) -> None:
    expected = filled(recipe)
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert array.dtype == expected[name].dtype
        assert array.shape == expected[name].shape
        assert array.tobytes() == expected[name].tobytes()


@pytest.mark.parametrize("limit", [1, 100, 150, "1KB", "5GB"])
def test_the_files_hold_what_filling_in_place_gives(tmp_path: Path, limit: int | str) -> None:
    manifest = checkpoint.write(RECIPE, tmp_path, seed=SEED, max_shard_size=limit)
    assert_same(read(tmp_path), RECIPE)
    assert {path.name for path in tmp_path.glob("*.safetensors")} == set(manifest.files)


def test_any_slice_of_a_file_can_be_recomputed_from_the_recipe(tmp_path: Path) -> None:
    checkpoint.write(RECIPE, tmp_path, seed=SEED)
    found = read(tmp_path)
    for name in ("h.0.weight", "h.1.weight"):
        index = (slice(1, 4), slice(2, None))
        np.testing.assert_array_equal(value(RECIPE, name, index, seed=SEED), found[name][index])


def test_one_file_is_the_one_that_safetensors_writes(tmp_path: Path) -> None:
    untied = Recipe(RULES, tensors=TENSORS)
    checkpoint.write(untied, tmp_path / "ours", seed=SEED)
    save_file(dict(filled(untied)), tmp_path / "theirs", metadata={"format": "pt"})
    assert (tmp_path / "ours" / "model.safetensors").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_a_tied_name_is_left_out_and_the_header_says_to_what_it_is_tied(tmp_path: Path) -> None:
    checkpoint.write(RECIPE, tmp_path, seed=SEED)
    with safe_open(tmp_path / "model.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "pt", "head.weight": "h.0.weight"}
        assert "head.weight" not in file.keys()  # noqa: SIM118 - it is no mapping


def test_the_index_says_in_which_file_each_tensor_lies(tmp_path: Path) -> None:
    checkpoint.write(RECIPE, tmp_path, seed=SEED, max_shard_size=100)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_bytes())
    assert index["weight_map"].keys() == TENSORS.keys()
    for name, file in index["weight_map"].items():
        assert name in load_file(tmp_path / file)
    assert index["metadata"]["total_size"] == sum(array.nbytes for array in read(tmp_path).values())


def test_the_same_seed_gives_the_same_directory_and_another_seed_other_values(tmp_path: Path) -> None:
    for name, seed in (("first", SEED), ("second", SEED), ("third", SEED + 1)):
        checkpoint.write(RECIPE, tmp_path / name, seed=seed)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    first, third = (tmp_path / name / "model.safetensors" for name in ("first", "third"))
    assert first.read_bytes() != third.read_bytes()


def test_other_tensors_change_no_bit_of_a_tensor(tmp_path: Path) -> None:
    names = ["h.1.weight", "extra.weight", "h.0.weight"]
    tensors = {name: TENSORS.get(name, TensorSpec((9,))) for name in names}
    checkpoint.write(Recipe(RULES[1:], tensors=tensors), tmp_path, seed=SEED)
    found, expected = read(tmp_path), filled(RECIPE)
    for name in ("h.0.weight", "h.1.weight"):
        np.testing.assert_array_equal(found[name], expected[name])


def test_a_rule_may_have_a_tensor_stored_as_bfloat16(tmp_path: Path) -> None:
    recipe = Recipe([Rule("*", "normal_", dtype="bfloat16")], tensors={"w": TensorSpec((3, 4))})
    checkpoint.write(recipe, tmp_path, seed=SEED)
    assert read(tmp_path)["w"].dtype == ml_dtypes.bfloat16
    assert_same(read(tmp_path), recipe)


def test_a_directory_is_made_with_those_above_it(tmp_path: Path) -> None:
    checkpoint.write(RECIPE, tmp_path / "a" / "b", seed=SEED)
    assert_same(read(tmp_path / "a" / "b"), RECIPE)


def test_a_relative_directory_is_that_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    manifest = checkpoint.write(RECIPE, "out", seed=SEED)
    assert manifest.url == "out"
    assert_same(read(tmp_path / "out"), RECIPE)


@pytest.mark.parametrize("limit", ["1MiB", "3MB", "5GB"])
def test_the_progress_is_the_bytes_of_the_values(tmp_path: Path, limit: str) -> None:
    steps: list[int] = []
    checkpoint.write(
        layers(3, (1 << 18,), "float64"), tmp_path, seed=SEED, max_shard_size=limit, progress=steps.append
    )
    assert sum(steps) == 3 << 21


@pytest.mark.parametrize("seed", [-(1 << 64), 1 << 64, 1.5, "1"])
def test_a_seed_that_is_not_a_64_bit_int_is_refused(tmp_path: Path, seed: Any) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        checkpoint.write(RECIPE, tmp_path / "out", seed=seed)
    assert not (tmp_path / "out").exists()


def test_an_engine_of_no_known_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='unknown engine "spark"'):
        checkpoint.write(RECIPE, tmp_path / "out", seed=SEED, engine="spark")
    assert not (tmp_path / "out").exists()


# Sizes near those of pages, of a digest's leaves and of buffers, in values of 2 bytes.
LENGTHS = [1, 2047, 2048, 2049, (1 << 17) - 1, 1 << 17, (1 << 17) + 1, 300_001, 1_000_003]


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers of little more than a leaf and a page, so that every tensor of a MiB takes several."""
    monkeypatch.setattr(stream, "buffer_bytes", lambda: stream.LEAF + 2 * stream.PAGE)


@pytest.mark.usefixtures("small_buffers")
@pytest.mark.parametrize(
    ("dtype", "limit"),
    [("bfloat16", 1), ("float32", "300KB"), ("float16", "1MiB"), ("float64", "1MiB"), ("float32", "5GB")],
)
def test_tensors_larger_than_a_buffer(tmp_path: Path, dtype: str, limit: int | str) -> None:
    tensors = {f"{length}.weight": TensorSpec((length,), dtype) for length in LENGTHS}
    tensors["small.weight"] = TensorSpec((3,), "float16")
    recipe = Recipe(RULES[1:], tensors=tensors)
    checkpoint.write(recipe, tmp_path, seed=SEED, max_shard_size=limit)
    assert_same(read(tmp_path), recipe)


@pytest.mark.usefixtures("small_buffers")
def test_many_small_tensors_in_one_buffer_after_another(tmp_path: Path) -> None:
    tensors = {f"{number}.weight": TensorSpec((number % 89,), "float16") for number in range(4000)}
    recipe = Recipe(RULES[1:], tensors=tensors)
    checkpoint.write(recipe, tmp_path, seed=SEED)
    assert_same(read(tmp_path), recipe)


def test_digests_do_not_depend_on_the_shards_but_their_tensors_may_lie_elsewhere(tmp_path: Path) -> None:
    recipe = layers(2, (700, 1000))
    manifests = [
        checkpoint.write(recipe, tmp_path / size, seed=SEED, max_shard_size=size)
        for size in ("300KB", "1MB", "5MB", "5GB")
    ]
    digests = [{name: each.blake2b for name, each in manifest.tensors.items()} for manifest in manifests]
    assert all(each == digests[0] for each in digests)


@pytest.fixture
def threads() -> Iterator[None]:
    before = fastinit.get_num_threads()
    yield
    fastinit.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_threads_change_nothing(tmp_path: Path) -> None:
    recipe = layers(3, (1000, 1001), "bfloat16")
    found = []
    for count in (1, 2, 7):
        fastinit.set_num_threads(count)
        checkpoint.write(recipe, tmp_path / str(count), seed=SEED, max_shard_size="1MB")
        found.append(contents(tmp_path / str(count)))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("limit", [100, "5GB"])
def test_files_may_be_read_by_whom_the_umask_lets(tmp_path: Path, limit: int | str) -> None:
    before = os.umask(0o027)
    try:
        checkpoint.write(RECIPE, tmp_path, seed=SEED, max_shard_size=limit)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}


@pytest.mark.parametrize("limit", [1, "1MiB", "5GB"])
def test_no_descriptor_is_left_open(tmp_path: Path, limit: int | str) -> None:
    before = open_files()
    checkpoint.write(layers(2, (1 << 20,)), tmp_path, seed=SEED, max_shard_size=limit)
    assert open_files() == before


LARGE = f"""
{PEAK_MEMORY}
import sys
from fastinit import checkpoint
from fastinit.recipe import Recipe, Rule, TensorSpec
shapes = dict(embedding=(200_000, 1024), head=(150_000, 1024), rest=(7, 11))
tensors = dict((name, TensorSpec(shape)) for name, shape in shapes.items())
recipe = Recipe([Rule("*", "uniform_")], tensors=tensors)
manifest = checkpoint.write(recipe, sys.argv[1], max_shard_size=sys.argv[2])
print(manifest.job.plan.nbytes, peak_memory())
"""


def test_the_memory_does_not_grow_with_the_checkpoint(scratch: Path) -> None:
    """One tensor, larger than a shard, is cut into parts; the others share a file."""
    command = [sys.executable, "-W", "error", "-c", LARGE, str(scratch), "650MB"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    written, memory = map(int, done.stdout.split())
    assert written > 1_400_000_000
    assert memory < 300 << 20


def test_torch_loads_a_model_with_ties(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_model

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(4, 4)
            self.head = torch.nn.Linear(4, 4, bias=False)
            self.head.weight = self.inner.weight

    tensors = {"inner.weight": TensorSpec((4, 4)), "inner.bias": TensorSpec((4,))}
    recipe = Recipe(RULES, tensors=tensors, ties={"head.weight": "inner.weight"})
    checkpoint.write(recipe, tmp_path, seed=SEED)
    model = Model()
    assert load_model(model, tmp_path / "model.safetensors") == (set(), [])
    np.testing.assert_array_equal(model.head.weight.detach().numpy(), filled(recipe)["inner.weight"])


@pytest.mark.parametrize("limit", ["20KB", "5GB"])
def test_transformers_loads_a_model_from_one_file_and_from_several(tmp_path: Path, limit: str) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from fastinit.recipe import tensors_of_model

    config = transformers.GPT2Config(n_layer=2, n_embd=32, n_head=4, vocab_size=99, n_positions=16)
    tensors, ties = tensors_of_model(lambda: transformers.GPT2LMHeadModel(config))
    recipe = Recipe([Rule("*", "normal_", {"std": 0.02})], tensors=tensors, ties=ties)
    checkpoint.write(recipe, tmp_path, seed=SEED, max_shard_size=limit)
    config.save_pretrained(tmp_path)
    model, info = transformers.GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values()), info
    assert model.lm_head.weight is model.transformer.wte.weight
    state = model.state_dict()
    for name, array in filled(recipe).items():
        assert torch.equal(state[name], torch.from_numpy(array))


THREADS = """
import sys
from fastinit import checkpoint
from fastinit.recipe import Recipe, Rule, TensorSpec
tensors = {"a": TensorSpec((999, 3001), "bfloat16"), "b": TensorSpec((1234567,)), "c": TensorSpec((5,))}
checkpoint.write(Recipe([Rule("*", "normal_")], tensors=tensors), sys.argv[1], max_shard_size="5MB")
"""


def test_every_byte_of_the_directory_is_the_same_for_any_number_of_threads(tmp_path: Path) -> None:
    found = []
    for threads in ("1", "2", "7"):
        environment = {**os.environ, "FASTINIT_NUM_THREADS": threads}
        directory = tmp_path / threads
        subprocess.run([sys.executable, "-c", THREADS, str(directory)], check=True, env=environment)
        found.append({path.name: path.read_bytes() for path in directory.iterdir()})
    assert found[0] == found[1] == found[2]
