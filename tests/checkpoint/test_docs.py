"""What docs/checkpoints.md shows is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from fastinit import checkpoint
from fastinit.checkpoint import Manifest
from fastinit.recipe import Recipe, Rule, TensorSpec
from reference.pages import ROOT, run_blocks


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the blocks define, each having seen those before it."""
    monkeypatch.chdir(ROOT)
    return run_blocks("docs/checkpoints.md", directory=tmp_path)


@pytest.mark.parametrize("numel", [0, 1, 65536, 65537, 300_000])
def test_the_digest_shown_is_that_of_the_manifest(names: dict[str, Any], tmp_path: Path, numel: int) -> None:
    recipe = Recipe([Rule("*", "normal_")], tensors={"weight": TensorSpec((numel,))})
    manifest: Manifest = checkpoint.write(recipe, tmp_path / "other", seed=1)
    with safe_open(tmp_path / "other" / "model.safetensors", framework="numpy") as file:
        data = file.get_tensor("weight").tobytes()
    assert names["digest"](data) == manifest.tensors["weight"].blake2b
