"""Parameters as a vector, against PyTorch."""

import pytest

import fastinit
from reference.differential import transcript

SETUP = """
from importlib import import_module
utils = import_module(torch.__name__ + ".nn.utils")

def layer(dtype=torch.float32):
    made = nn.Linear(2, 3)
    with torch.no_grad():
        made.weight.copy_(torch.arange(6.0).reshape(3, 2))
        made.bias.copy_(torch.arange(3.0) - 9)
    return made.to(dtype)

def after(vector, module):
    result = utils.vector_to_parameters(vector, module.parameters())
    return result, list(module.parameters())
"""

CALLS = """
utils.parameters_to_vector(layer().parameters()) | utils.parameters_to_vector([])
utils.parameters_to_vector([torch.ones(2), torch.tensor(2.0), torch.ones(0, 3)])
utils.parameters_to_vector(None)
utils.parameters_to_vector([torch.ones(2, 3).t()]) | utils.parameters_to_vector(layer().weight)
utils.parameters_to_vector([torch.ones(1), torch.ones(1, dtype=torch.float64)])
utils.parameters_to_vector(layer().state_dict().values()) | utils.parameters_to_vector(torch.ones(2))
after(torch.arange(9.0), layer()) | after(torch.arange(11.0), layer()) | after(torch.arange(8.0), layer())
after(torch.arange(9.0, dtype=torch.float64), layer()) | after(torch.arange(9), layer())
after([1.0] * 9, layer())
after(np.ones(9), layer()) | after(3, layer())
after(torch.arange(18.0)[::2], layer()) | utils.vector_to_parameters(torch.ones(9), [])
utils.vector_to_parameters(torch.ones(9, requires_grad=True), layer().parameters())
"""


def test_vectors_parameters_and_errors_are_those_of_torch():
    torch = pytest.importorskip("torch")
    ours, theirs = transcript(fastinit, SETUP, CALLS), transcript(torch, SETUP, CALLS)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


def test_parameters_share_the_memory_of_the_vector_that_they_were_set_from():
    layer = fastinit.nn.Linear(2, 2)
    vector = fastinit.zeros(6)
    fastinit.nn.utils.vector_to_parameters(vector, layer.parameters())
    vector[0] = 5.0
    assert layer.weight[0, 0].item() == 5
    assert all(parameter.requires_grad for parameter in layer.parameters())


def test_gradients_flow_from_the_vector_to_the_parameters():
    layer = fastinit.nn.Linear(2, 1)
    vector = fastinit.nn.utils.parameters_to_vector(layer.parameters())
    (vector * fastinit.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 2]]
    assert layer.bias.grad.tolist() == [3]
