"""What can be filled in place is adopted as it is; the rest is refused."""

import numpy as np
import pytest

from fastinit.memory import adopt, filled


class Holder:
    """Stands for a tensor: it counts how often it was filled."""

    def __init__(self) -> None:
        self.array = np.zeros(3)
        self.version = 0

    def _adopt_for_fill(self):
        return self.array

    def _count_fill(self):
        self.version += 1


def test_an_array_is_adopted_as_it_is(tmp_path):
    array = np.zeros((3, 2))
    assert adopt(array)[0] is array
    mapped = np.memmap(tmp_path / "weights", np.float32, "w+", shape=(2, 2))
    assert adopt(mapped)[0] is mapped


def test_a_tensor_gives_its_array_and_counts_a_fill():
    holder = Holder()
    assert adopt(holder)[0] is holder.array
    assert holder.version == 0
    assert filled(holder) is holder
    assert holder.version == 1
    array = np.zeros(2)
    assert filled(array) is array


@pytest.mark.parametrize("other", [[1.0], (1.0,), 1.0, np.float32(1), None, "x", {}, object()])
def test_what_could_be_filled_in_a_copy_only_is_refused(other):
    with pytest.raises(TypeError, match=f"got {type(other).__name__}: make an array of it first"):
        adopt(other)
