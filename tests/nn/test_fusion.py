"""A Linear and the activation after it run as one in a Sequential, and nobody can tell but by the clock."""

from __future__ import annotations

import pytest

import fastinit
from fastinit import _core, nn

ACTIVATIONS = [nn.ReLU, nn.Sigmoid, nn.Tanh]


def one_by_one(net: nn.Sequential, x: fastinit.Tensor) -> fastinit.Tensor:
    for module in net:
        x = module(x)
    return x


def seen(net: nn.Sequential, run, shape, dtype) -> dict[str, object]:
    fastinit.manual_seed(0)
    x = fastinit.randn(*shape).to(dtype).requires_grad_()
    net.zero_grad()
    y = run(net, x)
    outcome = {"node": y.grad_fn.name(), "value": y.tolist(), "dtype": y.dtype}
    y.sum().backward()
    outcome["grads"] = [x.grad.tolist(), *[p.grad.tolist() for p in net.parameters() if p.requires_grad]]
    return outcome


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(2, 4), (4,), (3, 2, 4), (0, 4)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_gradients_and_node_names_are_those_of_the_layers_one_by_one(activation, shape, bias, dtype):
    dtype = getattr(fastinit, dtype)
    net = nn.Sequential(nn.Linear(4, 3, bias=bias), activation()).to(dtype)
    together = seen(net, lambda net, x: net(x), shape, dtype)
    apart = seen(net, one_by_one, shape, dtype)
    assert together == apart


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_two_are_one_compiled_call_each_way(activation):
    net = nn.Sequential(nn.Linear(4, 3), activation(), nn.Linear(3, 1))
    x = fastinit.randn(2, 4, requires_grad=True)
    _core.reset_calls()
    net(x).sum().backward()
    made = {name: count for name, count in _core.calls().items() if count}
    assert made == {"linear": 2, "linear_backward": 2}


def test_hooks_see_what_passes_between_the_two():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    x = -10 * fastinit.ones(2, 4)
    with fastinit.no_grad():
        net[0].weight.fill_(1)
    between = []
    for module, hook in [
        (net[0], lambda module, args, output: between.append(output)),
        (net[1], lambda module, args, output: between.append(args[0])),
    ]:
        handle = module.register_forward_hook(hook)
        assert not net(x).any()
        assert (between.pop() < 0).all()
        handle.remove()
    handle = net[1].register_forward_pre_hook(lambda module, args: (args[0].abs(),))
    assert net(x).all()
    handle.remove()
    assert not net(x).any()


def test_layers_of_the_users_own_run_as_they_say():
    class Doubled(nn.Linear):
        def forward(self, input):
            return 2 * super().forward(input)

    class Loud(nn.ReLU):
        def forward(self, input):
            return super().forward(input) + 100

    x = fastinit.randn(2, 4)
    for net in [nn.Sequential(Doubled(4, 3), nn.ReLU()), nn.Sequential(nn.Linear(4, 3), Loud())]:
        assert fastinit.equal(net(x), one_by_one(net, x))
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    net[1].forward = lambda input: input + 7
    assert fastinit.equal(net(x), net[0](x) + 7)


def test_a_result_changed_before_backward_is_noticed():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    y = net(fastinit.randn(2, 4))
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_mistakes_are_told_in_the_same_words():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(2x5 and 4x3\)"):
        net(fastinit.ones(2, 5))
    with pytest.raises(TypeError, match="argument 'input' \\(position 1\\) must be Tensor, not list"):
        net([1.0])


def test_a_frozen_or_shared_layer_gathers_its_gradients_as_ever(same_as_torch, normal):
    def call(lib, x, w):
        linear = lib.nn.Linear(4, 4)
        net = lib.nn.Sequential(linear, lib.nn.ReLU(), linear, lib.nn.Tanh(), linear)
        with lib.no_grad():
            linear.weight.copy_(w)
            linear.bias.fill_(0.5)
        linear.bias.requires_grad_(False)
        net(x).sum().backward()
        assert linear.bias.grad is None
        return linear.weight.grad

    same_as_torch(call, normal(3, 4), normal(4, 4))


def test_a_gradient_that_others_hold_is_not_written_over():
    layer = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    given = fastinit.full((2, 4), 2.0)
    seen = []
    result = layer(fastinit.ones(2, 3))
    result.retain_grad()
    result.register_hook(seen.append)
    result.backward(given, retain_graph=True)
    result.backward(given)
    assert (given == 2).all()
    assert all((grad == 2).all() for grad in seen)
    assert result.grad is not None
    assert (result.grad == 4).all()
