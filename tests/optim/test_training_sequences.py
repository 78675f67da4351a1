"""Hooks, optimisers, schedules and losses in random order, under both libraries: each step does the same.

A program is a list of steps on one network, one optimiser and one schedule. After each step, what it gave,
raised or warned of must agree, as must every parameter, gradient and tensor of the optimiser's state.
"""

import sys
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from reference.differential import calls, translated

SETUP = """
import copy
import pickle

log, handles = [], []

def seen(name, change=None):
    def hook(module, *given):
        log.append((name, type(module).__name__, len(given)))
        return None if change is None else change(*given)
    return hook

def held(handle):
    handles.append(handle)

def logged():
    lines = log[:]
    log.clear()
    return lines

def build():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    with torch.no_grad():
        for index, p in enumerate(net.parameters()):
            p.copy_(torch.arange(p.numel()).reshape(p.shape).double().sin() * 0.5 + 0.1 * index)
    return net

def loss(y, kind):
    target = torch.tensor([0, 1, 1, 0])
    if kind == "cross entropy":
        return nn.functional.cross_entropy(y, target, label_smoothing=0.1)
    if kind == "mse":
        return nn.functional.mse_loss(y, y.detach().sin())
    return y.square().sum()

x = torch.arange(12).reshape(4, 3).double().cos()

def train(kind, steps=1):
    for _ in range(steps):
        value = loss(net(x), kind)
        value.backward()
    return value.item()

def closure():
    opt.zero_grad()
    value = loss(net(x), "squares")
    value.backward()
    return value

net = build()
opt = torch.optim.SGD(net.parameters(), lr=0.05)
schedule = torch.optim.lr_scheduler.StepLR(opt, 2, 0.5)
"""

STEPS = calls("""
train("cross entropy") | train("mse") | train("squares", 2) | opt.step() | opt.step(closure).item()
opt.zero_grad() | opt.zero_grad(set_to_none=False) | schedule.step() | schedule.get_last_lr()
net.eval().training | net.train().training | held(net[0].register_forward_hook(seen("forward")))
held(net.register_forward_pre_hook(seen("before")))
held(net[3].register_forward_hook(seen("doubled", lambda args, y: y * 2), prepend=True))
held(net[1].register_full_backward_hook(seen("backward")))
held(net[0].register_full_backward_pre_hook(seen("halved", lambda grads: (grads[0] / 2,))))
held(net[3].weight.register_hook(lambda grad: grad * 2))
held(net[0].bias.register_post_accumulate_grad_hook(lambda p: log.append(tuple(p.grad.shape))))
held(opt.register_step_pre_hook(lambda *given: log.append(len(given))))
held(opt.register_step_post_hook(lambda *given: log.append(len(given))))
handles and handles.pop().remove() | handles and handles.pop(0).remove() | logged()
net.requires_grad_(False) and None | net.requires_grad_() and None
net[0].weight.requires_grad_(False).requires_grad | net[0].weight.requires_grad_().requires_grad
globals().update(net=copy.deepcopy(net))
opt.add_param_group({"params": [p for p in net[2].parameters()]})
opt.load_state_dict(copy.deepcopy(opt.state_dict()))
opt.load_state_dict(pickle.loads(pickle.dumps(opt.state_dict())))
sorted(opt.state_dict()["param_groups"][0].items(), key=str)
[sorted(s) for s in opt.state_dict()["state"].values()] | opt.param_groups[0].update(lr=0.01)
opt.param_groups[0].update(weight_decay=0.1) | repr(opt) | str(schedule.state_dict())
net.load_state_dict(net.state_dict()) | net.load_state_dict(build().state_dict()) | net.zero_grad()
round(nn.utils.clip_grad_norm_(net.parameters(), 0.5).item(), 9)
net.zero_grad()
""")
# Gradients that cancel but for rounding stay small with this eps.
OPTIMISERS = calls("""
SGD(net.parameters(), lr=0.1, momentum=0.9) | SGD(net.parameters(), lr=0.1, momentum=0.5, nesterov=True)
SGD(net.parameters(), lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.01, maximize=True)
Adam(net.parameters(), lr=0.05, eps=0.01)
Adam(net.parameters(), lr=0.05, eps=0.01, amsgrad=True, weight_decay=0.1)
AdamW(net.parameters(), lr=0.05, eps=0.01)
AdamW([{"params": net[0].parameters(), "lr": 0.1}, {"params": net[3].weight}], eps=0.01)
""")
SCHEDULES = calls("""
StepLR(opt, 2, 0.5) | CosineAnnealingLR(opt, 4) | OneCycleLR(opt, 0.2, total_steps=5)
LambdaLR(opt, lambda e: 0.9**e)
SequentialLR(opt, [lr.ConstantLR(opt, 0.1, 2), lr.ExponentialLR(opt, 0.9)], [2])
""")
STEP = st.one_of(
    st.sampled_from(STEPS),
    st.sampled_from(STEPS[:8]),  # what training is made of comes more often
    st.sampled_from(OPTIMISERS).map("globals().update(opt=torch.optim.{})".format),
    st.sampled_from(SCHEDULES).map("globals().update(schedule=torch.optim.lr_scheduler.{})".format),
)


def program(library: ModuleType) -> ModuleType:
    module = ModuleType("program")
    module.__dict__.update(torch=library, nn=library.nn, lr=library.optim.lr_scheduler)
    sys.modules["program"] = module  # where pickle looks for its classes
    exec(SETUP, module.__dict__)
    return module


def outcome(module: ModuleType, step: str) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            given = eval(step, module.__dict__)
            text = f"{given:.9g}" if isinstance(given, float) else repr(given)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
    warned = [str(each.message).split(" See ")[0] for each in caught]
    return translated("\n".join([text, *warned]))


def numbers(module: ModuleType) -> dict[str, np.ndarray[Any, Any]]:
    """All tensors that training changes, by what they are."""
    net, opt = module.__dict__["net"], module.__dict__["opt"]
    tensors = dict(net.state_dict())
    tensors |= {f"{name}.grad": p.grad for name, p in net.named_parameters() if p.grad is not None}
    for place, kept in opt.state_dict()["state"].items():
        tensors |= {f"{place}.{name}": value for name, value in kept.items() if hasattr(value, "shape")}
    return {name: value.detach().double().numpy().copy() for name, value in tensors.items()}


@settings(max_examples=50, deadline=None)
@given(st.lists(STEP, min_size=3, max_size=14))
def test_training_in_any_order_is_what_it_is_in_torch(steps):
    torch = pytest.importorskip("torch")
    ours, theirs = program(fastinit), program(torch)
    for count, step in enumerate(steps, 1):
        texts = []
        for module in (ours, theirs):
            sys.modules["program"] = module
            texts.append(outcome(module, step))
        assert texts[0] == texts[1], steps[:count]
        mine, its = numbers(ours), numbers(theirs)
        assert list(mine) == list(its), steps[:count]
        for name in mine:
            np.testing.assert_allclose(mine[name], its[name], 1e-8, 1e-11, err_msg=f"{name} {steps[:count]}")
    del sys.modules["program"]
