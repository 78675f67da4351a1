"""Full backward hooks against PyTorch: what they see, what they may replace, what they refuse."""

import copy
import gc
import pickle
import weakref

import pytest

import fastinit
from fastinit import nn
from reference.differential import calls, output

SETUP = """
import warnings

class Double(nn.Module):
    def forward(self, x):
        return x * 2

class Two(nn.Module):
    def forward(self, a, b, c=None, d=None):
        return a * 2, b * 3

class Giving(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.wrap = wrap
    def forward(self, x):
        return self.wrap(x * 2)

def attempt(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            print(call())
        except Exception as error:
            print(type(error).__name__, error)
    for each in caught:
        print(each.category.__name__, each.message)

def show(name):
    return lambda m, *grads: print(name, *grads)

def run(module, *args, **kwargs):
    for each in (*args, *kwargs.values()):
        if isinstance(each, torch.Tensor):
            each.grad = None
    out = module(*args, **kwargs)
    outs = out if isinstance(out, tuple) else (out,)
    sum(o.sum() for o in outs if o.requires_grad).backward()
    return [each.grad if isinstance(each, torch.Tensor) else each for each in (*args, *kwargs.values())]

m, x, y = Double(), torch.ones(2, requires_grad=True), torch.ones(3)
linear = nn.Linear(2, 2)
nn.init.ones_(linear.weight)
nn.init.ones_(linear.bias)
"""

RETURNED = """
3 | (1, 2) | (torch.ones(2), torch.ones(2)) | torch.ones(2) * 7 | (None,) | () | [torch.ones(2) * 5]
(torch.ones(3),) | (3,) | (torch.ones(2) * 5,) | None | (torch.ones(2, dtype=torch.float64),)
"""

