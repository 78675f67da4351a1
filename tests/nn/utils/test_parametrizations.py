"""Weights of a given length, singular value or orthogonality, against PyTorch."""

import warnings

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.nn.utils import parametrizations, parametrize
from reference.differential import transcript

RNG = np.random.default_rng(5)


class Holder:
    """Makes a module that has one tensor, under either library."""

    def __init__(self, shape, dtype="float64", requires_grad=True):
        self.values = RNG.normal(size=shape)
        self.dtype, self.requires_grad = dtype, requires_grad

    def __call__(self, library):
        module = library.nn.Module()
        tensor = library.tensor(self.values.tolist(), dtype=getattr(library, self.dtype))
        module.weight = library.nn.Parameter(tensor.reshape(self.values.shape), self.requires_grad)
        return module


def names(library):
    return __import__(f"{library.__name__}.nn.utils", fromlist=["x"]).parametrizations


def same_training(torch, holder, wrap_module, steps=4, tolerance=1e-11):
    """Trains the tensor under both libraries from one state; compares its values, gradients and buffers."""
    theirs = wrap_module(torch, holder(torch))
    ours = wrap_module(fastinit, holder(fastinit))
    state = {
        name: fastinit.tensor(value.tolist(), dtype=getattr(fastinit, str(value.dtype).split(".")[1]))
        for name, value in theirs.state_dict().items()
    }
    state = {name: value.reshape(theirs.state_dict()[name].shape) for name, value in state.items()}
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(state)
    direction = RNG.normal(size=holder.values.shape)
    for step in range(steps):
        for module in (ours, theirs):
            module.train(step != 1)
        pairs = [("weight", ours.weight, theirs.weight)]
        assert type(ours.weight.grad_fn).__name__ == type(theirs.weight.grad_fn).__name__
        for library, module in ((fastinit, ours), (torch, theirs)):
            weight = module.weight
            along = library.tensor(direction.tolist(), dtype=weight.dtype).reshape(weight.shape)
            (weight * along + weight * weight * 0.5).sum().backward()
        for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            pairs.append((f"{name}.grad", mine.grad, other.grad))
            for parameter in (mine, other):
                parameter.data.sub_(parameter.grad * 0.05)
                parameter.grad = None
        pairs += [(name, mine, theirs.get_buffer(name)) for name, mine in ours.named_buffers()]
        for name, mine, other in pairs:
            np.testing.assert_allclose(
                mine.detach().double().numpy(),
                other.detach().double().numpy(),
                rtol=tolerance,
                atol=tolerance,
                err_msg=f"{name} in step {step}",
            )


@pytest.mark.parametrize("dim", [0, 1, -1, None, -2])
@pytest.mark.parametrize("shape", [(4, 3), (3, 4, 2), (2, 3, 2, 2)], ids=str)
def test_weights_of_a_learned_length_train_as_in_torch(shape, dim):
    torch = pytest.importorskip("torch")
    holder = Holder(shape)

    def wrap_module(library, module):
        return names(library).weight_norm(module, dim=dim)

    same_training(torch, holder, wrap_module)


@pytest.mark.parametrize(
    "options", [{}, {"n_power_iterations": 3}, {"dim": 1}, {"dim": -1, "eps": 1e-3}], ids=str
)
@pytest.mark.parametrize("shape", [(4, 3), (3, 4, 2), (2, 3, 2, 2)], ids=str)
def test_weights_of_spectral_norm_1_train_as_in_torch(shape, options):
    torch = pytest.importorskip("torch")

    def wrap_module(library, module):
        return names(library).spectral_norm(module, **options)

    same_training(torch, Holder(shape), wrap_module)


