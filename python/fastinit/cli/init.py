"""`fastinit init`: the initial checkpoint of a recipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .. import checkpoint
from ..checkpoint.engines import engine_called
from ..checkpoint.sizes import format_bytes, parse_bytes
from ..checkpoint.store import open_store
from ..checkpoint.writer import unfinished
from ..recipe import Assignment, Recipe, tensors_of, tensors_of_model
from .completion import engines, parameter_names, recipe_files, variables
from .progress import waiting
from .tables import print_json, print_table, table

EXAMPLES = (
    "init gpt2.toml --out gpt2 --seed 0",
    "init gpt2.toml --set n_layer=24 --dry-run",
    "init gpt2.toml --explain transformer.wte.weight",
    "init rules.toml --like gpt2 --out again --max-shard-size 200MB",
)

_OUTPUT = "Output"
_NAMES = "Names and shapes"
_MACHINES = "Machines"


def init(
    recipe: Annotated[
        Path,
        typer.Argument(
            metavar="RECIPE.toml", help="The recipe.", show_default=False, autocompletion=recipe_files
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where the checkpoint goes, a path or an address (s3://bucket/model); else ./RECIPE",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**64 - 1, metavar="N", help="The seed of every value.")
    ] = 0,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Gives a variable of the recipe another value.",
            autocompletion=variables,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing checkpoint.", rich_help_panel=_OUTPUT)
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with what an interrupted run has left.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    max_shard_size: Annotated[
        str,
        typer.Option("--max-shard-size", metavar="SIZE", help="The most of a file.", rich_help_panel=_OUTPUT),
    ] = checkpoint.MAX_SHARD_SIZE,
    max_memory: Annotated[
        str | None,
        typer.Option(
            "--max-memory",
            metavar="SIZE",
            help="The most that a matrix of an initialiser such as orthogonal_ may take.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODULE:FACTORY",
            help="A function that returns the model, which is never allocated.",
            rich_help_panel=_NAMES,
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            "--like",
            metavar="CHECKPOINT",
            help="A safetensors file, index or directory, of which the headers are read.",
            rich_help_panel=_NAMES,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="local|dask|ray",
            help="Whose processes do it.",
            rich_help_panel=_MACHINES,
            autocompletion=engines,
        ),
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="A running Dask scheduler or Ray cluster; else what is found, or one of this machine's own.",
            rich_help_panel=_MACHINES,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help="The processes of a cluster of this machine's own.",
            rich_help_panel=_MACHINES,
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="NAME",
            help="Say which rule a parameter meets and why; write nothing.",
            autocompletion=parameter_names,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, its bytes and the free disk; write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Write the initial checkpoint of a recipe.

    A table says what is in it. The same recipe and seed give the same bytes on
    every machine.
    """
    _check_size("--max-shard-size", max_shard_size)
    _check_size("--max-memory", max_memory)
    target = out or recipe.stem
    with waiting("planning") as work:
        loaded = _load(recipe, assignments or [], model, like)
        if explain is None:
            plan = checkpoint.plan(loaded, max_shard_size)
            if not dry_run:
                runner = _engine(engine, scheduler, workers)
                work.begin("writing", sum(file.data_bytes for file in plan.files))
                with _hint(target):
                    manifest = checkpoint.write(
                        loaded,
                        target,
                        seed=seed,
                        force=force,
                        resume=resume,
                        max_shard_size=max_shard_size,
                        max_memory=max_memory,
                        engine=runner,
                        progress=work.advance,
                    )
    if explain is not None:
        _print_explanation(loaded, explain, as_json)
    elif dry_run:
        _print_plan(plan, target, as_json)
    elif as_json:
        print_json(json.loads(manifest.to_text()), indent=1)
    else:
        files = plan.files[0].name if len(plan.files) == 1 else f"{len(plan.files)} files"
        print_table(_table(plan, manifest), f"{target.rstrip('/')}/{files}: {_size(plan)}, seed {seed}")


