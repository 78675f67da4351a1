"""Scaled dot product attention, MultiheadAttention, and the function behind it."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F
from reference.differential import outcome, output

DTYPES = ["float32", "float64", "float16", "bfloat16"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("masked", ["", "bool", "float", "causal"])
@pytest.mark.parametrize(
    ("q", "k", "v"),
    [
        ((4, 5), (6, 5), (6, 7)),
        ((2, 4, 5), (2, 6, 5), (2, 6, 5)),
        ((2, 3, 4, 5), (6, 5), (2, 1, 6, 7)),
        ((2, 3, 1, 4), (2, 3, 1, 4), (2, 3, 1, 4)),
        ((2, 4, 0), (2, 3, 0), (2, 3, 2)),
        ((2, 4, 3), (2, 0, 3), (2, 0, 2)),
    ],
)
def test_attention_is_torchs_in_value_and_gradient(same_as_torch, normal, q, k, v, masked, dtype):
    length, keys = q[-2], k[-2]
    may = np.arange(length * keys).reshape(length, keys) % 3 > 0
    may[: length // 2] &= length % 2 == 0  # some queries may attend to nothing

    def call(lib, q, k, v, *mask):
        return lib.nn.functional.scaled_dot_product_attention(q, k, v, *mask, is_causal=masked == "causal")

    mask = {"bool": [may], "float": [normal(length, keys)]}.get(masked, [])
    constant = () if keys else (3,)  # PyTorch gives no gradient to a mask without elements
    # PyTorch has several kernels, of several names.
    same_as_torch(call, normal(*q), normal(*k), normal(*v), *mask, dtype=dtype, constant=constant, node=False)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, q, m: f(q, q, q, m, is_causal=True),
        lambda f, q, m: f(q, q, q, m.double()),
        lambda f, q, m: f(q, q, q, m.long()),
        lambda f, q, m: f(q, q, q, m[:2, :2]),
        lambda f, q, m: f(q[0, 0, 0], q, q),
        lambda f, q, m: f(q, q.double(), q),
        lambda f, q, m: f(q.long(), q.long(), q.long()),
        lambda f, q, m: f(q, q[..., :2], q),
        lambda f, q, m: f(q[0, 0], q[0, 0, :, :2], q[0, 0]),
        lambda f, q, m: f(q, q, q[..., :2, :3]),
        lambda f, q, m: f(q, q[:, :2], q[:, :2]),
        lambda f, q, m: f(q, q, q[:, :2]),
        lambda f, q, m: f(q, q, q, dropout_p=2),
        lambda f, q, m: f(q[:, :2], q, q, enable_gqa=True),
        lambda f, q, m: f([1.0], q, q),
        lambda f, q, m: f(q, q, [1.0]),
        lambda f, q, m: f(q, q, q, dropout_p=1.0),
        lambda f, q, m: f(q, q, q, scale=0.3),
        lambda f, q, m: f(q, q[:, :1], q[:, :1], enable_gqa=True),
        lambda f, q, m: f(q.repeat(1, 2, 1, 1), q, q, enable_gqa=True),
        lambda f, q, m: f(q, q, q, m[:, None, None]),
    ],
)
def test_options_and_refusals_of_attention_are_torchs(same_as_torch, normal, call):
    same_as_torch(
        lambda lib, q, m: call(lib.nn.functional.scaled_dot_product_attention, q, m),
        normal(2, 3, 4, 4),
        normal(4, 4),
        node=False,
    )


def test_the_gradients_of_attention_are_their_difference_quotients():
    def made(*shape):
        return fastinit.randn(*shape, dtype=fastinit.float64, requires_grad=True)

    def dropped(q, k, v, mask):
        fastinit.manual_seed(3)
        return F.scaled_dot_product_attention(q, k, v, mask, dropout_p=0.3)

    inputs = (made(2, 3, 2), made(2, 4, 2), made(1, 4, 3), made(3, 1))
    assert gradcheck(F.scaled_dot_product_attention, inputs)
    assert gradcheck(dropped, inputs)


def test_what_torch_lets_pass_is_refused():
    q = fastinit.ones(1, 2, 3, 4)
    with pytest.raises(RuntimeError, match=r"dropout probability has to be between 0 and 1, but got -1"):
        F.scaled_dot_product_attention(q, q, q, dropout_p=-1)
    with pytest.raises(RuntimeError, match=r"batch2 tensor to be: \[2, 3\] but got: \[2, 2\]"):
        F.scaled_dot_product_attention(q, q, q[:, :, :2])


def test_dropout_drops_weights_and_keeps_their_mean():
    q, v = fastinit.zeros(1, 2), fastinit.ones(20000, 1)
    dropped = F.scaled_dot_product_attention(q, fastinit.zeros(20000, 2), v, dropout_p=0.25)
    assert abs(dropped.item() - 1) < 0.02
    assert dropped.item() != 1


LAYERS = [
    "nn.MultiheadAttention(6, 2)",
    "nn.MultiheadAttention(6, 3, bias=False)",
    "nn.MultiheadAttention(6, 2, add_bias_kv=True, add_zero_attn=True)",
    "nn.MultiheadAttention(6, 1, kdim=4, vdim=5)",
    "nn.MultiheadAttention(6, 2, vdim=5, bias=False, add_bias_kv=True, dtype=torch.float64)",
    "nn.MultiheadAttention(6, 2, add_zero_attn=True, batch_first=True)",
]
SETUP = """
layer = {layer}
print(layer, [(name, p.shape, p.dtype, p.requires_grad) for name, p in layer.named_parameters()])
print(list(layer.state_dict()), layer.in_proj_weight is None, layer.bias_k is None)
layer.double()
for index, p in enumerate(layer.parameters()):
    p.data.copy_((torch.arange(p.numel()) * (index + 1)).reshape(p.shape).double().sin())

