"""What a module of PyTorch's is filled with: the values of the bare model, whatever wraps or ties it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from fastinit.recipe import Recipe, RecipeError, Rule, initialize_, tensors_of_model

torch = pytest.importorskip("torch")
nn = torch.nn

compiled = functools.partial(torch.compile, backend="eager")  # which wraps, and compiles later
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper  # noqa: E402

RECIPE = Recipe([Rule("*", "normal_")])
SEED = 7


def model() -> Any:
    return nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)))


def of_a_child_that_is_called_module() -> Any:
    holder = nn.Module()
    holder.module = model()
    return holder


def inside() -> Any:
    wrapped = model()
    wrapped[1][0] = compiled(checkpoint_wrapper(wrapped[1][0]))
    wrapped[1] = nn.DataParallel(wrapped[1])
    return wrapped


WRAPPED = {
    "compiled": lambda: compiled(model()),
    "checkpointed": lambda: checkpoint_wrapper(model()),
    "data-parallel": lambda: nn.DataParallel(model()),
    "all of them": lambda: nn.DataParallel(compiled(checkpoint_wrapper(model()))),
    "inside": inside,
}


def values(module: Any) -> list[list[float]]:
    return [each.tolist() for each in module.parameters()]


@pytest.mark.parametrize("make", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_model_gets_the_values_of_the_bare_one(make: Callable[[], Any]) -> None:
    wrapped = make()
    assert initialize_(wrapped, RECIPE, SEED) is wrapped
    assert values(wrapped) == values(initialize_(model(), RECIPE, SEED))


@pytest.mark.parametrize("make", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_model_is_listed_as_the_bare_one(make: Callable[[], Any]) -> None:
    tensors, ties = tensors_of_model(make)
    assert tensors == tensors_of_model(model)[0]
    assert "1.1.running_mean" in tensors
    assert ties == {}


def test_a_child_that_is_called_module_keeps_its_name() -> None:
    tensors, _ = tensors_of_model(of_a_child_that_is_called_module)
    assert "module.1.0.weight" in tensors
    first = values(initialize_(of_a_child_that_is_called_module(), RECIPE, SEED))
    assert first != values(initialize_(model(), RECIPE, SEED))


def test_two_parameters_of_one_bare_name_are_refused() -> None:
    wrapped = nn.DataParallel(nn.Linear(3, 4))
    wrapped.weight = nn.Parameter(torch.empty(4, 3))
    with pytest.raises(RecipeError, match=r'"module.weight" is called "weight" without what wraps it'):
        initialize_(wrapped, RECIPE, SEED)


class Tied(nn.Module):
    """A head that is the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 5, bias=False)
        self.embedding = nn.Embedding(5, 3)
        self.head.weight = self.embedding.weight


class Declared(Tied):
    """As transformers 4 declares it."""

    _tied_weights_keys = ("head.weight",)


class DeclaredWithSource(Tied):
    """As transformers 5 declares it."""

    _tied_weights_keys: ClassVar = {"head.weight": "embedding.weight"}


def filled_alone(name: str) -> Any:
    return initialize_({name: torch.empty(5, 3)}, RECIPE, SEED)[name]


@pytest.mark.parametrize(
    ("make", "key"),
    [(Tied, "head.weight"), (Declared, "embedding.weight"), (DeclaredWithSource, "embedding.weight")],
)
@pytest.mark.parametrize("wrap", [lambda each: each, compiled, nn.DataParallel, nn.Sequential])
def test_a_tied_parameter_has_the_first_name_that_is_not_declared_as_tied(
    make: Any, key: str, wrap: Any
) -> None:
    tied = wrap(make())
    initialize_(tied, RECIPE, SEED)
    inner = "0." if wrap is nn.Sequential else ""
    (weight,) = tied.parameters()
    assert torch.equal(weight, filled_alone(inner + key))
    assert weight.requires_grad


