"""A shard knows its box, and refuses one that is not in the global tensor."""

import numpy as np
import pytest

from fastinit import Shard


def test_a_shard_knows_its_start_its_shape_and_its_slices():
    shard = Shard((8, 6, 4), (slice(2, 5), slice(None), slice(3, None)))
    assert shard.global_shape == (8, 6, 4)
    assert shard.start == (2, 0, 3)
    assert shard.shape == (3, 6, 1)
    assert shard.index == (slice(2, 5), slice(0, 6), slice(3, 4))
    assert shard.global_numel() == 192


def test_the_slices_cut_the_box_out_of_the_whole():
    whole = np.arange(48).reshape(8, 6)
    shard = Shard(whole.shape, (slice(6, 8), slice(1, 3)))
    assert whole[shard.index].tolist() == [[37, 38], [43, 44]]


def test_a_shard_may_be_empty_and_a_tensor_without_dimensions_has_one():
    assert Shard((3, 2), (slice(1, 1), slice(None))).shape == (0, 2)
    assert Shard((), ()).shape == ()


def test_numpy_integers_are_ints():
    assert Shard(np.array([4]), (slice(np.int64(1), np.int32(3)),)).shape == (2,)


@pytest.mark.parametrize(
    ("shape", "index", "message"),
    [
        ((4,), (slice(0, 5),), "0 <= start <= stop <= 4 in dimension 0"),
        ((4, 4), (slice(None), slice(-2, None)), "in dimension 1"),
        ((4,), (slice(3, 2),), r"got slice\(3, 2\)"),
        ((4,), (slice(0, 4, 2),), "step 1, got step 2 in dimension 0"),
        ((4,), (slice(4, 0, -1),), "step 1"),
        ((4, 4), (slice(None),), r"a slice for each dimension of \(4, 4\), got 1"),
        ((4, -1), (slice(None), slice(None)), "sizes of at least 0"),
    ],
)
def test_a_box_outside_the_tensor_is_refused(shape, index, message):
    with pytest.raises(ValueError, match=message):
        Shard(shape, index)


@pytest.mark.parametrize("index", [slice(None), [slice(None)], (0,), (slice(0.5, 2),), None])
def test_an_index_that_is_no_tuple_of_slices_is_refused(index):
    with pytest.raises(TypeError):
        Shard((4,), index)


def test_shards_compare_hash_and_print_by_what_they_are():
    shard = Shard((4, 2), (slice(None), slice(1, 2)))
    assert shard == Shard((4, 2), (slice(0, 4), slice(1, 2)))
    assert shard != Shard((5, 2), (slice(0, 4), slice(1, 2)))
    assert shard != "a shard"
    assert len({shard, Shard((4, 2), (slice(0, 4), slice(1, 2)))}) == 1
    assert eval(repr(shard)) == shard
    assert repr(Shard((4,), (slice(1, 2),))) == "Shard((4,), (slice(1, 2),))"


def test_an_array_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"has the shape \(2,\), but the tensor to fill has \(3,\)"):
        Shard((4,), (slice(1, 3),)).check((3,))
