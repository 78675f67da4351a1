"""Random networks with random sharing, built and trained by the same program under both libraries."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from reference.differential import output

SETUP = """
class Block(nn.Module):
    def __init__(self, *parts, scale=None):
        super().__init__()
        self.first = parts[0]
        self.rest = nn.ModuleList(parts[1:])
        self.scale = scale
        self.register_buffer("shift", torch.full((3,), 0.5), persistent=len(parts) > 1)

    def forward(self, x):
        x = self.first(x) + self.shift
        for part in self.rest:
            x = part(x) + x
        return x if self.scale is None else x * self.scale

pool = [nn.Linear(3, 3), nn.Linear(3, 3, bias=False), nn.Sequential(nn.Linear(3, 3), nn.Tanh()), nn.ReLU()]
scale = nn.Parameter(torch.full((3,), 0.25))
"""

USE = """
def rounded(tensor):
    # Two ways of adding up differ by less than this, also where large terms leave a small sum.
    return None if tensor is None else tensor.detach().mul(2**20).round() / 2**20 + 0.0

net.double()
for index, parameter in enumerate(net.parameters()):
    values = torch.arange(parameter.numel()).reshape(parameter.shape)
    parameter.data.copy_(values * 0.01 * (index + 1) - 0.05)
print(net)
print([(name, p.shape) for name, p in net.named_parameters()])
print([name for name, _ in net.named_parameters(remove_duplicate=False)])
print([name for name, _ in net.named_buffers()], [name for name, _ in net.named_modules()])
print(list(net.state_dict()))
net.apply(lambda module: print(type(module).__name__, end=" "))
y = net(torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], dtype=torch.float64))
print(y.shape, type(y.grad_fn).__name__, rounded(y))
if y.requires_grad:
    y.sum().backward()
    (net(torch.ones(1, 3, dtype=torch.float64)) * 2).sum().backward()
for name, parameter in net.named_parameters():
    print(name, rounded(parameter.grad))
"""

POOLED = st.integers(0, 3).map("pool[{}]".format)
FRESH = st.sampled_from(["nn.Linear(3, 3)", "nn.Identity()", "nn.Tanh()", "nn.Softplus()"])


def composed(parts):
    rows = st.lists(parts, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        rows.map("nn.Sequential({})".format),
        rows.map("Block({})".format),
        rows.map("Block({}, scale=scale)".format),
    )


@settings(max_examples=100, deadline=None)
@given(net=composed(st.recursive(POOLED | FRESH, composed, max_leaves=6)))
def test_any_network_is_named_printed_and_differentiated_as_in_torch(net):
    torch = pytest.importorskip("torch")
    program = f"{SETUP}\nnet = {net}\n{USE}"
    assert output(fastinit, program) == output(torch, program)
