"""Memory is shared with other libraries by DLPack, both ways, and lives as long as whoever looks at it."""

import gc
import weakref

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from fastinit import _core
from reference import capsules
from reference.capsules import Lender

DTYPES = ["float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]

each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def numbers(shape, dtype):
    """A tensor of small numbers, one after the other, modulo what a bool holds."""
    size = int(np.prod(shape))
    return (
        (fastinit.arange(size) % (2 if dtype == "bool" else 100)).reshape(shape).to(getattr(fastinit, dtype))
    )


def as_numpy(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


@st.composite
def layouts(draw):
    """A shape, and a view of a tensor of that shape: slices with steps, then its dimensions in some order."""
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    slices = tuple(slice(draw(st.integers(0, 2)), None, draw(st.integers(1, 3))) for _ in shape)
    return tuple(shape), slices, draw(st.permutations(range(len(shape))))


def view(tensor, slices, order):
    return (tensor[slices] if slices else tensor).permute(*order) if order else tensor


# With other libraries


@settings(deadline=None)
@given(layouts(), st.sampled_from(DTYPES))
def test_pytorch_sees_the_same_memory_of_any_strides(layout, dtype):
    torch = pytest.importorskip("torch")
    shape, slices, order = layout
    ours = view(numbers(shape, dtype), slices, order)
    theirs = torch.from_dlpack(ours)
    assert theirs.dtype is getattr(torch, dtype)
    assert theirs.double().tolist() == ours.double().tolist()
    again = fastinit.from_dlpack(theirs)
    assert again.dtype is ours.dtype
    assert again.shape == ours.shape
    if ours.numel():
        assert again.data_ptr() == theirs.data_ptr() == ours.data_ptr()
        theirs.zero_()
        assert not ours.any()


@settings(deadline=None)
@given(layouts(), st.sampled_from([each for each in DTYPES if each != "bfloat16"]))
def test_numpy_sees_the_same_memory_of_any_strides(layout, dtype):
    shape, slices, order = layout
    ours = view(numbers(shape, dtype), slices, order)
    theirs = np.from_dlpack(ours)
    assert theirs.dtype == as_numpy(dtype)
    assert theirs.tolist() == ours.tolist()
    again = fastinit.from_dlpack(theirs)
    assert again.dtype is ours.dtype
    if ours.numel():
        assert again.data_ptr() == theirs.ctypes.data == ours.data_ptr()
        theirs[...] = 0
        assert not ours.any()


@each_dtype
def test_an_array_of_numpy_is_taken_backwards_too(dtype):
    array = np.zeros((4, 6), as_numpy(dtype))
    taken = fastinit.from_dlpack(array[::-1, ::-2] if dtype != "bfloat16" else array)
    array[-1, -1] = 1
    assert taken.shape == ((4, 3) if dtype != "bfloat16" else (4, 6))
    assert taken.double().sum() == 1


@each_dtype
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (1, 3, 1)])
def test_shapes_without_dimensions_or_elements_are_handed_over(shape, dtype):
    ours = numbers(shape, dtype)
    for keywords in ({}, {"max_version": (1, 0)}):
        taken = fastinit.from_dlpack(ours.__dlpack__(**keywords))
        assert taken.shape == shape
        assert taken.dtype is ours.dtype
        assert taken.tolist() == ours.tolist()


@pytest.mark.parametrize("function", [fastinit.as_tensor, fastinit.asarray, fastinit.from_dlpack])
def test_what_shares_an_array_shares_what_pytorch_has_in_all_dtypes(function):
    torch = pytest.importorskip("torch")
    theirs = torch.zeros(3, dtype=torch.bfloat16)
    ours = function(theirs)
    theirs[1] = 2
    assert ours.dtype is fastinit.bfloat16
    assert ours.tolist() == [0, 2, 0]


