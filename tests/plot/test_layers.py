"""Pictures of what happens layer by layer: signals, ridges, coordinate checks, parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import fastinit
from fastinit import Generator, diagnostics, nn, plot
from fastinit.diagnostics import LayerRow, Parameters, Propagation, propagation
from fastinit.histograms import Histogram, histogram
from fastinit.recipe import Recipe, Rule

Draw = Callable[[Figure], np.ndarray]


@dataclass(frozen=True)
class Drawn(LayerRow):
    """A row with histograms."""

    histogram: Histogram | None = None
    gradient_histogram: Histogram | None = None


@dataclass(frozen=True)
class Coordinate:
    name: str
    width: int
    step: int
    size: float


def layer(depth: int, std: float, gradient_std: float = math.nan, name: str | None = None) -> Drawn:
    rng = np.random.default_rng(depth)

    def counts(scale: float) -> Histogram | None:
        return histogram(rng.normal(0, scale, 2000)) if 0 < scale < 1e300 else None

    return Drawn(
        name or f"{2 * depth - 2}", "Linear", depth, (64, 100), 0.0, std, math.nan, math.nan, gradient_std,
        math.nan, counts(std), counts(gradient_std),
    )  # fmt: skip


def table(stds: Iterable[float], gradients: Iterable[float] | None = None) -> Propagation:
    stds = list(stds)
    given = [math.nan] * len(stds) if gradients is None else list(gradients)
    return Propagation([layer(1 + k, *each) for k, each in enumerate(zip(stds, given, strict=True))], 1.0)


def boxes(figure: Figure, texts: Iterable[Text]) -> list[Any]:
    renderer = figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts if text.get_text() and text.get_visible()]


def assert_apart(found: list[Any]) -> None:
    """None covers another by more than the gap that letters have."""
    for place, box in enumerate(found):
        for other in found[place + 1 :]:
            assert min(box.x1, other.x1) - max(box.x0, other.x0) < 1 or (
                min(box.y1, other.y1) - max(box.y0, other.y0) < 1
            )


FIFTY = [0.9**k for k in range(50)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "stds",
    [
        FIFTY[:9],
        [1e30 * 1e4**k for k in range(9)],
        [1e-40**k for k in range(9)],
        [1.0, math.inf, 0.0, 2.0],
        [0.0, 0.0],
    ],
)
def test_every_table_has_its_pictures(drawn: Draw, stds: list[float], theme: Any) -> None:
    signals = plot.signals({"a $x$ <b>": table(stds, stds[::-1])}, theme=theme)
    assert len(signals.axes) == 2
    drawn(signals)
    if any(0 < std < math.inf for std in stds):
        drawn(plot.ridge(table(stds, stds[::-1]), theme=theme))


def test_signals_stand_in_relation_to_where_they_start() -> None:
    rows = [replace(layer(1, 0.5, 2.0)), replace(layer(2, 0.05, 4.0))]
    forward, backward = plot.signals(Propagation(rows, 0.25)).axes
    line = next(each for each in forward.lines if len(each.get_xdata()) == 3)
    assert list(line.get_xdata()) == [0, 1, 2]
    assert list(line.get_ydata()) == pytest.approx([1, 2, 0.2])
    line = next(each for each in backward.lines if list(each.get_xdata()) == [1, 2])
    assert list(line.get_ydata()) == pytest.approx([0.5, 1])


def test_of_tokens_the_first_layer_is_the_start() -> None:
    (ax,) = plot.signals(Propagation([layer(1, 0.02), layer(2, 0.2)], math.nan)).axes
    line = next(each for each in ax.lines if list(each.get_xdata()) == [1, 2])
    assert list(line.get_ydata()) == pytest.approx([1, 10])


def test_the_bands_are_where_a_signal_counts_as_lost() -> None:
    ax = plot.signals(table(FIFTY)).axes[0]
    assert {1e3, 1e-3} <= {float(each.get_ydata()[0]) for each in ax.lines}
    assert {text.get_text() for text in ax.texts} == {"explodes", "vanishes"}


def test_four_schemes_of_a_deep_network_are_told_apart(drawn: Draw) -> None:
    schemes = {
        name: table(factor**k for k in range(50))
        for name, factor in zip("abcd", (0.1, 7, 0.8, 1), strict=True)
    }
    figure = plot.signals(schemes)
    drawn(figure)
    lines = [each for each in figure.axes[0].lines if each.get_label() in schemes]
    assert len({(each.get_color(), each.get_marker(), each.get_linestyle()) for each in lines}) == 4


def test_a_real_propagation_is_drawn(drawn: Draw) -> None:
    net = nn.Sequential(*[nn.Linear(16, 16) for _ in range(9)])
    drawn(plot.signals(propagation(net, fastinit.randn(8, 16))))


def test_fifty_ridges_are_legible(drawn: Draw) -> None:
    figure = plot.ridge(table(FIFTY, FIFTY[::-1]))
    drawn(figure)
    for ax in figure.axes:
        labels = ax.get_yticklabels()
        assert [each.get_text() for each in labels] == [str(2 * k) for k in range(50)]
        assert_apart(boxes(figure, labels))
        assert_apart(boxes(figure, ax.texts))
        assert min(each.get_fontsize() for each in labels) >= 7


def test_a_ridge_of_a_mapping_is_one_panel(drawn: Draw) -> None:
    values = {"relu": np.maximum(np.random.default_rng(0).normal(size=999), 0), "none": np.empty(0)}
    figure = plot.ridge({**values, "histogram": histogram(np.arange(9.0)), "one": fastinit.ones(3)})
    drawn(figure)
    assert [each.get_text() for each in figure.axes[0].get_yticklabels()] == [
        "relu",
        "none",
        "histogram",
        "one",
    ]


def test_layers_without_a_matrix_are_left_out() -> None:
    rows = [layer(1, 1.0, name="a"), replace(layer(1, 0.5), name="relu"), layer(2, 1.0, name="b")]
    (ax,) = plot.ridge(Propagation(rows, 1.0)).axes
    assert [each.get_text() for each in ax.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize(("layers", "steps"), [(1, 1), (5, 4), (30, 2)])
def test_a_coordinate_check_has_a_panel_for_each_step(drawn: Draw, layers: int, steps: int) -> None:
    rows = [
        Coordinate(f"h.{k}", width, step, (1 + k) * width**0.5)
        for k in range(layers)
        for width in (64, 128, 256)
        for step in range(steps)
    ]
    figure = plot.coordinate_check([*rows, Coordinate("h.0", 512, 0, math.inf)])
    drawn(figure)
    assert [ax.get_title() for ax in figure.axes] == [f"step {step}" for step in range(steps)]
    for ax in figure.axes:
        assert len(ax.lines) == layers
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        x, y = ax.lines[0].get_data()
        np.testing.assert_allclose(np.polyfit(np.log(x), np.log(y), 1)[0], 0.5)
    shown = figure.axes[-1].get_legend().get_texts()
    assert shown[0].get_text() == "h.0"
    assert shown[-1].get_text() == f"h.{layers - 1}"
    assert_apart(boxes(figure, shown))


def blocks(layers: int) -> tuple[dict[str, np.ndarray], Recipe]:
    recipe = Recipe([Rule("*.bias", "zeros_"), Rule("*", "normal_", {"std": 0.02})])
    arrays = {}
    for k in range(layers):
        arrays[f"h.{k}.weight"] = np.empty((64, 64), np.float32)
        arrays[f"h.{k}.bias"] = np.empty(64, np.float32)
    return fastinit.initialize_(arrays, recipe, seed=0), recipe


def test_parameters_that_repeat_are_one_line(drawn: Draw) -> None:
    arrays, recipe = blocks(12)
    figure = plot.parameters(diagnostics.parameters(arrays, recipe=recipe))
    drawn(figure)
    ax = figure.axes[0]
    assert [each.get_text() for each in ax.get_yticklabels()] == ["h.{0..11}.weight"]
    assert "12 constant as expected" in ax.get_xlabel()
    assert not ax.texts
    assert any(list(each.get_xdata()) == [pytest.approx(0.02)] for each in ax.lines)


def test_what_is_flagged_is_marked_and_said(drawn: Draw) -> None:
    arrays, recipe = blocks(12)
    arrays["h.5.weight"] *= 2
    arrays["h.7.bias"] += 1
    arrays["h.8.bias"][:] = np.nan
    figure = plot.parameters(diagnostics.parameters(arrays, recipe=recipe))
    drawn(figure)
    said = [text.get_text() for text in figure.axes[0].texts]
    assert any(each.startswith("5: ") and each.endswith("times the expected") for each in said)
    assert any("64 NaN" in each for each in said)
    assert sum(len(each.get_xdata()) for each in figure.axes[0].lines if each.get_marker() == "^") == 3
    assert_apart(boxes(figure, figure.axes[0].texts))


def test_a_table_without_expectations_or_rows_is_drawn(drawn: Draw) -> None:
    drawn(plot.parameters(diagnostics.parameters({"a": np.ones((3, 3)), "b": np.arange(4.0)})))
    drawn(plot.parameters(Parameters([])))


def test_two_hundred_lines_are_cut_to_what_can_be_read(drawn: Draw) -> None:
    rng = np.random.default_rng(0)
    arrays = {chr(0x4E00 + k): rng.normal(size=k + 2) for k in range(200)}
    arrays["bad"] = np.full(2, np.nan)
    figure = plot.parameters(diagnostics.parameters(arrays))
    labels = [each.get_text() for each in figure.axes[0].get_yticklabels()]
    assert len(labels) == 80
    assert "bad" in labels


def test_pictures_are_drawn_into_the_axes_that_are_given() -> None:
    figure = Figure()
    parts = figure.subfigures(1, 2)
    axes = parts[1].subplots(1, 2)
    assert plot.signals(table(FIFTY, FIFTY), ax=axes) is figure
    assert [ax.get_ylabel()[:5] for ax in axes] == ["activ", "gradi"]
    other = Figure().subplots()
    assert plot.histogram(np.arange(9), ax=other) is other.figure
    assert len(other.figure.axes) == 1
    arrays, recipe = blocks(2)
    for draw in (
        lambda ax: plot.parameters(diagnostics.parameters(arrays, recipe=recipe), ax=ax),
        lambda ax: plot.spectrum(arrays["h.0.weight"], ax=ax),
        lambda ax: plot.heatmap(arrays["h.0.weight"], ax=ax),
        lambda ax: plot.ridge(arrays, ax=[ax]),
        lambda ax: plot.coordinate_check([Coordinate("a", 3, 0, 1.0)], ax=ax),
    ):
        ax = Figure().subplots()
        assert draw(ax) is ax.figure


def test_gradients_are_drawn_though_that_of_the_last_layer_has_no_spread() -> None:
    net = nn.Sequential(*[nn.Linear(16, 16) for _ in range(4)])
    found = diagnostics.propagation(net, fastinit.ones(8, 16), lambda output: output.mean())
    for panel in plot.signals(found).axes:
        drawn = panel.lines[-1].get_ydata()
        assert np.isfinite(np.asarray(drawn)).sum() == 3 + (panel is panel.figure.axes[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot.signals({"a": 3}), TypeError, "tables of propagation, got int"),
        (lambda: plot.signals([Propagation([], 1.0)]), TypeError, "a mapping of such, got list"),
        (lambda: plot.signals(Propagation([], 1.0)), ValueError, "no layer"),
        (lambda: plot.signals(table(FIFTY, FIFTY), ax=Figure().subplots()), ValueError, "2 Axes"),
        (lambda: plot.ridge(3), TypeError, "got int"),
        (lambda: plot.ridge({}), ValueError, "no layer"),
        (lambda: plot.ridge({"a": "b"}), TypeError, "ridge"),
        (lambda: plot.coordinate_check([]), ValueError, "no rows"),
        (lambda: plot.coordinate_check(3), TypeError, "got int"),
        (lambda: plot.coordinate_check(Parameters([])), ValueError, "no rows"),
        (lambda: plot.coordinate_check(table(FIFTY, FIFTY)), TypeError, "width, step and size, got Drawn"),
        (lambda: plot.parameters([]), TypeError, "got list"),
        (lambda: plot.parameters(Parameters([]), theme="blue"), ValueError, "theme"),
    ],
)
def test_a_slip_is_answered(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_ridges_of_a_table_without_histograms_say_what_to_do() -> None:
    net = nn.Sequential(nn.Linear(4, 4))
    found = propagation(net, fastinit.randn(2, 4))
    bare = Propagation([replace(layer(1, 1.0), histogram=None)], 1.0)
    for each in (bare, found) if not hasattr(found[0], "histogram") else (bare,):
        with pytest.raises(ValueError, match="histograms=True"):
            plot.ridge(each)


def test_generators_are_left_alone() -> None:
    fastinit.manual_seed(3)
    before = Generator(seed=3).get_state()
    plot.spectrum(np.eye(2000, 40), at_most=20)
    assert (fastinit.get_rng_state() == before).all()
