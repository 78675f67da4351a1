"""Whole models that are made in a context."""

import warnings

import pytest

import fastinit

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from fastinit.interop.torch import fast_init  # noqa: E402


def gpt2():
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        n_layer=2, n_embd=32, n_head=4, vocab_size=90, n_positions=16, bos_token_id=0, eos_token_id=1
    )
    return transformers.AutoModelForCausalLM.from_config(config)


def llama():
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        num_hidden_layers=2, hidden_size=32, intermediate_size=48, num_attention_heads=4, vocab_size=90
    )
    return transformers.AutoModelForCausalLM.from_config(config)


def transformer():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nested tensors
        return nn.Transformer(16, 4, 2, 2, 24)


MODELS = {
    "linear": lambda: nn.Linear(300, 200),
    "lstm": lambda: nn.LSTM(5, 6, 2, bidirectional=True, proj_size=3),
    "convolutions": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 3, 3)),
    "attention": lambda: nn.MultiheadAttention(12, 3, kdim=5, vdim=7),
    "transformer": transformer,
    "gpt2": gpt2,
    "llama": llama,
}


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def assert_same(one, other):
    state = other.state_dict()
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, state[name]), name


def made(make, seed, threads):
    """A model made in a context, with so many threads of both libraries."""
    before = torch.get_num_threads(), fastinit.get_num_threads()
    torch.set_num_threads(threads)
    fastinit.set_num_threads(threads)
    try:
        with fast_init(seed):
            return make()
    finally:
        torch.set_num_threads(before[0])
        fastinit.set_num_threads(before[1])


def test_a_model_depends_on_the_seed_alone(make):
    model = made(make, 3, threads=1)
    torch.manual_seed(99)
    assert_same(model, made(make, 3, threads=2))
    other = made(make, 4, threads=1)
    first, second = next(model.parameters()), next(other.parameters())
    assert not torch.equal(first, second)


def test_nothing_of_a_model_is_drawn_from_pytorchs_generator(make):
    make()  # whatever is drawn on import
    torch.manual_seed(5)
    state = torch.get_rng_state()
    with fast_init(3):
        model = make()
    assert torch.equal(torch.get_rng_state(), state)
    plain = make()
    assert not torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(next(plain.parameters()), next(model.parameters()))


def test_a_model_is_distributed_as_a_plain_one(make):
    plain = dict(make().named_parameters())
    with fast_init(3):
        model = make()
    assert [name for name, _ in model.named_parameters()] == [*plain]
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == plain[name].requires_grad
        parameter, other = parameter.detach(), plain[name].detach()  # noqa: PLW2901
        assert parameter.dtype == other.dtype
        if other.std(correction=0) == 0:
            assert torch.equal(parameter, other), name
        elif other.numel() > 500:
            assert float(parameter.std()) == pytest.approx(float(other.std()), rel=0.25), name
            assert abs(parameter.mean()) < 0.2 * other.std(), name


def test_a_model_of_half_precision_is_made():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with fast_init(3):
            model = nn.Linear(300, 200)
        assert model.weight.dtype is torch.bfloat16
        with fast_init(3):
            assert_same(model, nn.Linear(300, 200))
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("make", [gpt2, llama])
def test_a_model_of_transformers_can_be_keyed_by_name(make):
    def initialised(seed):
        model = made(make, seed, threads=1)
        with fast_init(7, module=model):
            model.apply(model._init_weights)
        return model

    assert_same(initialised(1), initialised(2))
