"""Diagnostics: what parameters are like, what they should be, and what they do to signals and gradients."""

from ..statistics import Statistics, merge, statistics
from .comparison import Comparison, Difference, compare
from .coordinate_check import CoordinateCheck, CoordinateRow, coordinate_check
from .lsuv import lsuv_
from .parameters import ParameterRow, Parameters, parameters
from .propagation import LayerRow, Propagation, propagation
from .sharing import sharing
from .spectrum import Spectrum, spectrum
from .table import Table

__all__ = [
    "Comparison",
    "CoordinateCheck",
    "CoordinateRow",
    "Difference",
    "LayerRow",
    "ParameterRow",
    "Parameters",
    "Propagation",
    "Spectrum",
    "Statistics",
    "Table",
    "compare",
    "coordinate_check",
    "lsuv_",
    "merge",
    "parameters",
    "propagation",
    "sharing",
    "spectrum",
    "statistics",
]
