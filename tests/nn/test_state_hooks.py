"""Hooks around state_dict and load_state_dict, extra state, and buffers, against PyTorch."""

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
            print(type(error).__name__, str(error).splitlines()[:3])
    for each in caught:
        print(each.category.__name__, each.message)

net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1)))
for p in net.parameters():
    nn.init.ones_(p)
S = copy.deepcopy(net.state_dict())
inner = net[1][0]
"""

PROGRAMS = {
    "pre-hooks of state_dict": """
for each in (net, inner):
    each.register_state_dict_pre_hook(lambda m, prefix, keep: print(type(m).__name__, repr(prefix), keep))
h = inner.register_state_dict_pre_hook(lambda m, prefix, keep: setattr(m, "bias", None))
print(list(net.state_dict(keep_vars=True))); h.remove(); print(list(net.state_dict(prefix="p.")))
""",
    "post-hooks of state_dict": """
def hook(m, state, prefix, metadata):
    print(type(m).__name__, list(state), repr(prefix), metadata)
    state[prefix + "extra"] = 1
for each in (net, inner):
    each.register_state_dict_post_hook(hook)
print(list(net.state_dict()))
h = net.register_state_dict_post_hook(lambda *_: {}); attempt(net.state_dict); h.remove()
attempt(lambda: net._register_state_dict_hook(hook))
""",
    "older hooks of state_dict": """
h = net._register_state_dict_hook(lambda m, state, prefix, metadata: {"only": 1}); attempt(net.state_dict)
h.remove()
h = inner._register_state_dict_hook(lambda m, state, prefix, metadata: {"only": 1})
attempt(lambda: list(net.state_dict())); attempt(inner.state_dict)
""",
    "positional arguments of state_dict": """
attempt(lambda: net.state_dict({}, "p.", True)); attempt(lambda: list(net.state_dict({"a": 1})))
""",
    "pre-hooks of load_state_dict": """
def hook(m, state, prefix, metadata, strict, missing, unexpected, errors):
    print(type(m).__name__, list(state), repr(prefix), metadata, strict, missing, unexpected, errors)
    state[prefix + "weight"] = torch.full((1, 1), 3.0)
inner.register_load_state_dict_pre_hook(hook)
attempt(lambda: net.load_state_dict(S)); print(inner.weight, S["1.0.weight"])
attempt(lambda: net.load_state_dict(copy.deepcopy(S), strict=False, assign=True)); print(inner.weight)
def tells(*args):
    args[-1].append("an error"); args[-2].append("one more"); args[-3].append("one less")
net._register_load_state_dict_pre_hook(tells)
attempt(lambda: net.load_state_dict(S)); attempt(lambda: net.load_state_dict(S, strict=False))
net._register_load_state_dict_pre_hook(lambda m, *args: print(m is net, len(args)), with_module=True)
attempt(lambda: net.load_state_dict(S))
""",
    "post-hooks of load_state_dict": """
h = inner.register_load_state_dict_post_hook(lambda m, keys: print(type(m).__name__, keys))
net.register_load_state_dict_post_hook(lambda m, keys: print(type(m).__name__, keys))
attempt(lambda: net.load_state_dict({})); attempt(lambda: net.load_state_dict({"x": 1}, strict=False))
net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
attempt(lambda: net.load_state_dict({}))
net.register_load_state_dict_post_hook(lambda m, keys: keys.unexpected_keys.append("more"))
attempt(lambda: net.load_state_dict({})); attempt(lambda: net.load_state_dict({}, strict=False))
net.register_load_state_dict_post_hook(lambda m, keys: 1); attempt(lambda: net.load_state_dict({}))
""",
    "a subclass that loads its own way": """
class Renamed(nn.Linear):
    _version = 3
    def _load_from_state_dict(self, state, prefix, metadata, strict, missing, unexpected, errors):
        print(metadata.get("version"), strict)
        if metadata.get("version", 0) < 3:
            state[prefix + "weight"] = state.pop(prefix + "w")
        super()._load_from_state_dict(state, prefix, metadata, strict, missing, unexpected, errors)
r = nn.Sequential(Renamed(1, 1))
attempt(lambda: r.load_state_dict({"0.w": torch.ones(1, 1), "0.bias": torch.ones(1)})); print(r[0].weight)
attempt(lambda: r.load_state_dict(r.state_dict())); print(r.state_dict()._metadata)
class Lax(nn.Linear):
    def _load_from_state_dict(self, *args):
        super()._load_from_state_dict(*args[:3], False, *args[4:])
