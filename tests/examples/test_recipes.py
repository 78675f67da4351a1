"""The recipes in examples/ are models of transformers, name by name, and start as their sources say."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fastinit import checkpoint, initialize_
from fastinit.recipe import Recipe

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported: no test reaches a network
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "examples").glob("*.toml"))
SEED = 5
STANDARD_ERRORS = 5  # some 260 comparisons: by chance one falls outside with one seed of 6000
LEAST_P = 1e-6

Distribution = Callable[[tuple[int, ...]], Any]


@dataclass(frozen=True)
class Model:
    """A model of transformers, whole and small, and what the recipe says of its first values.

    Args:
        name: the class.
        config: arguments of its configuration, where they are not the default.
        small: further arguments, of a model of a few layers.
        variables: those of the recipe, for the small model.
        dtype: of all its parameters.
        paper: for a recipe that follows a paper, or a paper's code, the distribution of a parameter of some
            shape, by the first glob that its name fits; one that follows transformers has none.
    """

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, int] = field(default_factory=dict)
    dtype: str = "float32"
    paper: Mapping[str, Distribution] = field(default_factory=dict)

    def make(self, device: str, *, small: bool = False) -> Any:
        made = getattr(transformers, self.name)
        config = made.config_class(**{**self.config, **(self.small if small else {})})
        with torch.device(device):
            return made._from_config(config, dtype=getattr(torch, self.dtype)).eval()


def constant(value: float) -> Distribution:
    return lambda _: value


def normal(std: float) -> Distribution:
    return lambda _: stats.norm(scale=std)


def cut_normal(std: float) -> Distribution:
    """Normal, what is more than two std away drawn again; `std` is that before the cut."""
    return lambda _: stats.truncnorm(-2, 2, scale=std)


def lecun_normal(shape: tuple[int, ...]) -> Any:
    return cut_normal(1 / math.sqrt(math.prod(shape[1:])) / stats.truncnorm(-2, 2).std())(shape)


def switch(shape: tuple[int, ...]) -> Any:
    return cut_normal(math.sqrt(0.1 / shape[-1]))(shape)


def glorot(shape: tuple[int, ...]) -> Any:
    bound = math.sqrt(6 / sum(shape))
    return stats.uniform(-bound, 2 * bound)


def glorot_of_thirds(shape: tuple[int, ...]) -> Any:
    return glorot((shape[0], shape[1] // 3))


def gpt2(n_layer: int, n_embd: int, n_head: int, paper: Mapping[str, Distribution] | None = None) -> Model:
    small = {"n_layer": 3, "n_embd": 64, "n_positions": 40}
    return Model(
        "GPT2LMHeadModel",
        {"n_layer": n_layer, "n_embd": n_embd, "n_head": n_head},
        small={**small, "n_head": 4, "vocab_size": 301, "bos_token_id": 0, "eos_token_id": 0},
        variables={**small, "n_vocab": 301},
        paper=paper or {},
    )


def llama(**config: Any) -> Model:
    return Model(
        "LlamaForCausalLM",
        config,
        small={
            "num_hidden_layers": 3,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "hidden_size": 64,
            "intermediate_size": 96,
            "vocab_size": 301,
            "head_dim": 8,
        },
        variables={
            "n_layer": 3,
            "n_head": 8,
            "n_kv_head": 2,
            "hidden_size": 64,
            "intermediate_size": 96,
            "n_vocab": 301,
        },
        dtype="bfloat16",
    )


def vit(paper: Mapping[str, Distribution] | None = None) -> Model:
    return Model(
        "ViTForImageClassification",
        {"num_labels": 1000},
        small={
            "num_labels": 10,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "hidden_size": 64,
            "intermediate_size": 96,
            "image_size": 32,
            "patch_size": 8,
        },
        variables={
            "n_class": 10,
            "n_layer": 3,
            "hidden_size": 64,
            "intermediate_size": 96,
            "image_size": 32,
            "patch_size": 8,
        },
        paper=paper or {},
    )


def mixtral(paper: Mapping[str, Distribution] | None = None) -> Model:
    return Model(
        "MixtralForCausalLM",
        small={
            "num_hidden_layers": 3,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "num_local_experts": 4,
            "hidden_size": 64,
            "intermediate_size": 48,
            "vocab_size": 301,
        },
        variables={
            "n_layer": 3,
            "n_head": 8,
            "n_kv_head": 2,
            "n_expert": 4,
            "hidden_size": 64,
            "intermediate_size": 48,
            "n_vocab": 301,
        },
        dtype="bfloat16",
        paper=paper or {},
    )


MODELS = {
    "gpt2.toml": gpt2(12, 768, 12),
    "gpt2-medium.toml": gpt2(24, 1024, 16),
    "gpt2-large.toml": gpt2(36, 1280, 20),
    "gpt2-xl.toml": gpt2(48, 1600, 25),
    "gpt2-xavier.toml": gpt2(
        12,
        768,
        12,
        {
            "*.mlp.*.bias": normal(1e-6),
            "*.bias": constant(0),
            "*.ln_*.weight": constant(1),
            "*.c_attn.weight": glorot_of_thirds,
            "*.h.*.weight": glorot,
            "*": normal(0.02),
        },
    ),
    "llama-7b.toml": llama(),
    "llama-70b.toml": llama(
        hidden_size=8192,
        intermediate_size=28672,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
    ),
    "llama-1b.toml": llama(
        vocab_size=128256,
        hidden_size=2048,
        intermediate_size=8192,
        num_hidden_layers=16,
        num_attention_heads=32,
        num_key_value_heads=8,
        tie_word_embeddings=True,
    ),
    "vit-b.toml": vit(),
    "vit-b-jax.toml": vit(
        {
            "*.mlp.*.bias": normal(1e-6),
            "*.bias": constant(0),
            "*.layernorm*.weight": constant(1),
            "*.cls_token": constant(0),
            "*.position_embeddings": normal(0.02),
            "classifier.weight": constant(0),
            "*.projection.weight": lecun_normal,
            "*": glorot,
        }
    ),
    "bert-base.toml": Model(
        "BertForPreTraining",
        small={
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "hidden_size": 64,
            "intermediate_size": 96,
            "max_position_embeddings": 40,
            "vocab_size": 301,
        },
        variables={
            "n_layer": 3,
            "hidden_size": 64,
            "intermediate_size": 96,
            "n_positions": 40,
            "n_vocab": 301,
        },
        paper={"*bias": constant(0), "*.LayerNorm.weight": constant(1), "*": cut_normal(0.02)},
    ),
    "mixtral.toml": mixtral(),
    "mixtral-switch.toml": mixtral(
        {"*norm.weight": constant(1), "*.embed_tokens.weight": normal(0.02), "*": switch}
    ),
    "switch-base-8.toml": Model(
        "SwitchTransformersForConditionalGeneration",
        {"d_ff": 3072, "num_sparse_encoder_layers": 6, "num_sparse_decoder_layers": 6},
        small={
            "num_layers": 4,
            "num_decoder_layers": 4,
            "num_sparse_encoder_layers": 2,
            "num_sparse_decoder_layers": 2,
            "num_heads": 4,
            "num_experts": 3,
            "d_model": 64,
            "d_kv": 8,
            "d_ff": 96,
            "vocab_size": 301,
        },
        variables={
            "n_layer": 4,
            "n_head": 4,
            "n_expert": 3,
            "d_model": 64,
            "d_kv": 8,
            "d_ff": 96,
            "n_vocab": 301,
        },
        paper={
            "*norm.weight": constant(1),
            "shared.weight": normal(1),
            "*.relative_attention_bias.weight": normal(1 / math.sqrt(64)),
            "*Attention.q.weight": normal(1 / math.sqrt(64 * 8)),
            "*Attention.[kv].weight": normal(1 / math.sqrt(64)),
            "*Attention.o.weight": normal(1 / math.sqrt(4 * 8)),
            "*": switch,
        },
    ),
}

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def small_recipe(file: Path) -> Recipe:
    return Recipe.from_toml(file, variables=MODELS[file.name].variables)


def filled(recipe: Recipe) -> dict[str, Any]:
    """What the recipe says, in memory that held nothing but NaN."""
    arrays = {
        name: torch.full(each.spec.shape, math.nan, dtype=getattr(torch, each.spec.dtype))
        for name, each in recipe.assignments.items()
    }
    return initialize_(arrays, recipe, seed=SEED)


def pooled(state: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The values of the parameters that differ in no more than numbers of their names: layers, experts."""
    values: dict[str, list[np.ndarray]] = {}
    for name in names:
        values.setdefault(re.sub(r"\d+", "#", name), []).append(state[name].double().flatten().numpy())
    return {name: np.concatenate(each) for name, each in values.items()}


