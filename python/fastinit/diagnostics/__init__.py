"""Diagnostics: what parameters are like, what they should be, and what they do to signals and gradients."""

from ..statistics import Statistics, merge, statistics
from .comparison import Comparison, Difference, compare
from .coordinate_check import CoordinateCheck, CoordinateRow, coordinate_check
from .density import Density, density
from .lsuv import lsuv_
from .parameters import ParameterRow, Parameters, parameters
from .propagation import LayerRow, Propagation, propagation
from .sharing import sharing
from .singular_values import SingularValues, marchenko_pastur, singular_values
from .spectrum import Spectrum, spectrum
from .table import Table

__all__ = [
    "Comparison",
    "CoordinateCheck",
    "CoordinateRow",
    "Density",
    "Difference",
    "LayerRow",
    "ParameterRow",
    "Parameters",
    "Propagation",
    "SingularValues",
    "Spectrum",
    "Statistics",
    "Table",
    "compare",
    "coordinate_check",
    "density",
    "lsuv_",
    "marchenko_pastur",
    "merge",
    "parameters",
    "propagation",
    "sharing",
    "singular_values",
    "spectrum",
    "statistics",
]
