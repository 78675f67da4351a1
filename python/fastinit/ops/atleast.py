"""Tensors brought to a least number of dimensions, by ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd import Variable
from .shape import reshape, unsqueeze

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["atleast_1d", "atleast_2d", "atleast_3d"]


def atleast_1d(*tensors: Any) -> Any:
    """Returns the tensor with at least 1 dimension (torch.atleast_1d).

    Args:
        *tensors: a tensor of any shape; or several, or one sequence of them, for a tuple.

    Raises:
        AttributeError: one of several is no tensor.
        TypeError: the only argument is neither a tensor nor a sequence.
    """
    return _each(lambda input: input if input.ndim else reshape(input, 1), tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Returns the tensor with at least 2 dimensions, a vector as a row (torch.atleast_2d).

    Args:
        *tensors: a tensor of any shape; or several, or one sequence of them, for a tuple.

    Raises:
        AttributeError: one of several is no tensor.
        TypeError: the only argument is neither a tensor nor a sequence.
    """
    return _each(_as_matrix, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Returns the tensor with at least 3 dimensions, a matrix as one sheet (torch.atleast_3d).

    Args:
        *tensors: a tensor of any shape; or several, or one sequence of them, for a tuple.

    Raises:
        AttributeError: one of several is no tensor.
        TypeError: the only argument is neither a tensor nor a sequence.
    """
    return _each(_as_sheets, tensors)


def _each(function: Callable[[Tensor], Tensor], tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1:
        if isinstance(tensors[0], Variable):
            return function(tensors[0])  # type: ignore[arg-type]  # a Tensor
        tensors = tuple(tensors[0])
    return tuple(function(tensor) for tensor in tensors)


def _as_matrix(input: Tensor) -> Tensor:
    return input if input.ndim > 1 else unsqueeze(input, 0) if input.ndim else reshape(input, 1, 1)


def _as_sheets(input: Tensor) -> Tensor:
    return input if input.ndim > 2 else unsqueeze(_as_matrix(input), -1)