def test_tensor_copies_what_other_libraries_have():
    torch = pytest.importorskip("torch")
    theirs = torch.tensor([[1.0, 2.0]], dtype=torch.bfloat16)
    copied, listed = fastinit.tensor(theirs), fastinit.tensor([theirs[0, 0], theirs[0, 1]])
    theirs.zero_()
    assert copied.tolist() == [[1, 2]]
    assert listed.tolist() == [1, 2]
    assert copied.dtype is listed.dtype is fastinit.bfloat16
    assert fastinit.tensor([torch.ones(2), [3.0, 4.0]]).tolist() == [[1, 1], [3, 4]]


def test_pytorch_takes_a_capsule_of_either_form():
    torch = pytest.importorskip("torch")
    tensor = fastinit.ones(3, dtype=fastinit.bfloat16)
    for capsule in (
        tensor.__dlpack__(),
        tensor.__dlpack__(max_version=(1, 3)),
        fastinit.utils.dlpack.to_dlpack(tensor),
    ):
        torch.from_dlpack(capsule)[0] += 1
    assert tensor.tolist() == [4, 1, 1]


# What a capsule says


@pytest.mark.parametrize(
    ("keywords", "name"),
    [
        ({}, "dltensor"),
        ({"max_version": None}, "dltensor"),
        ({"max_version": (0, 8)}, "dltensor"),
        ({"max_version": (1, 0)}, "dltensor_versioned"),
        ({"max_version": (2, 1), "stream": None, "dl_device": (1, 0), "copy": False}, "dltensor_versioned"),
    ],
)
def test_the_newest_form_that_the_other_library_knows_is_handed_over(keywords, name):
    tensor = fastinit.ones(2, 3).t()
    capsule = tensor.__dlpack__(**keywords)
    assert capsules.name_of(capsule) == name
    said = capsules.contents(capsule)
    assert getattr(said, "major", 1) == 1
    assert getattr(said, "flags", 0) == 0
    fields = said.tensor
    assert (fields.data, fields.byte_offset) == (tensor.data_ptr(), 0)
    assert (fields.device_type, fields.device_id) == tensor.__dlpack_device__()
    assert (fields.code, fields.bits, fields.lanes) == (capsules.FLOAT, 32, 1)
    assert (fields.shape[:2], fields.strides[:2]) == ([3, 2], [1, 3])


def test_a_copy_is_handed_over_as_one():
    tensor = fastinit.ones(4)[::2]
    capsule = tensor.__dlpack__(max_version=(1, 0), copy=True)
    assert capsules.contents(capsule).flags == capsules.COPIED
    fastinit.from_dlpack(capsule)[0] = 5
    assert tensor.tolist() == [1, 1]


def test_read_only_memory_is_handed_over_with_a_flag_or_not_at_all():
    array = np.ones(3)
    array.flags.writeable = False
    tensor = fastinit.from_numpy(array)
    capsule = tensor.__dlpack__(max_version=(1, 0))
    assert capsules.contents(capsule).flags == capsules.READ_ONLY
    assert not np.from_dlpack(tensor).flags.writeable
    with pytest.raises(BufferError, match="read-only, which only DLPack 1 can say"):
        tensor.__dlpack__()
    with pytest.raises(ValueError, match="read-only"):
        fastinit.from_dlpack(capsule)[0] = 5
    assert np.from_dlpack(fastinit.from_dlpack(tensor).clone()).flags.writeable


def test_a_step_that_leads_nowhere_is_as_in_row_major_order():
    capsule = fastinit.from_numpy(np.ones((4, 6))[:, ::-1][:1, :1]).__dlpack__()
    assert capsules.contents(capsule).tensor.strides[:2] == [1, 1]
    capsule = fastinit.from_numpy(np.ones((3, 0, 4))[::-1]).__dlpack__()
    fields = capsules.contents(capsule).tensor
    assert (fields.data, fields.strides[:3]) == (None, [4, 4, 1])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(3)[::-1], "backwards"),
        (np.ones(3, [("a", np.float32), ("b", np.uint8)])["a"], "no multiples|not aligned"),
        (np.ones(3, [("a", np.int16), ("b", np.uint8)])[:1]["a"].repeat(2)[::-1], "backwards"),
        (np.frombuffer(b"123456789", np.int16, offset=1), "not aligned"),
    ],
)
def test_a_layout_that_others_do_not_expect_is_refused_unless_a_copy_will_do(array, message):
    tensor = fastinit.from_numpy(array)
    with pytest.raises(BufferError, match=message):
        tensor.__dlpack__(max_version=(1, 0))
    copied = fastinit.from_dlpack(tensor.__dlpack__(max_version=(1, 0), copy=True))
    assert copied.tolist() == tensor.tolist()


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"stream": 1}, AssertionError, "stream should be None on cpu"),
        ({"dl_device": (2, 0)}, BufferError, r"expected dl_device to be the CPU, \(1, 0\), got \(2, 0\)"),
        ({"dl_device": 1}, TypeError, "dl_device .* got 1"),
        ({"max_version": 1}, TypeError, "max_version .* got 1"),
        ({"max_version": (1, 0, 0)}, TypeError, "max_version"),
    ],
)
def test_what_the_cpu_has_not_is_refused(keywords, error, message):
    with pytest.raises(error, match=message):
        fastinit.ones(2).__dlpack__(**keywords)


