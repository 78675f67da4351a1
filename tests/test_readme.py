"""What the README shows of the examples is so; `docs/test_pages.py` runs its Python."""

from reference.pages import ROOT, blocks


def test_the_recipe_of_the_readme_is_part_of_the_example() -> None:
    (block,) = blocks("README.md", "toml")
    example = (ROOT / "examples" / "gpt2.toml").read_text()
    for line in filter(None, block.splitlines()):
        assert line in example
