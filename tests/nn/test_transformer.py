"""The layers of a transformer, and the stacks of them."""

from __future__ import annotations

import pytest

import fastinit
from fastinit import nn
from reference.differential import outcome, output

SETUP = """
print(layer, [(name, p.shape, p.dtype) for name, p in layer.named_parameters()], list(layer.state_dict()))
layer.double().train()
for index, p in enumerate(layer.parameters()):
    p.data.copy_((torch.arange(p.numel()) * (index + 1)).reshape(p.shape).double().sin())

def near(x):
    return None if x is None else x.detach().round(decimals=6) + 0.0

def made(*shape):
    x = torch.arange(torch.ones(shape).numel()).reshape(shape).double().cos()
    return x.requires_grad_()

def show(*given, **options):
    layer.zero_grad()
    for each in given:
        each.grad = None
    output = layer(*given, **options)
    print(near(output), output.dtype)
    output.sin().sum().backward()
    print([near(each.grad) for each in [*given, *layer.parameters()]])
"""

LAYERS = [
    "nn.TransformerEncoderLayer(4, 2, 5, 0.0)",
    "nn.TransformerEncoderLayer(4, 1, 3, 0.0, 'gelu', norm_first=True, bias=False)",
    "nn.TransformerEncoderLayer(4, 2, 3, 0.0, nn.Tanh(), 0.1, batch_first=True, dtype=torch.float64)",
    "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3, 0.0, batch_first=True), 2)",
    "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3, 0.0, norm_first=True), 2, nn.LayerNorm(4))",
]


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.parametrize("layer", LAYERS)
def test_encoders_are_torchs(layer):
    program = f"""
layer = {layer}
{SETUP}
x = made(3, 3, 4)
hidden = torch.tensor([[False, False, True], [False, False, False], [False, True, True]])
causal = torch.triu(torch.ones(3, 3), diagonal=1).bool()
show(x)
show(x, src_key_padding_mask=hidden)
mask = {{"mask" if "Layer" not in type(layer).__name__ else "src_mask": causal}}
show(x, **mask)
show(x, **mask, is_causal=True)
show(x, src_key_padding_mask=hidden, **mask)
show(made(3, 4))
layer.eval()
show(x, **mask)
with torch.no_grad():
    print(near(layer(x)))
"""
    torch = pytest.importorskip("torch")
    assert output(fastinit, program) == output(torch, program)


@pytest.mark.parametrize(
    "layer",
    [
        "nn.TransformerDecoderLayer(4, 2, 5, 0.0)",
        "nn.TransformerDecoderLayer(4, 1, 3, 0.0, 'gelu', norm_first=True, bias=False)",
        "nn.TransformerDecoderLayer(4, 2, 3, 0.0, nn.Tanh(), 0.1, batch_first=True, dtype=torch.float64)",
        "nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 3, 0.0), 2, nn.LayerNorm(4))",
    ],
)
def test_decoders_are_torchs(layer):
    program = f"""
layer = {layer}
{SETUP}
x, memory = made(3, 3, 4), (made(3, 3, 4) * 2).detach().requires_grad_()
hidden = torch.tensor([[False, False, True], [False, False, False], [False, True, True]])
causal = torch.triu(torch.ones(3, 3), diagonal=1).bool()
show(x, memory)
show(x, memory, tgt_mask=causal)
show(x, memory, tgt_mask=causal, tgt_is_causal=True)
show(x, memory, memory_mask=causal, memory_is_causal=True)
show(x, memory, tgt_key_padding_mask=hidden, memory_key_padding_mask=hidden)
show(made(3, 4), made(2, 4))
"""
    torch = pytest.importorskip("torch")
    assert output(fastinit, program) == output(torch, program)


@pytest.mark.parametrize(
    "call",
    [
        "nn.TransformerEncoderLayer(4, 3)",
        "nn.TransformerEncoderLayer(4, 2, activation='tanh')",
        "nn.TransformerDecoderLayer(4, 2, activation='tanh')",
        "nn.TransformerDecoderLayer(4, 2)(torch.ones(2, 1, 4), torch.ones(2, 4))",
        "nn.TransformerDecoderLayer(4, 2)(torch.ones(2, 1, 4), torch.ones(2, 1, 4), tgt_is_causal=True)",
        "nn.TransformerEncoderLayer(4, 2)(torch.ones(2, 3))",
        "nn.TransformerEncoderLayer(4, 2)(torch.ones(4))",
        "nn.TransformerEncoderLayer(4, 2)(torch.ones(3, 1, 4), is_causal=True)",
        "nn.TransformerEncoderLayer(4, 2)(torch.ones(3, 1, 4), torch.ones(3, 3).long())",
        "nn.TransformerEncoderLayer(4, 2)(torch.ones(3, 1, 4), None, torch.ones(1, 3).long())",
    ],
)
def test_what_encoders_cannot_take_is_refused_in_torchs_words(call):
    torch = pytest.importorskip("torch")
    assert outcome(fastinit, call) == outcome(torch, call)


def test_the_layers_of_an_encoder_are_copies_with_the_same_values():
    layer = nn.TransformerEncoderLayer(4, 2, 3)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = (each.linear1.weight for each in encoder.layers)
    assert first is not second
    assert first is not layer.linear1.weight
    assert first.equal(second)
    assert len(list(encoder.parameters())) == 2 * len(list(layer.parameters()))


def test_dropout_acts_in_training_only():
    layer, x = nn.TransformerEncoderLayer(4, 2, 3, 0.5), fastinit.randn(3, 1, 4)
    assert not layer(x).equal(layer(x))
    layer.eval()
    assert layer(x).equal(layer(x))
