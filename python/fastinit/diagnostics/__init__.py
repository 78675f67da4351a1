"""Diagnostics: what the values of parameters look like."""

from .statistics import Statistics, statistics

__all__ = ["Statistics", "statistics"]
