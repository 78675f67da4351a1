"""`fastinit verify`: whether a checkpoint is the one that its seed gives."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import checkpoint
from ..checkpoint.store import open_store
from .progress import waiting
from .tables import print_json

EXAMPLES = ("verify gpt2", "verify gpt2 --json")


def verify(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="A checkpoint that init has written.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Prove that a checkpoint is what its seed gives.

    Every value is made again from the manifest beside it, and compared bit for bit.
    """
    if "://" not in directory and not Path(directory).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), directory)
    about: dict[str, Any] = {"checkpoint": directory}
    with waiting("reading the manifest") as work:
        job = checkpoint.Manifest.read(open_store(directory)).job
        nbytes = sum(file.data_bytes for file in job.plan.files)
        work.begin("verifying", nbytes)
        about |= {"seed": job.seed, "files": len(job.plan.files), "tensors": len(job.plan.tensors)}
        about |= {"numel": job.plan.numel, "nbytes": nbytes}
        mismatch = None
        try:
            checkpoint.verify(directory, progress=work.advance)
        except checkpoint.MismatchError as found:
            mismatch = found
    if as_json:
        where = {name: getattr(mismatch, name, None) for name in ("file", "tensor", "index")}
        why = None if mismatch is None else str(mismatch)
        print_json({**about, "identical": mismatch is None, **where, "difference": why})
    if mismatch is not None:
        raise mismatch
    if not as_json:
        size = f"{about['tensors']} tensors, {about['numel']:,} parameters in {about['files']} files"
        print(f"{directory.rstrip('/')}: {size} are those of seed {job.seed}, bit for bit")
