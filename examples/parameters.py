"""Parameters: reach them, initialise them, write an initialiser, share them, and build blocks around them.

The program is PyTorch's way of writing: with `torch` for `fastinit` it prints the same, random values aside.
"""

import fastinit
from fastinit import nn


def access() -> None:
    """Every parameter has a name, a value and, after backward, a gradient."""
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    print(net)
    x = fastinit.rand(2, 4)
    y = net(x).sum()
    print(y)

    print(*[(name, param.shape) for name, param in net[0].named_parameters()])
    print(*[(name, param.shape) for name, param in net.named_parameters()])
    print(net.state_dict().keys())
    print(type(net[2].bias).__name__)
    print(net[2].bias)
    print(net[2].bias.data)

    print(net[0].weight.grad is None)
    y.backward()
    print(net[0].weight.grad.shape == net[0].weight.shape)
    print(net[2].bias.grad)


def initialise() -> None:
    """The initialisers of nn.init fill in place; apply() reaches every layer of a network."""
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))

    def normal(module: nn.Module) -> None:
        if type(module) is nn.Linear:
            nn.init.normal_(module.weight, mean=0, std=0.01)
            nn.init.zeros_(module.bias)

    net.apply(normal)
    print(net[0].weight.data[0], net[0].bias.data[0])

    def constant(module: nn.Module) -> None:
        if type(module) is nn.Linear:
            nn.init.constant_(module.weight, 1)
            nn.init.zeros_(module.bias)

    net.apply(constant)
    print(net[0].weight.data[0], net[0].bias.data[0])

    nn.init.xavier_uniform_(net[0].weight)
    nn.init.constant_(net[2].weight, 42)
    print(net[0].weight.data[0])
    print(net[2].weight.data)


def customise() -> None:
    """An initialiser of one's own: half of the weights zero, the others at least 5 away from it."""

    def init_weights(module: nn.Module) -> None:
        if type(module) is nn.Linear:
            print("Init", *next((name, param.shape) for name, param in module.named_parameters()))
            with fastinit.no_grad():
                module.weight.uniform_(-10, 10)
                module.weight *= (module.weight.abs() >= 5).float()

    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    net.apply(init_weights)
    weight = net[0].weight
    print(((weight == 0) | (weight.abs() >= 5)).all())

    # What is written through .data leaves no trace in the graph.
    weight.data[:] = 1
    weight.data[0, 0] = 42
    print(weight.data[0], weight.grad)


def share() -> None:
    """A layer used twice is one parameter; its gradients add up."""
    linear = nn.Linear(1, 1, bias=False)
    net = nn.Sequential(linear, linear)
    print(net)
    nn.init.constant_(linear.weight, 3)
    print([name for name, _ in net.named_parameters()], net[0] is net[1])
    x = fastinit.ones(1, 1)
    y = net(x)
    print(y)
    y.backward()
    print(net[0].weight.grad)


class Block(nn.Module):
    """A block with a constant, a parameter of its own, a layer used twice, and control flow."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(20, 20)
        self.scale = nn.Parameter(fastinit.ones(1))
        self.constant = fastinit.full((20, 20), 0.5)  # a plain tensor: not a parameter

    def forward(self, x: fastinit.Tensor) -> fastinit.Tensor:
        """Halves the result until it is small."""
        x = self.hidden(x)
        x = nn.functional.relu(x @ self.constant + 1)
        x = self.hidden(x) * self.scale
        while x.abs().sum() > 1:
            x = x / 2
        return x.sum()


def build() -> None:
    """Blocks nest, and name exactly what is a parameter."""
    net = nn.Sequential(Block(), nn.Identity())
    print(net)
    print([(name, param.size()) for name, param in net.named_parameters()])
    net(fastinit.rand(2, 20)).backward()
    print(all(param.grad is not None for param in net.parameters()))


if __name__ == "__main__":
    for section in (access, initialise, customise, share, build):
        print(f"--- {section.__name__}")
        section()
