"""`fastinit completion`: what a shell asks when somebody presses Tab, and what it is answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer
from typer import completion as protocol

from ..checkpoint import Checkpoint, CheckpointError
from ..checkpoint.engines.engine import ENGINES
from ..recipe import Recipe, RecipeError
from ..recipe.document import documents, read

EXAMPLES = ("completion bash",)

Words = Callable[[typer.Context, str], list[str]]


class Shell(StrEnum):
    """Whose completion is known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)]) -> None:
    """Print a script for completion in a shell.

    It completes commands, options, recipes and names of tensors. Nothing is
    installed: the shell reads the script, or a file that holds it.
    """
    script = protocol.get_completion_script(  # type: ignore[attr-defined]  # imported there
        prog_name="fastinit", complete_var="_FASTINIT_COMPLETE", shell=shell.value
    )
    print(script)


def answer_shells() -> None:
    """Lets typer answer the questions of these scripts, as it does where it installs them itself."""
    protocol.completion_init()  # type: ignore[attr-defined]  # imported there


def _quiet(words: Callable[[typer.Context, str], Iterable[str]]) -> Words:
    """Whoever presses Tab wants no error: what cannot be read has no names."""

    @wraps(words)
    def quiet(ctx: typer.Context, incomplete: str) -> list[str]:
        with suppress(CheckpointError, RecipeError, OSError):
            return [word for word in words(ctx, incomplete) if word.startswith(incomplete)]
        return []

    return quiet


@_quiet
def recipe_files(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The recipes in the directory of what is typed; where there are none, the shell offers all files."""
    folder = incomplete[: incomplete.rfind("/") + 1]
    return sorted(folder + path.name for path in Path(folder or ".").glob("*.toml"))


@_quiet
def tensor_names(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The names in the checkpoint that was typed, unless it is far away."""
    path = str(ctx.params.get("path"))
    return () if "://" in path else Checkpoint(path).tensors


def _typed_recipe() -> str:
    """The recipe in the line that the shell asks about; typer reads none while an option lacks its value."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return next((word for word in line.split() if word.endswith(".toml")), "")


@_quiet
def parameter_names(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The names in the recipe that was typed."""
    recipe = Recipe.from_toml(_typed_recipe())
    return [*recipe.tensors, *(name for name in recipe.ties if name not in recipe.tensors)]


@_quiet
def variables(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The variables of the recipe that was typed and of its bases, each with its `=`."""
    path = Path(_typed_recipe())
    found = [each.tables.get("vars", {}) for each in documents(read(path), None, path.parent, path)]
    return dict.fromkeys(f"{name}=" for names in found for name in names)


@_quiet
def engines(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The engines."""
    return ENGINES
