"""What the optimisers share, against PyTorch."""

import copy
import pickle

import pytest

import fastinit
from fastinit import nn, optim
from reference.differential import calls, output

SETUP = """
import warnings
warnings.simplefilter("ignore")
def P(*lengths):
    return [nn.Parameter(torch.ones(length)) for length in lengths]
a, b = P(2, 3)
def with_grads(*parameters):
    for p in parameters:
        p.grad = torch.full_like(p, 2)
    return list(parameters)
def run(optimizer, steps=2):
    for _ in range(steps):
        optimizer.step()
    return optimizer
"""

ARGUMENTS = """
optim.SGD(P(2)) | optim.SGD(P(2), lr=-1) | optim.SGD(P(2), momentum=-1) | optim.SGD(P(2), weight_decay=-1)
optim.SGD(P(2), nesterov=True) | optim.SGD(P(2), nesterov=True, momentum=0.9, dampening=0.1)
optim.SGD(P(2), lr='x') | optim.SGD(P(2), lr=torch.tensor(0.5)) | optim.SGD(P(2), foo=1)
optim.SGD(P(2), 0.1, 0.9, 0, 1e-4, True) | optim.Adam(P(2)) | optim.AdamW(P(2)) | optim.Adam(P(2), lr=-1)
optim.Adam(P(2), eps=-1) | optim.Adam(P(2), lr=float('nan')) | optim.Adam(P(2), betas=(1.0, 0.9))
optim.Adam(P(2), betas=(0.9, 1.0)) | optim.Adam(P(2), betas=(-0.1, 0.9)) | optim.Adam(P(2), weight_decay=-1)
optim.AdamW(P(2), amsgrad=True, maximize=True) | optim.Adam(P(2), betas=0.9) | optim.SGD([]) | optim.SGD(3)
optim.SGD(torch.ones(2)) | optim.SGD(P(1)[0]) | optim.SGD([3]) | optim.SGD([torch.ones(2)])
optim.SGD([torch.ones(2, requires_grad=True) * 2]) | optim.SGD(nn.Linear(1, 1).parameters())
optim.SGD(None) | optim.SGD(nn.Linear(1, 1).named_parameters())
optim.SGD([{'params': P(1)}, {'params': P(2), 'lr': 0.5}]) | optim.SGD([None])
optim.SGD([{'params': P(1)[0]}]) | optim.SGD([{'lr': 1}]) | optim.SGD('abc')
optim.SGD([{'params': set(P(1))}]) | optim.SGD([{'params': []}]) | optim.SGD([a, a])
optim.SGD([{'params': [a, b]}, {'params': [a]}]) | optim.SGD({'a': 1}) | optim.SGD(P(2)).defaults
optim.SGD(P(2)).param_groups | optim.SGD(P(2)).state | optim.SGD(P(2)).state_dict()
optim.SGD(nn.Linear(1, 1).named_parameters()).state_dict() | optim.SGD(P(2)).step()
optim.SGD(P(2)).step(lambda: 5) | optim.SGD(P(2)).step(lambda: torch.is_grad_enabled())
optim.SGD(P(2)).add_param_group(3) | optim.SGD(P(2)).add_param_group({'params': P(3)[0], 'lr': 2})
optim.SGD([a]).add_param_group({'params': [a]})
run(optim.SGD(with_grads(a, b), lr=0.5, momentum=0.5)).state_dict() | a | b
run(optim.Adam(with_grads(a, b), lr=0.5)).state_dict()
run(optim.AdamW(with_grads(a), amsgrad=True)).state_dict() | run(optim.SGD([a], lr=0.5)).zero_grad()
a.grad | run(optim.SGD(with_grads(a))).zero_grad(set_to_none=False) | a.grad
optim.SGD([a]).load_state_dict(optim.SGD([a, b]).state_dict())
optim.SGD(P(1)).load_state_dict({'state': {}})
optim.SGD([a]).load_state_dict(optim.SGD([{'params': [a]}, {'params': [b]}]).state_dict())
"""


def test_arguments_groups_and_states_are_those_of_torch():
    torch = pytest.importorskip("torch")
    lines = ["from importlib import import_module", "optim = import_module(torch.__name__ + '.optim')", SETUP]
    for call in calls(ARGUMENTS):
        lines += [
            "try:",
            f"    print({call!r}, '->', repr({call}))",
            "except Exception as error:",
            f"    print({call!r}, '->', type(error).__name__, str(error).splitlines()[0])",
        ]
    program = "\n".join(lines)
    ours, theirs = output(fastinit, program).splitlines(), output(torch, program).splitlines()
    assert [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]] == []


def steps(optimizer, parameters, count):
    for step in range(count):
        for index, parameter in enumerate(parameters):
            parameter.grad = parameter.detach() * 0.1 + step + index
        optimizer.step()


@pytest.mark.parametrize(
    "make",
    [
        lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
        lambda params: optim.Adam(params, amsgrad=True),
        lambda params: optim.AdamW(params, lr=0.1),
    ],
    ids=["SGD", "Adam", "AdamW"],
)
@pytest.mark.parametrize("through", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_run_goes_on_from_a_saved_state_as_if_it_had_not_stopped(make, through):
    whole = [nn.Parameter(fastinit.ones(3)), nn.Parameter(fastinit.zeros(2, 2))]
    optimizer = make(whole)
    steps(optimizer, whole, 3)
    resumed = [nn.Parameter(parameter.detach().clone()) for parameter in whole]
    other = make(resumed)
    other.load_state_dict(through(optimizer.state_dict()))
    steps(optimizer, whole, 3)
    steps(other, resumed, 3)
    assert [p.tolist() for p in whole] == [p.tolist() for p in resumed]


def test_copies_of_an_optimizer_move_copies_of_the_parameters():
    parameter = nn.Parameter(fastinit.ones(2))
    optimizer = optim.Adam([parameter])
    steps(optimizer, [parameter], 1)
    for duplicate in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        [moved] = duplicate.param_groups[0]["params"]
        assert moved is not parameter
        assert list(duplicate.state) == [moved]
        steps(duplicate, [moved], 1)
        assert moved.tolist() != parameter.tolist()


def test_a_step_writes_into_the_parameters_memory_and_counts_as_a_change():
    parameter = nn.Parameter(fastinit.ones(2))
    address, version = parameter.data_ptr(), parameter._version
    steps(optim.SGD([parameter], lr=0.1), [parameter], 2)
    assert parameter.data_ptr() == address
    assert parameter._version > version
    doubled = parameter * parameter
    steps(optim.SGD([parameter], lr=0.1), [parameter], 1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        doubled.sum().backward()


def test_parameters_without_a_gradient_stay():
    still, moved = nn.Parameter(fastinit.ones(2)), nn.Parameter(fastinit.ones(2))
    moved.grad = fastinit.ones(2)
    optim.Adam([still, moved], weight_decay=0.1).step()
    assert still.tolist() == [1, 1]
    assert moved.tolist() != [1, 1]
