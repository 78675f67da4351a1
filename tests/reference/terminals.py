"""Running a program on a terminal of its own, and what it shows there."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path


def on_a_terminal(
    *arguments: object, cwd: Path, columns: int = 200, program: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs the command with a terminal for its stdin, stdout and stderr.

    Args:
        arguments: of the command.
        cwd: where it runs.
        columns: how wide the terminal is.
        program: Python that runs it, instead of `python -m fastinit.cli`.
        environment: what is put into its environment.
    """
    start = ["-m", "fastinit.cli"] if program is None else ["-c", program]
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    cleared = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, *start, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env={**cleared, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the terminal ends with the last process that has it
        while piece := os.read(mine, 1 << 16):
            shown += piece
    os.close(mine)
    return subprocess.CompletedProcess(process.args, process.wait(60), shown.decode(), "")