@pytest.mark.parametrize("dtype", [np.uint16, np.complex64, ">f4", "U1"])
def test_an_array_that_no_tensor_is_over_is_refused(dtype):
    with pytest.raises(BufferError):
        fastinit.from_dlpack(np.zeros(2, dtype))
    with pytest.raises(BufferError, match="the elements are"):
        _core.give_dlpack(np.zeros(2, dtype), True, False)


# What is taken


def test_memory_without_strides_is_in_row_major_order_from_its_offset_on():
    lender = Lender((2, 3), byte_offset=8)
    tensor = fastinit.from_dlpack(lender)
    assert tensor.tolist() == [[2, 3, 4], [5, 6, 7]]
    lender.memory[3] = -1
    assert tensor[0, 1] == -1


def test_strides_lead_anywhere():
    lender = Lender((2, 2, 2), (-3, 0, 1), byte_offset=40)
    assert fastinit.from_dlpack(lender).tolist() == [[[10, 11]] * 2, [[7, 8]] * 2]


@pytest.mark.parametrize("device", [capsules.CPU, capsules.PINNED, 11])
def test_the_hosts_memory_is_taken_pinned_or_not(device):
    assert fastinit.from_dlpack(Lender(device_type=device)).tolist() == [0, 1, 2]


REFUSED = [
    ({"device_type": capsules.CUDA}, "the memory is on a CUDA device: only the CPU's can be shared"),
    ({"device_type": 13}, "a CUDA device"),
    ({"device_type": 99}, "a device of type 99"),
    ({"device_type": -1}, "a device of type -1"),
    ({"lanes": 4}, "the elements are float32 in vectors of 4"),
    ({"code": capsules.COMPLEX, "bits": 64}, "the elements are complex64"),
    ({"code": capsules.FLOAT8_E5M2, "bits": 8}, "the elements are float8_e5m2"),
    ({"code": capsules.UINT, "bits": 16}, "the elements are uint16"),
    ({"code": capsules.FLOAT, "bits": 128}, "the elements are float128"),
    ({"code": capsules.BOOL, "bits": 1}, "the elements are bool"),
    ({"code": 200}, "of code 200"),
    ({"data": None}, "no memory"),
    ({"ndim": 1, "shape": ()}, "the shape is missing"),
    ({"ndim": -1}, "the shape is missing"),
    ({"shape": (-3,)}, "length -3"),
    ({"shape": (2**62, 2**62)}, "too large"),
    ({"strides": (2**62,)}, "too large"),
    ({"version": (2, 0)}, "DLPack 2.0: only version 1"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_what_cannot_be_shared_is_refused_and_stays_the_capsules(fields, message):
    lender = Lender(**fields)
    with pytest.raises(BufferError, match=message):
        fastinit.from_dlpack(lender)
    with pytest.raises(BufferError, match=message):
        fastinit.from_dlpack(lender.capsule)
    assert lender.deleted == 0
    assert not capsules.name_of(lender.capsule).startswith("used")


def test_more_dimensions_than_an_array_has_are_refused():
    lender = Lender((1,) * 65)
    with pytest.raises(ValueError, match="dimension"):
        fastinit.from_dlpack(lender)
    assert lender.deleted == 0


def test_a_form_that_cannot_say_whether_it_may_be_written_to_is_read_only():
    lender = Lender(version=None)
    tensor = fastinit.from_dlpack(lender)
    with pytest.raises(ValueError, match="read-only"):
        tensor[0] = 5
    with pytest.raises(ValueError, match="WRITEABLE"):
        tensor.numpy().flags.writeable = True
    assert lender.memory[0] == 0


def test_copy_says_whether_memory_is_shared():
    lender = Lender()
    copied = fastinit.from_dlpack(lender, copy=True)
    lender.memory[0] = 5
    assert copied.tolist() == [0, 1, 2]
    assert lender.deleted == 1
    assert fastinit.from_dlpack(Lender(), copy=False).tolist() == [0, 1, 2]
    lender = Lender(flags=capsules.COPIED)
    with pytest.raises(BufferError, match="hands over a copy"):
        fastinit.from_dlpack(lender, copy=False)
    assert lender.deleted == 1
    assert fastinit.from_dlpack(Lender(flags=capsules.COPIED), copy=True).tolist() == [0, 1, 2]


class Old:
    """Knows no keywords."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_a_library_older_than_the_keyword_is_asked_without():
    array = np.zeros(3)
    tensor = fastinit.from_dlpack(Old(array))
    array[1] = 1
    assert tensor.tolist() == [0, 1, 0]


# Lifetimes


@pytest.mark.parametrize("version", [None, (1, 0), (1, 9)])
def test_memory_is_given_back_once_when_the_last_view_is_gone(version):
    lender = Lender(version=version)
    tensor = fastinit.from_dlpack(lender)
    assert capsules.name_of(lender.capsule).startswith("used_dltensor")
    with pytest.raises(RuntimeError, match="consumed only once"):
        fastinit.from_dlpack(lender)
    window = tensor[1:].numpy()
    del tensor
    gc.collect()
    assert lender.deleted == 0
    assert window.tolist() == [1, 2]
    del window
    gc.collect()
    assert lender.deleted == 1
    del lender.capsule
    assert lender.deleted == 1


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_empty_memory_is_given_back_at_once(shape):
    lender = Lender(shape, data=None)
    assert fastinit.from_dlpack(lender).shape == shape
    assert lender.deleted == 1


def test_memory_without_a_deleter_is_its_owners():
    lender = Lender()
    lender._managed.deleter = type(lender._managed.deleter)()
    assert fastinit.from_dlpack(lender).tolist() == [0, 1, 2]


def test_a_deleter_leaves_the_error_alone_that_is_on_its_way():
    lender = Lender()

    def fails():
        fastinit.from_dlpack(lender)
        raise KeyError("this one")

    with pytest.raises(KeyError, match="this one"):
        fails()
    gc.collect()
    assert lender.deleted == 1


@pytest.mark.parametrize("keywords", [{}, {"max_version": (1, 0)}])
@pytest.mark.parametrize("taken", [True, False])
def test_a_capsule_keeps_an_array_alive_until_it_is_dropped_or_its_taker_is(keywords, taken):
    array = np.ones(3)
    watch = weakref.ref(array)
    holder = fastinit.from_numpy(array).__dlpack__(**keywords)
    del array
    if taken:
        holder = fastinit.from_dlpack(holder)
    gc.collect()
    assert watch() is not None
    del holder
    gc.collect()
    assert watch() is None


def test_pytorch_gives_our_memory_back():
    torch = pytest.importorskip("torch")
    array = np.ones(3)
    watch = weakref.ref(array)
    theirs = torch.from_dlpack(fastinit.from_numpy(array))[1:]
    del array
    assert theirs.tolist() == [1, 1]
    del theirs
    gc.collect()
    assert watch() is None


def test_a_tensor_that_gets_a_gradient_or_has_no_memory_is_not_handed_over():
    with pytest.raises(BufferError, match="require gradient"):
        fastinit.ones(2, requires_grad=True).__dlpack__()
    with pytest.raises(NotImplementedError):
        fastinit.ones(2, device="meta").__dlpack__()
