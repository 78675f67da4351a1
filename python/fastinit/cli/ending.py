"""How the command ends: a status, and one line on stderr for whatever went wrong."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Final, NoReturn

import typer

from ..checkpoint import CheckpointError, EngineError
from ..recipe import RecipeError
from .nearest import did_you_mean, near_files

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 128 + signal.SIGINT

STATUS: Final = (
    "Exit status: 0 done; 1 failed, or what was checked is wrong; 2 wrong usage; 130 Ctrl-C; 143 SIGTERM."
)

# The class of click, of which newer releases of typer have a copy of their own.
_UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]


def run(command: Callable[[], object]) -> NoReturn:
    """Runs a command and ends the process: whatever it printed has been written by then.

    Args:
        command: does the work; returns a status, or None.
    """
    # As Ctrl-C does, a polite kill unwinds the stack, so that no temporary file is left.
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):  # whatever the locale, a name can be printed
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as left:  # typer and rich leave so where they find stdout broken
        if left.code == FAILED and _nobody_reads():
            _end_as_others_do()
        raise
    except _UsageError as error:
        _fail(_usage(error), WRONG_USAGE)
    except (CheckpointError, EngineError, RecipeError) as error:
        _fail(str(error))
    except MemoryError as error:
        _fail(f"not enough memory: {error}" if str(error) else "not enough memory")
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            _end_as_others_do()
        _fail(_of_system(error))
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, status: int = FAILED) -> NoReturn:
    print("fastinit: " + " ".join(message.split()), file=sys.stderr)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # it is the very thing that failed: nothing of it is left for the interpreter's own end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _usage(error: typer.BadParameter) -> str:
    message = error.format_message()
    message = message[:1].lower() + message[1:].rstrip(".").replace(": Value error, ", ": ")
    if error.ctx is None:
        return message
    return f"{message}{'' if message.endswith('?') else '.'} See {error.ctx.command_path} --help"


def _of_system(error: OSError) -> str:
    if not (error.filename and error.strerror):
        return error.strerror or str(error)
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename)
    near = near_files(name) if isinstance(error, FileNotFoundError) else []
    return f"{name}: {error.strerror}{did_you_mean(near)}"


def _nobody_reads() -> bool:
    """Whether stdout is a pipe whose reader has gone; else it was another pipe or socket that broke."""
    poll = select.poll()
    poll.register(1, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _end_as_others_do() -> NoReturn:
    """Dies of SIGPIPE, in silence, as `cat` and `grep` do."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    sys.exit(128 + signal.SIGPIPE)  # where the signal is blocked


def _terminate(signum: int, frame: object) -> NoReturn:
    sys.exit(128 + signum)
