"""Checkpoints: a recipe and a seed, written as safetensors files, on one machine or many, and proved."""

from .drift import Drift, drift
from .engines import Engine
from .errors import CheckpointError, EngineError, MismatchError
from .manifest import Manifest
from .plan import MAX_SHARD_SIZE, File, Plan, plan
from .reader import Checkpoint
from .record import Summary
from .verify import verify
from .writer import write

__all__ = [
    "MAX_SHARD_SIZE",
    "Checkpoint",
    "CheckpointError",
    "Drift",
    "Engine",
    "EngineError",
    "File",
    "Manifest",
    "MismatchError",
    "Plan",
    "Summary",
    "drift",
    "plan",
    "verify",
    "write",
]
