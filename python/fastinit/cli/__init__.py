"""The `fastinit` command: reads arguments, calls the library, prints. Imported by nothing else."""

from __future__ import annotations

import signal
import sys
import warnings
from typing import Annotated, NoReturn

try:
    import rich  # noqa: F401  # the commands use it
    import typer
except ModuleNotFoundError as missing:
    raise SystemExit(f'fastinit: the command needs {missing.name}: pip install "fastinit[cli]"') from None

from .. import __version__, show_config
from ..checkpoint import CheckpointError, EngineError
from ..recipe import RecipeError
from . import drift, init, plot, show, verify

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Initialises neural-network parameters: one seed, the same bits everywhere.",
)


def main() -> None:
    """Runs the command. What goes wrong is one line on stderr and status 1 (2: wrong usage, 130: Ctrl-C)."""
    # As Ctrl-C does, a polite kill unwinds the stack, so that no temporary file is left.
    signal.signal(signal.SIGTERM, _terminate)
    warnings.formatwarning = lambda message, *_, **__: f"fastinit: {message}\n"
    try:
        app()
    except (CheckpointError, EngineError, RecipeError) as error:
        _fail(str(error))
    except MemoryError as error:
        _fail(f"not enough memory: {error}")
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fastinit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Takes the options that stand before a command; typer calls it first."""


@app.command()
def info() -> None:
    """Print the version, the instruction set and the threads in use, and the BLAS."""
    show_config()


app.command()(init.init)
app.command()(show.show)
app.command()(plot.plot)
app.command()(drift.drift)
app.command()(verify.verify)


def _fail(message: str) -> NoReturn:
    print("fastinit: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(1)


def _terminate(signum: int, frame: object) -> NoReturn:
    sys.exit(128 + signum)
