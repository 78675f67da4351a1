"""The `fastinit` command: reads arguments, calls the library, prints. Imported by nothing else."""

from __future__ import annotations

import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy.typing as npt

try:
    import typer
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Table
except ModuleNotFoundError as missing:
    raise SystemExit(f'fastinit: the command needs {missing.name}: pip install "fastinit[cli]"') from None

from . import __version__, checkpoint, show_config
from .diagnostics import Statistics, statistics
from .recipe import Assignment, Recipe, RecipeError

_WIDTH = 1000
"""Columns for a table: so many that no cell is folded, which no narrow terminal makes legible."""

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
    except RecipeError as error:
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


@app.command()
def init(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="The recipe.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where model.safetensors goes; if not given, ./RECIPE"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**64 - 1, help="The seed of every value.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing model.safetensors.")] = False,
) -> None:
    """Write the initial checkpoint that a recipe describes, and print what is in it."""
    loaded = Recipe.from_toml(recipe)
    plan = checkpoint.plan(loaded)
    figures: dict[str, Statistics] = {}
    screen = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as progress:
        task = progress.add_task("filling", total=plan.nbytes)

        def observe(tensor: Assignment, values: npt.NDArray[Any]) -> None:
            figures[tensor.name] = statistics(values)
            progress.advance(task, tensor.spec.nbytes)
            if progress.finished:
                progress.update(task, description="writing")

        path = checkpoint.write(loaded, out or Path(recipe.stem), seed=seed, force=force, observe=observe)
    numel = sum(tensor.spec.numel for tensor in plan.tensors)
    size = f"{len(plan.tensors)} tensors, {numel:,} parameters, {plan.nbytes / 1e6:,.1f} MB"
    _print(_table(plan, figures), f"{path}: {size}, seed {seed}")


def _table(plan: checkpoint.Plan, figures: dict[str, Statistics]) -> Table:
    table = Table(box=SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("name", "shape", "dtype", "initialiser"):
        table.add_column(heading)
    for heading in ("mean", "std", "min", "max"):
        table.add_column(heading, justify="right")

    def add(name: str, tensor: Assignment, initialiser: str) -> None:
        seen = figures[tensor.name]
        numbers = (f"{number:.4g}" for number in (seen.mean, seen.std, seen.min, seen.max))
        table.add_row(name, str(list(tensor.spec.shape)), tensor.spec.dtype, initialiser, *numbers)

    by_name = {tensor.name: tensor for tensor in plan.tensors}
    for tensor in plan.tensors:
        add(tensor.name, tensor, str(tensor.initialiser))
    for name, source in plan.ties.items():
        add(name, by_name[source], f"tied to {source}")
    return table


def _print(table: Table, summary: str) -> None:
    console = Console(width=_WIDTH, markup=False, highlight=False)
    console.print(table)
    console.print(summary)


def _fail(message: str) -> NoReturn:
    print("fastinit: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(1)


def _terminate(signum: int, frame: object) -> NoReturn:
    sys.exit(128 + signum)


if __name__ == "__main__":
    main()
