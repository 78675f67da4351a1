"""Lazy layers and tensors without a shape, against PyTorch."""

import copy
import re

import pytest

import fastinit
from fastinit import nn
from reference.differential import calls, output

SETUP = """
import copy, pickle

def attempt(text):
    try:
        print(text, "->", eval(text))
    except Exception as error:
        print(text, "->", type(error).__name__, str(error).splitlines()[0])

U, B, is_lazy = nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer, nn.parameter.is_lazy
u, b, x = U(), B(), torch.ones(2, 5)
"""

QUESTIONS = calls("""
u | b | u.dtype | u.device | u.shape | u.size() | u.requires_grad | u.is_leaf | u.grad | u.grad_fn | u.data
u.is_floating_point() | u.is_complex() | hash(u) == id(u) | u.data.shape | u.numel() | u.dim() | u + 1 | 1 + u
u.add(1) | torch.add(u, 1) | torch.mean(u)
torch.sum(u) | u.is_meta, u.is_cpu | u.sum() | u @ x | u[0] | len(u) | u.detach()
u.clone() | u.zero_() | nn.init.ones_(u) | nn.init.normal_(u) | u == u | u.tolist() | u.item() | u.view(-1)
nn.functional.linear(x, u) | nn.functional.relu(u) | u.requires_grad_(False) | u.foo | u.reshape(1, 0)
is_lazy(u), is_lazy(b), is_lazy(x), is_lazy(3) | type(u.half()).__name__, u.half().dtype
u.to(torch.float64).dtype | type(u.double()).__name__ | copy.deepcopy(u) | pickle.loads(pickle.dumps(u))
isinstance(u, nn.Parameter), isinstance(b, nn.Buffer), isinstance(b, nn.Parameter)
copy.deepcopy(U(False, dtype=torch.float64)).dtype | copy.deepcopy(U(False)).requires_grad
u.materialize((2, 3)) | type(u).__name__, u.shape, u.requires_grad, u.dtype, is_lazy(u) | u.materialize((1,))
b.materialize((2,), dtype=torch.int64) | type(b).__name__, b.shape, b.dtype, b.persistent | is_lazy(b)
nn.UninitializedParameter is U, nn.UninitializedBuffer is B | B(persistent=False).persistent
""")


LAYERS = calls("""
L | L.weight, L.bias | list(L.named_parameters()) | L.state_dict() | L.has_uninitialized_params()
L.in_features, L.out_features | nn.Linear(5, 3).load_state_dict(L.state_dict())
L.load_state_dict(nn.LazyLinear(3).state_dict()) | L.half().weight.dtype | L.to(torch.float64).bias.dtype
L.float() | L.zero_grad() | L.requires_grad_(False) | L(x).shape | L | type(L).__name__, L.in_features
type(L.weight).__name__, L.weight.shape, L.bias.shape, L.weight.requires_grad
len(L._forward_pre_hooks), len(L._load_state_dict_pre_hooks), hasattr(L, '_load_hook') | L(torch.ones(2, 4))
M.load_state_dict(nn.Linear(5, 3).state_dict()) | M | M.weight.shape | M(torch.ones(2, 4)) | M(x).shape | M
N(x).shape, N | copy.deepcopy(K)(x).shape | pickle.loads(pickle.dumps(K))(x).shape | K
K.load_state_dict({}) | K(input=x).shape | K
nn.Sequential(nn.LazyLinear(2), nn.ReLU(), nn.LazyLinear(4))(x).shape
nn.LazyLinear(3, device='cpu', dtype=torch.float64)(x.double()).dtype
nn.LazyLinear(3).load_state_dict(nn.Linear(5, 3).state_dict(), assign=True)
""")


def same(program):
    torch = pytest.importorskip("torch")
    ours, theirs = (output(library, SETUP + program) for library in (fastinit, torch))
    # PyTorch writes an operation as what implements it.
    ours, theirs = (re.sub(r"uninitialized parameter in .*?\. This", "", text) for text in (ours, theirs))
    assert ours == theirs


def test_tensors_without_a_shape_answer_and_refuse_as_in_torch():
    same("".join(f"attempt({each!r})\n" for each in QUESTIONS))


def test_lazy_linear_becomes_a_linear_as_in_torch():
    layers = "L, M, N, K = (nn.LazyLinear(3, bias=i != 2) for i in range(4))\n"
    same(layers + "".join(f"attempt({each!r})\n" for each in LAYERS))


def test_what_a_lazy_layer_of_ones_own_must_do():
    same("""
import importlib
lazy = importlib.import_module(nn.LazyLinear.__mro__[1].__module__)
class Bare(lazy.LazyModuleMixin, nn.Linear):
    pass
class Own(lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.w = U()
        self.register_buffer("mean", B())
    def initialize_parameters(self, n, ready=False):
        if ready:
            self.w.materialize((n,))
            self.mean.materialize((n,))
    def forward(self, n, ready=False):
        return n
own, bare = Own(), Bare(1, 2)
for text in (
    "bare(x)", "own(3)", "list(own.state_dict())", "own(3, ready=True)", "type(own).__name__", "own(4)",
    "own.w.shape", "type(own.w).__name__", "type(own.mean).__name__", "list(own.state_dict())",
):
    attempt(text)
""")


def test_a_lazy_linear_has_the_values_of_a_linear():
    fastinit.manual_seed(3)
    lazy = nn.LazyLinear(4)
    lazy(fastinit.ones(1, 6))
    fastinit.manual_seed(3)
    linear = nn.Linear(6, 4)
    assert fastinit.equal(lazy.weight, linear.weight)
    assert fastinit.equal(lazy.bias, linear.bias)


def test_a_copy_of_a_lazy_layer_is_its_own():
    lazy = nn.LazyLinear(2)
    other = copy.deepcopy(lazy)
    other(fastinit.ones(1, 3))
    assert type(lazy) is nn.LazyLinear
    lazy(fastinit.ones(1, 5))
    assert (lazy.in_features, other.in_features) == (5, 3)


def test_a_lazy_layer_that_was_loaded_in_part_takes_the_rest_from_its_input():
    lazy = nn.LazyLinear(3)
    lazy.load_state_dict({"weight": fastinit.ones(3, 7)}, strict=False)
    assert lazy(fastinit.ones(1, 7)).shape == (1, 3)