attempt(lambda: nn.Sequential(Lax(1, 1)).load_state_dict({"0.bias": torch.ones(1), "0.x": 1, "0.weight": 1}))
""",
    "extra state without one of its methods": """
class Gives(nn.Module):
    def get_extra_state(self):
        return 3
class Takes(nn.Module):
    def set_extra_state(self, state):
        print("set", state)
attempt(Gives().state_dict); attempt(lambda: Gives().load_state_dict(Gives().state_dict()))
attempt(Takes().state_dict); attempt(lambda: Takes().load_state_dict(Gives().state_dict()))
attempt(lambda: Takes().load_state_dict({})); attempt(lambda: Takes().load_state_dict({}, strict=False))
""",
    "assigning keeps what is given, and requires_grad": """
inner.weight.requires_grad_(False)
given = {k: torch.full_like(v, 2, dtype=torch.float64) for k, v in S.items()}
attempt(lambda: net.load_state_dict(given, assign=True))
for name, p in net.named_parameters():
    print(name, type(p).__name__, p, p.data_ptr() == given[name].data_ptr())
""",
    "assigning and ties": """
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(1, 1), nn.Linear(1, 1)
        self.b.weight = self.a.weight
t = Tied(); state = copy.deepcopy(t.state_dict())
t.load_state_dict(state); print(t.a.weight is t.b.weight)
t.load_state_dict(t.state_dict(keep_vars=True), assign=True); print(t.a.weight is t.b.weight)
t.load_state_dict(state, assign=True); print(t.a.weight is t.b.weight)
""",
    "buffers": """
class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = nn.Buffer(torch.ones(2))
        self.cache = nn.Buffer(torch.ones(2), persistent=False)
        self.plain = torch.ones(2)
m = Holder()
print(type(m.mean).__name__, isinstance(m.mean, nn.Buffer), isinstance(m.plain, nn.Buffer))
print(m.mean, nn.Buffer())
print([n for n, _ in m.named_buffers()], list(m.state_dict()), m._non_persistent_buffers_set)
m.cache = torch.zeros(2); m.mean = torch.zeros(2); print(list(m.state_dict()), m.mean, m._buffers)
m.cache = None; print(list(m.state_dict()), m._non_persistent_buffers_set)
m.cache = nn.Buffer(torch.ones(1)); print(list(m.state_dict()), m._non_persistent_buffers_set)
m.mean = nn.Buffer(torch.ones(1), persistent=False); print(list(m.state_dict()))
del m.mean; print(m._non_persistent_buffers_set, hasattr(m, "mean"))
attempt(lambda: setattr(m, "plain", nn.Buffer(torch.ones(1)))); attempt(lambda: setattr(m, "cache", 3))
m.cache = nn.Parameter(torch.ones(1)); print(list(m._buffers), list(m._parameters))
attempt(lambda: setattr(m, "cache", nn.Buffer(torch.ones(1))))
m.register_buffer("kept", nn.Buffer(torch.ones(1), persistent=False)); print(list(m.state_dict()))
print(nn.Buffer(torch.ones(1, requires_grad=True)).requires_grad, nn.Buffer(nn.Parameter(torch.ones(1))))
""",
    "buffers before the base class is ready": """
class Early(nn.Module):
    def __init__(self):
        self.mean = nn.Buffer(torch.ones(2))
attempt(Early)
class Counted(nn.Module):
    def register_buffer(self, name, tensor, persistent=True):
        print("register", name, persistent)
        super().register_buffer(name, tensor, persistent)
c = Counted(); c.b = nn.Buffer(torch.ones(1)); c.b = torch.zeros(1); print(c.b)
""",
    "parameters that were written to": """
p = nn.Parameter(torch.ones(1)); q = nn.Parameter(torch.ones(1), requires_grad=False); q.mul_(p)
attempt(lambda: setattr(net, "q", q)); attempt(lambda: net.register_parameter("q", q))
""",
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_states_are_saved_and_loaded_as_in_torch(case):
    torch = pytest.importorskip("torch")
    program = SETUP + PROGRAMS[case]
    assert output(fastinit, program) == output(torch, program)
