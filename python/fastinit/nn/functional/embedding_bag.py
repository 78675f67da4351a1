"""Sums, means and maxima of rows of a table, by bags of indices."""

import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np

from ... import creation
from ...autograd.record import record
from ...dtypes import as_dtype, bfloat16, dtype, float16, float32, float64, int32, int64, promote_types
from ...ops.operands import Array, lift, lower
from ...tensor import Tensor
from .embedding import shorten

__all__ = ["embedding_bag"]

# In the order of PyTorch's messages.
_INDICES: Final = (int64, int32)
_FLOATS: Final = (float16, bfloat16, float32, float64)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Returns for each bag of indices the sum, the mean or the maximum of the rows that they name.

    Args:
        input: indices in [0, rows), int64 or int32: `(B, n)`, a bag per row, or `(N)` with offsets.
        weight: `(rows, columns)`.
        offsets: `(B)`, where in `input` each bag starts; the first is 0.
        max_norm: rows that are looked up and are longer than this are first scaled down to it, in place.
        norm_type: which p-norm max_norm means.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs in `input`; not for max.
        mode: `'sum'`, `'mean'` or `'max'`.
        sparse: accepted for compatibility, but for max; the gradient is dense, with the same values.
        per_sample_weights: of input's shape: what each row is multiplied by, for sums.
        include_last_offset: offsets, where they are given, have one more element, the end of the last bag.
        padding_idx: an index that counts for nothing; negative counts from the end.

    Returns:
        `(B, columns)`; zeros for a bag without indices.

    Raises:
        NotImplementedError: per_sample_weights with another mode than sum.
        RuntimeError: an index, an offset or padding_idx is out of range, or a dtype does not fit.
        ValueError: a shape or the mode does not fit.

    Source: torch.nn.functional.embedding_bag.
    """
    if weight._array.dtype == np.int64 and as_dtype(input._array.dtype).is_floating_point:
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, "
            "...)` is deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    factors = per_sample_weights
    if factors is not None and factors.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({factors.shape!r}) is not None, then it must have the "
            f"same shape as the input ({input.shape!r})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if factors is not None:
        factors = factors.reshape(-1)
    include_last_offset = include_last_offset and input.dim() == 1
    input, offsets = _flat(input, offsets)
    _check_mode(mode, scale_grad_by_freq, sparse)
    indices, starts = input._array, offsets._array
    w = weight._array
    if factors is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for "
            f"mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
    if padding_idx is not None:
        padding_idx = _row(padding_idx, len(w))
    _check_dtype("indices", promote_types(as_dtype(indices.dtype), as_dtype(starts.dtype)), _INDICES)
    _check_dtype("weight", as_dtype(w.dtype), _FLOATS)
    _check_offsets(starts, len(indices), include_last_offset)
    _check_indices(indices, len(w), mode)
    if factors is not None and factors._array.dtype != w.dtype:
        names = [as_dtype(each.dtype).type_name for each in (w, factors._array)]
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type fastinit.{names[0]}Tensor does not equal "
            f"fastinit.{names[1]}Tensor (while checking arguments for embedding_bag)"
        )
    if max_norm is not None:
        shorten(weight, np.unique(indices), max_norm, norm_type)
    bags, places = _bags(indices, starts, include_last_offset, padding_idx)
    count = len(starts) - include_last_offset
    if mode == "max":
        return _maximum(weight, indices[places], bags, count)
    return _total(weight, factors, indices, places, bags, count, mode == "mean", scale_grad_by_freq)


def _total(
    weight: Tensor,
    factors: Tensor | None,
    indices: Array,
    places: Array,
    bags: Array,
    count: int,
    mean: bool,
    scale_grad_by_freq: bool,
) -> Tensor:
    w = weight._array
    chosen = indices[places]
    f = None if factors is None else lift(factors._array)[places, None]
    rows = lift(w[chosen])
    result = np.zeros((count, w.shape[1]), rows.dtype)
    np.add.at(result, bags, rows if f is None else rows * f)
    shares = np.maximum(np.bincount(bags, minlength=count), 1)[:, None].astype(rows.dtype)
    if mean:
        result /= shares
    wants_factors = factors is not None and factors.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        parts = (lift(grad) / shares if mean else lift(grad))[bags]
        grads: list[Array | None] = [None]
        if weight.requires_grad:
            scaled = parts if f is None else parts * f
            if scale_grad_by_freq:
                scaled = scaled / np.bincount(indices)[chosen, None].astype(parts.dtype)
            table = np.zeros(w.shape, parts.dtype)
            np.add.at(table, chosen, scaled)
            grads[0] = lower(table, w.dtype)
        if factors is not None:
            of_factors = np.zeros(indices.shape, parts.dtype)
            if wants_factors:
                of_factors[places] = (parts * lift(w[chosen])).sum(1)
            grads.append(lower(of_factors, w.dtype))
        return tuple(grads)

    inputs = (weight,) if factors is None else (weight, factors)
    saved = inputs if wants_factors else inputs[1:]
    return record(lower(result, w.dtype), "EmbeddingBagBackward0", inputs, backward, saved)


def _maximum(weight: Tensor, chosen: Array, bags: Array, count: int) -> Tensor:
    w = weight._array
    result = np.zeros((count, w.shape[1]), w.dtype)
    # Of equal rows the first in the bag gets the gradient; -1 stands for a bag without indices.
    source = np.full(result.shape, -1)
    for index, bag in zip(chosen.tolist(), bags.tolist(), strict=True):
        greater = (source[bag] < 0) | (w[index] > result[bag])
        result[bag, greater] = w[index, greater]
        source[bag, greater] = index

    def backward(grad: Array) -> tuple[Array]:
        table = np.zeros(w.shape, lift(grad).dtype)
        reached, columns = np.nonzero(source >= 0)
        np.add.at(table, (source[reached, columns], columns), lift(grad)[reached, columns])
        return (lower(table, w.dtype),)

    return record(result, "EmbeddingBagBackward0", (weight,), backward)


def _flat(input: Tensor, offsets: Tensor | None) -> tuple[Tensor, Tensor]:
    """Returns the indices in one row, and where the bags start in it."""
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed "
                "length sequences. However, found offsets of type <class 'fastinit.Tensor'>"
            )
        starts = creation.arange(0, input.numel(), input.shape[1], dtype=input.dtype)
        return input.reshape(-1), starts
    if input.dim() != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    return input, offsets


def _bags(
    indices: Array, starts: Array, include_last_offset: bool, padding_idx: int | None
) -> tuple[Array, Array]:
    """Returns the bag of each index that counts, and its place."""
    ends = starts[1:] if include_last_offset else np.append(starts[1:], len(indices))[: len(starts)]
    lengths = ends - starts[: len(ends)]
    bags = np.repeat(np.arange(len(ends)), lengths)
    places = np.arange(len(bags))
    if padding_idx is None:
        return bags, places
    kept = indices[: len(bags)] != padding_idx
    return bags[kept], places[kept]


def _row(padding_idx: int, rows: int) -> int:
    if not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got "
            f"{padding_idx}"
        )
    return padding_idx % rows


def _check_mode(mode: str, scale_grad_by_freq: bool, sparse: bool) -> None:
    if mode not in {"sum", "mean", "max"}:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")


def _check_dtype(name: str, given: dtype, allowed: Sequence[dtype]) -> None:
    if given not in allowed:
        raise RuntimeError(
            f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: "
            f"{', '.join(each.type_name for each in allowed)}; but got fastinit.{given.type_name}Tensor "
            "instead (while checking arguments for embedding_bag)"
        )


def _check_offsets(starts: Array, length: int, include_last_offset: bool) -> None:
    if include_last_offset and not len(starts):
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if len(starts):
        if starts[0] != 0:
            raise RuntimeError(
                "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                f"position 0. However, got {starts[0]}"
            )
        if starts[-1] > length:
            raise RuntimeError(
                f"offsets[-1] can not be greater than input's length {length} but got offsets[-1] of "
                f"{starts[-1]}"
            )
        if (starts[1:] < starts[:-1]).any():
            raise RuntimeError("offsets must not decrease")


def _check_indices(indices: Array, rows: int, mode: str) -> None:
    outside = np.flatnonzero((indices < 0) | (indices >= rows))
    if outside.size and mode == "max":
        raise RuntimeError(
            "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be "
            f"{indices[outside[0]]}"
        )
    if outside.size:
        raise RuntimeError(
            f"Index {outside[0]} of input takes value {indices[outside[0]]} which is not in the valid range "
            f"[0, {rows})"
        )
