"""PyTorch's CPU tensors are filled in place, with the bits that an array gets; others are refused."""

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

from fastinit import Generator, Shard
from fastinit.memory import adopt, filled
from fastinit.nn import init
from reference.initialisers import RANDOM_CALLS

torch = pytest.importorskip("torch")

DTYPES = {
    torch.float16: np.float16,
    torch.bfloat16: ml_dtypes.bfloat16,
    torch.float32: np.float32,
    torch.float64: np.float64,
}
# Ways to lay out a tensor of shape (6, 4), each with how many elements around it must stay.
VIEWS = {
    "contiguous": lambda dtype: torch.full((6, 4), 7, dtype=dtype),
    "transposed": lambda dtype: torch.full((4, 6), 7, dtype=dtype).T,
    "strided": lambda dtype: torch.full((12, 12), 7, dtype=dtype)[::2, 1::3],
    "offset": lambda dtype: torch.full((9, 4), 7, dtype=dtype)[3:],
    "columns": lambda dtype: torch.full((6, 9), 7, dtype=dtype)[:, 2:6],
    "permuted": lambda dtype: torch.full((4, 1, 6), 7, dtype=dtype).permute(2, 0, 1)[:, :, 0],
}

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
each_view = pytest.mark.parametrize("view", VIEWS)


def bits(tensor):
    """The bytes of a tensor's elements in row-major order; NumPy's bfloat16 is not PyTorch's."""
    return tensor.detach().reshape(-1).view(torch.uint8).numpy().tobytes()


def whole(tensor):
    """All of the memory that a tensor is a view of, as one of its elements after the other."""
    return tensor.detach().as_strided((tensor.untyped_storage().nbytes() // tensor.itemsize,), (1,), 0)


@each_dtype
@each_view
@pytest.mark.parametrize(("name", "keywords"), RANDOM_CALLS)
def test_a_tensor_gets_the_bits_of_an_array(name, keywords, view, dtype):
    expected = np.empty((6, 4), DTYPES[dtype])
    getattr(init, name)(expected, **keywords, generator=Generator(seed=3))
    tensor = VIEWS[view](dtype)
    assert getattr(init, name)(tensor, **keywords, generator=Generator(seed=3)) is tensor
    assert bits(tensor) == expected.tobytes()


@each_dtype
@each_view
def test_nothing_beside_a_view_is_written(view, dtype):
    tensor = VIEWS[view](dtype)
    init.zeros_(tensor)
    assert (tensor == 0).all()
    around = whole(tensor)
    assert (around == 7).sum() == around.numel() - tensor.numel()


@each_dtype
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (2, 3, 4, 5)])
def test_any_shape_is_filled(shape, dtype):
    expected = init.normal_(np.empty(shape, DTYPES[dtype]), generator=Generator(seed=1))
    tensor = init.normal_(torch.empty(shape, dtype=dtype), generator=Generator(seed=1))
    assert bits(tensor) == expected.tobytes()


@pytest.mark.parametrize("name", ["eye_", "ones_", "zeros_", "dirac_", "constant_"])
@pytest.mark.parametrize("dtype", [*DTYPES, torch.int64, torch.int32, torch.uint8, torch.bool], ids=str)
def test_what_is_not_random_is_what_pytorch_makes(name, dtype):
    arguments = (1,) if name == "constant_" else ()
    shape = (3, 3, 3) if name == "dirac_" else (3, 4)
    expected = getattr(torch.nn.init, name)(torch.full(shape, 7).to(dtype), *arguments)
    tensor = torch.full(shape, 7).to(dtype)
    assert getattr(init, name)(tensor, *arguments) is tensor
    assert torch.equal(tensor, expected)


def test_a_shard_of_a_tensor_is_the_box_of_the_whole():
    expected = init.xavier_normal_(np.empty((6, 4), np.float32), generator=Generator(seed=1))
    shard = Shard((6, 4), (slice(2, 5), slice(1, 4)))
    tensor = init.xavier_normal_(torch.empty(3, 3), generator=Generator(seed=1), shard=shard)
    assert (tensor.numpy() == expected[shard.index]).all()


@each_dtype
def test_a_parameter_is_filled_and_nothing_is_recorded(dtype):
    parameter = torch.nn.Parameter(torch.empty(6, 4, dtype=dtype))
    version = parameter._version
    assert init.normal_(parameter, generator=Generator(seed=1)) is parameter
    expected = init.normal_(np.empty((6, 4), DTYPES[dtype]), generator=Generator(seed=1))
    assert bits(parameter) == expected.tobytes()
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert parameter.grad_fn is None
    assert parameter._version == version + 1


def test_all_parameters_of_a_module_are_filled():
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Conv1d(2, 4, 3))
    for each in net.parameters():
        init.ones_(each)
    assert all((each == 1).all() for each in net.parameters())


