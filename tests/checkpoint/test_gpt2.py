"""The GPT-2 recipe, written by the command, is the model of transformers: names, shapes, values."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastinit.recipe import Recipe, value

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported: no test reaches a network
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

RECIPE = Path(__file__).parents[2] / "examples" / "gpt2.toml"
SEED = 3


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The checkpoint beside the configuration that transformers writes itself."""
    out = tmp_path_factory.mktemp("gpt2")
    command = [
        sys.executable,
        "-m",
        "fastinit.cli",
        "init",
        str(RECIPE),
        "--out",
        str(out),
        "--seed",
        str(SEED),
    ]
    subprocess.run(command, check=True, capture_output=True)
    transformers.GPT2Config().save_pretrained(out)
    yield out
    (out / "model.safetensors").unlink()  # half a gigabyte


@pytest.fixture(scope="module")
def loaded(directory: Path) -> tuple[Any, dict[str, Any]]:
    return transformers.GPT2LMHeadModel.from_pretrained(directory, output_loading_info=True)


def test_names_shapes_and_dtypes_are_those_of_transformers() -> None:
    with torch.device("meta"):
        state = transformers.GPT2LMHeadModel(transformers.GPT2Config()).state_dict()
    recipe = Recipe.from_toml(RECIPE)
    listed = {name: (spec.shape, spec.dtype) for name, spec in recipe.tensors.items()}
    listed |= {name: listed[source] for name, source in recipe.ties.items()}
    assert listed == {
        name: (tuple(each.shape), str(each.dtype).removeprefix("torch.")) for name, each in state.items()
    }


def test_it_loads_with_no_missing_and_no_unexpected_key(loaded: tuple[Any, dict[str, Any]]) -> None:
    _, info = loaded
    assert not any(info.values()), info


def test_the_head_is_the_embedding(loaded: tuple[Any, dict[str, Any]]) -> None:
    model, _ = loaded
    assert model.lm_head.weight is model.transformer.wte.weight


def test_the_loaded_values_are_those_of_the_recipe(loaded: tuple[Any, dict[str, Any]]) -> None:
    model, _ = loaded
    recipe = Recipe.from_toml(RECIPE)
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(tensor[-2:].numpy(), value(recipe, name, slice(-2, None), seed=SEED))


def test_the_scheme_is_the_published_one(loaded: tuple[Any, dict[str, Any]]) -> None:
    model, _ = loaded
    for name, tensor in model.named_parameters():
        std, mean = torch.std_mean(tensor.detach())
        if name.endswith("bias"):
            assert not tensor.any()
        elif ".ln_" in name:
            assert (tensor == 1).all()
        else:
            expected = 0.02 / math.sqrt(2 * 12) if name.endswith("c_proj.weight") else 0.02
            assert std.item() == pytest.approx(expected, rel=5 / math.sqrt(2 * tensor.numel()))
            assert abs(mean.item()) < 5 * expected / math.sqrt(tensor.numel())


def test_it_runs_forward_to_the_loss_of_a_model_that_knows_nothing(
    loaded: tuple[Any, dict[str, Any]],
) -> None:
    model, _ = loaded
    tokens = torch.arange(0, 50257, 1571)[None]
    with torch.no_grad():
        loss = model(tokens, labels=tokens).loss.item()
    assert loss == pytest.approx(math.log(50257), rel=0.05)
