"""The report's page in a real browser: light and dark, narrow and wide, with a hostile name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit.plot import report
from fastinit.recipe import Recipe, Rule
from reference.browser import CHROMIUM, chromium

pytest.importorskip("playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

EVIL = "<script>document.title = 'caught'</script><img src=x onerror=\"document.title = 'caught'\">"
RNG = np.random.default_rng(0)
ARRAYS = {
    **{f"h.{k}.weight": RNG.normal(0, 0.02, (64, 96)).astype(np.float32) for k in range(12)},
    **{f"h.{k}.bias": np.zeros(64, np.float32) for k in range(12)},
    "h.12.weight": RNG.normal(0, 0.05, (64, 96)).astype(np.float32),
    "a.very." + "long." * 40 + "name": RNG.normal(0, 0.02, 9).astype(np.float32),
    EVIL: RNG.normal(0, 0.02, (40, 30)).astype(np.float32),
    "lost": np.array([0.02, np.nan]),
}

CONTRASTS = """() => {
  const luminance = (rgb) => {
    const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = rgb.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(each).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const colour = numbers(element instanceof SVGElement ? style.fill : style.color);
    const [low, high] = [luminance(colour.slice(0, 3)), luminance(ground(element))].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), walker.currentNode.data.trim()]);
  }
  return found;
}"""

OVERLAPS = """() => {
  const found = [];
  for (const figure of document.querySelectorAll("svg.figure")) {
    const words = [...figure.querySelectorAll("text")];
    const boxes = words.map((each) => [each.getBoundingClientRect(), each.textContent]);
    for (const [i, [a, said]] of boxes.entries())
      for (const [b, other] of boxes.slice(i + 1))
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3) found.push([said, other]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("report")
    save_file(ARRAYS, directory / "model.safetensors")
    recipe = Recipe([Rule("*.bias", "zeros_"), Rule("*", "normal_", {"std": 0.02})])
    report(directory / "model.safetensors", directory / "report.html", recipe=recipe)
    return (directory / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(
    params=[("light", 375), ("light", 1280), ("dark", 375), ("dark", 1280)],
    ids=lambda each: f"{each[0]}-{each[1]}",
)
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The page, opened; what it says to the console and whatever it asks for is an error."""
    scheme, width = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda asked: (
            complaints.append(asked.url)
            if asked.url != address and not asked.url.startswith("data:")
            else None
        ),
    )
    opened.goto(address)
    yield opened
    context.close()
    assert complaints == []


def test_nothing_overflows_and_every_image_is_there(page: Any) -> None:
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    images = page.evaluate("[...document.images].map((each) => [each.complete, each.naturalWidth])")
    assert images
    assert all(complete and width > 0 for complete, width in images)


def test_every_word_can_be_read(page: Any) -> None:
    found = page.evaluate(CONTRASTS)
    assert len(found) > 200
    low = [(contrast, said) for contrast, said in found if contrast < 4.5]
    assert low == []
    assert page.evaluate(OVERLAPS) == []


def test_the_table_has_a_row_for_each_tensor_and_sorts(page: Any) -> None:
    assert page.locator("tbody tr").count() == len(ARRAYS)
    names = "[...document.querySelectorAll('tbody th')].map((each) => each.title)"
    assert set(page.evaluate(names)) == set(ARRAYS)
    page.get_by_role("button", name="std", exact=True).click()
    stds = page.evaluate("[...document.querySelectorAll('tbody tr')].map((row) => row.cells[6].dataset.key)")
    told = [float(each) for each in stds if each]
    assert told == sorted(told)
    assert page.locator("th[aria-sort=ascending]").inner_text() == "std"
    page.get_by_role("button", name="std", exact=True).click()
    assert page.evaluate(names)[0] in ("h.12.weight", "lost")


def test_a_hostile_name_is_words(page: Any) -> None:
    assert page.title() == "model.safetensors: parameters"
    assert page.locator("script").count() == 1
    assert EVIL in page.evaluate("[...document.querySelectorAll('tbody th')].map((each) => each.title)")
    assert page.get_by_text("<script>document.title").first.is_visible()


def test_light_and_dark_are_the_readers_choice(browser: Any, address: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        opened = browser.new_page(color_scheme=scheme)
        opened.goto(address)
        grounds.append(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
        picture = opened.evaluate("getComputedStyle(document.querySelector('svg.figure path')).fill")
        assert picture == grounds[-1]
        opened.close()
    assert grounds == ["rgb(255, 255, 255)", "rgb(22, 25, 29)"]


def test_the_page_stays_small(address: str) -> None:
    assert Path(address.removeprefix("file://")).stat().st_size < 1 << 20
