"""Random calls in random order on a module tree, under both libraries: each gives, or raises, the same."""

import sys
import warnings
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from reference.differential import translated

SETUP = """
import copy
import operator
import pickle
from collections import OrderedDict

class Block(nn.Module):
    def __init__(self, first, *rest):
        super().__init__()
        self.first = first
        self.rest = nn.ModuleList(rest)
        self.gain = nn.Parameter(torch.full((3,), 0.5))
        self.register_buffer("shift", torch.full((3,), 0.25))
        self.register_buffer("mask", torch.ones(3), persistent=False)
        self.register_parameter("absent", None)

    def forward(self, x):
        x = self.first(x) * self.gain + self.shift
        for part in self.rest:
            x = part(x) * self.mask
        return x

def fill(module):
    with torch.no_grad():
        for index, tensor in enumerate(module.state_dict(keep_vars=True).values()):
            tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape) * 0.125 * (index + 1) - 0.5)

def rounded(tensor):
    return [round(value, 4) + 0.0 for value in tensor.detach().double().flatten().tolist()]

def snapshot(net):
    tensors = [*net.named_parameters(remove_duplicate=False), *net.named_buffers(remove_duplicate=False)]
    known = []
    for _, tensor in tensors:
        if not any(tensor is other for other in known):
            known.append(tensor)
    number = {id(tensor): index for index, tensor in enumerate(known)}
    return [
        (name, number[id(t)], tuple(t.shape), str(t.dtype), t.requires_grad, rounded(t),
         None if t.grad is None else rounded(t.grad))
        for name, t in tensors
    ]

def train(net):
    y = net(torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], dtype=torch.float64))
    y.sum().backward()
    return rounded(y)

def loaded(net, change, **how):
    state = OrderedDict((name, torch.zeros_like(value)) for name, value in net.state_dict().items())
    change(state)
    return net.load_state_dict(state, **how)

def linear():
    layer = nn.Linear(3, 3)
    fill(layer)
    return layer

shared = linear()
"""

MODULES = ["linear()", "nn.Tanh()", "shared", "nn.Sequential(shared, nn.ReLU())"]
PATHS = [
    "",
    "first",
    "first.weight",
    "rest",
    "rest.0",
    "rest.0.bias",
    "gain",
    "shift",
    "mask",
    "absent",
    "no",
]
PATHS += ["first.no.weight", "no.7", "first.0.weight", "forward", "training"]
TENSORS = ["None", "nn.Parameter(torch.ones(3))", "torch.ones(3)", "net.gain", "net.first.weight", "3"]
HOW = ["", ", strict=False", ", assign=True", ", strict=False, assign=True"]
CHANGES = [
    "lambda state: None",
    "lambda state: state.popitem()",
    "lambda state: state.update({'no.weight': torch.ones(1), 'gain': torch.ones(2)})",
    "lambda state: state.update(shift=torch.ones(3, dtype=torch.float64))",
    "lambda state: state.update(gain=3)",
]

path, tensor = st.sampled_from(PATHS), st.sampled_from(TENSORS)
flag = st.booleans()


def calling(text: str, *parts: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda chosen: text.format(*chosen))


CALLS = st.one_of(
    calling("tuple(net.get_parameter({!r}).shape)", path),
    calling("type(net.get_submodule({!r})).__name__", path),
    calling("tuple(net.get_buffer({!r}).shape)", path),
    calling("net.set_submodule({!r}, {}, strict={})", path, st.sampled_from(MODULES), flag),
    calling("net.register_parameter({!r}, {})", path, tensor),
    calling("net.register_buffer({!r}, {}, persistent={})", path, tensor, flag),
    calling("net.add_module({!r}, {})", path, st.sampled_from([*MODULES, "None", "3"])),
    calling("setattr(net, {!r}, {})", path.filter(bool), tensor),
    calling("setattr(net.first, 'weight', {})", tensor),
    calling("delattr(net, {!r})", path),
    calling("hasattr(net, {!r})", path),
    calling("list(net.state_dict(prefix={!r}, keep_vars={}))", st.sampled_from(["", "a.", "b"]), flag),
    calling("loaded(net, {}{})", st.sampled_from(CHANGES), st.sampled_from(HOW)),
    calling(
        "[name for name, _ in net.named_parameters(prefix={!r}, recurse={}, remove_duplicate={})]",
        st.sampled_from(["", "p"]),
        flag,
        flag,
    ),
    calling("[name for name, _ in net.named_buffers({!r}, {}, {})]", st.sampled_from(["", "p"]), flag, flag),
    calling("[name for name, _ in net.named_modules(remove_duplicate={})]", flag),
    calling("[name for name, _ in net.named_children()]"),
    calling("net.requires_grad_({}) is net", flag),
    calling("net.train({}).training", flag),
    calling("net.zero_grad(set_to_none={})", flag),
    calling("net.double() is net"),
    calling("net.float() is net"),
    calling("train(net)"),
    calling("net.rest.append({}) is net.rest", st.sampled_from(MODULES)),
    calling("operator.delitem(net.rest, {})", st.integers(-3, 3)),
    calling("globals().update(net=copy.deepcopy(net))"),
    calling("globals().update(net=pickle.loads(pickle.dumps(net)))"),
    calling("fill(net)"),
    calling("print(net) or str(net)"),
)


def outcome(text: str, names: dict[str, object]) -> str:
    try:
        return repr(eval(text, names))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def transcript(library: ModuleType, network: str, calls: list[str]) -> list[str]:
    """What each call gives or raises, and what it leaves of the parameters and buffers."""
    program = ModuleType("program")
    names = program.__dict__
    names.update(torch=library, nn=library.nn)
    exec(SETUP, names)
    exec(f"net = {network}\nfill(net)", names)
    lines = []
    sys.modules["program"] = program  # where pickle looks for its classes
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            given, left = (outcome(text, names) for text in (call, "snapshot(net)"))
        # PyTorch's messages go on with where they were raised.
        warned = [f"{each.category.__name__}: {str(each.message).split(' See ')[0]}" for each in caught]
        lines.append(translated("\n".join([call, given, *warned, left])))
    del sys.modules["program"]
    return lines


@settings(max_examples=150, deadline=None)
@given(
    network=calling("Block({}, {})", st.sampled_from(MODULES), st.sampled_from(MODULES)),
    calls=st.lists(CALLS, min_size=1, max_size=8),
)
def test_any_calls_in_any_order_do_what_they_do_in_torch(network, calls):
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(
        transcript(fastinit, network, calls), transcript(torch, network, calls), strict=True
    ):
        assert ours == theirs
