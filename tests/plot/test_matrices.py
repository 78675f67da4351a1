"""Heat maps and spectra of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import fastinit
from fastinit import Generator, nn, plot
from fastinit.plot.heatmap import reach_of, reduced

Draw = Callable[[Figure], np.ndarray]


def normal(*shape: int, std: float = 1.0) -> np.ndarray:
    return nn.init.normal_(np.empty(shape, np.float32), std=std, generator=Generator(seed=0))


def grey(pixels: np.ndarray) -> np.ndarray:
    return pixels @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (700, 30), (3, 2000), (20, 3, 5)])
def test_every_matrix_has_a_heat_map_and_a_spectrum(drawn: Draw, shape: tuple[int, ...], theme: Any) -> None:
    for each in (normal(*shape), np.zeros(shape), fastinit.from_numpy(normal(*shape))):
        drawn(plot.heatmap(each, theme=theme))
        drawn(plot.spectrum(each, theme=theme))


def test_the_sign_of_a_value_is_told_in_grey(drawn: Draw) -> None:
    matrix = np.zeros((3, 9))
    matrix[:, :3], matrix[:, 6:] = -1, 1
    figure = plot.heatmap(matrix)
    pixels = grey(drawn(figure))
    box = figure.axes[0].get_window_extent()
    height = int(pixels.shape[0] - (box.y0 + box.y1) / 2)
    left, middle, right = (pixels[height, int(box.x0 + part * box.width)] for part in (1 / 6, 1 / 2, 5 / 6))
    assert left + 40 < middle < right - 40


def test_a_matrix_of_the_screens_size_is_shown_as_it_is() -> None:
    matrix = normal(12, 7)
    np.testing.assert_array_equal(np.sign(reduced(matrix, 12)), np.sign(matrix))
    np.testing.assert_allclose(reduced(matrix, 12), matrix, rtol=1e-6)


@pytest.mark.parametrize("shape", [(100, 70), (101, 13), (3, 1000)])
def test_blocks_keep_their_scale_and_their_sign(shape: tuple[int, int]) -> None:
    matrix = normal(*shape)
    found = reduced(matrix, 10)
    tall, broad = (-(-side // 10) for side in shape)
    assert max(found.shape) <= 10
    for i, j in np.ndindex(found.shape):
        block = matrix[i * tall : (i + 1) * tall, j * broad : (j + 1) * broad].astype(np.float64)
        assert abs(found[i, j]) == pytest.approx(np.sqrt((block**2).mean()))
        assert np.sign(found[i, j]) == np.sign(block.sum())


def test_structure_of_a_large_matrix_is_visible() -> None:
    matrix = normal(1000, 3000)
    matrix[:, 1000:2000] *= 3
    matrix[500:600] = 0
    found = np.abs(reduced(matrix, 100))
    assert found[:50, 34:66].min() > 2 * found[:50, :33].max()
    assert (found[50:60] == 0).all()
    assert reach_of(found) > found[:50, :33].max()


def test_what_is_not_finite_is_marked() -> None:
    matrix = np.zeros((50, 50))
    matrix[7, 7] = np.nan
    assert np.isnan(reduced(matrix, 10)).sum() == 1
    image = plot.heatmap(matrix).axes[0].images[0]
    assert image.get_array().mask.sum() == 1
    assert image.get_clim() == (-1, 1)


def test_the_law_lies_on_the_singular_values() -> None:
    ax = plot.spectrum(normal(600, 900, std=0.02)).axes[0]
    (bars,) = ax.patches
    values, edges, _ = bars.get_data()
    (law,) = ax.lines
    x, y = law.get_data()
    middles = (edges[1:] + edges[:-1]) / 2
    assert np.abs(np.interp(middles, x, y) - values).mean() < 0.08 * values.max()
    assert "std 0.02" in law.get_label()


def test_an_orthogonal_matrix_is_a_spike() -> None:
    ax = plot.spectrum(nn.init.orthogonal_(np.empty((60, 90)), gain=2)).axes[0]
    assert ax.texts[0].get_text() == "all 60 are 2"
    values, edges, _ = ax.patches[0].get_data()
    (place,) = np.flatnonzero(values)
    assert edges[place] <= 2 <= edges[place + 1]


def test_of_a_large_matrix_a_part_is_shown_and_it_is_said() -> None:
    assert "(40 of 60 rows)" in plot.spectrum(normal(60, 90), at_most=40).axes[0].get_xlabel()
    assert "(40 of 60 columns)" in plot.spectrum(normal(90, 60), at_most=40).axes[0].get_xlabel()


def test_the_law_of_another_standard_deviation_can_be_asked_for() -> None:
    own = plot.spectrum(normal(50, 50)).axes[0].lines[0].get_xdata().max()
    other = plot.spectrum(normal(50, 50), std=3.0).axes[0].lines[0].get_xdata().max()
    assert other > 2.5 * own


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_of_numpys_own_class_is_a_matrix() -> None:
    values = np.arange(12.0).reshape(3, 4)
    (drawn,), (same,) = (plot.heatmap(each).axes[0].images for each in (np.asmatrix(values), values))
    assert (drawn.get_array() == same.get_array()).all()


@pytest.mark.parametrize("draw", [plot.heatmap, plot.spectrum])
@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((np.ones(3),), ValueError),
        ((np.ones((3, 0)),), ValueError),
        ((np.ones((3, 3), complex),), TypeError),
        (("weight",), TypeError),
    ],
)
def test_what_is_no_matrix_is_refused(draw: Any, given: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error, match=draw.__name__):
        draw(*given)


@pytest.mark.parametrize(
    "call",
    [
        lambda: plot.heatmap(np.eye(3), limit=0.0),
        lambda: plot.spectrum(np.eye(3), std=-1.0),
        lambda: plot.spectrum(np.eye(3), at_most=0),
        lambda: plot.spectrum(np.full((2, 2), np.nan)),
    ],
)
def test_a_slip_is_answered(call: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        call()