def made(*shape):
    if layer.batch_first and len(shape) == 3:
        shape = (shape[1], shape[0], shape[2])
    x = torch.arange(torch.ones(shape).numel()).reshape(shape).double().cos()
    return x.requires_grad_()

def near(x):
    return None if x is None else x.detach().round(decimals=6) + 0.0

def show(*given, **options):
    output, weights = layer(*given, **options)
    print(near(output), near(weights), output.dtype)
    (output.sin().sum() + (0 if weights is None else weights.square().sum())).backward()
    print([near(each.grad) for each in [*given, *layer.parameters()]])
"""


@pytest.mark.parametrize("layer", LAYERS)
def test_multihead_attention_is_torchs(layer):
    program = f"""{SETUP.format(layer=layer)}
q, k, v = made(3, 2, 6), made(4, 2, layer.kdim), made(4, 2, layer.vdim)
hidden = torch.tensor([[False, False, True, False], [False, False, False, True]])
apart = torch.tensor([[False, True, True, False], [True, False, False, False], [False, False, False, False]])
biased = torch.zeros(2 * layer.num_heads, 3, 4).double() + apart
show(q, k, v)
show(q, k, v, average_attn_weights=False, attn_mask=apart)
show(q, k, v, need_weights=False, attn_mask=apart, key_padding_mask=hidden)
show(q, k, v, need_weights=False, attn_mask=biased)
show(q, k, v, key_padding_mask=hidden)
show(q, k, v, need_weights=False, attn_mask=apart)
show(made(3, 6), made(4, layer.kdim), made(4, layer.vdim), key_padding_mask=hidden[0])
show(made(3, 6), made(4, layer.kdim), made(4, layer.vdim), need_weights=False)
square = made(4, 2, 6)
causal = torch.triu(torch.ones(4, 4), diagonal=1).bool()
if not layer.add_zero_attn and layer.bias_k is None:
    show(square, k, v, need_weights=False, attn_mask=causal, is_causal=True)
if layer.in_proj_weight is not None:
    show(square, square, square, attn_mask=causal, is_causal=True)
    layer.eval()
    with torch.no_grad():
        print([near(each) for each in layer(square, square, square, key_padding_mask=hidden)])
