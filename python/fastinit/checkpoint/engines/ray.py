"""Tasks on the nodes of a Ray cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from ..errors import EngineError
from ..task import Task
from .engine import RETRIES


class RayEngine:
    """Runs each task on a node that has a CPU to spare.

    Joins the cluster that it finds (the one that this process is connected to, `RAY_ADDRESS`, one that runs
    on this machine); where there is none, it starts one on this machine, for as long as the tasks run.

    Args:
        address: the address of a cluster; None: as above.
        workers: how many tasks may run at once on a cluster of this machine's own.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        import ray  # noqa: F401 - what is not there is better missed before the work begins

        self._address = address
        self._workers = workers

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[int, str]]:
        """Runs the tasks, as `Engine` says."""
        import ray

        with ExitStack() as stack:
            if not ray.is_initialized():
                ray.init(
                    address=self._address,
                    num_cpus=self._workers,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                )
                stack.callback(ray.shutdown)
            call = ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=True)(Task.run)
            running = {call.remote(task): number for number, task in enumerate(tasks)}
            try:
                while running:
                    done, _ = ray.wait(list(running), num_returns=1)
                    for reference in done:
                        number = running.pop(reference)
                        yield number, ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.WorkerCrashedError as error:
                raise EngineError(f"workers died again and again: {error}") from None
            finally:
                for reference in running:
                    ray.cancel(reference, force=True)
