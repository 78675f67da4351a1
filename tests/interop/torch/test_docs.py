"""What docs/pytorch.md and the README show of PyTorch is so."""

from __future__ import annotations

from typing import Any

import pytest

from reference.pages import blocks, run_blocks

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # of PyTorch's own layers
def test_the_python_shown_runs_and_its_assertions_hold() -> None:
    names = run_blocks("docs/pytorch.md")
    assert all(bool(each.isfinite().all()) for each in names["scaled"].parameters())


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_the_python_of_the_readme_that_needs_pytorch_runs() -> None:
    (block,) = blocks("README.md", "py")
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert all(bool(each.isfinite().all()) for each in names["model"].parameters())
