"""What docs/jax.md shows is so."""

from __future__ import annotations

from pathlib import Path

from reference.pages import run_blocks


def test_the_python_shown_runs_and_its_assertions_hold(tmp_path: Path) -> None:
    run_blocks("docs/jax.md", directory=tmp_path)
    assert (tmp_path / "model.safetensors").exists()
