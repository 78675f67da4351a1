"""The README's Python runs as written, from top to bottom, as one program."""

from __future__ import annotations

from reference.pages import ROOT, blocks, run_python


def test_the_python_of_the_readme_runs() -> None:
    assert len(blocks("README.md", "python")) >= 5
    run_python("README.md", {"__name__": "readme"})


def test_the_recipe_of_the_readme_is_part_of_the_example() -> None:
    (block,) = blocks("README.md", "toml")
    example = (ROOT / "examples" / "gpt2.toml").read_text()
    for line in filter(None, block.splitlines()):
        assert line in example
