"""Rows of a table, by index."""

import numpy as np

from ...autograd.engine import accumulation_buffer
from ...autograd.record import bump, record
from ...autograd.variable import wrap
from ...dtypes import as_dtype, int32, int64
from ...meta import check_index, has_no_memory
from ...ops.operands import Array, compute, lift, lower
from ...tensor import Tensor
from .operands import array_of

__all__ = ["embedding", "one_hot", "shorten"]


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Returns the rows of `weight` that `input` names.

    The gradient is added row by row into the memory of the weight's `.grad`, where the weight is a leaf.

    Args:
        input: indices in [0, rows), any shape, int64 or int32.
        weight: `(rows, columns)`.
        padding_idx: a row that gets no gradient; negative counts from the end.
        max_norm: rows that are looked up and are longer than this are first scaled down to it, in place.
        norm_type: which p-norm max_norm means.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs in `input`.
        sparse: accepted for compatibility; the gradient is dense, with the same values.

    Returns:
        `(*input.shape, columns)`.

    Raises:
        AssertionError: padding_idx is outside the table.
        IndexError: an index is outside the table.
        RuntimeError: weight is not 2-D, or input is of another dtype.

    Source: torch.nn.functional.embedding.
    """
    w = array_of(weight, "embedding", "weight", 1)
    indices = array_of(input, "embedding", "indices", 2)
    rows = w.shape[0] if w.ndim else 0
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if w.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    check_index(w, indices)
    if not has_no_memory(indices):
        _check_indices(indices, rows)
    if max_norm is not None:
        shorten(weight, np.unique(indices), max_norm, norm_type)

    def backward(grad: Array) -> tuple[None, Array | None]:
        chosen, parts = indices.reshape(-1), lift(grad).reshape(-1, w.shape[1])
        if padding_idx is not None:
            kept = chosen != padding_idx
            chosen, parts = chosen[kept], parts[kept]
        if scale_grad_by_freq:
            parts = parts / np.bincount(chosen, minlength=rows)[chosen, None].astype(parts.dtype)
        buffer = accumulation_buffer(weight) if parts.dtype == w.dtype else None
        if buffer is None:
            total = np.zeros(w.shape, parts.dtype)
            np.add.at(total, chosen, parts)
            return None, lower(total, w.dtype)
        table, holds = buffer
        if not holds:
            table.fill(0)
        np.add.at(table, chosen, parts)
        return None, None

    return record(w[indices], "EmbeddingBackward0", (input, weight), backward, (input,))


def _check_indices(indices: Array, rows: int) -> None:
    dtype = as_dtype(indices.dtype)
    if dtype not in {int64, int32}:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            f"but got fastinit.{dtype.type_name}Tensor instead (while checking arguments for embedding)"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= rows):
        raise IndexError("index out of range in self")


def shorten(weight: Tensor, chosen: Array, max_norm: float, norm_type: float) -> None:
    """Scales the chosen rows that are longer than max_norm down to it, outside of the graph."""
    table = weight._array
    picked = lift(table[chosen])
    norms = np.asarray(compute(np.linalg.norm, picked, norm_type, 1))
    long = norms > max_norm
    # PyTorch's denominator, so that a row ends just below the bound.
    table[chosen[long]] = picked[long] * (max_norm / (norms[long] + 1e-7))[:, None]
    bump(weight)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Returns, for each class, a row that is 1 at its place and 0 elsewhere.

    Args:
        tensor: classes, int64, any shape.
        num_classes: how many there are; -1: one more than the largest.

    Raises:
        RuntimeError: a class is negative or not below `num_classes`, or the tensor is of another dtype.

    Source: torch.nn.functional.one_hot.
    """
    classes = tensor._array
    if classes.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not classes.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wrap(np.empty((*classes.shape, num_classes), np.int64))
    if classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    elif classes.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wrap((classes[..., None] == np.arange(num_classes)).astype(np.int64))
