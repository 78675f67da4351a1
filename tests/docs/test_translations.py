"""A translation shows the same code, the same output and the same pictures as the page that it translates."""

import re

import pytest

from reference.pages import ROOT

PAGES = {"docs/zh/tutorial.md": "docs/tutorial.md", "README.zh.md": "README.md"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("translation", "original"), PAGES.items())
def test_a_translation_shows_the_same_code(translation: str, original: str) -> None:
    shown, expected = (BLOCK.findall((ROOT / page).read_text()) for page in (translation, original))
    assert len(expected) > 10
    assert shown == expected


@pytest.mark.parametrize(("translation", "original"), PAGES.items())
def test_a_translation_shows_the_same_pictures(translation: str, original: str) -> None:
    def pictures(page: str) -> list[str]:
        folder = (ROOT / page).parent
        targets = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (ROOT / page).read_text())
        return [str((folder / target).resolve().relative_to(ROOT)) for target in targets]

    assert pictures(translation) == pictures(original) != []


@pytest.mark.parametrize(("translation", "original"), PAGES.items())
def test_the_two_lead_to_each_other_or_to_files_that_are_there(translation: str, original: str) -> None:
    for page in (translation, original):
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\((?!\w+:|#)([^)#]+)", (ROOT / page).read_text()):
            assert (folder / target).exists(), f"{page}: {target}"
