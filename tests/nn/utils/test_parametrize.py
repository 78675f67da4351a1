"""Parametrizations against PyTorch: names, classes, values, printed forms, warnings and errors."""

import copy
import pickle

import pytest

import fastinit
from fastinit import nn
from fastinit.nn.utils import parametrize
from reference.differential import output, transcript

SETUP = """
import copy
import pickle
from importlib import import_module
P = import_module(torch.__name__ + ".nn.utils.parametrize")
optim = import_module(torch.__name__ + ".optim")

class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)

class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x
    def right_inverse(self, x):
        return x / 2

class Shifted(nn.Module):
    def __init__(self, by=1.0):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))
    def forward(self, x):
        return x + self.by
    def right_inverse(self, x):
        return x - self.by.detach()

class Refusing(nn.Module):
    def forward(self, x):
        return x
    def right_inverse(self, x):
        raise NotImplementedError

class Product(nn.Module):
    def forward(self, left, right):
        return left @ right
    def right_inverse(self, x):
        return x, torch.eye(x.shape[1], dtype=x.dtype)

class Forward(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
    def forward(self, *x):
        return self.function(*x)

class Inverse(Forward):
    def __init__(self, function, inverse):
        super().__init__(function)
        self.inverse = inverse
    def right_inverse(self, x):
        return self.inverse(x)

class Buffered(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(2))

class Counted(nn.Module):
    calls = 0
    def forward(self, x):
        Counted.calls += 1
        return x * 1

def twice(inverse):
    # Gives two originals when it is registered, and what `inverse` gives at each assignment.
    return Inverse(lambda a, b: a + b, lambda x: [x, x] if x[0, 0] == 0 else inverse(x))

def layer(rows=2, columns=2):
    made = nn.Linear(columns, rows)
    with torch.no_grad():
        made.weight.copy_(torch.arange(rows * columns).reshape(rows, columns))
        made.bias.fill_(0.5)
    return made

def put(module, *parametrizations, name="weight", unsafe=False):
    for each in parametrizations:
        P.register_parametrization(module, name, each, unsafe=unsafe)
    return module

def assigned(module, value, name="weight"):
    setattr(module, name, value)
    return getattr(module, name), module.state_dict()

def removed(module, name="weight", **options):
    result = P.remove_parametrizations(module, name, **options)
    return result is module, type(module), module, list(module.state_dict()), getattr(module, name)
"""

