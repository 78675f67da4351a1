"""`initialize_(module, "like-torch", seed)`: PyTorch's own values of each layer, keyed by name."""

import copy
import warnings

import numpy as np
import pytest

import fastinit
from fastinit import Generator, initialize_
from fastinit.nn import init
from fastinit.recipe import RecipeError

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from fastinit.interop.torch import fast_init  # noqa: E402

LAYERS = {
    "Linear": lambda: nn.Linear(20, 30),
    "Linear without bias": lambda: nn.Linear(20, 30, bias=False),
    "Bilinear": lambda: nn.Bilinear(5, 6, 20),
    "Conv1d": lambda: nn.Conv1d(4, 6, 5),
    "Conv2d": lambda: nn.Conv2d(4, 6, 3, groups=2),
    "Conv3d": lambda: nn.Conv3d(2, 6, 3),
    "ConvTranspose1d": lambda: nn.ConvTranspose1d(4, 6, 5),
    "ConvTranspose2d": lambda: nn.ConvTranspose2d(4, 6, 3),
    "ConvTranspose3d": lambda: nn.ConvTranspose3d(2, 6, 3),
    "Embedding": lambda: nn.Embedding(30, 20, padding_idx=3),
    "EmbeddingBag": lambda: nn.EmbeddingBag(30, 20, padding_idx=3),
    "LayerNorm": lambda: nn.LayerNorm((4, 5)),
    "RMSNorm": lambda: nn.RMSNorm(20),
    "GroupNorm": lambda: nn.GroupNorm(2, 20),
    "BatchNorm1d": lambda: nn.BatchNorm1d(20),
    "BatchNorm2d without affine": lambda: nn.BatchNorm2d(20, affine=False),
    "SyncBatchNorm": lambda: nn.SyncBatchNorm(20),
    "InstanceNorm1d": lambda: nn.InstanceNorm1d(20, affine=True, track_running_stats=True),
    "RNN": lambda: nn.RNN(5, 6, 2),
    "LSTM": lambda: nn.LSTM(5, 6, 2, bidirectional=True, proj_size=3),
    "GRU": lambda: nn.GRU(5, 6),
    "RNNCell": lambda: nn.RNNCell(5, 6),
    "LSTMCell": lambda: nn.LSTMCell(5, 6),
    "GRUCell": lambda: nn.GRUCell(5, 6),
    "MultiheadAttention": lambda: nn.MultiheadAttention(12, 3),
    "MultiheadAttention of other widths": lambda: nn.MultiheadAttention(
        12, 3, kdim=5, vdim=7, add_bias_kv=True
    ),
    "Transformer": lambda: nn.Transformer(8, 2, 1, 2, 12, batch_first=True),
    "TransformerEncoderLayer": lambda: nn.TransformerEncoderLayer(8, 2, 12),
    "TransformerDecoderLayer": lambda: nn.TransformerDecoderLayer(8, 2, 12),
    "PReLU": lambda: nn.PReLU(20, init=0.3),
    "AdaptiveLogSoftmaxWithLoss": lambda: nn.AdaptiveLogSoftmaxWithLoss(16, 40, [10, 20], head_bias=True),
    "CircularPad": lambda: nn.Sequential(nn.CircularPad1d(1), nn.Dropout(), nn.ReLU()),
}

each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def state(module):
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def assert_same(one, other):
    assert [*one] == [*other]
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


@each_layer
def test_a_layer_has_the_distributions_of_its_constructor(make):
    samples = [state(make()) for _ in range(40)]
    ours = [state(initialize_(make(), "like-torch", seed)) for seed in range(40)]
    for name in samples[0]:
        theirs = torch.stack([each[name].double() for each in samples])
        values = torch.stack([each[name].double() for each in ours])
        constant = theirs.amin(0) == theirs.amax(0)
        assert torch.equal(values.amin(0) == values.amax(0), constant), name
        assert torch.equal(values[:, constant], theirs[:, constant]), name
        if not constant.all():
            values, theirs = values[:, ~constant], theirs[:, ~constant]
            numel = values.numel()
            assert abs(float(values.mean() - theirs.mean())) < 8 * float(theirs.std()) / numel**0.5, name
            assert float(values.std()) == pytest.approx(float(theirs.std()), rel=8 / numel**0.5), name
            if theirs.abs().amax() < 2 * theirs.std():  # uniform
                assert float(values.abs().amax()) == pytest.approx(float(theirs.abs().amax()), rel=0.03), name


