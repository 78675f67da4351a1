"""`fastinit info`: what is in use."""

from __future__ import annotations

from typing import Annotated

import typer

from ..config import config, show_config
from .tables import print_json

EXAMPLES = ("info", "info --json")


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print versions, instruction set, threads and BLAS."""
    if as_json:
        print_json(config())
    else:
        show_config()
