import pickle

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

TENSOR = """
1 | 1.5 | True | [1, 2] | [1, 2.0] | [True, 1] | [True, 2.5] | [[1, 2], [3, 4]] | [] | [[]] | [[], []]
(1, 2) | [(1, 2), [3, 4]] | np.float64(2) | np.float32(2) | np.int32(2) | [np.float64(2)] | [np.float32(2)]
range(3) | [np.float32(1), 2] | [np.float32(1), 2.5] | [np.int8(1), 2.5] | [np.float16(1), np.float32(2)]
np.bool_(True) | np.ones(2) | np.ones(2, dtype=np.float32) | np.ones(2, dtype=np.int8) | np.ones(2) > 0
np.array(3.0) | [torch.tensor(1.0), torch.tensor(2.0)] | [torch.tensor(1), 2.0] | [torch.tensor([1.0])]
float('nan') | [1e40] | [float('inf')] | 2**62 | -2**63 | 2**63 | [2**64] | 'a' | ['a'] | None | [None]
[[1], [2, 3]] | {1: 2} | [[1, 2], 3] | [[1, 2], [3, 'a']] | {1, 2} | iter([1]) | b'ab'
np.array(['a']).astype(object)[0] | object() | np.ones(2, dtype='>f4') | [[[1, 2]], [[3, 4.5]]]
np.ones((2, 3)).T | np.arange(6.0).reshape(2, 3)[:, ::2]
"""

TENSOR_KEYWORDS = """
[1.5], dtype=torch.int32 | [300], dtype=torch.uint8 | [1], dtype=torch.float64, requires_grad=True
[1], requires_grad=True | [1.0], requires_grad=True | [1.0], device='cpu' | [1.0], dtype='float32'
[1.0], dtype=np.float32 | [1e40], dtype=torch.float16 | [-1], dtype=torch.uint8 | [-256], dtype=torch.uint8
float('nan'), dtype=torch.int32 | 2**40, dtype=torch.int32 | [0.1, 1/3], dtype=torch.bfloat16
[2, 0], dtype=torch.bool | [0.1, 1/3, 70000], dtype=torch.float16 | np.array([300]), dtype=torch.uint8
2**53 + 1, dtype=torch.float64 | [True, False], dtype=torch.float32 | np.array([1e40]), dtype=torch.float32
[1.9, -1.9], dtype=torch.int64
"""

SHARED = """
from_numpy(np.arange(4.0)) | from_numpy([1]) | is_tensor(torch.ones(1)) | is_tensor(np.ones(1))
numel(torch.ones(2, 3)) | from_numpy(np.ones(2, dtype='>f8')) | from_numpy(np.array(1.0))
as_tensor([1, 2.0]) | as_tensor(np.ones(2, dtype=np.float32)) | as_tensor(np.ones(2), dtype=torch.float32)
as_tensor('a') | as_tensor(3, dtype=torch.float64)
"""


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("arguments", calls(TENSOR) + calls(TENSOR_KEYWORDS))
def test_tensor_infers_and_refuses_as_in_torch(torch, arguments):
    call = f"torch.tensor({arguments})"
    assert outcome(fastinit, call) == outcome(torch, call)


@pytest.mark.parametrize("call", calls(SHARED))
def test_arrays_become_the_tensors_of_torch(torch, call):
    assert outcome(fastinit, f"torch.{call}") == outcome(torch, f"torch.{call}")


def test_a_tensor_of_an_array_is_a_copy_and_from_numpy_and_as_tensor_share():
    array = np.zeros(3)
    copied, shared, also = fastinit.tensor(array), fastinit.from_numpy(array), fastinit.as_tensor(array)
    array[0] = 9
    assert copied[0].item() == 0
    assert shared[0].item() == also[0].item() == 9
    assert fastinit.as_tensor(shared) is shared


def test_strides_of_any_sign_are_shared():
    array = np.arange(4.0)
    backwards = fastinit.from_numpy(array[::-1])
    array[3] = 9
    assert backwards.tolist() == [9, 2, 1, 0]


def test_copying_a_tensor_by_tensor_warns():
    with pytest.warns(UserWarning, match="To copy construct from a tensor"):
        fastinit.tensor(fastinit.ones(2))


def test_what_numpy_has_and_tensors_have_not_is_refused():
    with pytest.raises(TypeError, match=r"can't convert np\.ndarray of type numpy\.complex64"):
        fastinit.from_numpy(np.ones(2, dtype=np.complex64))
    with pytest.raises(TypeError, match=r"can't convert np\.ndarray of type numpy\.str_"):
        fastinit.tensor(np.array(["a"]))


@pytest.mark.parametrize("dtype", [fastinit.float32, fastinit.bfloat16, fastinit.int64])
def test_tensors_pickle(dtype):
    tensor = fastinit.tensor([1, 2], dtype=dtype)
    again = pickle.loads(pickle.dumps(tensor))
    assert again.dtype is dtype
    assert again.tolist() == [1, 2]
