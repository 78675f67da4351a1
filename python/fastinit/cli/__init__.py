"""The `fastinit` command: reads arguments, calls the library, prints. Imported by nothing else."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

try:
    import rich  # noqa: F401  # the commands use it
    import typer
except ModuleNotFoundError as missing:
    raise SystemExit(f'fastinit: the command needs {missing.name}: pip install "fastinit[cli]"') from None

from .. import __version__
from . import bench, completion, drift, ending, info, init, show, verify
from .help import MODE, examples

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=MODE,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Initialises neural-network parameters: one seed, the same bits everywhere.",
    epilog=examples("init gpt2.toml --out gpt2", "show gpt2", "show --help", note=ending.STATUS),
)


def main() -> None:
    """Runs the command. What goes wrong is one line on stderr; `ending.STATUS` says which status."""
    warnings.formatwarning = lambda message, *_, **__: f"fastinit: {message}\n"
    completion.answer_shells()
    ending.run(lambda: app(prog_name="fastinit", standalone_mode=False))


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fastinit {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Takes the options that stand before a command; typer calls it first."""
    if ctx.invoked_subcommand is None:
        if plain := ctx.get_help():  # on a terminal, rich has printed it
            print(plain, file=sys.stderr)
        raise typer.Exit(ending.WRONG_USAGE)


app.command(epilog=examples(*init.EXAMPLES))(init.init)
app.command(epilog=examples(*show.EXAMPLES, note="Exit status 1 if --check finds anything."))(show.show)
app.command(epilog=examples(*drift.EXAMPLES))(drift.drift)
app.command(epilog=examples(*verify.EXAMPLES, note="Exit status 1 if a byte differs."))(verify.verify)
app.command(epilog=examples(*bench.EXAMPLES))(bench.bench)
app.command(epilog=examples(*info.EXAMPLES))(info.info)
app.command(epilog=examples(*completion.EXAMPLES))(completion.completion)
