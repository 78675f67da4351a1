"""What an engine is, and how one is called for by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ...recipe.errors import unknown
from ..task import Task

ENGINES = "local", "dask", "ray"
"""Whose names are known."""

RETRIES = 3
"""How often a task is tried again, on another worker where its own has died."""


class Engine(Protocol):
    """Runs tasks, in any order, on whatever it has.

    A task may run more than once, even at the same time: it writes the same bytes. It has no argument but
    itself, and its result is a text.

    Source: fastinit's own; see docs/clusters.md.
    """

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
        """Runs all tasks; gives the place and the result of each as it is done.

        Raises:
            OSError: a task could not write, and further tries have not helped.
            EngineError: the machines that ran a task died again and again.
        """
        ...


def engine_called(name: str, *, scheduler: str | None = None, workers: int | None = None) -> Engine | None:
    """The engine of a name: `"dask"`, `"ray"`; `None` for `"local"`, where this process does all.

    Args:
        name: which.
        scheduler: the address of a Dask scheduler or of a Ray cluster; None: what is found, else a cluster of
            this machine's own.
        workers: the worker processes of a cluster of this machine's own.

    Raises:
        ValueError: there is no such engine, or it takes no such option.
        ModuleNotFoundError: what it needs is not installed.
    """
    if name == "local":
        if scheduler is not None or workers is not None:
            raise ValueError(
                "the local engine has neither scheduler nor workers: it runs on this process's threads"
            )
        return None
    try:
        if name == "dask":
            from .dask import DaskEngine

            return DaskEngine(scheduler, workers)
        if name == "ray":
            from .ray import RayEngine

            return RayEngine(scheduler, workers)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f'the engine "{name}" needs {missing.name}: pip install "fastinit[{name}]"', name=missing.name
        ) from None
    raise ValueError(str(unknown("engine", name, ENGINES)))
