"""Sums of products over chosen dimensions: einsum, tensordot and the like, on matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..autograd import Variable
from ..autograd.record import record
from .indexing import diagonal
from .operands import Array, lift, lower
from .product import bmm, dot, mm

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["einsum", "inner", "kron", "tensordot", "vdot"]


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Returns the sum of products that an equation in Einstein's notation names (torch.einsum).

    Args:
        equation: a letter per dimension of each operand, as "bij,bjk->bik"; letters that the result does not
            have are summed over, and one that an operand has twice is its diagonal. "..." stands for
            dimensions that are broadcast. Without "->", the result has the letters that appear once, in
            alphabetical order.
        *operands: as many tensors as the equation has, or one sequence of them.

    In place of an equation, each operand may be followed by a list of numbers from 0 to 51, one per
    dimension, or Ellipsis; and the last of these by the list of the result.

    Raises:
        RuntimeError: equation and operands do not fit.
    """
    if isinstance(equation, Variable):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], Sequence):
        operands = tuple(operands[0])
    inputs, output = _parsed(equation.replace(" ", ""), operands)
    labels = [*output, *dict.fromkeys(label for each in inputs for label in each if label not in output)]
    aligned = [_aligned(operand, each, labels) for operand, each in zip(operands, inputs, strict=True)]
    _check_lengths(aligned, labels)
    result, *rest = aligned
    for place, operand in enumerate(rest, 1):
        later = {label for each in inputs[place + 1 :] for label in each}
        finished = [at for at, label in enumerate(labels) if label not in output and label not in later]
        result = _sum_of_products(result, operand, finished)
    summed = list(range(len(output), len(labels)))
    if not summed:
        return result
    return result.reshape(result.shape[: len(output)]) if rest else result.sum(summed)


