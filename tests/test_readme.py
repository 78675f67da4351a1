"""The README's Python runs as written, from top to bottom, as one program."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_python_of_the_readme_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    exec(compile("\n".join(blocks), str(README), "exec"), {"__name__": "readme"})


def test_the_recipe_of_the_readme_is_part_of_the_example() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    example = (README.parent / "examples" / "gpt2.toml").read_text()
    for line in filter(None, block.splitlines()):
        assert line in example
