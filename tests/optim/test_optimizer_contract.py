"""Groups, names, states and hooks of optimisers, against PyTorch."""

import copy
import pickle

import pytest

import fastinit
from fastinit import nn, optim
from fastinit.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from reference.differential import output, transcript

SETUP = """
import copy
import pickle
from importlib import import_module
optim = import_module(torch.__name__ + ".optim")
O = import_module(torch.__name__ + ".optim.optimizer")

def P(*lengths):
    return [nn.Parameter(torch.ones(length)) for length in lengths]

def N(*names):
    return [(name, nn.Parameter(torch.ones(2))) for name in names]

def stepped(optimizer, steps=1, **kwargs):
    for _ in range(steps):
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = p.detach() * 0 + 2
        optimizer.step(**kwargs)
    return optimizer

def added(optimizer, group):
    result = optimizer.add_param_group(group)
    return result, optimizer, optimizer.param_groups[-1] is group, list(group), optimizer.state_dict()

def shared(first, second):
    return copy.deepcopy(second.state_dict()) == first.state_dict()

def loaded(optimizer, state):
    result = optimizer.load_state_dict(state)
    again = stepped(optimizer)
    return result, optimizer, optimizer.state_dict(), [list(group) for group in optimizer.param_groups]

def with_state(optimizer, **state):
    kept = optimizer.state_dict()
    kept["state"] = state.get("state", kept["state"])
    for group in kept["param_groups"]:
        group.update(state.get("options", {}))
        for name in state.get("without", ()):
            group.pop(name)
    return kept

class Plain(optim.Optimizer):
    def __init__(self, params, **defaults):
        super().__init__(params, defaults)

    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self.state[p]["seen"] = self.state[p].get("seen", 0) + 1
                        p -= group["lr"] * p.grad
        return "stepped"
"""

GROUPS = """
added(optim.SGD(P(2)), {'params': P(3)}) | added(optim.SGD(P(2)), {'params': P(3)[0], 'lr': 7})
added(optim.Adam(P(2)), {'foo': 1, 'params': (p for p in P(3, 1)), 'betas': (0.5, 0.5)})
added(optim.SGD(N('a')), {'params': N('b', 'c')}) | added(optim.SGD(N('a')), {'params': P(2)})
added(optim.SGD(P(2)), {'params': N('b')}) | added(optim.SGD(N('a')), {'params': N('b') + P(2)})
added(optim.SGD(N('a')), {'params': []}) | added(optim.SGD(P(1)), {'params': []}) | optim.SGD(N('a') + P(2))
optim.SGD(P(2) + N('a')) | optim.SGD(N('a', 'b')).param_groups[0]['param_names'] | optim.SGD(N('a'))
optim.SGD(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)).named_parameters()).state_dict()
optim.AdamW([{'params': N('a'), 'lr': 0.5}, {'params': N('b')}]).state_dict() | optim.SGD([('a', 3)])
optim.SGD([('a',)])
optim.SGD([{'params': N('a')}, {'params': P(2)}]) | optim.SGD([('a', torch.ones(2), 3)])
optim.SGD([(1, P(2)[0])])
optim.SGD([{'params': 3}]) | optim.SGD([{'params': None}]) | optim.SGD([np.ones(2)]) | optim.SGD(['a'])
optim.SGD([(P(2)[0],)])
optim.SGD([{'params': P(1)}, 3]) | optim.SGD([3, {'params': P(1)}]) | optim.SGD({'params': P(1)})
optim.SGD(P(1), lr=None)
twice() | twice_and_more() | optim.SGD([torch.ones(2, requires_grad=True) * 1]) | optim.SGD([torch.ones(2)])
retained()
Plain(P(2), lr=O.required) | Plain([{'params': P(2), 'lr': 2}], lr=O.required) | O.required
Plain(P(2), lr=1, other=O.required)
stepped(Plain(P(2), lr=1)).state | stepped(optim.Optimizer(P(2), {})) | optim.Optimizer(P(2), {}).step()
optim.Optimizer(P(1), {})
optim.Optimizer([], {}) | optim.Optimizer(3, {}) | optim.Optimizer(torch.ones(2), {})
optim.Optimizer(P(1)[0].double(), {})
optim.SGD(P(1), fused=True, differentiable=True) | optim.SGD(P(1), fused=True, foreach=True)
optim.Adam(P(1), fused=True, foreach=True)
optim.AdamW(P(1), fused=True, differentiable=True) | optim.SGD(P(1), fused=True)
optim.SGD(P(1), foreach=True)
optim.SGD(P(1), lr=torch.ones(2)) | optim.Adam(P(1), lr=torch.ones(2)) | optim.SGD(P(1), lr=torch.ones(1))
optim.AdamW(P(1), lr=torch.ones(1))
optim.Adam(P(1), lr=torch.tensor(1.0), foreach=True) | optim.SGD(P(1), lr=torch.tensor(1.0), foreach=True)
optim.Adam(P(1), lr=torch.tensor(1.0), foreach=True, capturable=True) | optim.Adam(P(1), betas=(0, 0.9))
optim.Adam(P(1), betas=(torch.tensor(0.5), 0.9))
optim.Adam(P(1), betas=(torch.tensor([0.5]), torch.tensor(0.25)))
optim.Adam(P(1), betas=(torch.tensor([0.5, 0.5]), torch.tensor(0.25))) | optim.Adam(P(1), betas=(0.9,))
optim.Adam(P(1), betas=(0.9, 0))
optim.Adam(P(1), betas=(torch.tensor(0.5), torch.tensor(0.5)), foreach=True) | optim.SGD(P(1), maximize=True)
stepped(optim.Adam(P(2), betas=(torch.tensor([0.5]), torch.tensor(0.25))), 3).param_groups
stepped(optim.Adam(P(2), fused=True), 2).state_dict()
stepped(optim.SGD(P(2), lr=torch.tensor([0.5])), 2).param_groups
stepped(optim.Adam(P(2), lr=torch.tensor([0.25])), 2).param_groups
stepped(optim.SGD(P(2), foreach=False, maximize=True), 2).param_groups
optim.SGD(P(1), weight_decay=torch.tensor(0.5))
optim.SGD(P(1)).step(3) | optim.SGD(P(1)).step(closure=lambda: 5)
closed() | raising()
"""

