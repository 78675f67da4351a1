"""What docs/pytorch.md shows is so."""

from __future__ import annotations

import pytest

from reference.pages import run_blocks

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # of PyTorch's own layers
def test_the_python_shown_runs_and_its_assertions_hold() -> None:
    names = run_blocks("docs/pytorch.md")
    assert all(bool(each.isfinite().all()) for each in names["scaled"].parameters())
