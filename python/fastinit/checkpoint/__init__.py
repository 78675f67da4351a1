"""Checkpoints: a recipe and a seed, written as a safetensors file; any checkpoint, read piece by piece."""

from .drift import Drift, drift
from .header import CheckpointError
from .plan import Plan, plan
from .reader import Checkpoint
from .writer import write

__all__ = ["Checkpoint", "CheckpointError", "Drift", "Plan", "drift", "plan", "write"]
