"""Tasks on the workers of a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from ..task import Task
from .engine import RETRIES


class DaskEngine:
    """Runs each task on a worker that is free.

    A task is a few hundred bytes, and so is its result; the values never cross the network but to their disk.
    Where a worker dies, the scheduler gives its tasks to others.

    Args:
        scheduler: the address of a scheduler, such as `"tcp://10.0.0.1:8786"`; None: a cluster of this
            machine's own, for as long as the tasks run.
        workers: the worker processes of such a cluster; None: as many as Dask thinks fit.
        client: a `distributed.Client` to use instead.
    """

    def __init__(
        self, scheduler: str | None = None, workers: int | None = None, client: Any | None = None
    ) -> None:
        import distributed  # noqa: F401 - what is not there is better missed before the work begins

        if scheduler is not None and workers is not None:
            raise ValueError(
                "the workers of a running scheduler are its own: give either a scheduler or workers"
            )
        self._scheduler = scheduler
        self._workers = workers
        self._client = client

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
        """Runs the tasks, as `Engine` says."""
        from distributed import Client, KilledWorker, LocalCluster, as_completed

        with ExitStack() as stack:
            client = self._client
            if client is None:
                address = self._scheduler or stack.enter_context(
                    LocalCluster(
                        n_workers=self._workers,
                        threads_per_worker=1,
                        dashboard_address="127.0.0.1:0",  # any free port: 8787 may be another cluster's
                        silence_logs=logging.CRITICAL,  # what a task raises is raised here
                    )
                )
                client = stack.enter_context(Client(address))
            # Not pure: Dask would take two checkpoints' equal tasks for one that is done already.
            futures = {
                client.submit(task.run, pure=False, retries=RETRIES): n for n, task in enumerate(tasks)
            }
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except KilledWorker as error:
                raise RuntimeError(f"workers died again and again: {error}") from None
            finally:
                client.cancel(list(futures), force=True)