def test_a_saved_value_that_is_overwritten_is_an_error_of_backward():
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    init.zeros_(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_view_counts_for_its_base():
    base = torch.zeros(6, 4)
    init.ones_(base[2:4])
    assert base._version == 1
    assert base.sum() == 8


def test_a_refused_call_leaves_tensor_version_and_generator():
    tensor = torch.full((3, 4), 7.0)
    generator = Generator(seed=1)
    with pytest.raises(RuntimeError, match="std >= 0"):
        init.normal_(tensor, std=-1, generator=generator)
    assert (tensor == 7).all()
    assert tensor._version == 0
    assert generator._take(0)[2] == 0


def test_the_memory_may_still_be_resized_and_lives_as_long_as_the_array():
    tensor = torch.zeros(3, 4)
    init.ones_(tensor)
    tensor.resize_(100)
    array, _ = adopt(torch.full((1000,), 7.0))
    init.ones_(torch.zeros(1000))
    assert (array == 7).all()


def test_adopt_and_filled_are_what_an_initialiser_does():
    tensor = torch.zeros(3, 4, dtype=torch.bfloat16)
    adopt(tensor)[0][1] = 2
    assert tensor._version == 0
    assert filled(tensor) is tensor
    assert tensor._version == 1
    assert tensor.sum() == 8


def test_inference_tensors_which_have_no_version_are_filled():
    with torch.inference_mode():
        tensor = torch.zeros(3)
    assert (init.ones_(tensor) == 1).all()


class Marked(torch.Tensor):
    """A class of its own over ordinary memory."""


def test_a_subclass_with_memory_is_filled():
    tensor = torch.zeros(3).as_subclass(Marked)
    assert init.ones_(tensor) is tensor
    assert (tensor == 1).all()


def fake():
    with torch._subclasses.fake_tensor.FakeTensorMode():
        return torch.empty(3, 4)


def freed():
    tensor = torch.empty(3, 4)
    tensor.untyped_storage().resize_(0)
    return tensor


def shrunk():
    tensor = torch.empty(4, 4)[1:]
    tensor.untyped_storage().resize_(56)
    return tensor


def cpu_complex():
    return torch.zeros(3, 3, dtype=torch.complex64)


REFUSED = [
    (lambda: torch.empty(3, 4, device="meta"), TypeError, 'on the device "meta"'),
    (lambda: torch.eye(3).to_sparse(), TypeError, "it is torch.sparse_coo"),
    (lambda: torch.eye(3).to_sparse_coo().to_dense().to_mkldnn(), TypeError, "it is torch._mkldnn"),
    (lambda: cpu_complex().conj(), TypeError, "negates"),
    (lambda: cpu_complex().conj().imag, TypeError, "negates"),
    (fake, TypeError, "FakeTensor .* stands for other tensors"),
    (freed, TypeError, "freed"),
    (shrunk, TypeError, "too small"),
    (lambda: torch._efficientzerotensor(3), TypeError, "freed"),
    (torch.nn.parameter.UninitializedParameter, ValueError, "uninitialized parameter"),
    (cpu_complex, NotImplementedError, "not implemented for 'ComplexFloat'"),
    (lambda: torch.zeros(3, dtype=torch.int32), NotImplementedError, "not implemented for 'Int'"),
    (lambda: torch.zeros(3, dtype=torch.bool), NotImplementedError, "not implemented for 'Bool'"),
    (lambda: torch.empty(3, dtype=torch.float8_e4m3fn), NotImplementedError, "float8_e4m3fn"),
    (lambda: torch.zeros(1).expand(3), RuntimeError, "single memory location"),
    (lambda: torch.zeros(5).as_strided((3, 3), (1, 1)), RuntimeError, "single memory location"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_what_has_no_such_memory_is_refused(make, error, message):
    tensor = make()
    generator = Generator(seed=1)
    with pytest.raises(error, match=message):
        init.uniform_(tensor, generator=generator)
    assert generator._take(0)[2] == 0


@pytest.mark.filterwarnings("ignore")  # of PyTorch's prototypes and what it will remove
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.eye(3).to_sparse_csr(), "it is torch.sparse_csr"),
        (lambda: torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.quint8), "it is quantised"),
        (lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]), "it is nested"),
    ],
)
def test_other_forms_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        init.zeros_(make())


@pytest.mark.parametrize("transform", [torch.func.vmap, torch.func.grad])
def test_within_a_transform_pytorch_raises(transform):
    with pytest.raises(RuntimeError, match="doesn't have storage"):
        transform(lambda x: init.ones_(x).sum())(torch.zeros(3, 4))


def test_pytorch_is_not_imported_for_it():
    program = (
        "import sys, numpy, fastinit; fastinit.init.ones_(numpy.empty(3)); print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
