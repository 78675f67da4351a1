"""muP: activations and their changes do not depend on the width, and what does not follow it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from fastinit import initialize_, schemes
from fastinit.diagnostics import CoordinateCheck, coordinate_check
from fastinit.nn.init.gain import fan_in_and_fan_out
from fastinit.recipe import Rule
from reference.deep_models import language_model


@pytest.fixture(params=["fastinit", "torch"])
def library(request: pytest.FixtureRequest) -> Iterator[Any]:
    """fastinit, or PyTorch on one thread: the models are small."""
    found: Any = pytest.importorskip(request.param)
    threads = found.get_num_threads()
    found.set_num_threads(1)
    found.manual_seed(0)
    yield found
    found.set_num_threads(threads)


def perceptron(library: Any, width: int) -> Any:
    nn = library.nn
    return nn.Sequential(
        nn.Linear(8, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2)
    )


def transformer(library: Any, width: int) -> Any:
    return language_model(library, 2, width, scale=8 / width)  # 1 / d, and 1 / sqrt(d) in heads of 16


def checked(library: Any, build: Callable[[Any, int], Any], optimizer: str, scaled: bool) -> CoordinateCheck:
    """The coordinate check under muP, or with the base's formulas and one learning rate at every width."""
    mlp = build is perceptron
    inputs = library.randn(16, 8) if mlp else library.randint(0, 11, (4, 6))
    targets = library.randn(16, 2) if mlp else library.randint(0, 11, (24,))
    lr = {"adam": 0.01, "sgd": 0.02}[optimizer]

    def loss(output: Any) -> Any:
        if mlp:
            return (output - targets).square().mean()
        return library.nn.functional.cross_entropy(output.reshape(-1, 11), targets)

    def make(width: int, seed: int) -> Any:
        model = build(library, width)
        base = build(library, 32 if scaled else width)
        gain = math.sqrt(2) if mlp else 1.0
        # As the authors advise: outputs and logits of attention, smaller in wide models at first, start at 0.
        rules = [] if mlp else [Rule("*lm_head.weight", "zeros_"), Rule("*q_proj.weight", "zeros_")]
        found = schemes.mup(model, base, gain=gain, rules=rules)
        initialize_(model, found.recipe, seed)
        groups = found.param_groups(model, lr, optimizer=optimizer)
        kind = library.optim.Adam if optimizer == "adam" else library.optim.SGD
        return model, kind(groups, lr=lr)

    widths = [64, 128, 256, 512] if mlp else [32, 64, 128, 256]
    return coordinate_check(make, widths, inputs, loss=loss, seeds=range(4))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("build", [perceptron, transformer])
def test_activations_do_not_depend_on_the_width_under_mup_and_do_without(
    library: Any, build: Callable[[Any, int], Any], optimizer: str
) -> None:
    flat = checked(library, build, optimizer, scaled=True).slopes()
    *_, last = flat
    for name, slopes in flat.items():
        assert not any(slope > 0.15 for slope in slopes)
        if name != last and not name.endswith("q_proj"):  # these begin small or at 0, and catch up
            assert all(abs(slope) < 0.1 for slope in slopes)
    grown = checked(library, build, optimizer, scaled=False).slopes()
    assert grown[last][1] > 0.4
    assert max(slope for slopes in grown.values() for slope in slopes) > 0.5


SHAPES: dict[str, Callable[[int], tuple[int, ...]]] = {
    "embed_tokens.weight": lambda width: (50, width),
    "stem.weight": lambda width: (width, 3, 4, 4),
    "hidden.weight": lambda width: (4 * width, width),
    "norm.weight": lambda width: (width,),
    "head.weight": lambda width: (10, 4 * width),
    "head.bias": lambda width: (10,),
    "fixed.weight": lambda width: (6, 5),
}
KINDS = ["input", "input", "hidden", "vector", "output", "fixed", "fixed"]


