"""Values: any range of a tensor's elements is the same range of the tensor that is filled whole."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastinit import Generator
from fastinit.checkpoint.values import Values, boxes, divisible, working_bytes
from fastinit.nn.init import Layout
from fastinit.recipe import Assignment, Recipe, Rule, TensorSpec
from fastinit.recipe.initialiser import Initialiser
from reference.checkpoints import SEED, open_files

Array = np.ndarray[Any, Any]


def tensor(rule: Rule, shape: tuple[int, ...], dtype: str = "float32") -> Assignment:
    return Recipe([rule], tensors={"w": TensorSpec(shape, dtype)}).assignments["w"]


def whole(of: Assignment) -> Array:
    """What a call of the initialiser gives, flattened."""
    values = np.empty(of.spec.shape, of.spec.numpy_dtype)
    of.initialiser.fill(values, Generator(seed=SEED).fork(of.name))
    return values.reshape(-1)


def in_ranges(of: Assignment, cuts: list[int]) -> Array:
    """What one `Values` gives, range by range, in order."""
    values = Values(of, SEED)
    found = np.empty(of.spec.numel, of.spec.numpy_dtype)
    edges = sorted({0, of.spec.numel, *(cut % (of.spec.numel + 1) for cut in cuts)})
    for start, stop in pairwise(edges):
        values.fill(found[start:stop], start)
    return found


CUTS = st.lists(st.integers(0, 10_000), max_size=6)
SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)
DTYPES = ["float16", "bfloat16", "float32", "float64"]


@given(st.data())
def test_boxes_cover_a_range_of_flat_indices_in_order(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    flat = np.arange(math.prod(shape)).reshape(shape)
    start = data.draw(st.integers(0, flat.size))
    stop = data.draw(st.integers(start, flat.size))
    found = [flat[box].reshape(-1) for box in boxes(shape, start, stop)] if start < stop else []
    assert [index for each in found for index in each] == list(range(start, stop))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["normal_", "uniform_", "ones_"])
@given(shape=SHAPES, cuts=CUTS)
def test_ranges_of_what_is_made_element_by_element(
    name: str, dtype: str, shape: tuple[int, ...], cuts: list[int]
) -> None:
    of = tensor(Rule("*", name), shape, dtype)
    assert in_ranges(of, cuts).tobytes() == whole(of).tobytes()


LAYOUTS = st.builds(
    Layout,
    splits=st.sampled_from([None, 2, 3]),
    expert_axis=st.sampled_from([None, 0, 1, 2, -1, (0, 1), (1, 2), (0, 2), (0, 3)]),
    transposed=st.booleans(),
    kernel_first=st.booleans(),
)


@st.composite
def of_matrices(draw: st.DrawFn, names: list[str], sizes: st.SearchStrategy[int]) -> Assignment:
    """A tensor of matrices, in any layout that fits its shape."""
    name = draw(st.sampled_from(names))
    shape = tuple(draw(st.lists(sizes, min_size=2, max_size=4)))
    layout = draw(st.none() | LAYOUTS)
    arguments: dict[str, Any] = {"sparse_": {"sparsity": 0.5}}.get(name, {})
    try:
        return tensor(Rule("*", name, arguments, layout=layout), shape, draw(st.sampled_from(DTYPES)))
    except ValueError:
        return tensor(Rule("*", "orthogonal_"), shape[:2])  # this layout fits no such shape


@settings(deadline=None, max_examples=200)
@given(of=of_matrices(["kaiming_normal_", "xavier_uniform_"], st.sampled_from([1, 2, 3, 6])), cuts=CUTS)
def test_ranges_of_matrices_that_are_scaled_by_their_fans(of: Assignment, cuts: list[int]) -> None:
    assert in_ranges(of, cuts).tobytes() == whole(of).tobytes()


@settings(deadline=None, max_examples=300)
@example(of=tensor(Rule("*", "orthogonal_", layout=Layout(splits=3, expert_axis=1)), (3, 2, 1)), cuts=[])
@given(of=of_matrices(["orthogonal_", "sparse_"], st.sampled_from([0, 1, 2, 3, 6])), cuts=CUTS)
def test_ranges_of_matrices_that_are_made_whole(of: Assignment, cuts: list[int]) -> None:
    assert in_ranges(of, cuts).tobytes() == whole(of).tobytes()


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (None, (8, 4, 3, 3)),
        (Layout(splits=2), (8, 4, 3, 3)),
        (Layout(splits=2, transposed=True), (4, 8, 3, 3)),
        (Layout(splits=2, transposed=True, kernel_first=True), (3, 3, 4, 8)),
        (Layout(expert_axis=4), (8, 4, 3, 3, 2)),
    ],
)
@given(cuts=CUTS)
def test_ranges_of_a_kernel_whose_centre_is_orthogonal(
    layout: Layout | None, shape: tuple[int, ...], cuts: list[int]
) -> None:
    of = tensor(Rule("*", "delta_orthogonal_", layout=layout), shape)
    assert in_ranges(of, cuts).tobytes() == whole(of).tobytes()


@pytest.mark.parametrize("layout", [None, Layout(expert_axis=0), Layout(expert_axis=1)])
@given(cuts=st.lists(st.integers(0, 72), min_size=2, max_size=6))
def test_ranges_may_be_asked_for_in_any_order(layout: Layout | None, cuts: list[int]) -> None:
    of = tensor(Rule("*", "orthogonal_", layout=layout), (4, 6, 3) if layout else (8, 9))
    expected = whole(of)
    values = Values(of, SEED)
    for start, stop in pairwise(cuts):
        found = np.empty(max(stop - start, 0), np.float32)
        values.fill(found, min(start, stop))
        assert found.tobytes() == expected[start:stop].tobytes()


@pytest.mark.parametrize(
    ("layout", "shape", "matrices"),
    [
        (None, (24, 12), 1),
        (Layout(splits=3), (24, 12), 3),
        (Layout(splits=3, transposed=True), (12, 24), 3),
        (Layout(expert_axis=0), (4, 6, 12), 4),
        (Layout(expert_axis=1), (6, 4, 12), 4),
        (Layout(expert_axis=0, splits=2, transposed=True), (4, 12, 6), 8),
    ],
)
def test_each_matrix_is_made_once_where_ranges_come_in_order(
    layout: Layout | None, shape: tuple[int, ...], matrices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Counter[tuple[int, ...]] = Counter()
    fill = Initialiser.fill

    def counted(self: Initialiser, out: Any, generator: Generator, shard: Any = None) -> None:
        made[shard.start] += 1
        fill(self, out, generator, shard)

    of = tensor(Rule("*", "orthogonal_", layout=layout), shape)
    monkeypatch.setattr(Initialiser, "fill", counted)
    in_ranges(of, list(range(0, of.spec.numel, 7)))
    assert len(made) == matrices
    assert set(made.values()) == {1}


@pytest.mark.parametrize(
    ("layout", "apart"),
    [
        (None, True),
        (Layout(splits=3), True),
        (Layout(expert_axis=0), True),
        (Layout(splits=3, transposed=True), False),
        (Layout(expert_axis=1), False),
    ],
)
def test_only_rows_that_take_turns_cannot_be_made_apart(layout: Layout | None, apart: bool) -> None:
    assert divisible(tensor(Rule("*", "orthogonal_", layout=layout), (6, 6, 6))) is apart
    assert divisible(tensor(Rule("*", "xavier_normal_", layout=layout), (6, 6, 6)))


def test_matrices_whose_rows_take_turns_wait_in_a_file_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    of = tensor(Rule("*", "orthogonal_", layout=Layout(splits=2, transposed=True)), (6, 8))
    values = Values(of, SEED)
    values.fill(np.empty(5, np.float32), 3)
    assert any(path.startswith(str(tmp_path)) for path in open_files())
    assert not list(tmp_path.iterdir())
    del values
    assert not any(path.startswith(str(tmp_path)) for path in open_files())


@pytest.mark.parametrize("name", ["orthogonal_", "sparse_"])
def test_the_memory_of_a_matrix_is_that_of_the_largest_of_a_tensor(name: str) -> None:
    arguments = {"sparsity": 0.5} if name == "sparse_" else {}
    split = Layout(splits=(10, 30, 20))
    large = working_bytes(tensor(Rule("*", name, arguments, layout=split), (60, 40)))
    assert large == working_bytes(tensor(Rule("*", name, arguments), (30, 40)))
    assert large >= 30 * 40 * 4
    assert working_bytes(tensor(Rule("*", name, arguments), (0, 40))) == 0
