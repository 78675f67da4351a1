"""Other shapes of the same memory: views, which share it, and copies where no view exists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.record import record, record_view
from ..autograd.variable import wrap
from ..dtypes import as_dtype, dtype
from .copying import contiguous
from .dims import flatten_arguments, numpy_names, wrap_dim, wrap_dims

if TYPE_CHECKING:
    from ..tensor import Tensor


def _inferred(sizes: tuple[int, ...], numel: int) -> tuple[int, ...]:
    """Fills in the length that -1 stands for.

    Raises:
        RuntimeError: the sizes do not make up `numel` elements.
    """
    unknown = [index for index, size in enumerate(sizes) if size == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for size in sizes:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size}")
    known = math.prod(size for size in sizes if size != -1)
    if unknown:
        if known == 0:
            if numel == 0:
                raise RuntimeError(
                    f"cannot reshape tensor of 0 elements into shape {list(sizes)} because the unspecified "
                    "dimension size -1 can be any value and is ambiguous"
                )
        elif numel % known == 0:
            return tuple(numel // known if size == -1 else size for size in sizes)
    elif known == numel:
        return sizes
    raise RuntimeError(f"shape '{list(sizes)}' is invalid for input of size {numel}")


def _as_view(input: Tensor, shape: tuple[int, ...], name: str = "ViewBackward0") -> Tensor | None:
    """Returns the memory under another shape, or None where its strides do not allow that."""
    former = input._array.shape
    try:
        array = np.reshape(input._array, shape, copy=False)
    except ValueError:
        return None
    return record_view(
        input,
        array,
        name,
        lambda base: base.reshape(shape),
        lambda grad: (grad.reshape(former),),
    )


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Returns the elements under another shape, as a view where the strides allow it (torch.reshape).

    Args:
        input: any shape.
        *shape: integers or one sequence; one may be -1, and is inferred.

    Raises:
        RuntimeError: the shape does not fit the number of elements.
    """
    sizes = _inferred(flatten_arguments(shape), input._array.size)
    name = "ViewBackward0" if input._array.flags.c_contiguous else "ReshapeAliasBackward0"
    view = _as_view(input, sizes, name)
    if view is not None:
        return view
    former = input._array.shape
    copy = record(input._array.copy(), "CloneBackward0", (input,), lambda grad: (grad,))
    return record(
        copy._array.reshape(sizes), "UnsafeViewBackward0", (copy,), lambda grad: (grad.reshape(former),)
    )


def view(input: Tensor, *shape: Any) -> Tensor:
    """Returns the same memory under another shape, or its bits as another dtype (torch.Tensor.view).

    Args:
        input: any shape.
        *shape: as in `reshape`; or a dtype.

    Raises:
        RuntimeError: the shape does not fit the number of elements, or the strides do not allow a view; the
            last dimension does not make whole elements of the dtype.
    """
    if len(shape) == 1 and isinstance(shape[0], dtype | type):
        return _bits(input, as_dtype(shape[0]))
    sizes = _inferred(flatten_arguments(shape), input._array.size)
    result = _as_view(input, sizes)
    if result is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans "
            "across two contiguous subspaces). Use .reshape(...) instead."
        )
    return result


def _bits(input: Tensor, kind: dtype) -> Tensor:
    if kind.numpy == input._array.dtype:
        return view_as(input, input)
    _check_bits(input, kind)
    bits = wrap(input._array.view(kind.numpy))
    bits._counter = input.version_counter()
    return bits


def _check_bits(input: Tensor, kind: dtype) -> None:
    x = input._array
    ratio = kind.itemsize // x.itemsize
    if kind.itemsize == x.itemsize:
        return
    views = f"to view {input.dtype.type_name} as {kind.type_name} (different element sizes)"
    if x.ndim == 0:
        raise RuntimeError(f"self.dim() cannot be 0 {views}")
    if ratio > 1 and x.shape[-1] % ratio:
        raise RuntimeError(f"self.size(-1) must be divisible by {ratio} {views}, but got {x.shape[-1]}")
    if x.strides[-1] != x.itemsize and x.size:
        raise RuntimeError(f"self.stride(-1) must be 1 {views}, but got {x.strides[-1] // x.itemsize}")


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """Returns `input` viewed under the shape of `other` (torch.Tensor.view_as)."""
    return view(input, other._array.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Returns `input` under the shape of `other` (torch.Tensor.reshape_as)."""
    return reshape(input, other._array.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Returns the tensor with the dimensions from `start_dim` to `end_dim` joined into one (torch.flatten).

    Args:
        input: any shape and dtype.
        start_dim: the first.
        end_dim: the last; it belongs to them.

    Returns:
        The tensor itself if there is nothing to join; a view where the strides allow it, else a copy.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: `start_dim` comes after `end_dim`.
    """
    shape = input._array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    if start == end:
        return input
    return reshape(input, *shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


def ravel(input: Tensor) -> Tensor:
    """Returns the elements in one dimension (torch.ravel).

    Args:
        input: any shape and dtype.

    Returns:
        A view if the tensor is contiguous, else a copy; 1 dimension.

    Raises:
        AttributeError: `input` is no tensor.
    """
    return view(contiguous(input), -1)


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Returns the tensor with one dimension split into several (torch.unflatten).

    Args:
        input: any shape but ().
        dim: the dimension.
        sizes: the lengths in its place; one may be -1, and is inferred.

    Returns:
        A view.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the sizes do not multiply to the dimension's length, or there is no dimension.
    """
    shape = input._array.shape
    dim = wrap_dim(dim, len(shape))
    if not shape:
        raise RuntimeError(
            "unflatten got an unexpected error:\nDimension specified as 0 but tensor has no dimensions"
        )
    try:
        inner = _inferred(tuple(sizes), shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
            f"({shape[dim]}) in the input tensor"
        ) from None
    return view(input, *shape[:dim], *inner, *shape[dim + 1 :])


@numpy_names
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Returns a view without the dimensions of length 1: all of them, or those named (torch.squeeze).

    Args:
        input: any shape and dtype.
        dim: a dimension or several, kept if they are longer; None for all.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: one is named twice.
    """
    shape = input._array.shape
    if dim is None:
        name, named = "SqueezeBackward0", tuple(range(len(shape)))
    elif isinstance(dim, int):
        name, named = "SqueezeBackward1", (wrap_dim(dim, len(shape)),)
    else:
        name, named = "SqueezeBackward2", wrap_dims(dim, len(shape)) if dim else ()
    axes = tuple(axis for axis, length in enumerate(shape) if length == 1 and axis in named)
    return record_view(
        input,
        input._array.squeeze(axes),
        name,
        lambda base: base.squeeze(axes),
        lambda grad: (grad.reshape(shape),),
    )


@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Returns a view with a dimension of length 1 inserted at `dim` (torch.unsqueeze).

    Args:
        input: any shape and dtype.
        dim: the place of the new dimension in the result.

    Raises:
        IndexError: it is out of range.
    """
    axis = wrap_dim(dim, input._array.ndim + 1)
    return record_view(
        input,
        np.expand_dims(input._array, axis),
        "UnsqueezeBackward0",
        lambda base: np.expand_dims(base, axis),
        lambda grad: (grad.squeeze(axis),),
    )
