"""Checkpoints: a recipe and a seed, written as a safetensors file."""

from .plan import Plan, plan
from .writer import write

__all__ = ["Plan", "plan", "write"]
