"""What shares a tensor's memory, and how other libraries get hold of it."""

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

CALLS = calls("""
torch.ones(2, 3)[1:].storage_offset() | torch.ones(2, 3)[1:].untyped_storage().nbytes()
torch.ones(2, 3).t().untyped_storage().size() | torch.empty(0).untyped_storage().data_ptr()
len(torch.ones(3).double().untyped_storage()) | torch.ones(2, 3)[:, 1:].storage_offset()
torch.from_numpy(np.ones((4, 6))[1:, 2:]).untyped_storage().device | torch.ones(2).is_shared()
torch.ones(2).is_pinned() | torch.ones(2).pin_memory() | torch.ones(2).layout | torch.ones(2).is_cpu
torch.ones(2).is_signed() | torch.ones(2, dtype=torch.uint8).is_signed() | torch.ones(2).is_conj()
torch.ones(2).is_neg() | torch.ones(2).is_inference() | torch.ones(2).is_nonzero()
torch.ones(()).is_nonzero() | torch.is_nonzero(torch.zeros(1)) | torch.is_complex(torch.ones(2))
torch.ones(2).output_nr | torch.ones(2, 3).H.shape | torch.ones(2, 3, 4).mH.shape | torch.ones(2).H
reversed(torch.arange(3)) | torch.ones(2).is_contiguous(memory_format=torch.contiguous_format)
torch.ones(2, 3).t().is_contiguous() | torch.zeros(2).set_(torch.ones(3, 2).t())
torch.zeros(2).half().set_(torch.ones(3)) | torch.zeros(3).apply_(lambda x: x + 1)
torch.ones(2, 2).map_(torch.ones(2), lambda a, b: a + b) | torch.ones(2, requires_grad=True).apply_(abs)
torch.ones(2, requires_grad=True).set_(torch.ones(2)) | torch.ones(2, requires_grad=True).__dlpack__()
torch.from_dlpack(np.arange(3)) | torch.from_dlpack(np.ones(2, bool))
torch.from_dlpack(torch.ones(2, requires_grad=True)) | torch.from_dlpack(torch.ones(2, 3).half().t())
torch.from_dlpack(torch.utils.dlpack.to_dlpack(torch.ones(2, 3).t())) | torch.from_dlpack(3)
torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(torch.arange(3)))
torch.from_dlpack(torch.utils.dlpack.to_dlpack(torch.ones(2)), copy=True)
torch.from_dlpack(np.ones(2), copy=True)
torch.from_dlpack(torch.ones(2), device="cpu") | torch.from_dlpack(torch.ones(2), device="meta")
torch.from_dlpack(np.ones(2, ">f4")) | torch.from_dlpack(np.array(["a"]))
torch.from_dlpack(np.zeros((2, 0)))
torch.ones(2).__dlpack__(stream=1) | torch.from_dlpack(None) | torch.from_dlpack([1.0])
torch.asarray(torch.utils.dlpack.to_dlpack(torch.ones(2))) | torch.asarray(bytearray(b"12345678"))
torch.asarray(bytearray(b"12345678"), dtype=torch.int16) | torch.asarray(b"1234", dtype=torch.uint8)
torch.asarray(np.float32(2)) | torch.asarray(memoryview(np.ones(2, np.float32)))
torch.frombuffer(bytearray(10), dtype=torch.float32)
torch.frombuffer(bytearray(8), dtype=torch.int8, offset=8)
torch.frombuffer(bytearray(8), dtype=torch.int8, count=0) | torch.frombuffer(b"", dtype=torch.int8)
torch.frombuffer(bytearray(8), dtype=torch.float32, count=3) | torch.frombuffer([1], dtype=torch.float32)
torch.frombuffer(bytearray(8), dtype=torch.float32, offset=1)
torch.frombuffer(bytearray(8), dtype=torch.half)
torch.frombuffer(bytearray(8), dtype=torch.int8, offset=-1)
torch.frombuffer(bytearray(8), dtype=torch.int8, count=-2)
torch.frombuffer(memoryview(bytearray(8))[::2], dtype=torch.int8)
torch.frombuffer(bytearray(8), dtype=torch.float32, count=1, offset=2)
torch.frombuffer(b"1234", dtype=torch.uint8)
torch.frombuffer(bytearray(b"12345678"), dtype=torch.int16, offset=2) | torch.asarray([1, 2.5])
torch.asarray(np.ones(2)) | torch.asarray([1], dtype=torch.float64, requires_grad=True)
torch.asarray(torch.ones(2), dtype=torch.float16) | torch.asarray([1], copy=False)
torch.ones(2).type(torch.int8) | torch.asarray(torch.ones(2), dtype=torch.float16, copy=False)
torch.ones(2).type(torch.ones(1).double().type()) | ~torch.ones(2) | 1 << torch.tensor(2)
torch.tensor(5) >> 1 | 9 >> torch.tensor(1) | +torch.ones(2) | +torch.ones(2).bool() | torch.Size([True])
torch.Size(torch.tensor([1, 2])) | torch.Size([1.5]) | torch.Size(["a"]) | torch.Size()
torch.asarray(torch.ones(2), requires_grad=True) | torch.asarray(torch.ones(2, requires_grad=True) + 1)
torch.asarray(torch.ones(2, requires_grad=True)) | torch.asarray(torch.ones(2, requires_grad=True), copy=True)
torch.asarray(torch.ones(2, requires_grad=True) + 1, requires_grad=True)
torch.asarray(torch.ones(2, requires_grad=True) + 1, requires_grad=False)
memoryview(torch.ones(2)) | torch.ones(2).type("int") | torch.preserve_format | torch.strided
""")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
def test_a_tensor_and_its_memory_answer_as_pytorchs(call):
    torch = pytest.importorskip("torch")
    assert outcome(fastinit, call) == outcome(torch, call)


