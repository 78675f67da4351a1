"""The README's Python runs as written, from top to bottom, as one program."""

from reference.pages import ROOT, blocks, run_blocks


def test_the_python_of_the_readme_runs() -> None:
    assert len(blocks("README.md")) >= 5
    run_blocks("README.md", __name__="readme")


def test_the_recipe_of_the_readme_is_part_of_the_example() -> None:
    (block,) = blocks("README.md", "toml")
    example = (ROOT / "examples" / "gpt2.toml").read_text()
    for line in filter(None, block.splitlines()):
        assert line in example
