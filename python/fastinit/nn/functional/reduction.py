"""How a loss turns its elementwise values into what it returns, and how a gradient comes back."""

import warnings
from typing import Any

from ...meta import as_array
from ...ops.operands import Array

_REDUCTIONS = ("none", "mean", "sum")


def resolve_reduction(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """Translates PyTorch's two old arguments, with a warning, into a reduction.

    Args:
        reduction: returned as it is where neither old argument is given.
        size_average: False: sum instead of mean.
        reduce: False: no reduction.
    """
    if size_average is None and reduce is None:
        return reduction
    reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
        stacklevel=3,
    )
    return reduction


def check_reduction(reduction: str) -> None:
    """Raises ValueError unless `reduction` is one of 'none', 'mean' and 'sum'."""
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")


def reduced(losses: Array, reduction: str, weight: Any = None) -> Array:
    """Reduces elementwise losses.

    Args:
        losses: the loss of each element.
        reduction: 'none', 'mean' or 'sum'.
        weight: what 'mean' divides the sum by; the number of elements if None.
    """
    if reduction == "none":
        return losses
    total = losses.sum()
    return as_array(
        total if reduction == "sum" else total / total.dtype.type(losses.size if weight is None else weight)
    )


def unreduced(grad: Array, reduction: str, weight: Any) -> Any:
    """Returns the gradient of each elementwise loss, up to broadcasting, from that of the reduced one."""
    return grad / grad.dtype.type(weight) if reduction == "mean" else grad
