"""What is wrong with a checkpoint."""

from __future__ import annotations


class CheckpointError(ValueError):
    """What should be a checkpoint is none, or has not what is asked of it; the message says where."""


class EngineError(RuntimeError):
    """An engine could not run a task: the workers that tried have died, or it has given no result."""


class MismatchError(CheckpointError):
    """A checkpoint does not hold what its recipe and its seed give.

    Attributes:
        file: the file that differs.
        tensor: the tensor, None where the file differs elsewhere.
        index: the flat index of the first value that differs, None likewise.
    """

    def __init__(self, message: str, file: str, tensor: str | None = None, index: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.tensor = tensor
        self.index = index