def test_vectors_of_norm_1_train_as_in_torch():
    torch = pytest.importorskip("torch")
    same_training(torch, Holder((5,)), lambda library, module: names(library).spectral_norm(module))


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder", None])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3), (1, 1)], ids=str)
def test_orthogonal_weights_train_as_in_torch(shape, orthogonal_map, trivial):
    torch = pytest.importorskip("torch")

    def wrap_module(library, module):
        return names(library).orthogonal(module, orthogonal_map=orthogonal_map, use_trivialization=trivial)

    same_training(torch, Holder(shape), wrap_module)


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm", "orthogonal"])
def test_float32_trains_as_in_torch(name):
    torch = pytest.importorskip("torch")

    def wrap_module(library, module):
        return getattr(names(library), name)(module)

    same_training(torch, Holder((6, 4), "float32"), wrap_module, tolerance=1e-5)


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)], ids=str)
def test_what_is_assigned_to_an_orthogonal_weight_is_what_is_read(shape, orthogonal_map):
    module = parametrizations.orthogonal(Holder(shape)(fastinit), orthogonal_map=orthogonal_map)
    value = nn.init.orthogonal_(fastinit.empty(*shape, dtype=fastinit.float64))
    if len(shape) > 2:
        value = fastinit.stack([nn.init.orthogonal_(part) for part in value])
    module.weight = value
    np.testing.assert_allclose(module.weight.detach().numpy(), value.numpy(), atol=1e-12)


def test_reflections_without_a_base_are_found_for_an_orthogonal_matrix():
    torch = pytest.importorskip("torch")
    value = np.linalg.qr(RNG.normal(size=(5, 3)))[0]
    value[:, 1] = [0, 1, 0, 0, 0]
    value = np.linalg.qr(value)[0] * np.array([1, -1, 1])
    found = []
    for library in (fastinit, torch):
        module = names(library).orthogonal(
            Holder((5, 3))(library), orthogonal_map="householder", use_trivialization=False
        )
        module.weight = library.tensor(value.tolist(), dtype=library.float64)
        found.append(module)
    ours, theirs = found
    np.testing.assert_allclose(ours.weight.detach().numpy(), value, atol=1e-12)
    np.testing.assert_allclose(
        ours.parametrizations.weight.original.detach().numpy(),
        theirs.parametrizations.weight.original.detach().numpy(),
        atol=1e-12,
    )


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm", "orthogonal"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bit_weights_are_computed_in_float32(name, dtype):
    module = getattr(parametrizations, name)(Holder((4, 3), dtype)(fastinit))
    assert module.weight.dtype is getattr(fastinit, dtype)
    module.weight.float().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())
    if name == "orthogonal":
        product = module.weight.T.float() @ module.weight.float()
        np.testing.assert_allclose(product.tolist(), np.eye(3), atol=0.05)


def test_the_vectors_of_spectral_norm_come_from_the_librarys_stream():
    def made(seed):
        fastinit.manual_seed(seed)
        layer = nn.Linear(3, 2)
        nn.init.ones_(layer.weight)
        position = fastinit.default_generator.get_state()
        spectral = parametrizations.spectral_norm(layer)
        return spectral.state_dict(), fastinit.default_generator.get_state() - position

    (one, moved), (same, _), (other, _) = made(1), made(1), made(2)
    assert all(one[name].tolist() == same[name].tolist() for name in one)
    assert one["bias"].tolist() != other["bias"].tolist()
    assert moved.any()


def test_evaluation_leaves_the_estimate_of_the_singular_value_as_it_is():
    layer = parametrizations.spectral_norm(nn.Linear(5, 4))
    layer.parametrizations.weight.original.data.normal_()
    layer.eval()
    before = layer.parametrizations.weight[0]._u.tolist()
    assert layer.weight.tolist() == layer.weight.tolist()
    assert layer.parametrizations.weight[0]._u.tolist() == before
    layer.train()
    layer.weight  # noqa: B018 - reading computes
    assert layer.parametrizations.weight[0]._u.tolist() != before


def test_the_spectral_norm_becomes_1():
    layer = parametrizations.spectral_norm(nn.Linear(20, 30))
    for _ in range(200):
        layer.weight  # noqa: B018 - reading computes
    singular = np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)
    assert abs(singular[0] - 1) < 1e-4


