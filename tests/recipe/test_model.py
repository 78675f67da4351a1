"""The tensors of a model that only exists as code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import fastinit
from fastinit import nn
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec, tensors_of_model

CODE = """
import fastinit
from fastinit import nn

def small():
    return nn.Linear(2, 3)

class Models:
    @staticmethod
    def huge():
        return nn.Linear(1 << 20, 1 << 20, bias=False)

number = 3

def broken():
    raise KeyError("width")

def other():
    return [1]
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pack_of_models").mkdir()
    (tmp_path / "pack_of_models" / "__init__.py").write_text("")
    (tmp_path / "pack_of_models" / "code.py").write_text(CODE)
    (tmp_path / "needs_more.py").write_text("import no_such_module_at_all\n")
    (tmp_path / "breaks.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    for name in ("pack_of_models", "pack_of_models.code"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.usefixtures("code")
def test_a_factory_is_named_by_its_module_in_the_current_directory() -> None:
    path = list(sys.path)
    tensors, ties = tensors_of_model("pack_of_models.code:small")
    assert tensors == {"weight": TensorSpec((3, 2)), "bias": TensorSpec((3,))}
    assert ties == {}
    huge, _ = tensors_of_model("pack_of_models.code:Models.huge")
    assert huge["weight"].numel == 1 << 40
    assert sys.path == path


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("pack_of_models", 'pack_of_models: a factory is written "package.module:name"'),
        (":small", 'a factory is written "package.module:name"'),
        ("no_models:small", 'no_models:small: there is no module "no_models"'),
        ("pack_of_models.cod:small", 'there is no module "pack_of_models.cod"'),
        ("needs_more:small", "importing needs_more raised ModuleNotFoundError: No module named 'no_such_mod"),
        ("breaks:small", "importing breaks raised ZeroDivisionError: division by zero"),
        ("pack_of_models.code:smal", 'unknown name "smal"; did you mean "small"?'),
        ("pack_of_models.code:Models.hug", 'unknown name "hug"; did you mean "huge"?'),
        ("pack_of_models.code:number", "is a int, which cannot be called"),
        ("pack_of_models.code:broken", "pack_of_models.code:broken: calling it raised KeyError: 'width'"),
        ("pack_of_models.code:other", "returns a list, not a module"),
    ],
)
def test_what_is_no_factory_is_refused(factory: str, message: str) -> None:
    with pytest.raises(RecipeError) as raised:
        tensors_of_model(factory)
    assert str(raised.value).startswith(f"{factory}: ")
    assert message in str(raised.value)


@pytest.mark.usefixtures("code")
def test_what_a_factory_raises_is_the_cause_of_the_error() -> None:
    with pytest.raises(RecipeError) as raised:
        tensors_of_model("pack_of_models.code:broken")
    assert isinstance(raised.value.__cause__, KeyError)


class Tied(nn.Module):
    """Three names of one parameter, and buffers of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight
        self.third = self.second
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("scratch", fastinit.zeros(3), persistent=False)


def test_shared_parameters_are_ties_and_persistent_floating_buffers_are_listed() -> None:
    before = bytes(fastinit.get_rng_state())
    tensors, ties = tensors_of_model(Tied)
    assert list(tensors) == [
        "first.weight",
        "first.bias",
        "norm.weight",
        "norm.bias",
        "norm.running_mean",
        "norm.running_var",
    ]
    assert ties == {"second.weight": "first.weight", "third.weight": "first.weight"}
    assert bytes(fastinit.get_rng_state()) == before
    assert fastinit.zeros(1).device.type == "cpu"


def test_what_is_listed_is_what_a_state_dict_holds() -> None:
    tensors, ties = tensors_of_model(Tied)
    floating = {name for name, each in Tied().state_dict().items() if each.is_floating_point()}
    assert {*tensors, *ties} == floating


def test_a_recipe_serves_a_model() -> None:
    recipe = Recipe([Rule("*weight", "normal_", ndim=2), Rule("*", "zeros_")]).with_tensors(
        *tensors_of_model(Tied)
    )
    assert recipe.value("third.weight", 0, seed=1).shape == (3,)
    assert recipe.value("norm.running_mean", ..., seed=1).tolist() == [0, 0, 0]


def test_a_model_of_torch_is_listed_without_memory() -> None:
    torch = pytest.importorskip("torch")

    def make() -> Any:
        model = torch.nn.Sequential(
            torch.nn.Linear(1 << 20, 1 << 20, dtype=torch.bfloat16),
            torch.nn.BatchNorm1d(4),
            torch.nn.Linear(4, 4),
        )
        model.append(model[2])
        model.register_buffer("steps", torch.zeros(2, dtype=torch.float64), persistent=False)
        return model

    state = torch.get_rng_state()
    tensors, ties = tensors_of_model(make)
    assert tensors["0.weight"] == TensorSpec((1 << 20, 1 << 20), "bfloat16")
    assert tensors["1.running_var"] == TensorSpec((4,))
    assert "1.num_batches_tracked" not in tensors
    assert "steps" not in tensors
    assert ties == {"3.weight": "2.weight", "3.bias": "2.bias"}
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(RecipeError, match=r'<lambda>: "weight": has no shape yet'):
        tensors_of_model(lambda: torch.nn.LazyLinear(3))
    with pytest.raises(RecipeError, match=r'"weight": unknown dtype "int8"'):
        tensors_of_model(
            lambda: torch.nn.ParameterDict(
                {"weight": torch.nn.Parameter(torch.zeros(2, dtype=torch.int8), requires_grad=False)}
            )
        )


def test_a_name_that_transformers_leaves_out_is_the_tie_even_if_it_is_the_first() -> None:
    class Head(Tied):
        _tied_weights_keys = ("first.weight", r"third\.w.*")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = Head()

    tensors, ties = tensors_of_model(Model)
    assert "part.second.weight" in tensors
    assert ties == {"part.first.weight": "part.second.weight", "part.third.weight": "part.second.weight"}


def test_gpt2_of_transformers_ties_its_head() -> None:
    transformers = pytest.importorskip("transformers")
    tensors, ties = tensors_of_model(lambda: transformers.GPT2LMHeadModel(transformers.GPT2Config()))
    example = Recipe.from_toml(Path(__file__).parents[2] / "examples" / "gpt2.toml")
    assert tensors == example.tensors
    assert ties == example.ties == {"lm_head.weight": "transformer.wte.weight"}


def test_a_llama_of_70_billion_parameters_is_listed() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        hidden_size=8192,
        intermediate_size=28672,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
        vocab_size=128256,
        dtype="bfloat16",
    )
    tensors, ties = tensors_of_model(lambda: transformers.LlamaForCausalLM(config))
    assert sum(spec.numel for spec in tensors.values()) == 70_553_706_496
    assert tensors["model.layers.79.mlp.down_proj.weight"].shape == (8192, 28672)
    assert len(tensors) == 3 + 80 * 9
    assert ties == {}