CALLS = """
put(layer(), Symmetric()) | put(layer(), Symmetric()).weight | put(layer(), Symmetric()).state_dict()
put(layer(), Symmetric(), Doubled(), Shifted()) | put(layer(), Symmetric(), Doubled(), Shifted()).weight
[name for name, _ in put(layer(), Symmetric(), Shifted()).named_parameters()]
[name for name, _ in put(layer(), Symmetric(), Shifted()).named_modules()] | type(put(layer(), Symmetric()))
put(layer(), Shifted()).state_dict() | put(layer(), Doubled()).state_dict()
put(layer(), Product()).state_dict()
put(layer(), Product()) | put(layer(), Product()).weight | put(layer(3, 2), Product(), Doubled()).weight
put(layer(), Symmetric(), name="bias") | put(layer(), Doubled(), name="bias")
put(put(layer(), Doubled()), Doubled(), name="bias")
put(layer(), Symmetric(), name="nothing") | put(layer(), Symmetric(), name="") | put(layer(), 3)
put(nn.Linear(2, 2, bias=False), Symmetric(), name="bias")
put(Buffered(), Doubled(), name="running_mean").state_dict()
put(layer(), Forward(lambda x: 3)) | put(layer(), Forward(lambda x: x.double()))
put(layer(), Forward(lambda x: x[0]))
put(layer(), Forward(lambda x: x[0]), unsafe=True).weight
put(layer(), Forward(lambda x: 3), unsafe=True).weight
put(layer(), Inverse(abs, lambda x: 3)) | put(layer(), Inverse(abs, lambda x: x.double()))
put(layer(), Inverse(abs, lambda x: [x, 3]))
put(layer(), Inverse(lambda a, b: a + b, lambda x: [x, x])).weight
put(layer(), Inverse(abs, lambda x: x.double()), unsafe=True)
put(layer(), Inverse(lambda: torch.ones(2, 2), lambda x: ()))
put(layer(), Doubled(), Forward(lambda x: 3)) | put(layer(), Doubled(), Forward(lambda x: x.double()))
put(layer(), Doubled(), Forward(lambda x: x[0])) | put(layer(), Doubled(), Inverse(abs, lambda x: 3))
put(layer(), Doubled(), Inverse(abs, lambda x: x.double()))
put(layer(), Doubled(), Inverse(abs, lambda x: x[0]))
put(layer(), Doubled(), Inverse(abs, lambda x: x[0]), unsafe=True).weight
put(layer(), Doubled(), Refusing()).weight
put(layer(), Refusing()).state_dict() | put(layer(), Doubled(), Product())
assigned(put(layer(), Doubled()), torch.ones(2, 2)) | assigned(put(layer(), Symmetric()), torch.ones(2, 2))
assigned(put(layer(), Doubled(), Shifted()), torch.ones(2, 2))
assigned(put(layer(), Product()), torch.ones(2, 2))
assigned(put(layer(), Doubled()), nn.Parameter(torch.ones(2, 2))) | assigned(put(layer(), Doubled()), 3)
assigned(put(layer(), Doubled()), None) | assigned(put(layer(), Doubled()), torch.ones(2, 2).double())
assigned(put(layer(), Refusing()), torch.ones(2, 2)) | assigned(put(layer(), Doubled()), torch.ones(3))
assigned(put(layer(), twice(lambda x: [x])), torch.ones(2, 2))
assigned(put(layer(), twice(lambda x: x)), torch.ones(2, 2))
assigned(put(layer(), twice(lambda x: [3, 3])), torch.ones(2, 2))
assigned(put(layer(), twice(lambda x: [x.double()] * 2)), torch.ones(2, 2))
assigned(put(layer(), Inverse(lambda a: a, lambda x: x if x[0, 0] == 0 else [3, 3])), torch.ones(2, 2))
removed(put(layer(), Symmetric())) | removed(put(layer(), Symmetric()), leave_parametrized=False)
removed(put(layer(), Product())) | removed(put(layer(), Product()), leave_parametrized=False)
removed(layer())
removed(put(layer(), Doubled()), "bias") | removed(put(put(layer(), Doubled()), Doubled(), name="bias"))
removed(put(Buffered(), Shifted(), name="running_mean"), "running_mean")
P.is_parametrized(layer()) | P.is_parametrized(put(layer(), Doubled())) | P.is_parametrized(3)
P.is_parametrized(put(layer(), Doubled()), "weight") | P.is_parametrized(put(layer(), Doubled()), "bias")
P.type_before_parametrizations(put(layer(), Doubled())) | P.type_before_parametrizations(layer())
P.type_before_parametrizations(3) | P.ParametrizationList([], torch.ones(2))
P.ParametrizationList([Doubled()], torch.ones(2))
P.ParametrizationList([Doubled()], torch.ones(2)).state_dict()
put(layer(), Doubled()).parametrizations["weight"][0]
put(layer(), Doubled()).parametrizations.weight.is_tensor
put(layer(), Product()).parametrizations.weight.ntensors
put(layer(), Doubled()).parametrizations.weight.right_inverse(torch.ones(2, 2))
len(put(layer(), Doubled(), Shifted()).parametrizations.weight)
put(layer().eval(), Doubled()).parametrizations.weight[0].training | put(layer().double(), Doubled()).weight
put(layer(), Doubled()).half().weight | put(layer(), Product()).double().state_dict()
put(layer(), Doubled())(torch.ones(1, 2))
nn.Sequential(put(layer(), Doubled()), nn.ReLU(), put(layer(), Symmetric(), name="weight"))
put(layer(), Doubled()).extra_repr()
put(layer(), Doubled()).load_state_dict(layer().state_dict())
put(layer(), Doubled()).load_state_dict(put(layer(), Doubled()).state_dict())
layer().load_state_dict(put(layer(), Product()).state_dict())
put(layer(), Doubled()).get_parameter("parametrizations.weight.original")
pickle.dumps(put(layer(), Doubled())) | copy.copy(put(layer(), Doubled()))
copy.deepcopy(put(layer(), Doubled(), Shifted()))
copy.deepcopy(put(layer(), Product())).state_dict()
pickle.dumps(put(layer(), Doubled()).state_dict()) is None
P.transfer_parametrizations_and_params(put(layer(), Doubled(), Shifted()), layer()).state_dict()
P.transfer_parametrizations_and_params(put(layer(), Product()), layer()).state_dict()
P.transfer_parametrizations_and_params(put(layer(), Doubled()), nn.Identity()).state_dict()
P.transfer_parametrizations_and_params(put(layer(), Doubled()), layer(), "bias")
P.transfer_parametrizations_and_params(layer(), layer(), "bias")
put(layer(), Doubled()).weight.grad_fn is None
del_weight()
P.transfer_parametrizations_and_params(put(put(layer(), Doubled()), Shifted(), name="bias"), layer(), "bias")
"""

