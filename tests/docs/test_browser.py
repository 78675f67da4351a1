"""The site in a real browser, opened as files: light and dark, narrow and wide, and the search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference.browser import CHROMIUM, chromium

pytest.importorskip("sphinx")
pytest.importorskip("playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

GROUND = "getComputedStyle(document.body).backgroundColor"
PAGES = ["index.html", "reference/fastinit.nn.init.html", "recipes.html"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(
    params=[("light", 375), ("light", 1280), ("dark", 375), ("dark", 1280)],
    ids=lambda each: f"{each[0]}-{each[1]}",
)
def tab(request: pytest.FixtureRequest, browser: Any, site: Path) -> Iterator[Any]:
    """A tab of some width; what it says to the console, or asks for beside the site, is an error."""
    scheme, width = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("requestfailed", lambda asked: complaints.append(f"not there: {asked.url}"))

    def check_origin(asked: Any) -> None:
        if not asked.url.startswith((site.as_uri(), "data:")):
            complaints.append(f"elsewhere: {asked.url}")

    opened.on("request", check_origin)
    yield opened
    context.close()
    assert complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_and_fits_its_window(tab: Any, site: Path, page: str) -> None:
    tab.goto((site / page).as_uri())
    assert tab.locator("h1").first.is_visible()
    wide, window = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window


def test_light_and_dark_are_the_readers_choice(browser: Any, site: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        opened = browser.new_page(color_scheme=scheme)
        opened.goto((site / "index.html").as_uri())
        grounds.append(sum(map(int, opened.evaluate(GROUND)[4:-1].split(","))))
        opened.close()
    light, dark = grounds
    assert light > 3 * 200
    assert dark < 3 * 60


def test_formulas_are_drawn(tab: Any, site: Path) -> None:
    tab.goto((site / "reference/fastinit.nn.init.html").as_uri())
    formulas = "[...document.querySelectorAll('math')].map((each) => each.getBoundingClientRect().width)"
    assert all(width > 0 for width in tab.evaluate(formulas))
    fraction = tab.locator("math mfrac").first.bounding_box()
    over, under = (tab.locator("math mfrac > *").nth(n).bounding_box() for n in range(2))
    assert over["y"] < under["y"]
    assert fraction["height"] > over["height"]


def test_the_search_finds_a_name_and_a_page(tab: Any, site: Path) -> None:
    tab.goto((site / "search.html").as_uri() + "?q=kaiming_uniform_")
    first = tab.locator("#search-results li a").first
    first.wait_for()
    assert "kaiming_uniform_" in first.inner_text()
    first.click()
    assert tab.locator("h1").first.inner_text().startswith("fastinit.nn")
    tab.goto((site / "search.html").as_uri() + "?q=safetensors")
    tab.locator("#search-results li a", has_text="Checkpoints").first.wait_for()
