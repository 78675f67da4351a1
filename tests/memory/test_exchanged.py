"""What lends its memory by DLPack or as a buffer is filled in place, with the bits that an array gets."""

import array
import ctypes
import gc
import mmap
from multiprocessing import shared_memory

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit import Generator, Shard
from fastinit.memory import adopt, filled
from fastinit.nn import init
from fastinit.recipe import Recipe, Rule
from reference import capsules
from reference.capsules import Lender
from reference.initialisers import RANDOM_CALLS


class Exporter:
    """A class of the user's own, over an array."""

    def __init__(self, held):
        self.held = held

    def __dlpack__(self, **keywords):
        return fastinit.from_numpy(self.held).__dlpack__(**keywords)

    def __dlpack_device__(self):
        return 1, 0


# Each makes something of shape (6, 4) to fill.
HOLDERS = {
    "dlpack-float16": lambda: Exporter(np.zeros((6, 4), np.float16)),
    "dlpack-bfloat16": lambda: Exporter(np.zeros((6, 4), ml_dtypes.bfloat16)),
    "dlpack-float32": lambda: Exporter(np.zeros((6, 4), np.float32)),
    "dlpack-float64": lambda: Exporter(np.zeros((6, 4))),
    "dlpack-strided": lambda: Exporter(np.zeros((8, 12), np.float32)[:, 1::2].T),
    "memoryview": lambda: memoryview(bytearray(96)).cast("f", (6, 4)),
    "memoryview-of-array": lambda: memoryview(np.zeros((6, 8), np.float16)[:, ::-2]),
    "ctypes": ctypes.c_double * 4 * 6,
    "mmap": lambda: memoryview(mmap.mmap(-1, 192)).cast("d", (6, 4)),
}
CALLS = [*RANDOM_CALLS, ("eye_", {}), ("constant_", {"val": 3})]


def shown(holder):
    return holder.held if isinstance(holder, Exporter) else np.asarray(holder)


@pytest.mark.parametrize("kind", HOLDERS)
@pytest.mark.parametrize(("name", "keywords"), CALLS)
def test_what_lends_its_memory_gets_the_bits_of_an_array(name, keywords, kind):
    holder = HOLDERS[kind]()
    random = {} if name in {"eye_", "constant_"} else {"generator": Generator(seed=3)}
    expected = np.zeros_like(shown(holder), order="C")
    getattr(init, name)(expected, **keywords, **random)
    random = random and {"generator": Generator(seed=3)}
    assert getattr(init, name)(holder, **keywords, **random) is holder
    assert shown(holder).tobytes() == expected.tobytes()


@pytest.mark.parametrize("code", "fd")
def test_an_array_of_python_is_filled_and_may_grow_again(code):
    numbers = array.array(code, [0] * 10)
    assert init.normal_(numbers, generator=Generator(seed=1)) is numbers
    assert numbers.tolist() == init.normal_(np.zeros(10, code), generator=Generator(seed=1)).tolist()
    gc.disable()
    try:
        init.normal_(numbers)
        numbers.append(1)  # BufferError, if anything still looked at its memory
    finally:
        gc.enable()


def test_an_adopted_buffer_is_lent_until_the_array_is_gone():
    numbers = array.array("f", [0] * 10)
    adopted, shard = adopt(numbers)
    assert shard is None
    with pytest.raises(BufferError):
        numbers.append(1)
    del adopted
    numbers.append(1)


def test_a_refused_fill_lends_nothing_and_moves_nothing():
    numbers = array.array("f", [7] * 10)
    generator = Generator(seed=1)
    with pytest.raises(RuntimeError, match="std >= 0"):
        init.normal_(numbers, std=-1, generator=generator)
    numbers.append(7)
    assert set(numbers) == {7}
    assert generator._take(0)[2] == 0


def test_memory_that_processes_share_is_filled_for_all_of_them_and_may_be_closed():
    memory = shared_memory.SharedMemory(create=True, size=4096)
    other = shared_memory.SharedMemory(memory.name)
    with memory.buf[:96] as part, part.cast("f", (6, 4)) as matrix:
        init.normal_(matrix, generator=Generator(seed=1))
    expected = init.normal_(np.empty((6, 4), np.float32), generator=Generator(seed=1))
    assert other.buf[:96] == expected.tobytes()
    memory.close()
    other.close()
    memory.unlink()


