import copy
import pickle

import numpy as np
import pytest

from fastinit.size import Size


def test_a_size_prints_counts_and_compares_as_a_tuple():
    size = Size([2, np.int64(4)])
    assert repr(size) == "fastinit.Size([2, 4])"
    assert repr(Size()) == "fastinit.Size([])"
    assert size == (2, 4)
    assert hash(size) == hash((2, 4))
    assert size.numel() == 8
    assert Size().numel() == 1


@pytest.mark.parametrize(
    "made",
    [
        Size([2, 3])[1:],
        Size([2]) + (3,),  # noqa: RUF005
        (3,) + Size([2]),  # noqa: RUF005
        Size([2]) * 2,
        2 * Size([2]),
        copy.deepcopy(Size([2])),
        pickle.loads(pickle.dumps(Size([2]))),
    ],
)
def test_what_is_made_of_a_size_is_a_size(made):
    assert type(made) is Size


def test_an_item_is_an_int():
    assert type(Size([2])[0]) is int
    with pytest.raises(TypeError, match=r"takes an iterable of 'int' \(item 1 is 'float'\)"):
        Size([2, 3.0])
    with pytest.raises(TypeError, match="can only concatenate tuple"):
        Size([2]) + [3]  # noqa: RUF005
