"""The manifest beside a checkpoint's files: what made them, and what each tensor's bytes are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import CheckpointError
from .job import Job
from .record import Summary
from .store import Store

MANIFEST = "fastinit-manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint is.

    Args:
        url: the directory that holds it, as it was asked for.
        job: the recipe, the seed and the sizes that decide every byte.
        tensors: of each stored tensor, its digest and its statistics.

    Source: fastinit's own; see docs/checkpoints.md.
    """

    url: str
    job: Job
    tensors: Mapping[str, Summary]

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the safetensors files."""
        return tuple(file.name for file in self.job.plan.files)

    def to_text(self) -> str:
        """The manifest as a file holds it: the same checkpoint gives the same text."""
        plan = self.job.plan
        tensors = {
            tensor.name: {
                "file": file.name,
                "dtype": tensor.spec.dtype,
                "shape": list(tensor.spec.shape),
                "initialiser": str(tensor.initialiser),
                **self.tensors[tensor.name].to_dict(),
            }
            for file in plan.files
            for tensor in file.tensors
        }
        files = {file.name: file.nbytes for file in plan.files}
        document = {**self.job.to_dict(), "files": files, "ties": dict(plan.ties), "tensors": tensors}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, store: Store) -> Manifest:
        """Reads the manifest of a checkpoint.

        Raises:
            FileNotFoundError: there is none.
            CheckpointError: what has its name is none, or of another version.
        """
        try:
            text = store.read(MANIFEST)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{store.url} holds no {MANIFEST}, which is written beside a checkpoint"
            ) from None
        try:
            document = json.loads(text)
            job = Job.from_dict(document)
            tensors = {name: Summary.from_dict(each) for name, each in _tensors(document).items()}
            manifest = cls(store.url, job, tensors)
            manifest._check(document)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{store.path(MANIFEST)} is no manifest: {error}") from None
        return manifest

    def _check(self, document: dict[str, Any]) -> None:
        """Compares what a file holds with what follows from the job; any version may have written it."""
        if self.tensors.keys() != {tensor.name for tensor in self.job.plan.tensors}:
            raise ValueError("its tensors are not those of its recipe")
        expected = {**json.loads(self.to_text()), "fastinit": document.get("fastinit")}
        for key in sorted(expected.keys() | document.keys()):
            if expected.get(key) != document.get(key):
                raise ValueError(f'its "{key}" is not what its recipe gives')


def _tensors(document: dict[str, Any]) -> dict[str, Any]:
    found = document.get("tensors")
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ValueError("it lists no tensors")
    return found
