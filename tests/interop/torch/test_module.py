"""A context with a module: what is filled of it is keyed by name."""

import pytest

from fastinit import Generator
from fastinit.nn import init
from fastinit.recipe import RecipeError

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from fastinit.interop.torch import fast_init  # noqa: E402


def stream(name, seed=3):
    return Generator(seed=seed).fork(name)


def normal(shape, generator):
    return init.normal_(torch.empty(shape), generator=generator)


def layers(*sizes):
    return nn.Sequential(*(nn.Linear(*size) for size in sizes))


def test_the_whole_of_a_parameter_begins_at_its_names_stream():
    net = layers((4, 3), (3, 2))
    with fast_init(3, module=net) as generator:
        nn.init.normal_(net[1].weight)
        nn.init.uniform_(net[0].weight)
        nn.init.normal_(net[0].weight)  # the values of the last call alone
        net[0].bias.data.normal_()
        nn.init.normal_(net[1].bias.detach())
    assert torch.equal(net[1].weight, normal((2, 3), stream("1.weight")))
    assert torch.equal(net[0].weight, normal((3, 4), stream("0.weight")))
    assert torch.equal(net[0].bias, normal((3,), stream("0.bias")))
    assert torch.equal(net[1].bias, normal((2,), stream("1.bias")))
    assert generator._take(0)[2] == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("trunc_normal_", ()), ("orthogonal_", ()), ("sparse_", (0.5,)), ("kaiming_uniform_", ())],
)
def test_every_initialiser_takes_the_names_stream(name, arguments):
    net = layers((4, 3))
    with fast_init(3, module=net):
        getattr(nn.init, name)(net[0].weight, *arguments)
    expected = getattr(init, name)(torch.empty(3, 4), *arguments, generator=stream("0.weight"))
    assert torch.equal(net[0].weight, expected)


def test_views_of_a_parameter_take_the_next_positions_of_its_stream():
    net = layers((4, 3))
    generator = stream("0.weight")
    with fast_init(3, module=net):
        nn.init.normal_(net[0].weight[1:])
        nn.init.normal_(net[0].weight[:1])
        assert torch.equal(net[0].weight[1:], normal((2, 4), generator))
        assert torch.equal(net[0].weight[:1], normal((1, 4), generator))
        nn.init.normal_(net[0].weight)
        assert torch.equal(net[0].weight, normal((3, 4), stream("0.weight")))
        nn.init.normal_(net[0].weight[::2])  # begins and ends where the whole does
        generator = stream("0.weight")
        generator._take(12)
        assert torch.equal(net[0].weight[::2], normal((2, 4), generator))


def test_all_elements_of_a_parameter_in_another_order_are_its_whole():
    net = layers((4, 3))
    with fast_init(3, module=net):
        nn.init.uniform_(net[0].weight)
        nn.init.normal_(net[0].weight.T)
    assert torch.equal(net[0].weight.T, normal((4, 3), stream("0.weight")))


def test_buffers_have_names_and_other_tensors_take_the_contexts_stream():
    net = nn.BatchNorm1d(5)
    generator = Generator(seed=3)
    with fast_init(3, module=net):
        first = torch.randn(2, 3)
        net.running_mean.normal_()
        second = nn.init.normal_(torch.empty(7))
    assert torch.equal(first, normal((2, 3), generator))
    assert torch.equal(second, normal((7,), generator))
    assert torch.equal(net.running_mean, normal((5,), stream("running_mean")))


def test_whoever_moves_the_contexts_generator_moves_no_names():
    net = layers((4, 3))
    with fast_init(3, module=net) as generator:
        generator.manual_seed(4)
        nn.init.normal_(net[0].weight)
        assert torch.equal(torch.randn(5), normal((5,), Generator(seed=4)))
    assert torch.equal(net[0].weight, normal((3, 4), stream("0.weight")))


def test_adding_a_layer_changes_no_other():
    small, large = layers((4, 3), (3, 2)), layers((4, 3), (3, 2), (2, 9))
    for net in (small, large):
        with fast_init(3, module=net):
            for layer in reversed(net):
                layer.reset_parameters()
    for name, parameter in small.named_parameters():
        assert torch.equal(parameter, large.get_parameter(name))


def test_a_shared_parameter_has_its_first_name():
    net = layers((4, 4), (4, 4))
    net[1].weight = net[0].weight
    net[1].bias.data = net[0].bias.data
    with fast_init(3, module=net):
        nn.init.normal_(net[1].weight)
        nn.init.normal_(net[1].bias)
    assert torch.equal(net[0].weight, normal((4, 4), stream("0.weight")))
    assert torch.equal(net[0].bias, normal((4,), stream("0.bias")))


def test_a_name_that_transformers_ties_comes_last():
    class Tied(nn.Module):
        _tied_weights_keys = {"head.weight": "embed.weight"}  # noqa: RUF012

        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 9, bias=False)
            self.embed = nn.Embedding(9, 4)
            self.head.weight = self.embed.weight

    net = Tied()
    with fast_init(3, module=net):
        nn.init.normal_(net.head.weight)
    assert torch.equal(net.head.weight, normal((9, 4), stream("embed.weight")))


def test_two_tensors_of_one_name_are_an_error_on_entry():
    net = nn.DataParallel(nn.Linear(4, 3))
    net.weight = nn.Parameter(torch.zeros(3))
    with pytest.raises(RecipeError, match=r'"module\.weight" is called "weight"'), fast_init(3, module=net):
        pytest.fail("entered")


def test_memory_that_comes_within_the_context_is_found():
    with torch.device("meta"):
        net = layers((4, 3), (3, 2))
    with fast_init(3, module=net):
        nn.init.normal_(net[0].weight)
        net.to_empty(device="cpu")
        nn.init.normal_(net[0].weight)
        net[1].weight = nn.Parameter(torch.empty(2, 3))
        nn.init.normal_(net[1].weight)
        net.add_module("2", nn.Linear(2, 9))
        nn.init.normal_(net[2].bias)
    assert torch.equal(net[0].weight, normal((3, 4), stream("0.weight")))
    assert torch.equal(net[1].weight, normal((2, 3), stream("1.weight")))
    assert torch.equal(net[2].bias, normal((9,), stream("2.bias")))


def test_memory_that_a_parameter_has_given_up_is_no_longer_its():
    net = layers((4, 3))
    with fast_init(3, module=net) as generator:
        nn.init.normal_(net[0].weight)
        before = net[0].weight.data
        net[0].weight.data = torch.empty(3, 4)
        before.normal_()
        assert generator._take(0)[2] == 12
        nn.init.normal_(net[0].weight)
    assert torch.equal(net[0].weight, normal((3, 4), stream("0.weight")))


def test_a_generator_of_pytorchs_goes_before_the_name():
    net = layers((4, 3))
    with fast_init(3):
        expected = torch.empty(3, 4).normal_(generator=torch.Generator().manual_seed(5))
    with fast_init(3, module=net):
        nn.init.normal_(net[0].weight, generator=torch.Generator().manual_seed(5))
    assert torch.equal(net[0].weight, expected)


def test_nested_modules_count_each_in_its_own_context():
    one, other = layers((4, 3)), layers((4, 3))
    with fast_init(3, module=one):
        with fast_init(4, module=other):
            nn.init.normal_(one[0].weight)
            nn.init.normal_(other[0].weight)
        nn.init.normal_(one[0].bias)
    assert torch.equal(one[0].weight, normal((3, 4), Generator(seed=4)))
    assert torch.equal(other[0].weight, normal((3, 4), stream("0.weight", seed=4)))
    assert torch.equal(one[0].bias, normal((3,), stream("0.bias")))
