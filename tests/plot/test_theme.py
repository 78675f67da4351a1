"""What the pictures are drawn with can be told apart in grey, and from the ground."""

from __future__ import annotations

from itertools import combinations

import pytest
from matplotlib.colors import to_rgb

from fastinit.plot import Theme
from fastinit.plot.theme import DARK, LIGHT, line_of, theme_called

THEMES = [LIGHT, DARK]


def luminance(colour: str) -> float:
    """As WCAG 2 says it."""
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightness(colour: str) -> float:
    """L* of CIELAB, in which equal steps look equal: 0 is black, 100 white."""
    return 116 * max(luminance(colour), 1e-9) ** (1 / 3) - 16


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_lines_differ_in_lightness(theme: Theme) -> None:
    for a, b in combinations(theme.series, 2):
        assert abs(lightness(a) - lightness(b)) > 12


@pytest.mark.parametrize("theme", THEMES)
def test_lines_beside_one_another_differ_in_colour_dashes_and_marker(theme: Theme) -> None:
    for number in range(20):
        here, there = line_of(theme, number), line_of(theme, number + 1)
        for part in ("color", "linestyle", "marker"):
            assert here[part] != there[part]
    looks = [
        (each["color"], str(each["linestyle"]), each["marker"])
        for each in map(line_of, [theme] * 30, range(30))
    ]
    assert len(set(looks)) == 30


@pytest.mark.parametrize("theme", THEMES)
def test_all_that_is_drawn_stands_out_from_the_ground(theme: Theme) -> None:
    for colour in (theme.ink, theme.muted):
        assert contrast(colour, theme.ground) >= 4.5  # words
    for colour in (*theme.series, theme.edge, theme.law, theme.alarm):
        assert contrast(colour, theme.ground) >= 3  # lines and points


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_expected_stands_out_from_what_is_found(theme: Theme) -> None:
    assert contrast(theme.law, theme.fill) >= 3
    assert abs(lightness(theme.law) - lightness(theme.fill)) > 30


def test_a_theme_is_found_by_its_name() -> None:
    assert theme_called("light") is LIGHT
    assert theme_called("dark") is DARK
    assert theme_called(DARK) is DARK
    with pytest.raises(ValueError, match='"light", "dark"'):
        theme_called("sepia")