@each_layer
def test_memory_without_values_is_filled_as_that_of_a_constructor(make):
    expected = state(initialize_(make(), "like-torch", 3))
    with torch.device("meta"):
        module = make()
    module.to_empty(device="cpu")
    for tensor in module.state_dict().values():
        tensor.fill_(7)
    assert_same(state(initialize_(module, "like-torch", 3)), expected)


@each_layer
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_dtypes_gradients_and_pytorchs_generator_stay(make, dtype):
    module = make().to(dtype)
    before = state(module)
    grads = [
        parameter.requires_grad_(index % 2 == 0).requires_grad
        for index, parameter in enumerate(module.parameters())
    ]
    generator = torch.get_rng_state()
    assert initialize_(module, "like-torch", 3) is module
    assert {name: tensor.dtype for name, tensor in state(module).items()} == {
        name: tensor.dtype for name, tensor in before.items()
    }
    assert [parameter.requires_grad for parameter in module.parameters()] == grads
    assert torch.equal(torch.get_rng_state(), generator)


def test_a_parameter_has_the_values_of_its_names_stream():
    net = initialize_(nn.Sequential(nn.Linear(4, 3), nn.Embedding(5, 2)), "like-torch", 7)
    generator = Generator(seed=7)
    weight = init.kaiming_uniform_(torch.empty(3, 4), a=5**0.5, generator=generator.fork("0.weight"))
    bias = init.uniform_(torch.empty(3), -0.5, 0.5, generator=generator.fork("0.bias"))
    assert torch.equal(net[0].weight, weight)
    assert torch.equal(net[0].bias, bias)
    assert torch.equal(net[1].weight, init.normal_(torch.empty(5, 2), generator=generator.fork("1.weight")))


def test_adding_a_layer_changes_no_other():
    class Net(nn.Module):
        def __init__(self, more):
            super().__init__()
            if more:
                self.norm = nn.BatchNorm1d(4)
                self.first = nn.LSTM(4, 4)
            self.attention = nn.MultiheadAttention(4, 2)
            self.out = nn.Linear(4, 2)

    small = state(initialize_(Net(more=False), "like-torch", 3))
    large = state(initialize_(Net(more=True), "like-torch", 3))
    for name, tensor in small.items():
        assert torch.equal(tensor, large[name])


