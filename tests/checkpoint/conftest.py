"""What several tests of checkpoints need."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("checkpoint", deadline=None)
settings.load_profile("checkpoint")


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A directory for gigabytes or for many files, gone when the test is over; in memory if there is room."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    path = Path(tempfile.mkdtemp(dir=memory if roomy else None))
    yield path
    shutil.rmtree(path)