GROUP_PROGRAMS = """
def twice():
    a = P(2)[0]
    return optim.SGD([a, a]).state_dict()

def twice_and_more():
    a, b = P(2, 3)
    return optim.SGD([{'params': [a, a]}, {'params': [b]}], momentum=0.5).state_dict()

def retained():
    a = torch.ones(2, requires_grad=True) * 2
    a.retain_grad()
    return optim.SGD([a])

def closed():
    optimizer = optim.SGD(P(2), lr=0.5)
    [p] = optimizer.param_groups[0]["params"]
    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss
    return [optimizer.step(closure).item() for _ in range(3)], p, torch.is_grad_enabled()

def raising():
    optimizer = optim.SGD(P(2), lr=0.5)
    optimizer.step(lambda: 1 / 0)
"""

STATES = """
stepped(optim.SGD(P(2), momentum=0.5)).state_dict()
stepped(optim.AdamW(N('a', 'b'), amsgrad=True), 2).state_dict()
stepped(optim.SGD(P(2))).state_dict()
loaded(optim.SGD(P(2), momentum=0.1), stepped(optim.SGD(P(2), momentum=0.5)).state_dict())
loaded(optim.Adam(P(2)), stepped(optim.AdamW(P(2))).state_dict())
loaded(optim.AdamW(P(2)), stepped(optim.Adam(P(2))).state_dict())
loaded(optim.SGD(N('a')), optim.SGD(P(2)).state_dict())
loaded(optim.SGD(P(2)), optim.SGD(N('a')).state_dict())
loaded(optim.SGD(N('a')), optim.SGD(N('b')).state_dict())
loaded(optim.SGD(P(2)), optim.Adam(P(2)).state_dict())
loaded(optim.SGD(P(2)), with_state(optim.SGD(P(2)), without=['nesterov', 'maximize', 'foreach', 'fused']))
loaded(optim.Adam(P(2)), with_state(stepped(optim.Adam(P(2))), without=['amsgrad', 'foreach', 'fused']))
loaded(optim.Adam(P(2)), with_state(stepped(optim.Adam(P(2))), without=['maximize', 'capturable']))
loaded(optim.Adam(P(2)), with_state(stepped(optim.Adam(P(2))), without=['decoupled_weight_decay']))
loaded(optim.SGD(P(2)), with_state(optim.SGD(P(2)), without=['lr']))
loaded(optim.SGD(P(2)), with_state(optim.SGD(P(2)), options={'foo': [1]}))
loaded(optim.Adam(P(2)), with_state(optim.Adam(P(2)), state={0: kept_by_adam(3)}))
loaded(optim.Adam(P(2)), with_state(optim.Adam(P(2)), state={0: kept_by_adam(torch.tensor(3.0))}))
loaded(Plain(P(2), lr=1), with_state(Plain(P(2), lr=1), state={0: nested()}))
loaded(Plain(P(2), lr=1), with_state(Plain(P(2), lr=1), state={'whole': {'a': 3}, 5: {'b': 2}}))
optim.SGD(P(2)).load_state_dict({}) | optim.SGD(P(2)).load_state_dict(3)
optim.SGD(P(2)).load_state_dict({'param_groups': []})
optim.SGD(P(2)).load_state_dict(optim.SGD(P(2, 3)).state_dict())
optim.SGD(P(2)).load_state_dict(optim.SGD([{'params': P(2)}] * 1).state_dict())
optim.SGD(P(2, 2)).load_state_dict(optim.SGD([{'params': P(2)}, {'params': P(2)}]).state_dict())
copy.deepcopy(stepped(optim.SGD(P(2), momentum=0.5))).state_dict()
stepped(copy.deepcopy(stepped(optim.AdamW(P(2)), 3)), 2).state_dict()
pickle.loads(pickle.dumps(stepped(optim.SGD(P(2), momentum=0.5), 3))).state_dict()
stepped(pickle.loads(pickle.dumps(stepped(optim.Adam(P(2)), 3)))).state_dict()
pickle.loads(pickle.dumps(optim.SGD(N('a'), 0.5))) | optim.SGD(P(2)).__getstate__()
sorted(optim.SGD(P(2)).__getstate__())
cleared(True) | cleared(False) | cleared_graph() | optim.SGD(P(2)).zero_grad()
optim.SGD(P(2)).zero_grad(False) | optim.SGD(P(2)).zero_grad(set_to_none=1)
"""