@contextmanager
def _hint(target: str) -> Iterator[None]:
    """Says after Ctrl-C or a kill, if anything is complete, how to go on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        with suppress(OSError):  # a store that cannot be asked any more
            if unfinished(open_store(target)):
                print("fastinit: interrupted; --resume goes on with what is complete", file=sys.stderr)
        raise


def _load(path: Path, assignments: list[str], model: str | None, like: Path | None) -> Recipe:
    variables: dict[str, int | float | str] = {}
    for each in assignments:
        name, equals, value = each.partition("=")
        if not equals:
            raise typer.BadParameter(f'"{each}" is not NAME=VALUE', param_hint="--set")
        variables[name.strip()] = value
    if model is not None and like is not None:
        raise typer.BadParameter(
            "names and shapes come from one place, --model or --like", param_hint="--model"
        )
    recipe = Recipe.from_toml(path, variables=variables)
    if model is not None:
        return recipe.with_tensors(*tensors_of_model(model))
    return recipe if like is None else recipe.with_tensors(tensors_of(like))


def _engine(name: str, scheduler: str | None, workers: int | None) -> checkpoint.Engine | str:
    try:
        return engine_called(name, scheduler=scheduler, workers=workers) or "local"
    except (ValueError, ModuleNotFoundError) as error:
        raise typer.BadParameter(str(error), param_hint="--engine") from None


def _check_size(option: str, size: str | None) -> None:
    try:
        parse_bytes("1" if size is None else size)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _size(plan: checkpoint.Plan) -> str:
    return f"{len(plan.tensors)} tensors, {plan.numel:,} parameters, {format_bytes(plan.nbytes)}"


def _print_explanation(recipe: Recipe, name: str, as_json: bool) -> None:
    text = recipe.explain(name)
    if not as_json:
        print(text)
        return
    key = recipe.key(name)
    assigned, spec = recipe.assignments.get(key), recipe.tensors.get(key)
    document = {
        "name": name,
        "tied_to": None if key == name else key,
        "shape": None if spec is None else list(spec.shape),
        "dtype": None if assigned is None else assigned.spec.dtype,
        "rule": None if assigned is None else assigned.rule + 1,
        "initialiser": None if assigned is None else str(assigned.initialiser),
        "explanation": text.splitlines(),
    }
    print_json(document)


def _print_plan(plan: checkpoint.Plan, target: str, as_json: bool) -> None:
    free = open_store(target).free()
    matrix, name = plan.largest_matrix
    if as_json:
        files = [
            {"name": file.name, "bytes": file.nbytes, "tensors": [tensor.name for tensor in file.tensors]}
            for file in plan.files
        ]
        document = {"files": files, "ties": dict(plan.ties), "parameters": plan.numel, "bytes": plan.nbytes}
        print_json({**document, "free_bytes": free, "matrix_bytes": matrix, "matrix": name})
        return
    filled = table(("file", "largest tensor"), ("tensors", "tasks", "bytes"))
    for number, file in enumerate(plan.files):
        largest = max(file.tensors, key=lambda tensor: tensor.spec.nbytes)
        tasks = sum(part.file == number for part in plan.parts)
        filled.add_row(file.name, largest.name, str(len(file.tensors)), str(tasks), f"{file.nbytes:,}")
    lines = [f"{target.rstrip('/')}: {_size(plan)} in {len(plan.files)} files; nothing is written"]
    lines += [f"{tied} is tied to {source}" for tied, source in plan.ties.items()]
    if name is not None:
        lines.append(f"memory: {format_bytes(matrix)} at most for a matrix of {name}, beside the buffers")
    if free is not None:
        enough = "enough" if free >= plan.nbytes else "NOT ENOUGH"
        lines.append(f"disk: {free:,} bytes free, {enough} for {plan.nbytes:,}")
    print_table(filled, "\n".join(lines))


def _table(plan: checkpoint.Plan, manifest: checkpoint.Manifest) -> Table:
    filled = table(("name", "shape", "dtype", "initialiser"), ("mean", "std", "min", "max"))

    def add(name: str, tensor: Assignment, initialiser: str) -> None:
        seen = manifest.tensors[tensor.name].statistics
        numbers = (f"{number:.4g}" for number in (seen.mean, seen.std, seen.min, seen.max))
        filled.add_row(name, str(list(tensor.spec.shape)), tensor.spec.dtype, initialiser, *numbers)

    stored = {tensor.name: tensor for tensor in plan.tensors}
    # In the recipe's order, which people know, not in that of the bytes.
    for name in [*manifest.job.recipe.assignments, *plan.ties]:
        tie = plan.ties.get(name)
        add(name, stored[tie or name], f"tied to {tie}" if tie else str(stored[name].initialiser))
    return filled
