"""What `--help` says below a command's options: examples, and how the command ends."""

from __future__ import annotations

import sys
from typing import Final, Literal

from rich.markup import escape

MODE: Final[Literal["rich"] | None] = "rich" if sys.stdout is not None and sys.stdout.isatty() else None
"""How typer prints the help: in boxes and colours on a terminal, as plain text where it is piped."""


def examples(*commands: str, note: str = "") -> str:
    """The end of a command's help.

    Args:
        commands: what one may type, without the command's own name: `"show gpt2"`.
        note: what is to be said below them.
    """
    lines = ["Examples:" if len(commands) > 1 else "Example:", *(f"  fastinit {each}" for each in commands)]
    shown = "\n".join(lines)
    # Plain help wraps the lines of a paragraph unless \b stands before them; rich reads brackets as markup.
    shown = f"\b\n{shown}" if MODE is None else escape(shown)
    return "\n\n".join(filter(None, [shown, note]))