def test_each_recipe_has_a_model_here() -> None:
    assert {file.name for file in FILES} == MODELS.keys()


@each_file
@pytest.mark.parametrize("small", [False, True], ids=["whole", "small"])
def test_names_shapes_dtypes_and_ties_are_those_of_transformers(file: Path, small: bool) -> None:
    model = MODELS[file.name].make("meta", small=small)
    recipe = small_recipe(file) if small else Recipe.from_toml(file)
    assert recipe.ties == model.all_tied_weights_keys
    assert {name: (each.spec.shape, each.spec.dtype) for name, each in recipe.assignments.items()} == {
        name: (tuple(each.shape), str(each.dtype).removeprefix("torch."))
        for name, each in model.state_dict().items()
        if name not in recipe.ties
    }


@each_file
def test_what_it_fills_loads_and_runs_forward(file: Path) -> None:
    model = MODELS[file.name].make("cpu", small=True)
    recipe = small_recipe(file)
    missing, unexpected = model.load_state_dict(filled(recipe), strict=False)
    assert set(missing) == recipe.ties.keys()
    assert unexpected == []
    given = {"input_ids": torch.arange(12)[None]}
    if model.config.is_encoder_decoder:
        given["decoder_input_ids"] = given["input_ids"]
    if model.main_input_name == "pixel_values":
        size = model.config.image_size
        given = {"pixel_values": torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size)}
    with torch.no_grad():
        results = model(**given, return_dict=False)
    assert all(each.isfinite().all() for each in results if torch.is_tensor(each))


