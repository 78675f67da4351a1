"""How often values occur, and where they would stand: unique, bincount, histc, searchsorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..autograd import Variable
from ..autograd.variable import wrap
from .operands import Array, Operand, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["bincount", "bucketize", "histc", "searchsorted", "unique", "unique_consecutive"]


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Tensor | tuple[Tensor, ...]:
    """Returns the different elements, or entries of `dim`, in order (torch.unique); no gradient.

    Args:
        input: any shape.
        sorted: changes nothing here: they always are.
        return_inverse: also return, for each element, where its value is in the result.
        return_counts: also return how often each occurs.
        dim: compare entries of this dimension instead of elements.

    Raises:
        IndexError: the dimension is out of range.
    """
    x = input._array
    values, inverse, counts = np.unique(lift(x), return_inverse=True, return_counts=True, axis=dim)
    shape = x.shape if dim is None else (-1,)
    return _chosen(lower(values, x.dtype), inverse.reshape(shape), counts, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Tensor | tuple[Tensor, ...]:
    """Returns the elements, or entries of `dim`, each run of equals as one (torch.unique_consecutive).

    Args:
        input: any shape but ().
        return_inverse: also return, for each element, where its value is in the result.
        return_counts: also return how often each occurs in a row.
        dim: compare entries of this dimension instead of elements.

    Raises:
        IndexError: the dimension is out of range.
    """
    x = input._array
    rows = x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0)
    differs = (rows[1:] != rows[:-1]).reshape(max(len(rows) - 1, 0), -1).any(axis=1)
    starts = np.concatenate([np.ones(min(len(rows), 1), np.bool_), differs])
    places = np.flatnonzero(starts)
    values = rows[places] if dim is None else np.moveaxis(rows[places], 0, dim)
    inverse = np.cumsum(starts) - 1
    counts = np.diff(np.append(places, len(rows)))
    shape = x.shape if dim is None else (-1,)
    return _chosen(values, inverse.reshape(shape), counts, return_inverse, return_counts)


def _chosen(
    values: Array, inverse: Array, counts: Array, with_inverse: bool, with_counts: bool
) -> Tensor | tuple[Tensor, ...]:
    results = [values, *([inverse] if with_inverse else []), *([counts] if with_counts else [])]
    return tuple(map(wrap, results)) if len(results) > 1 else wrap(values)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """Returns how often each of 0, 1, 2 and so on occurs, or the sum of its weights (torch.bincount).

    Args:
        input: (n,), integers, at least 0.
        weights: (n,), numbers of any dtype.
        minlength: the least length of the result.

    Returns:
        A vector, one longer than the largest element, of int64; of weights, of float32 if they are, else of
        float64.

    Raises:
        NotImplementedError: the input is boolean or of floating point.
        RuntimeError: the input is no vector of non-negative integers, the weights do not fit, or `minlength`
            is negative.
    """
    x = input._array
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if x.ndim != 1 or (x.size and x.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{input.dtype.type_name}'")
    if weights is None:
        return wrap(np.bincount(x, minlength=minlength))
    if weights._array.shape != x.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    counts = np.bincount(x, lift(weights._array), minlength)
    single = weights._array.dtype == np.float32
    return wrap(counts.astype(np.float32 if single else np.float64))


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Returns how many elements lie in each of equal bins from `min` to `max` (torch.histc).

    Args:
        input: any shape, floating point.
        bins: how many.
        min: the lower end; both 0: the range of the elements.
        max: the upper end, which belongs to the last bin.

    Raises:
        RuntimeError: there is no bin, or min > max.
    """
    x = input._array
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    if not dtypes.as_dtype(x.dtype).is_floating_point:
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{input.dtype.type_name}'")
    low, high = float(min), float(max)
    working = lift(x).reshape(-1)
    if low == high and x.size:
        low, high = float(working.min()), float(working.max())
    if low == high:
        low, high = low - 1, high + 1
    if not low < high:
        raise RuntimeError("max must be larger than min")
    counts, _ = np.histogram(working, bins, (low, high))
    return wrap(counts.astype(x.dtype))


def searchsorted(
    sorted_sequence: Tensor,
    input: Operand,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
) -> Tensor:
    """Returns where values would have to be inserted to keep a sequence in order (torch.searchsorted).

    Args:
        sorted_sequence: in order along its last dimension.
        input: a number, or a tensor with the same leading dimensions; any, if the sequence has one dimension.
        out_int32: return int32.
        right: behind equal elements, not before them.
        side: "left" or "right", in place of `right`.

    Raises:
        RuntimeError: the shapes do not fit.
    """
    edges = lift(sorted_sequence._array)
    values: Any = lift(input._array) if isinstance(input, Variable) else np.asarray(input)
    where = side or ("right" if right else "left")
    if edges.ndim == 1:
        places = np.asarray(np.searchsorted(edges, values, where))  # type: ignore[call-overload]
    else:
        if values.shape[:-1] != edges.shape[:-1]:
            raise RuntimeError(
                "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
                f"boundaries tensor and input value tensor must match, but we got boundaries tensor "
                f"{list(edges.shape)} and input value tensor {list(values.shape)}"
            )
        places = np.empty(values.shape, np.int64)
        for at in np.ndindex(edges.shape[:-1]):
            places[at] = np.searchsorted(edges[at], values[at], where)  # type: ignore[call-overload]
    return wrap(places.astype(np.int32 if out_int32 else np.int64))


def bucketize(input: Operand, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Returns where values would have to be inserted to keep boundaries in order (torch.bucketize).

    Args:
        input: a number, or a tensor of any shape.
        boundaries: a vector, in order.
        out_int32: return int32.
        right: behind equal boundaries, not before them.

    Returns:
        The input's shape, int64 unless `out_int32`.

    Raises:
        RuntimeError: the boundaries have not one dimension.
    """
    if boundaries._array.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._array.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
