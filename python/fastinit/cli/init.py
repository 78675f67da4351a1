"""`fastinit init`: the initial checkpoint of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy.typing as npt
import typer
from rich.table import Table

from .. import checkpoint
from ..recipe import Assignment, Recipe
from ..statistics import Statistics, statistics
from .progress import progress_bar
from .tables import print_table, table


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
    with progress_bar() as progress:
        task = progress.add_task("filling", total=plan.nbytes)

        def observe(tensor: Assignment, values: npt.NDArray[Any]) -> None:
            figures[tensor.name] = statistics(values)
            progress.advance(task, tensor.spec.nbytes)
            if progress.finished:
                progress.update(task, description="writing")

        path = checkpoint.write(loaded, out or Path(recipe.stem), seed=seed, force=force, observe=observe)
    numel = sum(tensor.spec.numel for tensor in plan.tensors)
    size = f"{len(plan.tensors)} tensors, {numel:,} parameters, {plan.nbytes / 1e6:,.1f} MB"
    print_table(_table(plan, figures), f"{path}: {size}, seed {seed}")


def _table(plan: checkpoint.Plan, figures: dict[str, Statistics]) -> Table:
    filled = table(("name", "shape", "dtype", "initialiser"), ("mean", "std", "min", "max"))

    def add(name: str, tensor: Assignment, initialiser: str) -> None:
        seen = figures[tensor.name]
        numbers = (f"{number:.4g}" for number in (seen.mean, seen.std, seen.min, seen.max))
        filled.add_row(name, str(list(tensor.spec.shape)), tensor.spec.dtype, initialiser, *numbers)

    by_name = {tensor.name: tensor for tensor in plan.tensors}
    for tensor in plan.tensors:
        add(tensor.name, tensor, str(tensor.initialiser))
    for name, source in plan.ties.items():
        add(name, by_name[source], f"tied to {source}")
    return filled
