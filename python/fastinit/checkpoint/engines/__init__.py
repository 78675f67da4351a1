"""Engines: whose processes write the parts of a checkpoint. All give the same bits."""

from .engine import Engine, engine_called

__all__ = ["Engine", "engine_called"]