STATE_PROGRAMS = """
def kept_by_adam(step):
    return {"step": step, "exp_avg": torch.ones(2).double(), "exp_avg_sq": torch.ones(2).half()}

def nested():
    one = torch.ones(2).double()
    return {"a": [one, (1, None)], "b": {"step": one, "c": one}}

def cleared(set_to_none):
    optimizer = stepped(optim.SGD(P(2, 3)))
    before = [p.grad for p in optimizer.param_groups[0]["params"]]
    optimizer.zero_grad(set_to_none)
    after = [p.grad for p in optimizer.param_groups[0]["params"]]
    return before, after, [a is b for a, b in zip(before, after)]

def cleared_graph():
    [p] = parameters = P(2)
    p.grad = (torch.ones(2, requires_grad=True) * 3)
    optimizer = optim.SGD(parameters)
    optimizer.zero_grad(False)
    p.grad = torch.ones(4)[:2].requires_grad_()
    optimizer.zero_grad(False)
    return p.grad, p.grad.requires_grad
"""


@pytest.mark.parametrize(
    ("programs", "table"), [(GROUP_PROGRAMS, GROUPS), (STATE_PROGRAMS, STATES)], ids=["groups", "states"]
)
def test_groups_states_and_errors_are_those_of_torch(programs, table):
    torch = pytest.importorskip("torch")
    ours, theirs = transcript(fastinit, SETUP + programs, table), transcript(torch, SETUP + programs, table)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


