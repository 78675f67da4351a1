"""`fastinit verify`: whether a checkpoint is the one that its seed gives."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import checkpoint
from ..checkpoint.store import open_store
from .progress import progress_bar


def verify(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="A checkpoint that init has written.", show_default=False)
    ],
) -> None:
    """Make every value of a checkpoint again from its manifest, and compare it bit for bit."""
    plan = checkpoint.Manifest.read(open_store(directory)).job.plan
    with progress_bar() as progress:
        task = progress.add_task("verifying", total=sum(file.data_bytes for file in plan.files))
        manifest = checkpoint.verify(directory, progress=lambda nbytes: progress.advance(task, nbytes))
    size = f"{len(plan.tensors)} tensors, {plan.numel:,} parameters in {len(plan.files)} files"
    print(f"{directory.rstrip('/')}: {size} are those of seed {manifest.job.seed}, bit for bit")
