"""Views with the dimensions in another order."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..autograd.record import record_view
from .dims import flatten_arguments, wrap_dim

if TYPE_CHECKING:
    from ..tensor import Tensor


def _permuted(input: Tensor, order: tuple[int, ...], name: str) -> Tensor:
    return record_view(
        input,
        input._array.transpose(order),
        name,
        lambda base: base.transpose(order),
        lambda grad: (grad.transpose(sorted(range(len(order)), key=order.__getitem__)),),
    )


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Returns a view with two dimensions swapped (torch.transpose); also named `swapaxes` and `swapdims`.

    Args:
        input: any shape and dtype.
        dim0: the one.
        dim1: the other.

    Raises:
        IndexError: a dimension is out of range.
    """
    ndim = input._array.ndim
    dim0, dim1 = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return _permuted(input, tuple(order), "TransposeBackward0")


def t(input: Tensor) -> Tensor:
    """Returns the transpose of a matrix as a view; vectors as they are (torch.t).

    Args:
        input: at most 2 dimensions.

    Raises:
        RuntimeError: there are more.
    """
    ndim = input._array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return _permuted(input, tuple(reversed(range(ndim))), "TBackward0")


def numpy_t(input: Tensor) -> Tensor:
    """Returns a view with all dimensions reversed (torch.Tensor.T)."""
    ndim = input._array.ndim
    if ndim not in {0, 2}:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and "
            "it will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=3,
        )
    return _permuted(input, tuple(reversed(range(ndim))), "PermuteBackward0")


def matrix_t(input: Tensor, name: str = "mT") -> Tensor:
    """Returns a view with the last two dimensions swapped, or a 0-d tensor itself (torch.Tensor.mT).

    Raises:
        RuntimeError: 1 dimension.
    """
    if input._array.ndim == 0:
        return input
    if input._array.ndim == 1:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return transpose(input, -2, -1)


def adjoint(input: Tensor) -> Tensor:
    """As `mT`: there are no complex numbers (torch.adjoint)."""
    return matrix_t(input, "adjoint()")


def permute(input: Tensor, *dims: Any) -> Tensor:
    """Returns a view with the dimensions in another order (torch.permute).

    Args:
        input: any shape and dtype.
        *dims: all dimensions in their new order, integers or one sequence.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice, or not all are named.
    """
    order = flatten_arguments(dims)
    ndim = input._array.ndim
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = "
            f"{len(order)}"
        )
    order = tuple(wrap_dim(dim, ndim) for dim in order)
    if len(set(order)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return _permuted(input, order, "PermuteBackward0")


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Returns a view with dimensions moved to other places (torch.movedim); also named `moveaxis`.

    Args:
        input: any shape and dtype.
        source: a dimension or several.
        destination: the place of each in the result; the rest keep their order.

    Raises:
        IndexError: a dimension is out of range.
        ValueError: there are more of one than of the other.
    """
    ndim = input._array.ndim
    sources = [wrap_dim(dim, ndim) for dim in ((source,) if isinstance(source, int) else source)]
    destinations = [
        wrap_dim(dim, ndim) for dim in ((destination,) if isinstance(destination, int) else destination)
    ]
    if ndim == 0:
        return _permuted(input, (), "AliasBackward0")
    rest = [dim for dim in range(ndim) if dim not in sources]
    for place, dim in sorted(zip(destinations, sources, strict=True)):
        rest.insert(place, dim)
    return _permuted(input, tuple(rest), "PermuteBackward0")


swapaxes = swapdims = transpose


moveaxis = movedim