HOOKS = """
def say(name, result=None):
    def hook(*args):
        print(name, [type(arg).__name__ for arg in args], args[1:2] if name.startswith("args") else "")
        return result
    return hook

for optimizer in (optim.SGD(P(2)), Plain(P(2), lr=1), optim.AdamW(P(2))):
    print(type(optimizer).__name__)
    handles = [
        optimizer.register_step_pre_hook(say("before 1")),
        O.register_optimizer_step_pre_hook(say("before all")),
        optimizer.register_step_pre_hook(say("before 2")),
        optimizer.register_step_post_hook(say("after 1", 5)),
        O.register_optimizer_step_post_hook(say("after all")),
        optimizer.register_step_post_hook(say("after 2")),
        optimizer.register_state_dict_pre_hook(say("save 1")),
        optimizer.register_state_dict_pre_hook(say("save 2"), prepend=True),
        optimizer.register_state_dict_post_hook(say("saved 1")),
        optimizer.register_state_dict_post_hook(say("saved 2"), prepend=True),
        optimizer.register_load_state_dict_pre_hook(say("load 1")),
        optimizer.register_load_state_dict_pre_hook(say("load 2"), prepend=True),
        optimizer.register_load_state_dict_post_hook(say("loaded 1")),
        optimizer.register_load_state_dict_post_hook(say("loaded 2"), prepend=True),
    ]
    print(stepped(optimizer, 2).step(), optimizer.step(closure=None), optimizer.step(None))
    state = optimizer.state_dict()
    optimizer.load_state_dict(state)
    print(copy.deepcopy(optimizer).step())
    for handle in handles:
        handle.remove()
    print(optimizer.step(), optimizer.state_dict())

optimizer = optim.SGD(P(2))
with optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: "changed"), {})):
    print(optimizer.step(), optimizer.step(lambda: "given"))
for wrong in (3, (1, 2, 3), [1, 2]):
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: wrong):
        try:
            optimizer.step()
        except RuntimeError as error:
            print(str(error).split(" must ")[1])
with optimizer.register_state_dict_post_hook(lambda o, state: {"replaced": state}):
    print(optimizer.state_dict())
with optimizer.register_load_state_dict_pre_hook(lambda o, state: state["replaced"]):
    optimizer.load_state_dict({"replaced": optimizer.state_dict()})

def forget(o, state):
    state.pop("state")

state = optimizer.state_dict()
with optimizer.register_load_state_dict_pre_hook(forget):
    try:
        optimizer.load_state_dict(state)
    except KeyError as error:
        print(error, list(state))
"""


def test_hooks_are_called_as_by_torch():
    torch = pytest.importorskip("torch")
    assert output(fastinit, SETUP + HOOKS) == output(torch, SETUP + HOOKS)


class Calling(optim.SGD):
    """Calls the step that it derives from."""

    def step(self, closure=None):
        return super().step(closure)


class Mixin:
    """No optimiser itself."""

    def step(self, closure=None):
        return super().step(closure)


class Mixed(Mixin, optim.SGD):
    """Gets its step from a class that knows of no hooks."""


@pytest.mark.parametrize("kind", [Calling, Mixed])
def test_a_step_that_calls_the_one_it_derives_from_calls_each_hook_once(kind):
    optimizer = kind([nn.Parameter(fastinit.ones(1))])
    calls = []
    with (
        optimizer.register_step_pre_hook(lambda *_: calls.append("before")),
        register_optimizer_step_pre_hook(lambda *_: calls.append("before all")),
        optimizer.register_step_post_hook(lambda *_: calls.append("after")),
        register_optimizer_step_post_hook(lambda *_: calls.append("after all")),
    ):
        optimizer.step()
    assert calls == ["before all", "before", "after", "after all"]


@pytest.mark.parametrize("through", [copy.deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])
def test_a_copy_has_no_hooks_and_takes_new_ones(through):
    optimizer = optim.SGD([nn.Parameter(fastinit.ones(1))])
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("original"))
    duplicate = through(optimizer)
    duplicate.register_step_pre_hook(lambda *_: calls.append("copy"))
    duplicate.step()
    assert calls == ["copy"]


def test_a_loaded_state_is_a_copy():
    first, second = (nn.Parameter(fastinit.ones(2)) for _ in range(2))
    optimizer, other = (optim.SGD([parameter], momentum=0.5) for parameter in (first, second))
    first.grad = fastinit.ones(2)
    optimizer.step()
    other.load_state_dict(optimizer.state_dict())
    optimizer.step()
    assert other.state[second]["momentum_buffer"].tolist() == [1, 1]


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_step_that_is_to_be_differentiable_is_refused(make):
    with pytest.raises(NotImplementedError, match="not recorded"):
        make([nn.Parameter(fastinit.ones(1))], differentiable=True)