def test_views_share_one_storage_and_copies_do_not():
    tensor = fastinit.ones(4, 3)
    storage = tensor.untyped_storage()
    for view in (
        tensor[1:],
        tensor.t(),
        tensor.view(-1),
        tensor.detach(),
        tensor.expand(2, 4, 3),
        tensor[:, 1],
    ):
        assert view.untyped_storage() == storage
        assert view.untyped_storage().data_ptr() == tensor.data_ptr()
    assert tensor.clone().untyped_storage() != storage
    array = np.zeros(6)
    assert fastinit.from_numpy(array[2:]).untyped_storage() == fastinit.from_numpy(array).untyped_storage()


def test_is_set_to_compares_place_shape_and_strides():
    tensor = fastinit.ones(2, 2)
    assert tensor.is_set_to(tensor.view(2, 2))
    assert not tensor.is_set_to(tensor.t())
    assert not tensor.is_set_to(tensor.clone())


def test_set_looks_into_the_memory_of_its_source_and_counts_as_a_write():
    tensor, source = fastinit.zeros(2), fastinit.ones(3)
    assert tensor.set_(source) is tensor
    source[0] = 5
    assert tensor.tolist() == [5, 1, 1]
    assert tensor._version == 1


def test_a_mapped_file_is_shared_memory(tmp_path):
    mapped = fastinit.from_numpy(np.memmap(tmp_path / "weights", np.float32, "w+", shape=(4,)))
    assert mapped[1:].is_shared()
    assert mapped.share_memory_() is mapped
    with pytest.raises(RuntimeError, match="shared memory"):
        fastinit.ones(2).share_memory_()


@pytest.mark.parametrize("step", [1, 2])
def test_as_strided_reads_writes_and_differentiates_through_its_window(step):
    tensor = fastinit.arange(12.0)[::step].requires_grad_()
    doubled = tensor * 1
    window = doubled.as_strided((2, 2), (1, 1))
    window.sum().backward()
    assert tensor.grad[:4].tolist() == [1, 2, 1, 0]
    with pytest.raises(RuntimeError, match="out of bounds for storage"):
        doubled.as_strided((20,), (1,))
    other = doubled.as_strided((2,), (3,))
    other.fill_(7)
    assert doubled.tolist()[:4] == [7, doubled[1].item(), doubled[2].item(), 7]
