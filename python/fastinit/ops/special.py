"""Special functions: the error function and its relatives, and the logit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..meta import as_array
from .operands import Array, in_place
from .pointwise import of_input, of_result, real

if TYPE_CHECKING:
    from ..tensor import Tensor

_SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0

_erf_of_objects = np.frompyfunc(math.erf, 1, 1)
_erfc_of_objects = np.frompyfunc(math.erfc, 1, 1)


def _erf(x: Array) -> Array:
    return as_array(_erf_of_objects(x)).astype(x.dtype)


def _erfc(x: Array) -> Array:
    return as_array(_erfc_of_objects(x)).astype(x.dtype)


def _erfinv(values: Array) -> Array:
    """Inverts erf: Winitzki's approximation, then steps of Halley, in float64.

    Beyond 0.5 the steps compare erfc, which there keeps the digits that erf loses.
    """
    x = np.abs(values.astype(np.float64))
    inside = np.where(x < 1, x, 0)
    logarithm = np.log1p(-inside * inside)
    middle = 2 / (math.pi * 0.147) + logarithm / 2
    y: Any = np.sqrt(np.sqrt(middle * middle - logarithm / 0.147) - middle)
    for _ in range(3):
        excess = np.where(inside < 0.5, _erf(y) - inside, (1 - inside) - _erfc(y))
        ratio = excess / (_SLOPE * np.exp(-y * y))
        y = y - ratio / (1 + y * ratio)
    y = np.where(x < 1, y, np.where(x == 1, np.inf, np.nan))
    return as_array(np.copysign(y, values)).astype(values.dtype)


@real
def erf(input: Tensor) -> Tensor:
    """Returns the error function (torch.erf)."""
    return of_input(input, "ErfBackward0", _erf, lambda x: _SLOPE * np.exp(-x * x))


@real
def erfc(input: Tensor) -> Tensor:
    """Returns 1 - erf(x), accurate where erf is near 1 (torch.erfc)."""
    return of_input(input, "ErfcBackward0", _erfc, lambda x: -_SLOPE * np.exp(-x * x))


@real
def erfinv(input: Tensor) -> Tensor:
    """Returns the inverse of `erf`, NaN outside [-1, 1] (torch.erfinv)."""
    return of_result(input, "ErfinvBackward0", _erfinv, lambda y: np.exp(y * y) / _SLOPE)


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """Returns log(x / (1 - x)), the inverse of `sigmoid` (torch.logit).

    Args:
        input: any shape and dtype; integers and booleans are taken in the default dtype.
        eps: move the input into [eps, 1 - eps] first; None leaves it, and gives NaN outside [0, 1].

    Raises:
        AttributeError: `input` is no tensor.
    """

    def function(x: Array) -> Any:
        if eps is not None:
            x = np.clip(x, x.dtype.type(eps), x.dtype.type(1 - eps))
        return np.log(x / (1 - x))

    def slope(x: Array) -> Any:
        if eps is None:
            return np.where((x < 0) | (x > 1), np.nan, 1 / (x * (1 - x)))
        return np.where((x < eps) | (x > 1 - eps), 0, 1 / (x * (1 - x)))

    return of_input(input, "LogitBackward0", function, slope)


erf_ = in_place(erf)
erfc_ = in_place(erfc)
erfinv_ = in_place(erfinv)
logit_ = in_place(logit)
