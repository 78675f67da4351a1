"""Diagnostics: what the values of parameters look like, and what they should."""

from ..statistics import Statistics, merge, statistics
from .parameters import ParameterRow, Parameters, parameters
from .sharing import sharing
from .spectrum import Spectrum, spectrum
from .table import Table

__all__ = [
    "ParameterRow",
    "Parameters",
    "Spectrum",
    "Statistics",
    "Table",
    "merge",
    "parameters",
    "sharing",
    "spectrum",
    "statistics",
]