class Copying(nn.Module):
    """A layer that draws into a tensor which is not the module's, and takes its values from there."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(3, 4))

    def reset_parameters(self):
        with torch.no_grad():
            self.weight.copy_(torch.randn(3, 4))


def test_adding_a_layer_changes_none_that_copies_what_it_draws():
    small = nn.ModuleDict({"out": Copying()})
    large = nn.ModuleDict({"first": Copying(), "out": Copying()})
    for net in (small, large):
        initialize_(net, "like-torch", 3)
    assert torch.equal(small["out"].weight, large["out"].weight)
    assert not torch.equal(large["first"].weight, large["out"].weight)


def test_copies_of_a_layer_have_values_of_their_own():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12), 2)
    assert torch.equal(encoder.layers[0].linear1.weight, encoder.layers[1].linear1.weight)
    initialize_(encoder, "like-torch", 3)
    assert not torch.equal(encoder.layers[0].linear1.weight, encoder.layers[1].linear1.weight)


class Tied(nn.Module):
    def __init__(self, order, tie, keys=None):
        super().__init__()
        layers = {"embed": nn.Embedding(9, 4), "head": nn.Linear(4, 9)}
        for name in order:
            self.add_module(name, layers[name])
        if tie:
            self.embed.weight = self.head.weight
        self._tied_weights_keys = keys


@pytest.mark.parametrize(
    ("order", "keys", "owner"),
    [
        (("embed", "head"), None, "embed"),
        (("head", "embed"), None, "head"),
        (("head", "embed"), {"head.weight": "embed.weight"}, "embed"),
        (("embed", "head"), ["embed.weight"], "head"),
    ],
)
def test_a_shared_parameter_has_the_values_of_the_layer_whose_name_it_has(order, keys, owner):
    tied = initialize_(Tied(order, True, keys), "like-torch", 3)
    plain = initialize_(Tied(order, False), "like-torch", 3)
    assert tied.head.weight is tied.embed.weight
    assert torch.equal(tied.head.weight, plain.get_submodule(owner).weight)
    assert torch.equal(tied.head.bias, plain.head.bias)


def test_a_layer_that_is_held_twice_has_its_first_name():
    layer = nn.Linear(4, 4)
    net = initialize_(nn.Sequential(layer, nn.ReLU(), layer), "like-torch", 3)
    alone = initialize_(nn.Sequential(nn.Linear(4, 4)), "like-torch", 3)
    assert torch.equal(net[2].weight, alone[0].weight)
    assert torch.equal(net[2].bias, alone[0].bias)


def test_each_module_is_reset_once_children_first():
    order = []

    class Noting(nn.Module):
        def __init__(self, name, *children):
            super().__init__()
            self.name = name
            self.inner = nn.ModuleList(children)

        def reset_parameters(self):
            order.append(self.name)

    shared = Noting("shared")
    initialize_(Noting("top", Noting("one", shared), Noting("two", shared)), "like-torch", 0)
    assert order == ["shared", "one", "two", "top"]


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.full((3,), 7.0))


class Arguments(Scale):
    def reset_parameters(self, std):
        nn.init.normal_(self.scale, std=std)


def lazy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.LazyLinear(3)


def spectral():
    return nn.utils.spectral_norm(nn.Linear(4, 3))


def weight_norm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(nn.Linear(4, 3))


REFUSED = [
    (Scale, r'"1", a Scale with parameters of its own \(scale\), has no reset_parameters\(\): give a recipe'),
    (Arguments, "that needs arguments .*'std'"),
    (lambda: nn.ParameterList([torch.zeros(3)]), r'"1", a ParameterList .*\(0\)'),
    (lambda: nn.utils.parametrizations.orthogonal(nn.Linear(3, 3)), r"ParametrizationList .*\(original\)"),
    (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), r"\(original0, original1\)"),
    (spectral, "computes what its reset_parameters"),
    (weight_norm, "computes what its reset_parameters"),
    (lambda: nn.utils.prune.random_unstructured(nn.Linear(3, 3), "weight", 0.5), "computes what its"),
    (lambda: nn.Linear(3, 3, device="meta"), '"1.weight": cannot fill .* on the device "meta"'),
    (lambda: nn.Linear(3, 3, dtype=torch.complex64), '"1.weight": .* not implemented'),
    (lazy, '"1.weight"'),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_cannot_be_reset_is_refused_before_anything_is_written(make, message):
    net = nn.Sequential(nn.Linear(3, 3), make())
    before = copy.deepcopy(net[0].state_dict())
    with pytest.raises(RecipeError, match=message):
        initialize_(net, "like-torch", 0)
    assert_same(net[0].state_dict(), before)


def test_its_own_initialisation_can_be_wrapped_instead():
    net = Scale()
    with fast_init(3, module=net):
        nn.init.normal_(net.scale)
    assert torch.equal(net.scale, init.normal_(torch.empty(3), generator=Generator(seed=3).fork("scale")))


@pytest.mark.parametrize(
    "target", [fastinit.nn.Linear(3, 4), {"weight": np.empty(3)}, {"weight": torch.empty(3)}, 3]
)
def test_it_is_for_modules_of_pytorchs(target):
    with pytest.raises(TypeError, match=r'"like-torch" is for a torch\.nn\.Module, got (fastinit|builtins)'):
        initialize_(target, "like-torch", 0)


@pytest.mark.parametrize("scheme", ["like-torc", "", "gpt2.toml"])
def test_another_string_is_an_error_that_says_which_there_are(scheme):
    with pytest.raises(RecipeError, match=f'unknown scheme "{scheme}"; .*"like-torch"'):
        initialize_(nn.Linear(2, 3), scheme, 0)


@pytest.mark.parametrize("seed", ["1", 1.5])
def test_the_seed_is_an_int(seed):
    net = nn.Linear(2, 3)
    before = state(net)
    with pytest.raises(RuntimeError, match="expected a long"):
        initialize_(net, "like-torch", seed)
    assert_same(state(net), before)


def test_two_parameters_over_one_memory_have_the_values_of_the_first():
    shared = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9, bias=False))
    shared[1].weight = nn.Parameter(shared[0].weight.data)
    initialize_(shared, "like-torch", seed=3)
    expected = initialize_(nn.Sequential(nn.Embedding(9, 4)), "like-torch", seed=3)
    assert torch.equal(shared[1].weight, expected[0].weight)
