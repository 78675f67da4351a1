"""Histograms: what they count, what they draw, and what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from matplotlib.figure import Figure

import fastinit
from fastinit import Generator, nn, plot
from fastinit.diagnostics import density
from fastinit.plot.histogram import counted
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec

Draw = Callable[[Figure], np.ndarray]


def normal(*shape: int, std: float = 1.0) -> np.ndarray:
    return nn.init.normal_(np.empty(shape, np.float32), std=std, generator=Generator(seed=0))


def words(figure: Figure) -> str:
    ax = figure.axes[0]
    legend = ax.get_legend()
    return " | ".join(
        [
            *(text.get_text() for text in ax.texts),
            ax.get_xlabel(),
            *(text.get_text() for text in legend.get_texts()),
        ]
        if legend
        else [*(text.get_text() for text in ax.texts), ax.get_xlabel()]
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (normal(40, 30), None),
        (normal(40, 30), "normal_"),
        (fastinit.randn(40, 30), density("normal_")),
        (normal(40, 30).astype(ml_dtypes.bfloat16), "normal_"),
        (np.zeros(7), "zeros_"),
        (np.arange(9), None),
        (np.eye(9) > 0, "eye_"),
        (np.empty((0, 3)), None),
        (np.full(9, np.nan), None),
        (normal(40, 30)[::2, ::-3], "normal_"),
        (np.full((), 3.0), None),
    ],
)
def test_every_tensor_has_a_picture(drawn: Draw, tensor: Any, expected: Any, theme: Any) -> None:
    pixels = drawn(plot.histogram(tensor, expected=expected, theme=theme))
    dark = pixels[0, 0].mean() < 128
    assert dark == (theme == "dark")
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_the_bars_are_a_density_and_the_expected_one_lies_on_top() -> None:
    figure = plot.histogram(normal(400, 300, std=0.1), expected=density("normal_", std=0.1))
    ax = figure.axes[0]
    (bars,) = ax.patches
    values, edges, _ = bars.get_data()
    assert (values * np.diff(edges)).sum() == pytest.approx(1)
    (line,) = (each for each in ax.lines if each.get_label() == "expected")
    x, y = line.get_data()
    middles = (edges[1:] + edges[:-1]) / 2
    assert np.abs(np.interp(middles, x, y) - values).max() < 0.05 * values.max()


def test_a_value_that_many_have_is_a_line_with_its_share() -> None:
    tensor = nn.init.masked_uniform_(np.empty(10000), -10, 10, threshold=5, generator=Generator(seed=0))
    wanted = density("masked_uniform_", low=-10.0, high=10.0, threshold=5.0)
    found = counted(tensor, wanted, 64)
    assert found.spikes == {0.0: (tensor == 0).mean()}
    assert found.share == pytest.approx(1 - found.spikes[0.0])
    figure = plot.histogram(tensor, expected=wanted)
    assert "% are 0\n(50 % expected)" in words(figure)
    (bars,) = figure.axes[0].patches
    values, edges, _ = bars.get_data()
    assert (values * np.diff(edges)).sum() == pytest.approx(found.share)


def test_an_expected_value_that_never_occurs_is_shown() -> None:
    said = words(plot.histogram(np.full(10, 0.25), expected="zeros_"))
    assert "0 % are 0\n(100 % expected)" in said
    assert "100 % are 0.25\n(none expected)" in said


def test_long_tails_are_cut_and_it_is_said() -> None:
    tensor = fastinit.empty(100000).cauchy_(generator=Generator(seed=0))
    figure = plot.histogram(tensor, expected=density("cauchy_"))
    low, high = figure.axes[0].get_xlim()
    assert -50 < low < high < 50
    beyond = float(re.search(r"\(([\d.]+) % lie beyond\)", words(figure))[1]) / 100
    shown = figure.axes[0].patches[0].get_data()[1]
    outside = (tensor.numpy() < shown[0]) | (tensor.numpy() > shown[-1])
    assert beyond == pytest.approx(outside.mean(), rel=0.01)


def test_what_is_not_finite_is_counted() -> None:
    assert "(3 not finite)" in words(plot.histogram(np.array([1, 2, np.nan, np.inf, -np.inf])))


def test_what_a_recipe_decides_is_expected() -> None:
    recipe = Recipe([Rule("*", "normal_", {"std": 0.5})], tensors={"w": TensorSpec((30, 8))})
    figure = plot.histogram(normal(30, 8, std=0.5), expected=recipe.assignment("w"))
    line = next(each for each in figure.axes[0].lines if each.get_label() == "expected")
    assert line.get_ydata().max() == pytest.approx(density("normal_", std=0.5)(0.0), rel=1e-3)


def test_a_large_tensor_is_sampled() -> None:
    memory = np.broadcast_to(np.float32(0), (1 << 20, 1 << 12))  # 16 GiB, if it were copied
    assert "100 % are 0" in words(plot.histogram(memory))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot.histogram([1, 2]), TypeError, "histogram: expected a tensor or an array"),
        (lambda: plot.histogram(np.ones(3, complex)), TypeError, "real numbers, got complex"),
        (lambda: plot.histogram(np.ones(3), expected=3), TypeError, "int"),
        (lambda: plot.histogram(np.ones(3), expected="normal"), RecipeError, "normal_"),
        (lambda: plot.histogram(np.ones(3), expected="kaiming_normal_"), ValueError, "2 dimensions"),
        (lambda: plot.histogram(np.ones(3), bins=0), ValueError, "bins"),
        (lambda: plot.histogram(normal(9), bins=0), ValueError, "bins"),
        (lambda: plot.histogram(np.ones(3), theme="grey"), ValueError, "theme"),
        (lambda: plot.histogram(np.ones(3), ax=3), TypeError, "ax"),
        (lambda: plot.histogram(np.ones(3), ax=Figure()), TypeError, "ax"),
        (lambda: plot.histogram(np.ones(3), ax=Figure().subplots(2)), ValueError, "1 Axes"),
    ],
)
def test_a_slip_is_answered(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
