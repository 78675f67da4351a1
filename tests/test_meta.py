"""The device "meta" against PyTorch: shapes, dtypes and refusals, without memory."""

import copy
import pickle

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.meta import MetaArray
from reference.differential import calls, outcome, output

SETUP = """
x, y = torch.empty(3, 4, device="meta"), torch.ones(4)
z = torch.empty(2, 4, 3, device="meta", dtype=torch.float64)
i = torch.zeros(3, dtype=torch.int64, device="meta")
leaf = torch.empty(3, 4, device="meta", requires_grad=True)
L, C = nn.Linear(4, 2, device="meta"), nn.Linear(4, 2)
"""

# What gives the same under both, exceptions and their texts included.
SAME = calls("""
x | repr(x) | str(leaf) | x.device | x.is_meta | x.is_cpu | x.shape | x.stride() | x.numel() | x.nbytes
y.is_meta | x.data_ptr() | x.item() | x[0, 0].item() | x.tolist() | x.numpy() | x.numpy(force=True)
bool(x[0, 0]) | bool(x) | float(x[0, 0]) | int(x[0, 0]) | x + 1 | x + x | x + y | y + x | x * torch.ones(())
x @ y | x @ x.T | x.sum() | x.sum(0) | x.mean(dim=1, keepdim=True) | x.t() | x.T.stride() | x.view(4, 3)
x.reshape(-1) | x.t().reshape(-1) | x[0] | x[0, 1] | x[:, 1:3] | x[None] | x[..., 0] | x.unsqueeze(0)
x.to('cpu') | x.cpu() | y.to('meta') | x.to(torch.float64) | x.to('meta', torch.float16) | x.double()
x.int() | x.clone() | x.detach() | x.copy_(y) | y.copy_(x[0]) | x.fill_(3) | x.zero_() | x.normal_()
x.uniform_() | x.bernoulli_() | x.random_() | x.exponential_() | nn.init.normal_(x)
nn.init.xavier_uniform_(x) | nn.init.orthogonal_(x) | nn.init.zeros_(x) | nn.init.eye_(x)
nn.init.kaiming_normal_(x) | nn.init.trunc_normal_(x) | nn.init.sparse_(x, 0.5) | nn.init.constant_(x, 1)
nn.init.dirac_(z) | nn.init.ones_(x) | nn.init.uniform_(x, 1, 3) | nn.init.xavier_normal_(x)
torch.zeros(2, device='meta') | torch.logspace(0, 1, 3, device='meta')
torch.tril_indices(2, 2, device='meta') | torch.scalar_tensor(3, device='meta') | x.storage_offset()
x[1:].storage_offset() | x.untyped_storage().data_ptr()
torch.ones(2, device='meta') | torch.full((2,), 3, device='meta')
torch.full((2,), 3.0, device='meta') | torch.arange(5, device='meta')
torch.arange(0, 1, 0.25, device='meta') | torch.linspace(0, 1, 5, device='meta')
torch.eye(3, device='meta') | torch.rand(2, device='meta') | torch.randn(2, device='meta')
torch.randint(3, (2,), device='meta') | torch.randperm(3, device='meta')
torch.tensor([1, 2], device='meta') | torch.tensor(1., device='meta')
torch.as_tensor([1, 2], device='meta') | torch.tensor([1, 2], device='meta', dtype=torch.float16)
torch.as_tensor(y, device='meta') | torch.empty_like(x) | torch.empty_like(y, device='meta')
torch.zeros_like(x) | torch.rand_like(x) | torch.ones_like(x, device='cpu') | torch.full_like(x, 2)
torch.randn_like(x) | torch.empty(0, device='meta') | torch.empty((), device='meta')
torch.empty(3, device='meta', requires_grad=True) | torch.empty(3, device='meta', dtype=torch.int32)
torch.empty(30, 40, 50, device='meta', dtype=torch.float64, requires_grad=True)
y.new_empty(3, device='meta') | x.new_zeros(3) | x.new_ones(3, dtype=torch.int64) | x.new_full((2,), 3)
x.new_tensor([1, 2]) | y.new_ones(2).device | L | L.weight | L.bias.grad | L(x) | L(y) | C(x) | L(z.float())
nn.Sequential(L, nn.ReLU())(x) | L(x[0]) | nn.LayerNorm(4, device='meta')(x)
nn.RMSNorm(4, device='meta')(x) | nn.Embedding(5, 4, device='meta').weight
nn.Embedding(5, 4, padding_idx=1, device='meta')(i) | nn.Dropout()(x) | nn.functional.relu(x)
nn.functional.gelu(x) | nn.functional.softmax(x, -1) | nn.functional.log_softmax(x, 0)
torch.tanh(x) | nn.functional.linear(x.half(), x.half())
nn.Bilinear(4, 4, 2, device='meta').weight | torch.cat([x, x]) | torch.stack([x, x])
torch.where(x > 0, x, x) | x > 0 | x == x | x.argmax() | x.max() | x.max(0) | x.sort() | leaf * 2
leaf.sum() | leaf[0] | leaf.exp() | len(x) | list(x)[0] | format(x[0, 0]) | x.get_device() | x.type()
x.expand(2, 3, 4) | x.pow(2).mean() | nn.Parameter(x) | x.isnan() | torch.isfinite(x) | x.any() | x.all()
x.clamp(0, 1) | x.std() | x.var(0) | x.norm() | x.cumsum(0) | x.flatten() | x.split(2) | x.chunk(2)
x.repeat(2, 1) | x.tril() | x.abs() | x.exp_() | x.add_(1) | x.mul_(x) | x.__setitem__(0, 1.0)
x.__setitem__(0, x[1]) | x.unbind() | x[0].dot(x[0]) | x.mm(x.t()) | z.bmm(z.transpose(1, 2)) | z @ z.mT
x.contiguous() is x | x.is_contiguous() | x.t().is_contiguous() | x.t().contiguous().stride() | x.to(x)
x.to(device='meta') is x | x.half() | x.squeeze() | x.bool() | x.index_select(0, i) | x[i] | x[[0, 1]]
x[torch.zeros(2, dtype=torch.int64)] | x.T + x.T | x.prod(1) | x.to(y) | x.type(torch.float64)
x.type_as(y) | y.type_as(x) | x.flip(0) | x.roll(1) | x.logsumexp(1) | x.amax(0) | torch.result_type(x, 1)
torch.device('meta') | torch.device('meta').index | torch.device(x.device) | i.sum() | x[5]
torch.device('meta') == x.device, torch.device('meta') == torch.device('cpu') | torch.Generator('meta')
torch.optim.SGD([nn.Parameter(x)], lr=1).step() | x.masked_fill(x > 0, 1.0) | torch.maximum(x, x)
-x | 1 / x
""")

