"""The site, built once for all tests of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reference.pages import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site; a warning of Sphinx is an error."""
    for needed in ("sphinx", "furo", "jax", "torch"):  # the reference imports every public module
        pytest.importorskip(needed)
    folder = tmp_path_factory.mktemp("site")
    strict = ["--fail-on-warning", "--keep-going", "--quiet", "-d", folder / "doctrees"]
    command = [sys.executable, "-m", "sphinx", "--builder=html", *strict, ROOT / "docs", folder / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"
