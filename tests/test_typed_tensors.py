"""PyTorch's older classes of tensors of one dtype."""

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

CALLS = calls("""
torch.LongTensor(2, 3).shape | torch.LongTensor([1.5]) | torch.LongTensor((1, 2)) | torch.FloatTensor()
torch.FloatTensor(torch.ones(2)) | torch.LongTensor(3.) | torch.FloatTensor(torch.Size([2, 3])).shape
torch.FloatTensor(np.ones(2)) | torch.LongTensor | isinstance(torch.ones(2), torch.FloatTensor)
isinstance(torch.ones(2), torch.LongTensor) | torch.FloatTensor.dtype | torch.LongTensor(True)
torch.tensor([1]).type(torch.FloatTensor) | torch.BoolTensor([1, 0, 2]) | torch.FloatTensor(None)
torch.ByteTensor([1]) | torch.CharTensor([1]) | torch.ShortTensor([1]) | torch.IntTensor([1])
torch.HalfTensor([1]) | torch.BFloat16Tensor([1]) | torch.DoubleTensor([[1, 2]])
""")


@pytest.mark.parametrize("call", CALLS)
def test_a_class_answers_as_pytorchs(call):
    torch = pytest.importorskip("torch")
    assert outcome(fastinit, call) == outcome(torch, call)


def test_a_tensor_is_shared_and_another_dtype_refused():
    tensor = fastinit.ones(2)
    fastinit.FloatTensor(tensor)[0] = 3
    assert tensor.tolist() == [3, 1]
    with pytest.raises(TypeError, match=r"expected a tensor of fastinit\.int64"):
        fastinit.LongTensor(tensor)


def test_an_array_is_copied():
    array = np.ones(2)
    fastinit.DoubleTensor(array)[0] = 3
    assert array.tolist() == [1, 1]
