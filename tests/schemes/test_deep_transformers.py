"""T-Fixup and DeepNet: a step changes what a Transformer returns by as much, however deep it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import initialize_, schemes
from fastinit.diagnostics import parameters
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, Rule
from reference.deep_models import language_model, translator

XAVIER = Recipe(
    [
        Rule("*bias", "zeros_"),
        Rule("*embed*", "normal_", {"std": 0.25}),
        Rule("*", "xavier_uniform_", ndim=2),
        Rule("*norm*", "ones_"),
    ],
    allow_unused=True,
)


def change(model: Any, recipe: Recipe, lr: float) -> float:
    """By how much a step of SGD over all weights changes what the model returns."""
    found = []
    for seed in range(3):
        fastinit.manual_seed(seed)
        tokens, targets = fastinit.randint(0, 11, (8, 6)), fastinit.randint(0, 11, (48,))
        initialize_(model, recipe, seed)
        weights = [each for each in model.parameters() if each.dim() > 1]
        before = model(tokens)
        optimizer = fastinit.optim.SGD(weights, lr=lr)
        optimizer.zero_grad()
        fastinit.nn.functional.cross_entropy(before.reshape(48, 11), targets).backward()
        optimizer.step()
        found.append(float((model(tokens) - before).abs().mean()))
    return float(np.mean(found))


def t_fixup(depth: int, plain: bool) -> tuple[Any, Recipe]:
    model = translator(fastinit, depth)
    return model, XAVIER if plain else schemes.t_fixup(model)


def deepnet(depth: int, plain: bool) -> tuple[Any, Recipe]:
    scales = schemes.deepnet_scales(depth, depth)
    alphas = (1.0, 1.0) if plain else (scales.encoder.alpha, scales.decoder.alpha)
    model = translator(fastinit, depth, kind="post", alphas=alphas)
    return model, XAVIER if plain else schemes.deepnet(model)


def deepnet_decoder(depth: int, plain: bool) -> tuple[Any, Recipe]:
    alpha = 1.0 if plain else schemes.deepnet_scales(decoder_layers=depth).decoder.alpha
    model = language_model(fastinit, depth, kind="post", alpha=alpha)
    return model, XAVIER if plain else schemes.deepnet(model)


@pytest.mark.parametrize(
    ("build", "lr", "deeper"), [(t_fixup, 1e-4, 4), (deepnet, 1e-3, 24), (deepnet_decoder, 1e-3, 24)]
)
def test_a_step_changes_the_output_by_as_much_at_any_depth(
    build: Callable[[int, bool], tuple[Any, Recipe]], lr: float, deeper: int
) -> None:
    shallow, deep = (change(*build(depth, False), lr) for depth in (2, 24))
    assert deep / shallow == pytest.approx(1, abs=0.25)
    assert change(*build(deeper, True), lr) > 5 * change(*build(2, True), lr)


@pytest.mark.parametrize(("encoders", "decoders"), [(6, 0), (0, 18), (6, 6), (100, 3)])
def test_deepnets_factors_are_those_of_its_table(encoders: int, decoders: int) -> None:
    found = schemes.deepnet_scales(encoders, decoders)
    if not decoders:
        expected = [(2 * encoders) ** (1 / 4), (8 * encoders) ** (-1 / 4), 1, 1]
    elif not encoders:
        expected = [1, 1, (2 * decoders) ** (1 / 4), (8 * decoders) ** (-1 / 4)]
    else:
        expected = [
            0.81 * encoders ** (4 / 16) * decoders ** (1 / 16),
            0.87 * encoders ** (-4 / 16) * decoders ** (-1 / 16),
            (3 * decoders) ** (1 / 4),
            (12 * decoders) ** (-1 / 4),
        ]
    assert [*found.encoder, *found.decoder] == pytest.approx(expected)


@pytest.mark.parametrize(("encoders", "decoders"), [(0, 0), (-1, 3)])
def test_factors_of_no_layers_are_refused(encoders: int, decoders: int) -> None:
    with pytest.raises(ValueError, match="expected the layers of a stack"):
        schemes.deepnet_scales(encoders, decoders)


def model_of(encoders: int, decoders: int) -> dict[str, tuple[int, ...]]:
    parts = {
        "q_proj": (8, 8),
        "k_proj": (8, 8),
        "v_proj": (8, 8),
        "out_proj": (8, 8),
        "fc1": (32, 8),
        "fc2": (8, 32),
    }
    model: dict[str, tuple[int, ...]] = {
        f"{kind}.layers.{n}.{part}.weight": shape
        for kind, layers in (("encoder", encoders), ("decoder", decoders))
        for n in range(layers)
        for part, shape in parts.items()
    }
    return {**model, "embed_tokens.weight": (50, 16), "head.weight": (50, 16)}


def gains(recipe: Recipe) -> dict[str, float]:
    return {
        name: float(each.initialiser.arguments.get("gain", 1.0)) for name, each in recipe.assignments.items()
    }


def test_the_gains_are_those_of_the_papers() -> None:
    model = model_of(4, 9)
    fixed, deep = gains(schemes.t_fixup(model)), gains(schemes.deepnet(model))
    scales = schemes.deepnet_scales(4, 9)
    for name in model:
        inside = any(part in name for part in ("v_proj", "out_proj", "fc1", "fc2"))
        kind = name.partition(".")[0] if inside else ""
        assert fixed[name] == pytest.approx({"encoder": 0.67 * 4**-0.25, "decoder": 1 / 3}.get(kind, 1.0))
        assert deep[name] == pytest.approx(
            {"encoder": scales.encoder.beta, "decoder": scales.decoder.beta}.get(kind, 1.0)
        )
    std = schemes.t_fixup(model).assignment("embed_tokens.weight").initialiser.arguments["std"]
    assert std == pytest.approx(16**-0.5 * (9 * 9) ** -0.25)
    assert schemes.deepnet(model).assignment("embed_tokens.weight").initialiser.arguments["std"] == 0.25


def test_a_fused_projection_is_scaled_in_its_last_third() -> None:
    torch = pytest.importorskip("torch")
    found = {}
    for library in (fastinit, torch):
        nn = library.nn
        model = nn.ModuleDict(
            {
                "encoder": nn.TransformerEncoder(nn.TransformerEncoderLayer(60, 2, 120, batch_first=True), 2),
                "decoder": nn.TransformerDecoder(nn.TransformerDecoderLayer(60, 2, 120), 3),
            }
        )
        found[library.__name__] = recipe = schemes.deepnet(model)
        beta = schemes.deepnet_scales(2, 3).decoder.beta
        initialize_(model, recipe, seed=0)
        assert not parameters(model, recipe=recipe, spectra=False).flagged
        for weight in (layer.multihead_attn.in_proj_weight for layer in model["decoder"].layers):
            query, key, value = np.split(weight.detach().numpy(), 3)
            for part, gain in ((query, 1), (key, 1), (value, beta)):
                assert part.std() == pytest.approx(gain * (2 / 120) ** 0.5, rel=0.05)
    assert found["fastinit"] == found["torch"]
    name = "encoder.layers.0.self_attn.in_proj_weight"
    assert found["torch"].assignment(name).initialiser.layout == Layout(
        splits=3, gains=(1, 1, schemes.deepnet_scales(2, 3).encoder.beta)
    )


def test_gpt2s_projection_is_stored_the_other_way() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(n_layer=2, n_embd=8, n_head=2, vocab_size=20, n_positions=10)
    recipe = schemes.deepnet(transformers.GPT2LMHeadModel(config))
    layout = recipe.assignment("transformer.h.1.attn.c_attn.weight").initialiser.layout
    assert layout == Layout(splits=3, transposed=True, gains=(1, 1, 0.5))
    assert gains(recipe)["transformer.h.0.mlp.c_proj.weight"] == pytest.approx(0.5)


def test_stacks_of_other_names_are_told_and_a_part_is_scaled_as_the_whole() -> None:
    model = {f"blocks.{n}.ff.weight": (8, 8) for n in range(3)}
    recipe = schemes.deepnet(model, 12, encoder="blocks.*", scaled="*.ff.weight")
    assert list(gains(recipe).values()) == pytest.approx([96**-0.25] * 3)


@pytest.mark.parametrize(
    ("scheme", "model", "options", "message"),
    [
        (
            "deepnet",
            {"w": (2, 2)},
            {},
            r"deepnet: no layers are called as usual, .*give encoder= or decoder=",
        ),
        ("deepnet", {"h.0.ff": (2, 2)}, {}, r"deepnet: no parameter is called as usual, .*give scaled="),
        ("deepnet", {"h.a.fc1.weight": (2, 2)}, {"decoder": "h.*"}, "names do not number its layers"),
        ("deepnet", {"h.0.fc1.weight": (2, 2)}, {"decoder_layers": 0}, "decoder_layers of at least 1, got 0"),
        (
            "deepnet",
            {"h.0.fc1.weight": (2, 2)},
            {"encoder_layers": 2},
            "encoder_layers is 2, but no parameter",
        ),
        (
            "deepnet",
            {"h.0.fc1.weight": (2, 2)},
            {"encoder": "h.*"},
            "is both of the encoder and of the decoder",
        ),
        (
            "deepnet",
            {"h.0.fc1.weight": (2, 2)},
            {"fused": "*.qkv"},
            "deepnet: fused: '.*qkv' matches no param",
        ),
        ("t_fixup", {"encoder.layers.0.fc1.weight": (2, 2)}, {}, "t_fixup: .* a decoder, and there is none"),
        (
            "t_fixup",
            {"decoder.layers.0.fc1.weight": (2, 2), "decoder.layers.0.norm1.weight": (2,)},
            {},
            't_fixup: "decoder.layers.0.norm1.weight" scales a normalisation',
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    scheme: str, model: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(schemes, scheme)(model, **options)