DELETE = """
def del_weight():
    module = put(layer(), Doubled())
    del module.weight
"""


def test_what_is_registered_assigned_and_removed_is_as_in_torch():
    torch = pytest.importorskip("torch")
    setup = SETUP + DELETE
    ours, theirs = transcript(fastinit, setup, CALLS), transcript(torch, setup, CALLS)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


PROGRAM = """
first, second = put(layer(3, 2), Doubled(), Shifted(0.25)), put(layer(2, 3), Product())
net = nn.Sequential(first, nn.Tanh(), second, nn.Tanh()).double()
optimizer = optim.SGD(net.parameters(), lr=0.05)
x = torch.tensor([[0.1, -0.2], [0.3, 0.4]], dtype=torch.float64)
for step in range(5):
    optimizer.zero_grad()
    (net(x) ** 2).sum().backward()
    for name, p in net.named_parameters():
        print(name, p.grad)
    optimizer.step()
print(net.state_dict())
with P.cached():
    one, two = net[0].weight, net[0].weight
    print(one is two)
    (one * two).sum().backward()
    with P.cached():
        print(net[0].weight is one)
    print(net[0].weight is one, net[2].weight is one)
print(net[0].weight is one)
counted = put(layer(), Counted())
Counted.calls = 0
with P.cached():
    counted(torch.ones(1, 2)), counted(torch.ones(1, 2))
print(Counted.calls)
try:
    with P.cached():
        counted.weight
        raise KeyError
except KeyError:
    print(counted.weight is counted.weight)
original = net[0].parametrizations.weight.original
P.remove_parametrizations(net[0], "weight")
print(net[0].weight is original, net[0].weight)
P.remove_parametrizations(net[2], "weight")
print(net, type(net[2].weight), net[2].weight.requires_grad, net[2].weight.is_leaf)
"""


def test_parametrized_networks_train_as_in_torch():
    torch = pytest.importorskip("torch")
    assert output(fastinit, SETUP + PROGRAM) == output(torch, SETUP + PROGRAM)


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


def test_a_copy_and_its_original_lose_their_parametrizations_apart():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    duplicate = copy.deepcopy(layer)
    value = layer.weight.tolist()
    parametrize.remove_parametrizations(duplicate, "weight")
    assert duplicate.weight.tolist() == value
    assert layer.weight.tolist() == value
    assert parametrize.is_parametrized(layer, "weight")
    assert type(duplicate) is nn.Linear


def test_a_copy_has_values_of_its_own_within_a_block_that_keeps_them():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    duplicate = copy.deepcopy(layer)
    duplicate.parametrizations.weight.original.data.fill_(3)
    with parametrize.cached():
        assert layer.weight.tolist() != duplicate.weight.tolist()
        assert duplicate.weight.tolist() == [[6, 6], [6, 6]]


def test_a_module_that_is_no_longer_parametrized_can_be_pickled():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Doubled())
    parametrize.remove_parametrizations(layer, "weight")
    assert pickle.loads(pickle.dumps(layer)).weight.tolist() == layer.weight.tolist()


class Counting(nn.Module):
    def forward(self, x):
        return x.numel()


def test_a_refused_parametrization_leaves_the_module_as_it_was():
    layer = nn.Linear(2, 2)
    weight = layer.weight
    with pytest.raises(ValueError, match="must return a tensor"):
        parametrize.register_parametrization(layer, "weight", Counting())
    assert type(layer) is nn.Linear
    assert layer.weight is weight