PROGRAMS = {
    "a hook sees both gradients": """
h = m.register_full_backward_hook(show("hook")); attempt(lambda: run(m, x)); print(m(x)); h.remove()
attempt(lambda: run(m, x)); print(m(x))
""",
    "hooks see what those before them returned": """
m.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,))
m.register_full_backward_pre_hook(show("pre"))
m.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
m.register_full_backward_hook(show("hook"))
attempt(lambda: run(m, x))
""",
    "hooks run in order, prepended ones first": """
for i in range(3):
    m.register_full_backward_hook(show(f"hook {i}"), prepend=i == 2)
    m.register_full_backward_pre_hook(show(f"pre {i}"), prepend=i == 1)
attempt(lambda: run(m, x))
print(len(m._backward_hooks), len(m._backward_pre_hooks))
""",
    "no input requires a gradient": """
for hook in (show("hook"), lambda m, gi, go: (None,), lambda m, gi, go: (1,)):
    linear.register_full_backward_hook(hook)
    attempt(lambda: run(linear, torch.ones(1, 2)))
""",
    "nothing requires a gradient": """
m.register_full_backward_hook(show("hook")); m.register_full_backward_pre_hook(show("pre"))
attempt(lambda: m(y))
with torch.no_grad():
    attempt(lambda: m(x))
""",
    "several inputs and outputs": """
two = Two()
two.register_full_backward_hook(show("hook"))
two.register_full_backward_pre_hook(show("pre"))
z = torch.ones(2, requires_grad=True)
attempt(lambda: run(two, x, y, 4)); attempt(lambda: run(two, x, z)); attempt(lambda: run(two, x, x))
attempt(lambda: two(x, y)); attempt(lambda: two(x, z))
attempt(lambda: two(x, z)[0].sum().backward()); print(x.grad, z.grad)
attempt(lambda: two(x, z)[1].sum().backward()); print(x.grad, z.grad)
""",
    "several inputs, replaced": """
two, z = Two(), torch.ones(2, requires_grad=True)
for hook in (lambda m, gi, go: (gi[1], gi[0]), lambda m, gi, go: (None, gi[0]), lambda m, gi, go: gi[:1]):
    with two.register_full_backward_hook(hook):
        attempt(lambda: run(two, x, z))
with two.register_full_backward_pre_hook(lambda m, go: (None, go[0])):
    attempt(lambda: run(two, x, z, 5))
""",
    "keyword arguments are not watched": """
two = Two(); two.register_full_backward_hook(show("hook"))
attempt(lambda: run(two, x, b=y, c=x)); attempt(lambda: run(two, a=x, b=y))
""",
    "outputs that are neither tensor nor tuple": """
for wrap in (lambda r: [r], lambda r: {"r": r}, lambda r: 5, lambda r: None, lambda r: (), lambda r: (r, 5)):
    g = Giving(wrap); g.register_full_backward_hook(show("hook")); attempt(lambda: g(x))
import collections
Pair = collections.namedtuple("Pair", "a b")
g = Giving(lambda r: Pair(r, 1)); g.register_full_backward_hook(show("hook")); attempt(lambda: g(x))
""",
    "inputs and outputs are not to be written to": """
g = Giving(lambda r: r); g.register_full_backward_hook(show("hook"))
out = g(x)
attempt(lambda: out.mul_(2)); attempt(lambda: out.view(1, 2).mul_(2))
attempt(lambda: out.view(1, 2)); print(out)
class Writes(nn.Module):
    def forward(self, a):
        return a.mul_(2)
w = Writes(); w.register_full_backward_hook(show("hook"))
attempt(lambda: w(x * 1)); attempt(lambda: w(y * 1))
""",
    "a module called twice, and one inside another": """
m.register_full_backward_hook(show("inner"))
outer = nn.Sequential(m, m); outer.register_full_backward_hook(show("outer"))
attempt(lambda: run(outer, x))
""",
    "an identity": """
identity = nn.Identity(); identity.register_full_backward_hook(show("hook"))
attempt(lambda: run(identity, x))
print(identity(x) is x)
""",
    "forward hooks see what is watched": """
m.register_full_backward_hook(show("hook"))
m.register_forward_pre_hook(lambda m, a: print(a[0].is_leaf))
m.register_forward_hook(lambda m, a, o: print(a[0].is_leaf, o.grad_fn.name()))
attempt(lambda: m(x))
""",
    "a second backward": """
m.register_full_backward_hook(show("hook")); out = m(x).sum()
out.backward(retain_graph=True); attempt(lambda: out.backward())
""",
    "autograd.grad": """
m.register_full_backward_hook(show("hook")); attempt(lambda: torch.autograd.grad(m(x).sum(), x))
linear.register_full_backward_hook(show("linear"))
attempt(lambda: torch.autograd.grad(linear(x[None]).sum(), linear.weight))
attempt(lambda: torch.autograd.grad(linear(torch.ones(1, 2)).sum(), linear.weight))
""",
    "a hook removed between the passes still runs": """
h = m.register_full_backward_hook(show("hook")); out = m(x).sum(); h.remove(); attempt(lambda: out.backward())
""",
    "layers that would run as one": """
row = nn.Sequential(linear, nn.ReLU())
for each in row:
    each.register_full_backward_hook(show(type(each).__name__))
attempt(lambda: run(row, x[None].detach().requires_grad_()))
""",
    "hooks of all modules": """
from types import SimpleNamespace
g = nn.modules.module
handles = [
    g.register_module_forward_pre_hook(lambda m, a: print("pre", type(m).__name__, len(a))),
    g.register_module_forward_hook(lambda m, a, o: print("forward", type(m).__name__, len(a))),
    g.register_module_forward_hook(lambda m, a, k, o: print("kwargs", len(a), list(k)), with_kwargs=True),
    g.register_module_full_backward_hook(show("hook")),
    g.register_module_full_backward_pre_hook(show("before")),
]
m.register_forward_hook(lambda m, a, o: print("own"))
m.register_full_backward_hook(show("own hook"))
attempt(lambda: run(nn.Sequential(m, nn.ReLU()), x)); attempt(lambda: m(x=x))
for h in handles:
    h.remove()
attempt(lambda: run(m, x))
class Fails(nn.Module):
    def forward(self):
        raise ValueError("failed")
f = Fails()
def raises(*args):
    raise KeyError("in hook")
with g.register_module_forward_hook(lambda m, a, o: print("always", a, o), always_call=True):
    attempt(lambda: f())
    f.register_forward_hook(raises, always_call=True)
    f.register_forward_hook(lambda m, a, o: print("last", o), always_call=True)
    attempt(lambda: f())
with g.register_module_forward_hook(raises, always_call=True):
    attempt(lambda: f())
attempt(lambda: f())
""",
    "hooks of what is registered": """
g = nn.modules.module
seen = lambda m, name, value: print(name, type(value).__name__)
handles = [
    g.register_module_parameter_registration_hook(seen),
    g.register_module_buffer_registration_hook(seen),
    g.register_module_module_registration_hook(seen),
]
holder = nn.Module()
holder.p = nn.Parameter(x.detach()); holder.p = None; holder.register_parameter("q", None)
holder.register_buffer("b", y); holder.b = None; holder.c = nn.Buffer(y)
holder.m = nn.ReLU(); holder.m = None; holder.add_module("n", nn.Identity()); holder.plain = y
for h in handles:
    h.remove()
with g.register_module_parameter_registration_hook(lambda m, n, v: nn.Parameter(v.detach() * 2)):
    holder.p = nn.Parameter(torch.ones(2))
with g.register_module_buffer_registration_hook(lambda m, n, v: v * 2):
    holder.b = y
other = nn.Sequential(nn.Tanh())
with g.register_module_module_registration_hook(lambda m, n, v: other):
    holder.m = nn.ReLU()
print(holder, holder.p, holder.b)
""",
}


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("case", PROGRAMS)
def test_backward_hooks_do_what_they_do_in_torch(torch, case):
    program = SETUP + PROGRAMS[case]
    assert output(fastinit, program) == output(torch, program)