NOT_IMPLEMENTED = calls("""
x.nonzero() | x[x > 0] | x.masked_select(x > 0) | torch.equal(x, x) | torch.allclose(x, x)
leaf.sum().backward()
nn.functional.cross_entropy(x, i) | nn.functional.mse_loss(x, x) | torch.bernoulli(x) | 1 in x
""")


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def names(library):
    scope = {"torch": library, "nn": library.nn}
    exec(SETUP, scope)
    return {name: scope[name] for name in ("x", "y", "z", "i", "leaf", "L", "C")}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", SAME)
def test_tensors_without_memory_behave_as_in_torch(torch, expression):
    ours, theirs = (outcome(library, expression, **names(library)) for library in (fastinit, torch))
    assert ours == theirs


@pytest.mark.parametrize("expression", NOT_IMPLEMENTED)
def test_what_would_read_values_is_refused(expression):
    assert "NotImplementedError: " in outcome(fastinit, expression, **names(fastinit))


MODULES = {
    "moving to meta and back": """
m = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
m[1].register_buffer("count", torch.tensor(3))
weight = m[0].weight
m[0].weight.requires_grad_(False)
print(m.to("meta") is m, m[0].weight is weight, m[0].weight, m[1].count)
attempt(lambda: m.to("cpu")); attempt(lambda: m.cpu())
attempt(lambda: m.to(device="cpu", dtype=torch.float64))
print(m.double()[0].weight.dtype, m[1].count.dtype)
print(m.to_empty(device="cpu") is m, m[0].weight.shape, m[0].weight.requires_grad, m[1].count.device)
print(m[0].to_empty(device="meta", recurse=False).weight.device)
n = nn.Sequential(nn.Linear(1, 1)); n.to_empty(device="meta", recurse=False); print(n[0].weight.device)
""",
    "ties are not kept": """
a, b = nn.Linear(2, 2), nn.Linear(2, 2)
b.weight = a.weight
both = nn.Sequential(a, b).to("meta"); print(a.weight is b.weight)
both = nn.Sequential(a, a); print(both.to_empty(device="cpu")[0] is both[1])
""",
    "gradients move too": """
p = nn.Linear(1, 1); p.weight.grad = torch.ones(1, 1); p.to("meta"); print(p.weight.grad, p.bias.grad)
""",
    "loading": """
meta, cpu = nn.Linear(4, 2, device="meta"), nn.Linear(4, 2)
attempt(lambda: meta.load_state_dict(cpu.state_dict()))
attempt(lambda: cpu.load_state_dict(meta.state_dict()))
attempt(lambda: meta.load_state_dict(meta.state_dict())); print(meta.weight.device)
attempt(lambda: meta.load_state_dict(cpu.state_dict(), assign=True))
print(meta.weight.device, type(meta.weight).__name__, meta.weight.data_ptr() == cpu.weight.data_ptr())
""",
    "the default device": """
with torch.device("meta"):
    print(torch.ones(2), nn.Linear(2, 3).weight.device, torch.ones(2, device="cpu").device)
    print(torch.tensor([1]).device, torch.randperm(3).device, torch.as_tensor([1]).device)
    print(torch.ones_like(torch.ones(2, device="cpu")).device, torch.get_default_device())
    print(torch.as_tensor(torch.ones(2, device="cpu")).device)
    with torch.device("cpu"):
        print(torch.ones(2).device)
    print(torch.arange(3), torch.eye(2), torch.linspace(0, 1, 3), torch.randint(3, (2,)), torch.full((2,), 1))
print(torch.ones(2).device, torch.get_default_device())
torch.set_default_device("meta"); print(torch.ones(2).device); torch.set_default_device(None)
print(torch.ones(2).device, torch.as_tensor(torch.ones(2, device="meta")).device)
attempt(lambda: torch.set_default_device("nowhere at all"))
""",
    "lazy layers": """
lazy = nn.LazyLinear(3, device="meta")
print(lazy.weight.device, lazy(torch.ones(2, 5, device="meta")), lazy)
""",
    "skip_init": """
s = nn.utils.skip_init
print(s(nn.Linear, 4, 2).weight.shape, s(nn.Linear, 4, 2, device="meta").weight)
print(s(nn.Embedding, 3, 2).weight.device)
attempt(lambda: s(nn.ReLU))
print(s(nn.Linear, in_features=3, out_features=1, dtype=torch.float64).weight.dtype)
""",
}