"""
    torch = pytest.importorskip("torch")
    assert output(fastinit, program) == output(torch, program)


@pytest.mark.parametrize(
    "call",
    [
        "nn.MultiheadAttention(6, 4)",
        "nn.MultiheadAttention(6, 0)",
        "nn.MultiheadAttention(0, 1)",
        "layer(q, k[0], k[0])",
        "layer(q[0], k, k)",
        "layer(q[0, 0], k, k)",
        "layer(q[..., :4], k[..., :4], k[..., :4])",
        "layer(q, k, k[:2])",
        "layer(q, k, k, is_causal=True)",
        "layer(q, k, k, attn_mask=torch.zeros(3))",
        "layer(q, k, k, attn_mask=torch.zeros(3, 3))",
        "layer(q, k, k, attn_mask=torch.zeros(3, 3, 4))",
        "layer(q, k, k, attn_mask=torch.zeros(3, 4).long())",
        "layer(q, k, k, key_padding_mask=torch.zeros(2, 4).long())",
        "layer(q, k, k, key_padding_mask=torch.zeros(4))",
        "layer(q, k, k, key_padding_mask=torch.zeros(2, 3))",
        "layer(q, k, k, key_padding_mask=torch.zeros(3, 4))",
        "layer(q[:, 0], k[:, 0], k[:, 0], key_padding_mask=torch.zeros(2, 4))",
        "layer(q[:, 0], k[:, 0], k[:, 0], attn_mask=torch.zeros(3, 3, 4))",
        "layer(q[:, 0], k[:, 0], k[:, 0], attn_mask=torch.zeros(3))",
        "layer(q, k, k, key_padding_mask=torch.zeros(2, 4), attn_mask=torch.zeros(3, 4).bool())[0].shape",
    ],
)
@pytest.mark.filterwarnings("ignore:Support for mismatched")
def test_what_multihead_attention_cannot_take_is_refused_in_torchs_words(call):
    torch = pytest.importorskip("torch")

    def told(library):
        names = {"layer": library.nn.MultiheadAttention(6, 2), "q": library.ones(3, 2, 6)}
        return outcome(library, call, k=library.ones(4, 2, 6), **names)

    assert told(fastinit) == told(torch)


def test_masks_of_several_dtypes_are_warned_of():
    layer, x = nn.MultiheadAttention(4, 2), fastinit.ones(3, 1, 4)
    with pytest.warns(UserWarning, match="Support for mismatched key_padding_mask and attn_mask"):
        layer(x, x, x, fastinit.zeros(1, 3), attn_mask=fastinit.zeros(3, 3).bool())


def test_weights_are_dropped_in_training_only():
    layer, x = nn.MultiheadAttention(4, 2, dropout=0.5), fastinit.randn(5, 1, 4)
    assert (layer(x, x, x)[1] == 0).any()
    assert not layer(x, x, x, need_weights=False)[0].equal(layer(x, x, x, need_weights=False)[0])
    layer.eval()
    assert not (layer(x, x, x)[1] == 0).any()


def test_parameters_start_in_the_bounds_of_torch():
    layer = nn.MultiheadAttention(100, 4, add_bias_kv=True)
    bound = np.sqrt(6 / 400)
    weight = layer.in_proj_weight.detach().numpy()
    assert 0.999 * bound < np.abs(weight).max() <= bound
    assert layer.in_proj_bias.abs().max() == 0
    assert layer.out_proj.bias.abs().max() == 0
    assert abs(layer.bias_k.std().item() / np.sqrt(2 / 200) - 1) < 0.3


@pytest.mark.parametrize(
    "changed",
    [
        {"static_k": (4, 4, 3), "static_v": (4, 4, 3)},
        {"static_k": (3, 4, 3)},
        {"static_v": (4, 4, 2)},
        {"bias_k": (1, 1, 6)},
        {"bias_v": (1, 1, 6)},
        {"bias_k": (1, 1, 6), "bias_v": (1, 1, 6), "static_k": (4, 4, 3)},
        {"bias_k": (1, 1, 6), "bias_v": (1, 1, 6), "static_v": (4, 4, 3)},
        {"in_proj_weight": None},
        {"use_separate_proj_weight": True, "q_proj_weight": (6, 6)},
        {"embed_dim_to_check": 5},
        {"num_heads": 4},
    ],
)
def test_the_function_takes_and_refuses_what_torchs_does(same_as_torch, normal, changed):
    names = [name for name, shape in changed.items() if isinstance(shape, tuple)]

    def call(lib, x, w_in, b_in, w_out, b_out, *given):
        options = {
            "query": x[:3],
            "key": x,
            "value": x,
            "embed_dim_to_check": 6,
            "num_heads": 2,
            "in_proj_weight": w_in,
            "in_proj_bias": b_in,
            "bias_k": None,
            "bias_v": None,
            "add_zero_attn": False,
            "dropout_p": 0.0,
            "out_proj_weight": w_out,
            "out_proj_bias": b_out,
        }
        options |= changed | dict(zip(names, given, strict=True))
        return lib.nn.functional.multi_head_attention_forward(**options)[0]

    shapes = [(4, 2, 6), (18, 6), (18,), (6, 6), (6,)] + [changed[name] for name in names]
    same_as_torch(call, *[normal(*shape) for shape in shapes], dtype="float64", node=False)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("sizes", ["(0, 2, 3)", "(2, 0, 3)", "(2, 2, 0)", "(0, 0, 0)"])
def test_attention_of_nothing_or_to_nothing_is_torchs(layer, sizes):
    torch = pytest.importorskip("torch")
    program = f"""
layer = {layer}.double()
length, batch, keys = {sizes}
for need_weights in (True, False):
    order = (0, 1) if layer.batch_first else (1, 0)
    q, k, v = (
        torch.ones(batch, n, width, dtype=torch.float64, requires_grad=True)
        for n, width in ((length, layer.embed_dim), (keys, layer.kdim), (keys, layer.vdim))
    )
    given = [each.transpose(0, 1) if not layer.batch_first else each for each in (q, k, v)]
    y, weights = layer(*given, need_weights=need_weights)
    y.sum().backward()
    print(y.shape, None if weights is None else weights.shape, q.grad.shape, k.grad.abs().sum().shape)
"""
    assert output(fastinit, program) == output(torch, program)
