"""Diagnostics: what the values of parameters look like."""

from ..statistics import Statistics, merge, statistics

__all__ = ["Statistics", "merge", "statistics"]
