"""JAX's arrays have the bits of a recipe, on one device and on a mesh of eight.

JAX reads once how many devices it is to make of the CPU, and warns of each fork from then on, so that what
it is tested with, the files jax_*.py beside this one, runs in processes of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax")

ENVIRONMENT = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=8"}


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("jax_*.py")), ids=lambda path: path.stem)
def test_on_eight_devices(path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--forbid-skips", str(path)]
    done = subprocess.run(
        command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