@each_file
def test_the_checkpoint_is_one_of_transformers(file: Path, tmp_path: Path) -> None:
    made = MODELS[file.name].make("meta", small=True)
    recipe = small_recipe(file)
    checkpoint.write(recipe, tmp_path, seed=SEED)
    made.config.save_pretrained(tmp_path)
    model, info = type(made).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values()), info
    state = model.state_dict()
    expected = filled(recipe)
    for name in made.state_dict():
        assert torch.equal(state[name], expected[recipe.key(name)]), name


@pytest.mark.long
@pytest.mark.parametrize("name", ["gpt2.toml", "llama-1b.toml", "gpt2-medium.toml"])
def test_the_checkpoint_of_the_whole_model_loads_and_runs(name: str, tmp_path: Path) -> None:
    made = MODELS[name].make("meta")
    checkpoint.write(Recipe.from_toml(ROOT / "examples" / name), tmp_path, seed=SEED, max_shard_size="1GB")
    made.config.save_pretrained(tmp_path)
    model, info = type(made).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values()), info
    tokens = torch.arange(0, model.config.vocab_size, 1571)[None]
    with torch.no_grad():
        loss = model(tokens, labels=tokens).loss.item()
    # A model that knows nothing of its tokens, but for the head that it shares with the embedding.
    assert loss == pytest.approx(math.log(model.config.vocab_size), rel=0.1)


@each_file
def test_the_values_start_as_the_source_says(file: Path) -> None:
    recipe = small_recipe(file)
    ours = pooled(filled(recipe), recipe.assignments)
    source = MODELS[file.name]
    if source.paper:
        shapes = {re.sub(r"\d+", "#", name): each.spec.shape for name, each in recipe.assignments.items()}
        for name, values in ours.items():
            follows = next(each for glob, each in source.paper.items() if fnmatchcase(name, glob))
            assert_distributed(name, values, follows(shapes[name]))
    else:
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            state = source.make("cpu", small=True).state_dict()
        for name, values in pooled(state, recipe.assignments).items():
            assert_alike(name, ours[name], values)


def assert_distributed(name: str, values: np.ndarray, expected: Any) -> None:
    if isinstance(expected, int | float):
        assert (values == expected).all(), name
        return
    size, std = len(values), expected.std()
    assert abs(values.std() / std - 1) < STANDARD_ERRORS / math.sqrt(2 * size), name
    assert abs(values.mean()) < STANDARD_ERRORS * std / math.sqrt(size), name
    assert stats.kstest(values, expected.cdf).pvalue > LEAST_P, name


def assert_alike(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    size, std = len(ours), theirs.std()
    assert size == len(theirs)
    if std == 0:
        assert (ours == theirs).all(), name
        return
    assert abs(ours.std() / std - 1) < STANDARD_ERRORS / math.sqrt(size), name
    assert abs(ours.mean() - theirs.mean()) < STANDARD_ERRORS * std * math.sqrt(2 / size), name
    assert stats.ks_2samp(ours, theirs).pvalue > LEAST_P, name


def test_the_table_in_the_documentation_is_of_these_recipes() -> None:
    rows = re.findall(
        r"^\| `([\w.-]+\.toml)` \|.*?\| ([\d,]+) \|", (ROOT / "docs" / "recipes.md").read_text(), re.MULTILINE
    )
    assert {name: int(count.replace(",", "")) for name, count in rows} == {
        file.name: sum(math.prod(each.spec.shape) for each in Recipe.from_toml(file).assignments.values())
        for file in FILES
    }
