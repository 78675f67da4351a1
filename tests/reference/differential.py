"""One program, run under two libraries: what it gives or raises, as text that can be compared."""

import contextlib
import io
import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np

# PyTorch's layers live in torch.nn.modules.<family>, those of fastinit in fastinit.nn.<family>.
_NAMES = ((r"\btorch\.nn\.modules\.", "fastinit.nn."), (r"\btorch\b", "fastinit"))


def calls(table: str) -> list[str]:
    """The entries of a table, which `|` and line ends part."""
    return [call.strip() for line in table.strip("\n").splitlines() for call in line.split("|")]


def translated(text: str) -> str:
    """Text of torch under the names of fastinit."""
    for pattern, name in _NAMES:
        text = re.sub(pattern, name, text)
    return text


def outcome(library: ModuleType, expression: str, **names: Any) -> str:
    """What an expression prints as, or the exception that it raises, with the first line of its message."""
    try:
        return translated(repr(eval(expression, {"torch": library, "nn": library.nn, "np": np, **names})))
    except Exception as error:
        return translated(f"{type(error).__name__}: {str(error).splitlines()[0]}")


def output(library: ModuleType, program: str) -> str:
    """What a program prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {"torch": library, "nn": library.nn, "np": np, "__name__": "program"})
    return translated(printed.getvalue())


def transcript(library: ModuleType, program: str, table: str) -> list[str]:
    """What each call of a table gives, warns of or raises, run in order after a program."""
    names: dict[str, Any] = {"torch": library, "nn": library.nn, "np": np, "__name__": "program"}
    exec(program, names)
    lines = []
    for call in calls(table):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                given = repr(eval(call, names))
            except Exception as error:
                given = f"{type(error).__name__}: {error}"
        warned = [f"{each.category.__name__}: {each.message}" for each in caught]
        lines.append(translated(" | ".join([call, given, *warned])))
    return lines