def test_what_to_empty_makes_two_tensors_of_has_the_same_values_where_the_source_is_declared() -> None:
    with torch.device("meta"):
        tied = DeclaredWithSource()
    tied.to_empty(device="cpu")
    assert tied.head.weight is not tied.embedding.weight
    initialize_(tied, RECIPE, SEED)
    assert torch.equal(tied.head.weight, tied.embedding.weight)
    assert torch.equal(tied.embedding.weight, filled_alone("embedding.weight"))


def test_two_parameters_over_one_memory_are_one() -> None:
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = nn.Parameter(tied[0].weight.data)
    for fill in (
        lambda: initialize_(tied, RECIPE, SEED),
        lambda: initialize_(tied.state_dict(), RECIPE, SEED),
    ):
        nn.init.zeros_(tied[0].weight)
        fill()
        expected = nn.Sequential(nn.Linear(3, 3))
        initialize_(expected, RECIPE, SEED)
        assert torch.equal(tied[1].weight, expected[0].weight)


def test_it_has_them_where_the_recipe_ties() -> None:
    with torch.device("meta"):
        tied = Tied()
    initialize_(
        tied.to_empty(device="cpu"), Recipe(RECIPE.rules, ties={"head.weight": "embedding.weight"}), SEED
    )
    assert torch.equal(tied.head.weight, tied.embedding.weight)
    assert torch.equal(tied.embedding.weight, filled_alone("embedding.weight"))


def test_the_tie_of_a_recipe_goes_before_that_of_the_model() -> None:
    with torch.device("meta"):
        tied = DeclaredWithSource()
    initialize_(tied.to_empty(device="cpu"), Recipe(RECIPE.rules, ties={"head.weight": "other"}), SEED)
    assert torch.equal(tied.head.weight, filled_alone("other"))
    assert torch.equal(tied.embedding.weight, filled_alone("embedding.weight"))


def test_declared_ties_in_a_circle_or_of_what_is_not_there_are_none() -> None:
    circle = Tied()
    circle.head.weight = nn.Parameter(circle.head.weight.detach().clone())
    circle._tied_weights_keys = {
        "head.weight": "embedding.weight",
        "embedding.weight": "head.weight",
        "no": "head.weight",
    }
    initialize_(circle, RECIPE, SEED)
    assert torch.equal(circle.head.weight, filled_alone("head.weight"))
    assert torch.equal(circle.embedding.weight, filled_alone("embedding.weight"))


def transformers_model(name: str) -> Callable[[], Any]:
    def make(**more: Any) -> Any:
        transformers = pytest.importorskip("transformers")
        small = {"vocab_size": 20, "bos_token_id": None, "eos_token_id": None, **more}
        if name == "gpt2":
            sizes = {"n_layer": 1, "n_embd": 8, "n_head": 2, "n_positions": 8}
            return transformers.GPT2LMHeadModel(transformers.GPT2Config(**small, **sizes))
        sizes = {"d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2}
        return transformers.T5ForConditionalGeneration(transformers.T5Config(**small, **sizes))

    return make


@pytest.mark.parametrize("name", ["gpt2", "t5"])
def test_a_model_of_transformers_from_the_meta_device_has_the_values_of_one_that_has_memory(
    name: str,
) -> None:
    make = transformers_model(name)
    with torch.device("meta"):
        empty = make()
    empty.to_empty(device="cpu")
    whole = make()
    separate = dict(empty.named_parameters())
    assert len(separate) > len(dict(whole.named_parameters()))
    for each in (empty, whole):
        initialize_(each, RECIPE, SEED)
    for key, each in whole.named_parameters(remove_duplicate=False):
        assert torch.equal(separate[key], each), key


def test_a_head_that_the_configuration_does_not_tie_has_values_of_its_own() -> None:
    gpt2 = initialize_(transformers_model("gpt2")(tie_word_embeddings=False), RECIPE, SEED)
    assert not torch.equal(gpt2.lm_head.weight, gpt2.transformer.wte.weight)


def test_a_copy_has_the_same_values() -> None:
    tied = DeclaredWithSource()
    other = copy.deepcopy(tied)
    assert values(initialize_(tied, RECIPE, SEED)) == values(initialize_(other, RECIPE, SEED))
