"""The command, run in this process."""

from __future__ import annotations

import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastinit import cli
from reference.commands import Command


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Runs the command in this process, which saves its start: `command("init", recipe)`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    handler = signal.getsignal(signal.SIGTERM)

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["fastinit", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return subprocess.CompletedProcess(sys.argv, left.value.code or 0, *capfd.readouterr())

    yield call
    signal.signal(signal.SIGTERM, handler)