def shapes(width: int) -> dict[str, tuple[int, ...]]:
    return {name: shape(width) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("table", [3, 8])
@pytest.mark.parametrize("width", [16, 48, 4096])
def test_values_and_rates_are_those_of_the_tables(table: Any, width: int) -> None:
    found = schemes.mup(shapes(width), shapes(32), table=table, gain=1.5, embedding_std=0.3)
    n = width / 32
    assert list(found.kinds.values()) == KINDS
    of_output = {3: (1 / n, 1 / n, 1 / n), 8: (1.0, 1.0, n)}[table]
    rows = {  # the factors of the standard deviation, of the rate of Adam and of that of SGD
        "input": (1.0, 1.0, n),
        "hidden": (1 / math.sqrt(n), 1 / n, 1.0),
        "vector": (1.0, 1.0, n),
        "output": of_output,
        "fixed": (1.0, 1.0, 1.0),
    }
    for name, kind in found.kinds.items():
        std, adam, sgd = rows[kind]
        assert found.learning_rates("adam")[name] == pytest.approx(adam)
        assert found.learning_rates("sgd")[name] == pytest.approx(sgd)
        base = shapes(32)[name]
        if len(base) > 1:
            usual = 0.3 if "embed" in name else 1.5 / math.sqrt(fan_in_and_fan_out(base)[0])
            call = found.recipe.assignment(name).initialiser
            assert call.arguments == {"std": pytest.approx(std * usual)}
    assert found.output_multipliers == ({"head.weight": pytest.approx(1 / n)} if table == 8 else {})


def test_hidden_layers_may_grow_unlike_in_both_dimensions() -> None:
    found = schemes.mup({"w": (400, 60)}, {"w": (100, 20)})
    assert found.learning_rates("sgd")["w"] == pytest.approx(4 / 3)
    assert found.learning_rates("adam")["w"] == pytest.approx(1 / 3)


def test_the_base_is_as_usual_and_a_given_std_is_that_of_the_base() -> None:
    same = schemes.mup(shapes(32), shapes(32), std=0.02)
    assert set(same.learning_rates("adam").values()) == set(same.learning_rates("sgd").values()) == {1.0}
    assert same.recipe.assignment("hidden.weight").initialiser.arguments == {"std": 0.02}
    wide = schemes.mup(shapes(128), shapes(32), std=0.02).recipe
    assert wide.assignment("hidden.weight").initialiser.arguments == {"std": 0.01}
    assert wide.assignment("head.weight").initialiser.arguments == {"std": 0.005}


def test_a_tied_output_takes_table_8_which_leaves_the_model_to_multiply(library: Any) -> None:
    def build(width: int) -> Any:
        model = language_model(library, 1, width)
        model.lm_head.weight = model.embed_tokens.weight
        return model

    wide, base = build(48), build(16)
    with pytest.raises(ValueError, match=r'mup: "lm_head.weight" is tied to an embedding.*take table=8'):
        schemes.mup(wide, base)
    found = schemes.mup(wide, base, table=8)
    assert found.output_multipliers == {"lm_head.weight": pytest.approx(1 / 3)}
    assert found.kinds["embed_tokens.weight"] == "input"
    groups = found.param_groups(wide, 0.1)
    assert sum(len(group["params"]) for group in groups) == len(list(wide.parameters()))


def test_groups_hold_each_parameter_once_with_its_rate_and_its_decay(library: Any) -> None:
    wide, base = perceptron(library, 64), perceptron(library, 16)
    found = schemes.mup(wide, base)
    groups = found.param_groups(wide, 0.1, weight_decay=0.01)
    rates = {id(each): group["lr"] for group in groups for each in group["params"]}
    assert rates == {
        id(each): pytest.approx(0.1 * found.learning_rates()[name]) for name, each in wide.named_parameters()
    }
    assert [group["lr"] * group["weight_decay"] for group in groups] == pytest.approx([0.001] * len(groups))
    library.optim.AdamW(groups, lr=0.1)
    with pytest.raises(ValueError, match=r'Mup: "1\.weight" is no parameter of the model that was scaled'):
        found.param_groups(library.nn.Sequential(*[library.nn.Linear(2, 2) for _ in range(4)]), 0.1)
    with pytest.raises(ValueError, match=r"Mup: expected optimizer to be .adam. or .sgd., got 'lion'"):
        found.learning_rates("lion")


def test_the_fans_of_a_transposed_weight_are_its_own() -> None:
    torch = pytest.importorskip("torch")

    def build(width: int) -> Any:
        return torch.nn.Sequential(torch.nn.ConvTranspose1d(width, 3, 5))

    found = schemes.mup(build(64), build(16))
    assert found.kinds["0.weight"] == "output"
    std = found.recipe.assignment("0.weight").initialiser.arguments["std"]
    assert std == pytest.approx(1 / math.sqrt(16 * 5) / 4)


@pytest.mark.parametrize(
    ("model", "base", "options", "message"),
    [
        ({"a": (2, 2)}, {"a": (2, 2), "b": (2,)}, {}, 'mup: the model has no "b"'),
        ({"a": (2, 2), "b": (2,)}, {"a": (2, 2)}, {}, 'mup: the base has no "b"'),
        ({"a": (2, 2)}, {"a": (2, 2, 1)}, {}, r'"a" is \[2, 2\], and \[2, 2, 1\] in the base'),
        ({"a": (2, 2, 5)}, {"a": (2, 2, 3)}, {}, r'the kernel of "a" is \[5\], and \[3\] in the base'),
        ({"a": (2, 0)}, {"a": (2, 2)}, {}, r'"a" is \[2, 0\]'),
        ({"a": (2, 2)}, {"a": (2, 2)}, {"table": 9}, "expected table to be 3 or 8, got 9"),
    ],
)
def test_what_does_not_fit_is_refused(
    model: dict[str, Any], base: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        schemes.mup(model, base, **options)


def test_hidden_weights_have_one_spectral_norm_at_every_width() -> None:
    for width in (64, 256):
        recipe = schemes.mup({"w": (width, width)}, {"w": (64, 64)}).recipe
        assert np.linalg.norm(recipe.value("w", ..., seed=0), 2) == pytest.approx(2, rel=0.1)
