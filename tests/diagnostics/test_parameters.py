"""Parameters: their figures are NumPy's, and what is wrong with one is said of that one alone."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastinit
from fastinit import checkpoint, initialize_, nn
from fastinit.checkpoint import Checkpoint
from fastinit.diagnostics import Parameters, parameters
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec
from fastinit.recipe.wrappers import bare_names

KAIMING = Recipe([Rule("*.bias", "zeros_"), Rule("*", "kaiming_normal_")])


def names(rows: tuple[Any, ...]) -> list[str]:
    return [row.name for row in rows]


def perceptron(seed: int = 0) -> Any:
    net = nn.Sequential(nn.Linear(60, 120), nn.ReLU(), nn.Linear(120, 10))
    return initialize_(net, KAIMING, seed)


def test_the_figures_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(3, 0.5, (30, 40)).astype(np.float32)
    values[0, :5] = 0
    (row,) = parameters({"w": values})
    wide = values.astype(np.float64)
    assert (row.name, row.shape, row.dtype, row.count, row.zeros) == ("w", (30, 40), "float32", 1200, 5)
    for figure in ("mean", "std", "min", "max"):
        assert getattr(row, figure) == pytest.approx(getattr(wide, figure)(), rel=1e-9)
    assert row.norm == pytest.approx(np.linalg.norm(wide), rel=1e-9)
    assert row.spectral_norm == pytest.approx(np.linalg.norm(wide, 2))
    assert row.condition == pytest.approx(np.linalg.cond(wide))
    assert (row.initialiser, row.flags) == ("", ())
    assert math.isnan(row.z)


def test_what_is_no_number_is_counted_and_flagged() -> None:
    odd = np.ones((5, 4), np.float32)
    odd[0, 0], odd[1, 1:3], odd[2, 2] = math.nan, math.inf, -math.inf
    table = parameters({"odd": odd, "even": np.ones(3)})
    assert (table["odd"].nan, table["odd"].inf, table["odd"].norm) == (1, 3, math.inf)
    assert math.isnan(table["odd"].spectral_norm)
    assert names(table.flagged) == ["odd"]
    assert table["odd"].flags == ("1 NaN", "3 infinite")


@pytest.mark.parametrize("values", [np.ones(2, complex), np.array(["a", "b"])])
def test_what_are_no_real_numbers_have_no_figures(values: Any) -> None:
    row = parameters({"odd": values})["odd"]
    assert all(map(math.isnan, (row.mean, row.std, row.min, row.max, row.norm)))


@pytest.mark.parametrize("view", [np.s_[::2, ::-1], np.s_[:, 1:3], np.s_[:0], np.s_[3, 2]])
def test_any_view_of_memory_is_measured(view: Any) -> None:
    values = np.random.default_rng(0).normal(size=(8, 6))[view]
    (row,) = parameters({"w": np.asarray(values)})
    assert row.count == values.size
    if values.size:
        assert row.mean == pytest.approx(values.mean())


def test_a_module_that_is_as_the_recipe_says_has_nothing_flagged() -> None:
    table = parameters(perceptron(), recipe=KAIMING)
    assert names(table.rows) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert not table.flagged
    assert table["0.weight"].expected_std == pytest.approx(math.sqrt(2 / 60))
    assert table["0.weight"].initialiser == "kaiming_normal_()"
    assert table["0.bias"].z == table["0.bias"].z_mean == 0


def test_a_wrong_fan_a_forgotten_layer_and_a_shifted_one_stand_out() -> None:
    net = perceptron()
    nn.init.kaiming_normal_(net[0].weight, mode="fan_out")
    nn.init.zeros_(net[2].weight)
    nn.init.ones_(net[2].bias)
    table = parameters(net, recipe=KAIMING)
    assert names(table.flagged) == ["0.weight", "2.weight", "2.bias"]
    assert table["0.weight"].flags[0].endswith("times the expected")
    assert table["2.bias"].flags == ("mean 1 where 0 is expected",)
    assert table["2.weight"].std == 0


def test_the_threshold_decides_what_is_flagged() -> None:
    net = perceptron()
    with fastinit.no_grad():
        net[0].weight.mul_(1.03)
    assert abs(parameters(net, recipe=KAIMING)["0.weight"].z) == pytest.approx(
        0.03 * math.sqrt(2 * 7200), abs=2
    )
    assert names(parameters(net, recipe=KAIMING, threshold=0.5).flagged)
    assert not parameters(net, recipe=KAIMING, threshold=50).flagged


def network(rng: np.random.Generator, layers: int) -> tuple[dict[str, np.ndarray], Recipe]:
    """Layers of random shapes, kernels among them, under one of the usual initialisers."""
    arrays: dict[str, np.ndarray] = {}
    for layer in range(layers):
        narrow, wide = int(rng.integers(24, 48)), int(rng.integers(80, 160))
        kernel = (3,) if rng.random() < 0.2 else ()
        shape = (*((narrow, wide) if rng.random() < 0.5 else (wide, narrow)), *kernel)
        arrays[f"{layer}.weight"] = np.empty(shape, np.float32)
        arrays[f"{layer}.bias"] = np.empty(shape[0], np.float32)
    name = ["kaiming_normal_", "kaiming_uniform_", "lecun_normal_"][rng.integers(3)]
    return arrays, Recipe([Rule("*.bias", "uniform_", {"a": -0.1, "b": 0.1}), Rule("*", name)])


def mistakes(rng: np.random.Generator, seed: int, layers: int) -> tuple[bool, int]:
    """Whether a network with one mistake in one layer was told from it, and false alarms in others."""
    arrays, recipe = network(rng, layers)
    initialize_(arrays, recipe, seed)
    wrong = f"{rng.integers(layers)}.weight"
    if rng.random() < 0.5:
        arrays[wrong] *= 2
    else:  # the scale that fan_out would give instead of fan_in
        out, into = arrays[wrong].shape[:2]
        arrays[wrong] *= math.sqrt(into / out)
    flagged = names(parameters(arrays, recipe=recipe, spectra=False).flagged)
    return wrong in flagged, len(set(flagged) - {wrong})


@pytest.mark.parametrize(
    ("trials", "layers"), [(20, 20), pytest.param(1000, 100, marks=pytest.mark.long, id="long")]
)
def test_a_mistake_in_one_layer_is_flagged_and_no_right_layer_is(trials: int, layers: int) -> None:
    rng = np.random.default_rng(trials)
    found = [mistakes(rng, seed, layers) for seed in range(trials)]
    assert all(told for told, _ in found)
    # Of whole networks, not of layers: the stricter of the two ways to count.
    assert sum(alarms > 0 for _, alarms in found) < 0.01 * trials


def test_a_layout_says_which_matrices_count() -> None:
    rules = [Rule("*", "orthogonal_", layout=Layout(expert_axis=0, transposed=True))]
    arrays = initialize_({"experts": np.empty((3, 20, 50), np.float32)}, Recipe(rules), 0)
    (row,) = parameters(arrays, recipe=Recipe(rules))
    assert row.flags == ()
    assert row.spectral_norm == pytest.approx(1, rel=1e-5)
    assert row.condition == pytest.approx(1, rel=1e-5)


def test_a_tied_parameter_is_there_once() -> None:
    net = nn.Sequential(nn.Embedding(50, 20), nn.Linear(20, 50, bias=False))
    net[1].weight = net[0].weight
    assert names(parameters(net, like="torch").rows) == ["0.weight"]


class TestCheckpoints:
    """Of files the figures are those of what they hold."""

    recipe = Recipe(
        [Rule("*.bias", "zeros_"), Rule("*", "normal_", {"std": 0.02})],
        tensors={"a.weight": TensorSpec((60, 50), "bfloat16"), "a.bias": TensorSpec((60,))},
    )

    def test_a_checkpoint_and_its_path_give_the_same_table(self, tmp_path: Path) -> None:
        checkpoint.write(self.recipe, tmp_path, seed=3)
        table = parameters(Checkpoint(tmp_path), recipe=self.recipe)
        assert not table.flagged
        assert table["a.weight"].dtype == "bfloat16"
        assert table.to_dict() == parameters(str(tmp_path), recipe=self.recipe).to_dict()
        values = Checkpoint(tmp_path).read("a.weight").astype(np.float64).reshape(60, 50)
        assert table["a.weight"].spectral_norm == pytest.approx(np.linalg.norm(values, 2))

    def test_another_recipe_is_told(self, tmp_path: Path) -> None:
        checkpoint.write(self.recipe, tmp_path, seed=3)
        other = Recipe([Rule("*.bias", "zeros_"), Rule("*", "normal_", {"std": 0.01})])
        assert names(parameters(tmp_path, recipe=other).flagged) == ["a.weight"]

    def test_the_types_of_its_layers_are_not_known(self, tmp_path: Path) -> None:
        checkpoint.write(self.recipe, tmp_path, seed=3)
        with pytest.raises(ValueError, match='like="torch" asks for a module'):
            parameters(tmp_path, like="torch")


@pytest.mark.parametrize("shape", [(400, 30), (30, 400)])
def test_a_tensor_too_large_to_be_held_is_read_in_pieces(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[parameters.__module__]
    monkeypatch.setattr(module, "_LARGEST_MATRIX", 1000)
    monkeypatch.setattr(module, "_PIECE", 500)
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    table = parameters({"w": values, "zero": np.zeros(shape)})
    most = np.linalg.norm(values, 2)
    assert 0.98 * most <= table["w"].spectral_norm <= most * (1 + 1e-6)
    assert math.isnan(table["w"].condition) == (shape[0] < shape[1])
    assert (table["zero"].spectral_norm, table["zero"].condition) == (0.0, math.inf)


class TestTheTable:
    table = parameters(perceptron(), recipe=KAIMING)

    def test_rows_are_found_by_place_and_by_name(self) -> None:
        assert self.table[0] is self.table["0.weight"]
        assert self.table[-2:] == (self.table["2.weight"], self.table["2.bias"])
        assert "0.bias" in self.table
        assert "1.bias" not in self.table
        assert len(self.table) == len(list(self.table)) == 4

    def test_a_name_that_is_not_there_is_answered_with_near_ones(self) -> None:
        with pytest.raises(KeyError, match=r"no row '0.weigth'; did you mean '0.weight'"):
            self.table["0.weigth"]

    def test_the_text_is_aligned_and_leaves_out_what_no_row_has(self) -> None:
        lines = str(self.table).splitlines()
        assert len(lines) == 5
        assert lines[0].split()[:6] == ["name", "shape", "dtype", "mean", "std", "expected"]
        assert "flags" not in lines[0]
        end = lines[0].index("mean") + len("mean")
        assert all(line[end] == " " and line[end - 1] != " " for line in lines)

    def test_a_lower_bound_is_marked_as_one(self) -> None:
        matrix = np.random.default_rng(0).standard_normal((1100, 1030), np.float32)
        table = parameters({"w": matrix})
        assert str(table).count(">= ") == 2
        assert not table["w"].spectrum_exact

    def test_it_can_be_said_in_json(self) -> None:
        odd = parameters({"w": np.array([math.nan, math.inf])})
        read = json.loads(json.dumps(odd.to_dict(), allow_nan=False))
        assert read["flagged"] == ["w"]
        assert read["rows"][0]["max"] == "inf"
        assert read["rows"][0]["z"] is None
        assert json.loads(json.dumps(self.table.to_dict()))["rows"][0]["shape"] == [120, 60]

    def test_a_name_cannot_steer_the_terminal(self) -> None:
        assert "\x1b" not in str(parameters({"\x1b[2J": np.ones(2)}))

    def test_nothing_is_a_table_too(self) -> None:
        assert len(parameters({})) == 0
        assert str(Parameters([])).startswith("name")


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        (
            3,
            {},
            TypeError,
            "expected a module, a mapping from names to arrays, a Checkpoint or a path, got int",
        ),
        (
            perceptron(),
            {"recipe": KAIMING, "like": "torch"},
            ValueError,
            "expected recipe or like, got both",
        ),
        (perceptron(), {"like": "jax"}, ValueError, "expected like to be \"torch\", got 'jax'"),
        (perceptron(), {"recipe": "kaiming"}, TypeError, "expected recipe to be a Recipe, got str"),
        (perceptron(), {"names": "0.weight"}, TypeError, 'expected several names, got "0.weight"'),
        (perceptron(), {"threshold": 0}, ValueError, "expected a threshold above 0, got 0"),
        (perceptron(), {"recipe": Recipe([Rule("*.bias", "zeros_")])}, RecipeError, "no rule matches"),
    ],
)
def test_mistakes_are_refused(given: Any, options: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        parameters(given, **options)


@pytest.mark.parametrize("framework", ["fastinit", "torch"])
def test_what_has_no_memory_is_refused(framework: str) -> None:
    module = pytest.importorskip(framework)
    with module.device("meta"):
        net = module.nn.Linear(3, 4)
    with pytest.raises(
        TypeError, match='parameters: "weight" has no values to read: it is on the device "meta"'
    ):
        parameters(net)


def layers(nn: Any) -> Any:
    """What PyTorch and fastinit have alike."""
    return nn.Sequential(
        nn.Embedding(200, 16, padding_idx=3),
        nn.Linear(60, 120),
        nn.Conv2d(16, 64, 3, groups=2),
        nn.BatchNorm2d(64),
        nn.LayerNorm(120),
        nn.PReLU(init=0.1),
        nn.MultiheadAttention(32, 4, add_bias_kv=True),
        nn.Bilinear(8, 40, 12),
        nn.TransformerEncoderLayer(16, 2, 32, batch_first=True),
    )


def defaults_of(framework: str) -> Any:
    if framework == "fastinit":
        fastinit.manual_seed(1)
        return layers(nn)
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    return layers(torch.nn)


@pytest.mark.parametrize("framework", ["fastinit", "torch"])
def test_the_defaults_of_every_layer_are_known_and_met(framework: str) -> None:
    net = defaults_of(framework)
    table = parameters(net, like="torch")
    assert [row.name for row in table if not row.initialiser] == []
    assert [(row.name, row.flags) for row in table.flagged] == []


@pytest.mark.parametrize("framework", ["fastinit", "torch"])
def test_every_matrix_whose_scale_is_doubled_is_told(framework: str) -> None:
    net = defaults_of(framework)
    for _, each in net.named_parameters():
        if each.dim() > 1 and each.numel() > 100:
            each.data.mul_(2)
    bare = bare_names(net)
    doubled = [bare(name) for name, each in net.named_parameters() if each.dim() > 1 and each.numel() > 100]
    assert names(parameters(net, like="torch").flagged) == doubled


def test_layers_that_pytorch_alone_has_are_known() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layers = [
        torch.nn.LSTM(20, 30, 2, proj_size=10),
        torch.nn.GRUCell(20, 30),
        torch.nn.Transformer(16, 2, 1, 1, 32, batch_first=True),
        torch.nn.ConvTranspose1d(8, 40, 5),
    ]
    net = torch.nn.Sequential(*layers)
    table = parameters(net, like="torch")
    assert all(row.initialiser for row in table)
    assert not table.flagged


def test_nothing_is_expected_of_a_layer_that_fills_itself() -> None:
    class Own(nn.Linear):
        def reset_parameters(self) -> None:
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)

    class Alike(nn.Linear):
        pass

    table = parameters(nn.Sequential(Own(30, 40), Alike(30, 40)), like="torch")
    assert [bool(row.initialiser) for row in table] == [False, False, True, True]
    assert not table.flagged
