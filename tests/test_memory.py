"""What can be filled in place is adopted as it is; the rest is refused, and the reason told."""

import numpy as np
import pytest
from ml_dtypes import bfloat16, float8_e4m3fn

from fastinit.memory import adopt, check_floating, check_writable, filled


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
    assert adopt(array) is array
    mapped = np.memmap(tmp_path / "weights", np.float32, "w+", shape=(2, 2))
    assert adopt(mapped) is mapped


def test_a_tensor_gives_its_array_and_counts_a_fill():
    holder = Holder()
    assert adopt(holder) is holder.array
    assert holder.version == 0
    assert filled(holder) is holder
    assert holder.version == 1
    array = np.zeros(2)
    assert filled(array) is array


@pytest.mark.parametrize("other", [[1.0], (1.0,), 1.0, np.float32(1), None, "x", memoryview(b"abcd")])
def test_what_could_be_filled_in_a_copy_only_is_refused(other):
    with pytest.raises(TypeError, match=f"got {type(other).__name__}: make an array of it first"):
        adopt(other)


def read_only():
    array = np.zeros(4)
    array.setflags(write=False)
    return array


def not_aligned():
    return np.frombuffer(bytearray(33), np.uint8)[1:].view(np.float64)


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (read_only(), ValueError, "read-only"),
        (np.zeros(4, np.dtype(np.float32).newbyteorder()), ValueError, "byte order"),
        (not_aligned(), ValueError, "not aligned"),
        (np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,)), RuntimeError, "single memory location"),
        (
            np.lib.stride_tricks.as_strided(np.zeros(9), (4, 3), (16, 8)),
            RuntimeError,
            "unsupported operation",
        ),
    ],
)
def test_memory_that_cannot_be_written_element_by_element_is_refused(array, error, message):
    with pytest.raises(error, match=message):
        check_writable(array)


base = np.zeros((4, 6, 5))


@pytest.mark.parametrize(
    "array",
    [
        base,
        base.T,
        base[::-1, ::2],
        base.transpose(1, 0, 2)[:, 1:3],
        base[:, 2],
        np.zeros(()),
        np.zeros((0, 3))[:, ::2],
        np.lib.stride_tricks.as_strided(np.zeros(2), (1, 2), (0, 8)),
    ],
)
def test_views_that_reach_each_element_once_are_accepted(array):
    check_writable(array)


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
def test_the_four_floating_dtypes_are_accepted(dtype):
    check_floating(np.zeros(2, dtype), "kernel")


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.bool_, "Bool"),
        (np.uint8, "Byte"),
        (np.int8, "Char"),
        (np.int16, "Short"),
        (np.int32, "Int"),
        (np.int64, "Long"),
        (np.complex64, "ComplexFloat"),
        (np.complex128, "ComplexDouble"),
        (float8_e4m3fn, "float8_e4m3fn"),
        (object, "object"),
        ("U3", "str96"),
    ],
)
def test_other_dtypes_are_refused_under_pytorchs_names(dtype, name):
    with pytest.raises(NotImplementedError, match=f"\"normal_kernel_cpu\" not implemented for '{name}'"):
        check_floating(np.zeros(2, dtype), "normal_kernel_cpu")
