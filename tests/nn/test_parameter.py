"""Parameter against PyTorch, and what it shares with the tensor that it is made of."""

import copy
import pickle

import pytest

import fastinit
from fastinit import nn
from reference.differential import calls, outcome

CALLS = """
nn.Parameter() | nn.Parameter(None) | nn.Parameter(np.ones(2)) | nn.Parameter([1.0])
nn.Parameter(torch.tensor(2.0)) | nn.Parameter(torch.ones(2, dtype=torch.int32))
nn.Parameter(torch.ones(2, dtype=torch.int32), requires_grad=False)
nn.Parameter(torch.ones(2, requires_grad=True) * 2).is_leaf | nn.Parameter(torch.ones(2), False)
nn.Parameter(nn.Parameter(torch.ones(2))) | {'a': nn.Parameter(torch.ones(2))}
[nn.Parameter(torch.ones(1, 2))] | isinstance(torch.ones(2), nn.Parameter)
type(nn.Parameter(torch.ones(2)) + 1).__name__ | type(nn.Parameter(torch.ones(2)).data).__name__
type(nn.Parameter(torch.ones(2)).detach()).__name__ | type(nn.Parameter(torch.ones(2))[0]).__name__
type(nn.Parameter(torch.ones(2)).clone()).__name__ | type(nn.Parameter(torch.ones(2)).double()).__name__
str(nn.Parameter(torch.ones(2))) | f'{nn.Parameter(torch.ones(2))}'
nn.Parameter(torch.ones(2), requires_grad=True).grad | nn.Parameter(torch.ones(40, 40))
nn.Parameter(torch.zeros(0, 3)) | nn.Parameter(torch.ones(2)).grad_fn
type(nn.Parameter(torch.ones(2)).requires_grad_(False)).__name__ | nn.Parameter(torch.rand(2)).float().shape
nn.Parameter(torch.ones(2)).data_ptr() > 0
"""


@pytest.mark.parametrize("call", calls(CALLS))
def test_parameters_are_made_and_printed_as_in_torch(call):
    torch = pytest.importorskip("torch")
    assert outcome(fastinit, call) == outcome(torch, call)


def test_a_parameter_shares_the_memory_and_version_of_its_tensor():
    tensor = fastinit.ones(2)
    parameter = nn.Parameter(tensor)
    with fastinit.no_grad():
        parameter.add_(1)
    assert tensor.tolist() == [2, 2]
    assert tensor._version == parameter._version == 1
    assert not tensor.requires_grad


def test_a_deep_copy_is_a_parameter_without_gradient():
    parameter = nn.Parameter(fastinit.ones(2), requires_grad=False)
    parameter.grad = fastinit.ones(2)
    first, second = copy.deepcopy([parameter, parameter])
    assert first is second
    assert type(first) is nn.Parameter
    assert first.grad is None
    assert not first.requires_grad
    first.zero_()
    assert parameter.tolist() == [1, 1]


def test_a_pickled_parameter_keeps_what_the_user_hung_on_it():
    parameter = nn.Parameter(fastinit.ones(2))
    parameter.grad = fastinit.ones(2)
    parameter.role = "scale"
    again = pickle.loads(pickle.dumps(parameter))
    assert type(again) is nn.Parameter
    assert again.requires_grad
    assert again.role == "scale"
    assert again.grad is None


def test_subclasses_stay_themselves_through_copies():
    class Scale(nn.Parameter):
        pass

    assert type(copy.deepcopy(Scale(fastinit.ones(1)))) is Scale
    module = nn.Module()
    module.scale = Scale(fastinit.ones(1))
    assert [name for name, _ in module.named_parameters()] == ["scale"]


@pytest.mark.parametrize("value", ["5", "None", "'yes'", "True", "False"])
@pytest.mark.parametrize(
    "tensor", ["torch.ones(1)", "torch.ones(1, dtype=torch.int64)", "nn.Parameter(torch.ones(1))"]
)
def test_requires_grad_is_set_as_in_torch(tensor, value):
    torch = pytest.importorskip("torch")
    call = f"setattr(t := {tensor}, 'requires_grad', {value}) or t.requires_grad"
    assert outcome(fastinit, call) == outcome(torch, call)
