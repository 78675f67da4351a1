"""The documentation builds without a warning, is whole, and asks nothing of the network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reference.website import Website

# Nothing leads to these: the search is a form, and each page has its place in the contents.
ASIDE = {"search.html", "genindex.html", "py-modindex.html"}


@pytest.fixture(scope="module")
def website(site: Path) -> Website:
    return Website(site)


def test_every_page_is_reached_from_the_first(website: Website) -> None:
    left_out = website.pages.keys() - website.reachable("index.html")
    assert {str(path.relative_to(website.root)) for path in left_out} <= ASIDE


def test_every_link_leads_to_a_file_and_an_anchor_that_exist(website: Website) -> None:
    broken = []
    for path, page in website.pages.items():
        for link in page.links:
            target = website.target(path, link)
            if target is None:
                continue
            file, anchor = target
            exists = file.is_file() and website.root in file.parents
            if not exists or (anchor and file in website.pages and anchor not in website.pages[file].anchors):
                broken.append((str(path.relative_to(website.root)), link))
    assert broken == []


def test_a_page_loads_only_files_of_the_site(website: Website) -> None:
    for path, page in website.pages.items():
        for address in page.loaded:
            if not address.startswith("data:"):
                target = website.target(path, address)
                assert target, (path, address)
                assert target[0].is_file(), (path, address)


def test_a_style_or_script_names_no_other_place(website: Website) -> None:
    for path in website.root.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import\s*)[\"']?(?:https?:)?//", path.read_text()) == [], path
    for path in website.root.rglob("*.js"):
        assert re.findall(r"(?:fetch|import|src\s*=)\W*[\"'`]https?://", path.read_text()) == [], path
