"""What a scheme reads of a model: names, shapes, ties, what is looked up and what is stored transposed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import schemes
from fastinit.recipe import TensorSpec
from fastinit.schemes.model import read


def tied(library: Any, first: str) -> Any:
    """An embedding and a head of one weight, either registered first."""
    nn = library.nn
    model = nn.ModuleDict({"tokens": nn.Embedding(7, 4), "head": nn.Linear(4, 7, bias=False)})
    if first == "head":
        model = nn.ModuleDict({"head": nn.Linear(4, 7, bias=False), "tokens": nn.Embedding(7, 4)})
    model["head"].weight = model["tokens"].weight
    return model


@pytest.mark.parametrize("name", ["fastinit", "torch"])
@pytest.mark.parametrize("first", ["tokens", "head"])
def test_a_weight_that_is_looked_up_and_multiplies_is_an_embedding(name: str, first: str) -> None:
    library = pytest.importorskip(name)
    found = read("test", tied(library, first))
    assert found.embeddings == {f"{first}.weight"}
    assert found.tied_outputs == {"head.weight": f"{first}.weight"}
    assert set(found.tensors) == {f"{first}.weight"}


def test_embeddings_that_share_their_weight_have_no_output() -> None:
    nn = fastinit.nn
    model = nn.ModuleDict({"source": nn.Embedding(7, 4), "target": nn.Embedding(7, 4)})
    model["target"].weight = model["source"].weight
    found = read("test", model)
    assert found.embeddings == {"source.weight"}
    assert found.tied_outputs == {}


def test_arrays_are_read_as_their_shapes_and_share_memory_not_shapes() -> None:
    array = np.zeros((3, 4), np.float16)
    spec = TensorSpec((5, 6), "bfloat16")
    found = read("test", {"a": array, "b": array, "c": spec, "d": spec, "wte.weight": (3, 4), "e": [3, 4]})
    assert found.ties == {"b": "a"}
    assert found.tensors == {
        "a": TensorSpec((3, 4), "float16"),
        "c": spec,
        "d": spec,
        "wte.weight": TensorSpec((3, 4)),
        "e": TensorSpec((3, 4)),
    }
    assert found.embeddings == {"wte.weight"}


def test_wrappers_add_nothing_to_the_names() -> None:
    torch = pytest.importorskip("torch")
    wrapped = torch.nn.DataParallel(tied(torch, "tokens"))
    found = read("test", wrapped)
    assert set(found.tensors) == found.embeddings == {"tokens.weight"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"w": 3}, '"w" has no shape'),
        ({"w": (3, -1)}, "not a whole number of at least 0"),
        ({"w": np.zeros(3, int)}, 'unknown dtype "int64"'),
    ],
)
def test_what_is_no_shape_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schemes.gpt2(given)


def test_a_name_is_a_string() -> None:
    with pytest.raises(TypeError, match="gpt2: expected names to be strings, got 1"):
        schemes.gpt2({1: (3, 3)})


@pytest.mark.parametrize("name", ["fastinit", "torch"])
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_lazy_module_has_no_shapes_yet(name: str) -> None:
    library = pytest.importorskip(name)
    with pytest.raises(ValueError, match=r'gpt2: "0\.weight" has no shape'):
        schemes.gpt2(library.nn.Sequential(library.nn.LazyLinear(3)))