def test_two_readings_can_be_differentiated_together():
    layer = parametrizations.spectral_norm(nn.Linear(3, 2))
    (layer(fastinit.ones(1, 3)) - layer(fastinit.zeros(1, 3))).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None


def test_infinities_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("weight_norm", "spectral_norm"):
            module = getattr(parametrizations, name)(Holder((3, 3))(fastinit))
            for parameter in module.parameters():
                parameter.data.fill_(float("inf"))
            module.weight.sum().backward()


def test_a_parametrization_can_be_taken_off_with_the_value_that_it_gave():
    for name in ("weight_norm", "spectral_norm", "orthogonal"):
        module = getattr(parametrizations, name)(Holder((3, 3))(fastinit)).eval()
        value = module.weight.tolist()
        parametrize.remove_parametrizations(module, "weight")
        assert module.weight.tolist() == value
        assert isinstance(module.weight, nn.Parameter)


SETUP = """
from importlib import import_module
P = import_module(torch.__name__ + ".nn.utils.parametrizations")

def layer(rows=2, columns=2):
    made = nn.Linear(columns, rows)
    with torch.no_grad():
        made.weight.copy_(torch.arange(1, rows * columns + 1).reshape(rows, columns))
        made.bias.fill_(0.5)
    return made

def flipped():
    return torch.tensor([[0.0, 1.0], [1.0, 0.0]])

def former():
    return {"weight_g": torch.ones(2, 1), "weight_v": torch.ones(2, 2), "bias": torch.ones(2)}

def assigned(module, value):
    module.weight = value
    return module.weight
"""

CALLS = """
P.weight_norm(layer()) | P.weight_norm(layer()).weight | P.weight_norm(layer(), dim=None).state_dict()
P.weight_norm(layer(), "bias") | P.weight_norm(layer(), "bias").bias | P.weight_norm(layer(), "nothing")
P.weight_norm(layer(), dim=2) | P.weight_norm(layer(), dim=1).state_dict() | P.weight_norm(3)
P.weight_norm(layer(), dim=-1).weight | assigned(P.weight_norm(layer()), torch.ones(2, 2))
P.weight_norm(layer()).load_state_dict(former())
P.weight_norm(layer()).load_state_dict({'weight_g': torch.ones(2, 1), 'bias': torch.ones(2)})
P.spectral_norm(layer()) | P.spectral_norm(layer(), "bias").bias | P.spectral_norm(layer(), "nothing")
P.spectral_norm(layer(), n_power_iterations=0) | P.spectral_norm(layer(), dim=2)
P.spectral_norm(layer(), dim=-3)
P.spectral_norm(3) | P.spectral_norm(layer(), n_power_iterations=-1) | P.spectral_norm(nn.Identity())
assigned(P.spectral_norm(layer()).eval(), torch.zeros(2, 2)) | P.orthogonal(layer())
P.orthogonal(layer(), "bias")
P.orthogonal(layer(), "nothing") | P.orthogonal(layer(), orthogonal_map="x")
P.orthogonal(layer(), orthogonal_map="exp")
P.orthogonal(layer()).weight | P.orthogonal(layer(3, 2), orthogonal_map="cayley").weight | P.orthogonal(3)
P.orthogonal(layer(2, 3)).parametrizations.weight.original
P.orthogonal(layer(), use_trivialization=False).state_dict()
P.orthogonal(layer(), orthogonal_map="householder", use_trivialization=False).weight
assigned(P.orthogonal(layer()), torch.ones(3, 3)) | assigned(P.orthogonal(layer()), torch.eye(2))
assigned(P.orthogonal(layer(), use_trivialization=False), torch.eye(2))
assigned(P.orthogonal(layer(), orthogonal_map="householder", use_trivialization=False), flipped())
assigned(P.orthogonal(layer(3, 2)), torch.eye(3, 2))
assigned(P.orthogonal(layer()), torch.ones(2, 2).tril())
"""


def test_printed_forms_and_errors_are_those_of_torch():
    torch = pytest.importorskip("torch")
    ours, theirs = transcript(fastinit, SETUP, CALLS), transcript(torch, SETUP, CALLS)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []
