"""The plan: which tensor lies where, known before anything is written."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastinit import checkpoint
from fastinit.checkpoint import Plan, plan
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec
from reference.checkpoints import RECIPE, layers

MIB = 1 << 20


def of_sizes(sizes: list[int]) -> Recipe:
    """Tensors of so many bytes."""
    tensors = {f"{number:03d}": TensorSpec((size // 2,), "float16") for number, size in enumerate(sizes)}
    return Recipe([Rule("*", "normal_")], tensors=tensors)


def names_in(made: Plan) -> list[list[str]]:
    return [[tensor.name for tensor in file.tensors] for file in made.files]


SIZES = st.lists(st.integers(0, 50).map(lambda half: 2 * half), min_size=1, max_size=30)


@given(SIZES, st.integers(1, 200))
def test_a_file_holds_no_more_than_a_shard_but_for_a_tensor_that_is_larger_and_alone(
    sizes: list[int], limit: int
) -> None:
    for file in plan(of_sizes(sizes), limit).files:
        assert file.data_bytes <= limit or len(file.tensors) == 1


@given(SIZES, st.integers(1, 200))
def test_every_tensor_lies_in_one_file_in_the_order_of_the_recipe(sizes: list[int], limit: int) -> None:
    recipe = of_sizes(sizes)
    made = plan(recipe, limit)
    assert [name for file in names_in(made) for name in sorted(file)] == list(recipe.tensors)
    assert [tensor.name for tensor in made.tensors] == [name for file in names_in(made) for name in file]


@given(SIZES, st.integers(100, 300))
def test_files_are_those_of_hugging_face_where_no_tensor_is_larger_than_one(
    sizes: list[int], limit: int
) -> None:
    split = pytest.importorskip("huggingface_hub.serialization").split_state_dict_into_shards_factory
    theirs = split(
        {f"{number:03d}": size for number, size in enumerate(sizes)},
        get_storage_size=int,
        filename_pattern="model{suffix}.safetensors",
        max_shard_size=limit,
    )
    made = plan(of_sizes(sizes), limit)
    assert {file.name: [tensor.name for tensor in file.tensors] for file in made.files} == (
        theirs.filename_to_tensors
    )
    if made.index is not None:
        index = json.loads(made.index)
        assert index["metadata"] == theirs.metadata
        assert index["weight_map"] == theirs.tensor_to_filename


def test_one_file_has_the_name_of_one_and_no_index() -> None:
    made = plan(RECIPE)
    assert [file.name for file in made.files] == ["model.safetensors"]
    assert made.index is None


def test_several_files_are_numbered_and_listed_in_an_index() -> None:
    made = plan(layers(3, (4,)), 16)
    names = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    assert [file.name for file in made.files] == names
    assert made.index is not None
    assert json.loads(made.index) == {
        "metadata": {"total_size": 48},
        "weight_map": dict(zip(["h.0.weight", "h.1.weight", "h.2.weight"], names, strict=True)),
    }


@pytest.mark.parametrize("limit", ["1", "100", "5GB"])
def test_every_value_lies_at_a_multiple_of_its_size(limit: str) -> None:
    for file in plan(RECIPE, limit).files:
        assert len(file.header) % 8 == 0
        for tensor in file.tensors:
            place = len(file.header) + file.entries[tensor.name].start
            assert place % tensor.spec.numpy_dtype.itemsize == 0


@pytest.mark.parametrize("limit", ["1", "100", "5GB"])
def test_the_tensors_of_a_file_lie_one_behind_another_without_a_gap(limit: str) -> None:
    for file in plan(RECIPE, limit).files:
        entries = [file.entries[tensor.name] for tensor in file.tensors]
        assert [0, *(entry.stop for entry in entries)] == [
            *(entry.start for entry in entries),
            file.data_bytes,
        ]


def test_the_header_of_the_file_that_holds_the_source_names_what_is_tied_to_it() -> None:
    ties = {"x": "h.1.weight", "y": "h.0.weight", "z": "h.0.weight"}
    recipe = layers(3, (4,))
    made = plan(Recipe(recipe.rules, tensors=recipe.tensors, ties=ties), 16)
    assert [json.loads(file.header[8:])["__metadata__"] for file in made.files] == [
        {"format": "pt", "y": "h.0.weight", "z": "h.0.weight"},
        {"format": "pt", "x": "h.1.weight"},
        {"format": "pt"},
    ]


def test_a_tensor_larger_than_a_shard_is_cut_into_parts_that_are_written_apart() -> None:
    recipe = Recipe([Rule("*", "normal_")], tensors={"a": TensorSpec((3,)), "b": TensorSpec((MIB + 1,))})
    made = plan(recipe, "1MiB")
    small, large = made.files
    assert small.whole
    assert not large.whole
    assert (large.cuts[0], large.cuts[-1]) == (0, 4 * (MIB + 1))
    assert all(0 < last - first <= MIB for first, last in pairwise(large.cuts))
    assert [(part.start, part.stop) for part in made.parts if part.file == 1] == list(pairwise(large.cuts))


def test_no_part_shares_a_page_of_its_file_with_another() -> None:
    large = plan(layers(1, (MIB,)), "1MiB").files[0]
    assert all((len(large.header) + cut) % 4096 == 0 for cut in large.cuts)


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        (Rule("*", "normal_"), 8),
        (Rule("*", "kaiming_normal_", layout=Layout(expert_axis=0)), 8),
        (Rule("*", "orthogonal_", layout=Layout(expert_axis=0)), 8),
        (Rule("*", "orthogonal_"), 1),
        (Rule("*", "orthogonal_", layout=Layout(expert_axis=2)), 1),
    ],
    ids=["elementwise", "elementwise experts", "a matrix for each expert", "one matrix", "rows take turns"],
)
def test_a_tensor_is_cut_where_its_parts_can_be_made_apart(rule: Rule, parts: int) -> None:
    recipe = Recipe([rule], tensors={"w": TensorSpec((32, 256, 256))})
    assert len(plan(recipe, "1MiB").parts) == parts


def test_the_memory_for_a_matrix_is_that_of_the_largest() -> None:
    rules = [
        Rule("a", "orthogonal_"),
        Rule("b", "orthogonal_", layout=Layout(expert_axis=0)),
        Rule("*", "ones_"),
    ]
    tensors = {"a": TensorSpec((60, 50)), "b": TensorSpec((9, 50, 50)), "c": TensorSpec((9000,))}
    nbytes, name = plan(Recipe(rules, tensors=tensors)).largest_matrix
    assert name == "a"
    assert nbytes >= 2 * 4 * 60 * 50


def test_elementwise_initialisers_need_no_memory_for_matrices() -> None:
    assert plan(RECIPE).largest_matrix == (0, None)


def test_a_matrix_larger_than_the_memory_allowed_is_refused_before_anything_is_there(tmp_path: Path) -> None:
    recipe = Recipe([Rule("*", "orthogonal_")], tensors={"w": TensorSpec((500, 500))}, source="r.toml")
    with pytest.raises(
        RecipeError, match=r'r\.toml: tensor "w": orthogonal_\(\) makes whole .* \(--max-memory\)'
    ):
        checkpoint.write(recipe, tmp_path / "out", max_memory="1MB")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(RECIPE.rules), r"\[tensors\] is empty"),
        (
            Recipe([Rule("*", "ones_")], tensors={"__metadata__": TensorSpec((1,))}),
            "keeps the name for itself",
        ),
    ],
)
def test_a_recipe_that_no_file_can_hold_is_refused(recipe: Recipe, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        plan(recipe)


def test_a_header_longer_than_safetensors_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[plan.__module__], "MOST_BYTES", 150)
    with pytest.raises(RecipeError, match=r"header of model\.safetensors would take .* smaller shard size"):
        plan(layers(5))
    plan(layers(5), 256 * 256 * 4)


def test_the_bytes_of_a_plan_too_large_for_any_disk_are_exact() -> None:
    recipe = layers(80, (8192, 131072), "bfloat16")
    made = plan(recipe)
    assert sum(file.data_bytes for file in made.files) == 80 * 8192 * 131072 * 2
    assert made.nbytes == sum(file.nbytes for file in made.files)
    assert made.numel == 80 * 8192 * 131072


@pytest.mark.parametrize("size", [0, -1, "0", "5 XB", "", "GB", "-1GB", 1.5, True])
def test_what_is_no_size_is_refused(size: object) -> None:
    with pytest.raises(ValueError, match="size"):
        plan(RECIPE, size)