def _from_lists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Returns the equation, and the operands, of operands that are each followed by their labels."""
    operands, lists = arguments[: len(arguments) // 2 * 2 : 2], arguments[1::2]
    equation = ",".join(map(_term, lists))
    if len(arguments) % 2:
        equation += "->" + _term(arguments[-1])
    return equation, operands


def _term(labels: Sequence[Any]) -> str:
    for label in labels:
        if label is not Ellipsis and not 0 <= label < 52:
            raise RuntimeError(f"einsum(): subscript {label} is not within the valid range [0, 52)")
    # Capitals first, as in PyTorch: without an output, its subscripts are the others' in this order.
    letters = {label: chr(ord("A") + label if label < 26 else ord("a") + label - 26) for label in range(52)}
    return "".join("..." if label is Ellipsis else letters[label] for label in labels)


#: A label: a letter, or the number of a dimension that "..." stands for, counted from the last.
_Label = Any


def _parsed(equation: str, operands: Sequence[Tensor]) -> tuple[list[list[_Label]], list[_Label]]:
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) < len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    if len(terms) > len(operands):
        raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
    inputs = [
        _labels(term, operand.ndim, place)
        for place, (term, operand) in enumerate(zip(terms, operands, strict=True))
    ]
    dots = sorted({label for each in inputs for label in each if isinstance(label, int)}, reverse=True)
    counts: dict[_Label, int] = {}
    for each in inputs:
        for label in each:
            counts[label] = counts.get(label, 0) + 1
    if not arrow:
        return inputs, [*dots, *sorted(label for label, n in counts.items() if n == 1 and label not in dots)]
    before, shown, after = right.partition("...")
    output: list[_Label] = [*before, *(dots if shown else ()), *after]
    for label in output:
        if not isinstance(label, int) and label not in counts:
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any input operand"
            )
        if output.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
    return inputs, output


def _labels(term: str, ndim: int, place: int) -> list[_Label]:
    before, shown, after = term.partition("...")
    for letter in before + after:
        if not letter.isalpha():
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {place} in the equation string, subscripts must "
                "be in [a-zA-Z]"
            )
    hidden = ndim - len(before) - len(after)
    if hidden < 0 or (hidden and not shown):
        raise RuntimeError(
            "einsum(): the number of subscripts in the equation ("
            f"{len(before) + len(after)}) {'is more than' if shown else 'does not match'} the number of "
            f"dimensions ({ndim}) for operand {place}{'' if shown else ' and no ellipsis was given'}"
        )
    return [*before, *range(hidden - 1, -1, -1), *after]


def _aligned(operand: Tensor, own: list[_Label], labels: list[_Label]) -> Tensor:
    """Returns the operand with a dimension per label, of length 1 where it has none."""
    own = list(own)
    for label in list(dict.fromkeys(own)):
        while own.count(label) > 1:
            first = own.index(label)
            second = own.index(label, first + 1)
            operand = diagonal(operand, 0, first, second)
            own = [each for at, each in enumerate(own) if at not in (first, second)] + [label]
    order = [own.index(label) for label in labels if label in own]
    operand = operand.permute(order)
    for at, label in enumerate(labels):
        if label not in own:
            operand = operand.unsqueeze(at)
    return operand


def _check_lengths(aligned: Sequence[Tensor], labels: list[_Label]) -> None:
    for at, label in enumerate(labels):
        length = 1
        for place, each in enumerate(aligned):
            if each.shape[at] not in (1, length) and length != 1:
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {each.shape[at]} for operand {place} which does "
                    f"not broadcast with previously seen size {length}"
                )
            length = each.shape[at] if each.shape[at] != 1 else length


def _sum_of_products(left: Tensor, right: Tensor, summed: list[int]) -> Tensor:
    """Multiplies two tensors with the same number of dimensions, and sums over some, keeping them."""
    batch, rows, columns, inner = [], [], [], []
    for dim, (m, n) in enumerate(zip(left.shape, right.shape, strict=True)):
        if dim in summed:
            if m != 1 and n != 1:
                inner.append(dim)
            elif m != 1:
                left = left.sum(dim, keepdim=True)
            elif n != 1:
                right = right.sum(dim, keepdim=True)
        elif m != 1 and n != 1:
            batch.append(dim)
        elif m != 1:
            rows.append(dim)
        else:
            columns.append(dim)
    if not inner:
        return left * right
    ones = [dim for dim in summed if dim not in inner]

    def size(tensor: Tensor, dims: list[int]) -> int:
        return math.prod(tensor.shape[dim] for dim in dims)

    a = left.permute(*batch, *rows, *inner, *columns, *ones)
    b = right.permute(*batch, *inner, *columns, *rows, *ones)
    product = bmm(
        a.reshape(size(left, batch), size(left, rows), size(left, inner)),
        b.reshape(size(left, batch), size(left, inner), size(right, columns)),
    )
    order = [*batch, *rows, *columns, *inner, *ones]
    lengths = [left.shape[dim] for dim in (*batch, *rows)] + [right.shape[dim] for dim in columns]
    whole = product.view(*lengths, *[1] * (len(inner) + len(ones)))
    return whole.permute(sorted(range(len(order)), key=order.__getitem__))


def tensordot(a: Tensor, b: Tensor, dims: int | Sequence[Any] = 2) -> Tensor:
    """Returns the sum of products over dimensions of `a` and as many of `b` (torch.tensordot).

    Args:
        a: any shape.
        b: any shape, of the same dtype.
        dims: how many: the last of `a`, the first of `b`; or two sequences, the dimensions of each.

    Raises:
        RuntimeError: the lengths or the dtypes differ, or `dims` is negative.
    """
    _check_dtypes(a, b)
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        over_a, over_b = list(range(-dims, 0)), list(range(dims))
    else:
        over_a, over_b = ([each] if isinstance(each, int) else list(each) for each in dims)
    if len(over_a) != len(over_b):
        raise RuntimeError("both dimension lists should have same length")
    for first, second in zip(over_a, over_b, strict=True):
        if a.shape[first] != b.shape[second]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[first]} in dim {first} "
                f"and second has size {b.shape[second]} in dim {second}"
            )
    over_a, over_b = [dim % a.ndim for dim in over_a], [dim % b.ndim for dim in over_b]
    kept_a = [dim for dim in range(a.ndim) if dim not in over_a]
    kept_b = [dim for dim in range(b.ndim) if dim not in over_b]
    size = math.prod(a.shape[dim] for dim in over_a)
    rows = math.prod(a.shape[dim] for dim in kept_a)
    columns = math.prod(b.shape[dim] for dim in kept_b)
    left = a.permute(kept_a + over_a).reshape(rows, size)
    right = b.permute(over_b + kept_b).reshape(size, columns)
    return mm(left, right).view([a.shape[dim] for dim in kept_a] + [b.shape[dim] for dim in kept_b])


def _check_dtypes(input: Tensor, other: Tensor) -> None:
    if input._array.dtype != other._array.dtype:
        raise RuntimeError("both inputs should have same dtype")


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Returns the sums of products along the last dimension of both (torch.inner).

    Args:
        input: (..., n).
        other: (..., n), of the same dtype; if one has no dimension, both are multiplied.

    Returns:
        The dimensions of `input`, then those of `other`, without the last of each.

    Raises:
        RuntimeError: the last dimensions or the dtypes differ.
    """
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    _check_dtypes(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} "
            f"and {list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Returns what `dot` does: there are no complex numbers (torch.vdot).

    Args:
        input: (n,).
        other: (n,), of the same dtype.

    Raises:
        RuntimeError: one is no vector, or lengths or dtypes differ.
    """
    x, y = input._array, other._array
    product = dot(input.detach(), other.detach())._array
    left, right = input.requires_grad, other.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        return (
            lower(lift(grad) * lift(y), x.dtype) if left else None,
            lower(lift(grad) * lift(x), x.dtype) if right else None,
        )

    saved = ((input,) if right else ()) + ((other,) if left else ())
    return record(product, "VdotBackward0", (input, other), backward, saved)


def kron(input: Tensor, other: Tensor) -> Tensor:
    """Returns the Kronecker product (torch.kron).

    Args:
        input: any shape and dtype.
        other: any shape; the one of fewer dimensions gets leading ones.

    Returns:
        A tensor whose lengths are the products of theirs, in their common dtype.

    Raises:
        AttributeError: one is no tensor.
    """
    ndim = max(input.ndim, other.ndim)
    a = [1] * (ndim - input.ndim) + list(input.shape)
    b = [1] * (ndim - other.ndim) + list(other.shape)
    left = input.reshape([each for length in a for each in (length, 1)])
    right = other.reshape([each for length in b for each in (1, length)])
    return (left * right).reshape([m * n for m, n in zip(a, b, strict=True)])