@pytest.mark.parametrize("case", MODULES)
def test_modules_on_meta_behave_as_in_torch(torch, case):
    program = """
import warnings
def attempt(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            print(call())
        except Exception as error:
            print(type(error).__name__, error)
    for each in caught:
        print(each.category.__name__, each.message)
""" + MODULES[case]
    ours, theirs = (output(library, program) for library in (fastinit, torch))
    if case == "the default device":  # the error names the devices there are
        ours, theirs = (text.rsplit("RuntimeError", 1)[0] for text in (ours, theirs))
    assert ours == theirs


def test_huge_tensors_take_no_memory():
    huge = fastinit.empty(1 << 20, 1 << 20, device="meta")
    assert (huge @ huge.T + 1).sum(0).shape == (1 << 20,)
    assert nn.init.normal_(huge).t().stride() == (1, 1 << 20)
    assert huge[:, 3].reshape(1 << 10, -1).shape == (1 << 10, 1 << 10)


def test_a_tensor_beyond_the_address_space_is_refused():
    with pytest.raises(MemoryError, match="larger than the address space"):
        fastinit.empty(1 << 40, 1 << 40, device="meta")


def test_initialisers_on_meta_draw_nothing():
    before = fastinit.default_generator.get_state().tolist()
    nn.utils.skip_init(nn.Linear, 8, 8)
    fastinit.rand(3, device="meta")
    fastinit.randperm(3, device="meta")
    nn.init.orthogonal_(fastinit.empty(4, 4, device="meta"))
    assert fastinit.default_generator.get_state().tolist() == before


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda tensor: pickle.loads(pickle.dumps(tensor))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_stay_without_memory(duplicate):
    tensor = fastinit.empty(2, 3, device="meta", dtype=fastinit.float16, requires_grad=True)
    other = duplicate(tensor)
    assert repr(other) == repr(tensor)
    module = duplicate(nn.Linear(2, 3, device="meta"))
    assert module.weight.is_meta
    assert pickle.loads(pickle.dumps(fastinit.device("meta"))) == fastinit.device("meta")


