"""Grad modes as contexts and decorators, and what backward, grad and hooks are given, against PyTorch."""

import pytest

import fastinit
from reference.differential import output

SETUP = """
import copy, pickle, warnings

def attempt(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            print(call())
        except Exception as error:
            print(type(error).__name__, error)
    for each in caught:
        print(each.category.__name__, each.message)

def enabled():
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled()

r = torch.tensor([1.0, 2.0], requires_grad=True)
"""

PROGRAMS = {
    "a generator": """
@torch.no_grad()
def generate(first):
    print(torch.is_grad_enabled())
    sent = yield first
    print(sent, torch.is_grad_enabled())
    try:
        yield 2
    except ValueError:
        print("caught", torch.is_grad_enabled())
    yield 3
    return 4
each = generate(1)
print(generate.__name__, next(each), torch.is_grad_enabled(), each.send(5), torch.is_grad_enabled())
print(each.throw(ValueError()), torch.is_grad_enabled())
try:
    next(each)
except StopIteration as end:
    print(end.value, torch.is_grad_enabled())
@torch.set_grad_enabled(False)
def closed():
    try:
        yield 1
    finally:
        print("closed", torch.is_grad_enabled())
each = closed(); next(each); each.close()
@torch.no_grad()
def mixed():
    with torch.enable_grad():
        yield torch.is_grad_enabled()
    yield torch.is_grad_enabled()
for recorded in mixed():
    print(recorded, torch.is_grad_enabled())
""",
    "a class": """
class Made:
    def __init__(self):
        self.recorded = torch.is_grad_enabled()
attempt(lambda: torch.no_grad()(Made)().recorded)
""",
    "inference mode": """
with torch.inference_mode():
    print(enabled())
    with torch.inference_mode(False):
        print(enabled())
    with torch.enable_grad():
        print(enabled())
    print(enabled())
with torch.no_grad(), torch.inference_mode(mode=False):
    print(enabled())
print(enabled(), torch.inference_mode()(enabled)(), torch.inference_mode(enabled)())
print(torch.inference_mode(False)(enabled)(), torch.inference_mode(True).mode)
@torch.inference_mode()
def generate():
    yield enabled()
print(list(generate()), enabled())
""",
    "set_grad_enabled": """
switch = torch.set_grad_enabled(False)
print(switch, switch.mode, enabled())
print(torch.set_grad_enabled(True), torch.set_grad_enabled(True).clone().mode)
attempt(lambda: torch.set_grad_enabled("off")); attempt(lambda: torch.set_grad_enabled(0))
print(enabled())
""",
    "hooks that return another thing": """
def hook(grad):
    return given
for given in (5, torch.ones(2).double(), torch.ones(1), torch.ones(1, 2), None):
    for x in (r, r * 2):
        handle = x.register_hook(hook); attempt(lambda: x.sum().backward()); handle.remove()
layer = torch.nn.Identity()
layer.register_full_backward_hook(lambda module, grad_input, grad_output: (torch.ones(2).double(),))
attempt(lambda: layer(r).sum().backward())
""",
    "arguments of grad": """
s, x = torch.ones(2, requires_grad=True), torch.ones(2)
attempt(lambda: torch.autograd.grad((r * 2).sum(), []))
attempt(lambda: torch.autograd.grad((r * 2).sum(), "r"))
attempt(lambda: torch.autograd.grad(r.sum(), [None]))
attempt(lambda: torch.autograd.grad(r.sum(), [r, s], materialize_grads=True, allow_unused=False))
attempt(lambda: torch.autograd.grad(r.sum(), [r, s], materialize_grads=True, allow_unused=True))
attempt(lambda: torch.autograd.grad(r.sum(), [r, x])); attempt(lambda: torch.autograd.grad(x.sum(), [r]))
attempt(lambda: r.sum().backward(inputs=[x]))
attempt(lambda: (r * 2).backward([1.0, 1.0]))
""",
    "copies of what is no leaf": """
y = r * 2
print(pickle.loads(pickle.dumps(y)), pickle.loads(pickle.dumps(y)).is_leaf, copy.copy(y).is_leaf)
attempt(lambda: copy.deepcopy(y))
""",
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_grad_modes_and_backward_take_what_they_take_in_torch(case):
    torch = pytest.importorskip("torch")
    program = SETUP + PROGRAMS[case]
    assert output(fastinit, program) == output(torch, program)
