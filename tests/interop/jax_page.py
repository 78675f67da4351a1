"""What docs/jax.md shows is so."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "jax.md"
BLOCKS = re.findall(r"^ *```python\n(.*?)^ *```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_python_shown_runs_and_its_assertions_hold(tmp_path: Path) -> None:
    names: dict[str, Any] = {"directory": tmp_path}
    for block in BLOCKS:
        exec(compile(textwrap.dedent(block), PAGE.name, "exec"), names)
    assert (tmp_path / "model.safetensors").exists()