def test_compiled_kernels_refuse_what_has_no_memory():
    array = fastinit.empty(2, 2, device="meta")._array
    assert type(array) is MetaArray
    assert not array.flags.writeable
    with pytest.raises(NotImplementedError, match="not implemented for meta tensors"):
        fastinit._core.linear(array, np.ones((2, 2), np.float32))
    with pytest.raises(NotImplementedError, match="not implemented for meta tensors"):
        fastinit._core.activation("relu", array)


def _results(value):
    return value if isinstance(value, tuple | list) else (value,)


def _operations():
    """The functions of tensors that there are, by name: methods, and those of the two namespaces."""
    for name in sorted(dir(fastinit.Tensor)):
        method = getattr(fastinit.Tensor, name)
        if not name.startswith("_") and callable(method) and not isinstance(method, type):
            yield f"Tensor.{name}", method
    for space in (fastinit, nn.functional):
        for name in space.__all__:
            function = getattr(space, name)
            changes_the_process = name.startswith("set_") or name in {"seed", "manual_seed"}
            if callable(function) and not isinstance(function, type) and not changes_the_process:
                yield f"{space.__name__}.{name}", function


_OPERATIONS = dict(_operations())
# These give other tensors back where they are, or take over their memory.
_EACH_FOR_ITSELF = ("atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "meshgrid")
for _name in ("Tensor.set_", *(f"fastinit.{each}" for each in _EACH_FOR_ITSELF)):
    del _OPERATIONS[_name]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _OPERATIONS)
def test_no_operation_makes_values_of_a_tensor_without(name):
    like = {
        "float": fastinit.empty(3, 4, device="meta"),
        "int": fastinit.empty(3, 4, device="meta", dtype=fastinit.int64),
        "bool": fastinit.empty(3, 4, device="meta", dtype=fastinit.bool),
        "vector": fastinit.empty(4, device="meta"),
        "square": fastinit.empty(3, 3, device="meta"),
        "cube": fastinit.empty(2, 3, 4, device="meta"),
        "index": fastinit.empty(4, device="meta", dtype=fastinit.int64),
    }
    arguments = [
        *((), (0,), (1,), (2,), (0.5,), (0, 1), (0, 0, 1), (2, 2), (1, -1), ([0],), (0, "index")),
        *(
            (0, "index", 1.0),
            ("float",),
            ("float", "float"),
            (0, "index", "float"),
            ("bool", "float"),
            ("bool", 1.0),
        ),
        *(("vector",), ("index",), ("square",), ("cube",), (fastinit.ones(3, 4),)),
    ]
    for first in like.values():
        for rest in arguments:
            given = [like.get(each, each) if isinstance(each, str) else each for each in rest]
            try:
                result = _OPERATIONS[name](first.clone(), *given)
            except Exception:  # refused, or not called so
                continue
            made = [each for each in _results(result) if isinstance(each, fastinit.Tensor)]
            assert all(each.is_meta for each in made), (first, rest, made)