@pytest.mark.parametrize("register", ["register_full_backward_hook", "register_full_backward_pre_hook"])
@pytest.mark.parametrize("returned", calls(RETURNED))
def test_what_backward_hooks_return_is_checked_as_in_torch(torch, register, returned):
    program = f"{SETUP}m.{register}(lambda *_: {returned})\nattempt(lambda: run(m, x))"
    ours, theirs = (output(library, program).split(" (was ")[0].strip() for library in (fastinit, torch))
    assert ours == theirs


def _seen(module, args, result):
    module.count = getattr(module, "count", 0) + 1


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))],
    ids=["deepcopy", "pickle"],
)
def test_copies_of_a_module_have_its_hooks(duplicate):
    module = nn.Identity()
    module.handle = module.register_forward_hook(_seen)
    other = duplicate(module)
    other(fastinit.ones(1))
    assert (other.count, "count" in module.__dict__) == (1, False)
    other.register_forward_hook(_seen)
    other(fastinit.ones(1))
    assert other.count == 3
    other.handle.remove()
    assert len(other._forward_hooks) == 1
    assert len(module._forward_hooks) == 1


def test_calls_stop_looking_for_hooks_once_there_are_none():
    module = nn.Identity()
    with module.register_full_backward_hook(_seen), nn.modules.module.register_module_forward_hook(_seen):
        assert module._hooked
        assert nn.Module._hooked
    module(fastinit.ones(1))
    assert not module._hooked
    assert not nn.Module._hooked


def test_a_watched_call_keeps_neither_module_nor_values_alive():
    module = nn.Identity()
    module.register_full_backward_hook(lambda *_: None)
    x = fastinit.ones(2, requires_grad=True)
    kept = [weakref.ref(module), weakref.ref(result := module(x * 2))]
    result.sum().backward()
    gc.disable()
    try:
        del module, result
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()