def test_memory_lent_by_dlpack_is_given_back_after_the_fill():
    lender = Lender((2, 4))
    init.ones_(lender)
    assert lender.deleted == 1
    assert list(lender.memory)[:9] == [1] * 8 + [8]


@pytest.mark.parametrize(
    "holder", [bytearray(4), mmap.mmap(-1, 4), array.array("i", [7] * 4), (ctypes.c_bool * 4)()], ids=type
)
def test_integers_take_constants_only(holder):
    with pytest.raises(NotImplementedError):
        init.normal_(holder)
    init.ones_(holder)
    assert np.asarray(memoryview(holder)).tolist() == [1] * 4


def test_a_number_of_ctypes_is_filled():
    number = ctypes.c_double()
    assert init.constant_(number, 2.5) is number
    assert number.value == 2.5


def test_a_box_of_a_tensor_is_filled_wherever_it_lies():
    whole = init.normal_(np.empty((6, 4), np.float32), generator=Generator(seed=1))
    part = memoryview(bytearray(3 * 2 * 4)).cast("f", (3, 2))
    shard = Shard((6, 4), (slice(2, 5), slice(1, 3)))
    init.normal_(part, generator=Generator(seed=1), shard=shard)
    assert np.asarray(part).tolist() == whole[shard.index].tolist()


def test_a_mapping_of_such_memory_is_initialised():
    held = {"weight": Exporter(np.zeros((3, 4))), "bias": array.array("f", [0] * 4)}
    fastinit.initialize_(held, Recipe([Rule("*", "normal_")]), seed=1)
    expected = {"weight": np.zeros((3, 4)), "bias": np.zeros(4, np.float32)}
    fastinit.initialize_(expected, Recipe([Rule("*", "normal_")]), seed=1)
    assert held["weight"].held.tolist() == expected["weight"].tolist()
    assert held["bias"].tolist() == expected["bias"].tolist()


def test_there_is_no_version_to_count_up():
    numbers = array.array("f", [0])
    assert filled(numbers) is numbers


class OnCuda:
    def __dlpack__(self, **_):
        raise AssertionError("nobody asks for memory that cannot be used")

    def __dlpack_device__(self):
        return capsules.CUDA, 0


class Private(Exporter):
    def __dlpack__(self, **_):
        raise BufferError("it is mine")


def read_only():
    held = np.zeros(3)
    held.flags.writeable = False
    return held


REFUSED = [
    (OnCuda, "OnCuda in place: the memory is on a CUDA device"),
    (lambda: Private(np.zeros(3)), "it is mine"),
    (lambda: Exporter(read_only()), "read-only"),
    (lambda: Lender(flags=capsules.READ_ONLY), "read-only"),
    (lambda: Lender(version=None), "before DLPack 1"),
    (lambda: Lender(flags=capsules.COPIED), "is a copy"),
    (lambda: Lender(code=capsules.COMPLEX, bits=64), "the elements are complex64"),
    (lambda: b"1234", "bytes in place: its memory is read-only"),
    (lambda: memoryview(b"1234").cast("f"), "memoryview in place: its memory is read-only"),
    (lambda: memoryview(read_only()), "read-only"),
    (lambda: mmap.mmap(-1, 4, access=mmap.ACCESS_READ), "read-only"),
    (ctypes.c_float.__ctype_be__ * 3, ">f4, are not in this machine's byte order"),
    (lambda: memoryview(np.zeros(3, ">f8")), "byte order"),
    (ctypes.c_void_p * 2, "make an array of it first"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_memory_that_cannot_be_written_in_place_is_refused(make, message):
    holder = make()
    generator = Generator(seed=1)
    with pytest.raises(TypeError, match=message):
        init.normal_(holder, generator=generator)
    assert generator._take(0)[2] == 0


def test_memory_whose_elements_overlap_or_are_not_aligned_is_refused():
    with pytest.raises(RuntimeError, match="single memory location"):
        init.normal_(Lender((3, 3), (1, 1)))
    with pytest.raises(ValueError, match="not aligned"):
        init.normal_(memoryview(bytearray(9))[1:].cast("f"))
