"""Choosing between elements: where, maximum, clamp, masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..autograd import Variable
from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .operands import (
    Array,
    Number,
    Operand,
    broadcast,
    compute,
    cpp_name,
    in_place,
    lift,
    lower,
    mismatch,
    pair,
    reduce_to,
    scalar,
    target,
)

if TYPE_CHECKING:
    from ..tensor import Tensor


def where(
    condition: Tensor, input: Operand | None = None, other: Operand | None = None
) -> Tensor | tuple[Tensor, ...]:
    """Returns `input` where the condition holds, else `other` (torch.where).

    Args:
        condition: boolean.
        input: tensor or number, broadcast with the others.
        other: tensor or number. Without both, the indices at which the condition holds are returned, a tensor
            per dimension.

    Raises:
        RuntimeError: the condition is not boolean, or shapes do not fit.
    """
    if input is None or other is None:
        return tuple(wrap(index) for index in np.nonzero(condition._array))
    test = condition._array
    if test.dtype == np.uint8:
        test = test.astype(np.bool_)
    if test.dtype != np.bool_:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            + dtypes.as_dtype(test.dtype).type_name
        )
    return _where(condition, test, input, other)


def where_self(self: Tensor, condition: Tensor, other: Operand) -> Tensor:
    """Returns the tensor where the condition holds, else `other` (torch.Tensor.where)."""
    chosen = where(condition, self, other)
    assert not isinstance(chosen, tuple)
    return chosen


def _where(condition: Tensor, test: Array, input: Operand, other: Operand) -> Tensor:
    x, y, dtype = pair(input, other)
    try:
        array = np.where(test, x, y)
    except ValueError:
        raise _misfit(np.shape(x), np.shape(y), test.shape) from None
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        zero = grad.dtype.type(0)
        return a and reduce_to(np.where(test, grad, zero), a), b and reduce_to(np.where(test, zero, grad), b)

    return record(lower(array, dtype), "WhereBackward0", (input, other), backward, (condition,))


def _misfit(*shapes: tuple[int, ...]) -> RuntimeError:
    """Returns the error that names the first shape that cannot be broadcast with those before it."""
    joint: tuple[int, ...] = ()
    for shape in shapes:
        try:
            joint = np.broadcast_shapes(joint, shape)
        except ValueError:
            return mismatch(joint, shape)
    raise AssertionError("the shapes fit")


def _extremum(function: Any, name: str, input: Tensor, other: Tensor) -> Tensor:
    x, y, dtype = pair(input, other)
    a, b = target(input), target(other)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        # Equal elements share the gradient.
        first = np.where(x == y, 0.5, x == function(x, y)).astype(grad.dtype)
        return a and reduce_to(grad * first, a), b and reduce_to(grad * (1 - first), b)

    return record(lower(broadcast(function, x, y), dtype), name, (input, other), backward, (input, other))


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Returns the larger of each two elements, NaN if one is (torch.maximum).

    Args:
        input: tensor or number, of any dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype; equal elements share the gradient.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    return _extremum(np.maximum, "MaximumBackward0", input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Returns the smaller of each two elements, NaN if one is (torch.minimum).

    Args:
        input: tensor or number, of any dtype.
        other: as `input`; the shapes broadcast.

    Returns:
        The shape to which both broadcast, in their common dtype; equal elements share the gradient.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither tensor nor number.
    """
    return _extremum(np.minimum, "MinimumBackward0", input, other)


def clamp(input: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """Returns the elements moved into [min, max] (torch.clamp); also named `clip`.

    Args:
        input: any shape and dtype.
        min: number or tensor; None leaves that side open. The shapes broadcast.
        max: number or tensor; wins where it is less than `min`.

    Returns:
        The shape to which all broadcast, in their common dtype.

    Raises:
        OverflowError: a bound is an integer that the dtype cannot hold.
        RuntimeError: both are None, or the shapes do not broadcast.
    """
    if min is None and max is None:
        raise RuntimeError("fastinit.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Variable) or isinstance(max, Variable):
        return _clamped_by_tensors(input, min, max, "ClampBackward0")
    return _clamped(input, min, max, "ClampBackward1")


def _clamped(input: Tensor, min: Number | None, max: Number | None, name: str) -> Tensor:
    x: Any = input._array
    dtype = dtypes.result_type(input, *(each for each in (min, max) if each is not None)).numpy
    x = lift(x.astype(dtype, copy=False))
    result = x
    if min is not None:
        result = compute(np.maximum, result, x.dtype.type(min))
    if max is not None:
        result = compute(np.minimum, result, x.dtype.type(max))
    own = input._array.dtype

    def backward(grad: Array) -> tuple[Array]:
        inside = np.ones(x.shape, np.bool_) if min is None else x >= min
        return (lower(grad * (inside if max is None else inside & (x <= max)), own),)

    return record(lower(x.copy() if result is x else result, dtype), name, (input,), backward, (input,))


def _clamped_by_tensors(input: Tensor, min: Operand | None, max: Operand | None, name: str) -> Tensor:
    low, high = (None if each is None else _as_tensor(each, input) for each in (min, max))
    operands = [each for each in (input, low, high) if each is not None]
    dtype = dtypes.result_type(*operands).numpy
    x: Any = lift(input._array.astype(dtype))
    a, b = (None if each is None else lift(each._array.astype(dtype)) for each in (low, high))
    result = x if a is None else broadcast(np.maximum, x, a)
    result = result if b is None else broadcast(np.minimum, result, b)
    targets = [target(each) for each in operands]

    def backward(grad: Array) -> tuple[Array | None, ...]:
        # The input has the gradient also where it is equal to a bound.
        masks = [np.ones((), np.bool_)]
        if a is not None:
            masks[0] = masks[0] & np.greater_equal(x, a)
            masks.append(np.less(x, a) if b is None else np.less(x, a) & np.less(a, b))
        if b is not None:
            masks[0] = masks[0] & np.less_equal(x, b)
            masks.append(np.greater(x, b) if a is None else np.greater(x, b) | np.less(b, a))
        zero = grad.dtype.type(0)
        return tuple(
            to and reduce_to(np.where(mask, grad, zero), to) for mask, to in zip(masks, targets, strict=True)
        )

    saved = tuple(operands)
    return record(lower(as_array(result), dtype), name, saved, backward, saved)


def _as_tensor(bound: Operand, input: Tensor) -> Tensor:
    return bound if isinstance(bound, Variable) else wrap(np.asarray(bound, input._array.dtype))


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """Returns `input` with `value` where `mask` holds (torch.masked_fill).

    Args:
        input: any shape and dtype.
        mask: boolean; the shapes broadcast.
        value: number, or tensor of no dimension, which is converted.

    Returns:
        The shape to which both broadcast, in the input's dtype.

    Raises:
        RuntimeError: the mask is not boolean, the shapes do not broadcast, or `value` is a tensor of more
            than 0 dimensions, or a number that the dtype cannot hold.
        TypeError: `value` is neither tensor nor number.
    """
    test = mask._array
    if test.dtype != np.bool_:
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {cpp_name(test.dtype)}"
        )
    x = input._array
    if isinstance(value, Variable) and value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    filling = compute(value._array.astype, x.dtype) if isinstance(value, Variable) else scalar(value, x.dtype)
    array = broadcast(lambda mask, own: np.where(mask, filling, own), test, x)
    a, b = target(input), target(value)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        zero = grad.dtype.type(0)
        kept = a and reduce_to(np.where(test, zero, grad), a)
        return (kept,) if number else (kept, b and reduce_to(np.where(test, grad, zero), b))

    number = not isinstance(value, Variable)
    inputs = (input,) if number else (input, value)
    return record(array, f"MaskedFillBackward{0 if number else 1}", inputs, backward, (mask,))


clip = clamp
masked_fill_ = in_place(masked_fill)
clamp_ = clip_ = in_place(clamp)


def clamp_min(input: Tensor, min: Operand) -> Tensor:
    """Returns the elements, or `min` where they are less (torch.clamp_min).

    Args:
        input: any shape and dtype.
        min: number, or tensor whose shape broadcasts.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        OverflowError: `min` is an integer that the dtype cannot hold.
        RuntimeError: the shapes do not broadcast.
        TypeError: `min` is neither tensor nor number.
    """
    return (
        _clamped_by_tensors(input, min, None, "ClampMinBackward1")
        if isinstance(min, Variable)
        else _clamped(input, min, None, "ClampMinBackward0")
    )


def clamp_max(input: Tensor, max: Operand) -> Tensor:
    """Returns the elements, or `max` where they are more (torch.clamp_max).

    Args:
        input: any shape and dtype.
        max: number, or tensor whose shape broadcasts.

    Returns:
        The shape to which both broadcast, in their common dtype.

    Raises:
        OverflowError: `max` is an integer that the dtype cannot hold.
        RuntimeError: the shapes do not broadcast.
        TypeError: `max` is neither tensor nor number.
    """
    return (
        _clamped_by_tensors(input, None, max, "ClampMaxBackward1")
        if isinstance(max, Variable)
        else _clamped(input, None, max, "ClampMaxBackward0")
    )


clamp_min_ = in_place(clamp_min)
clamp_max_ = in_place(clamp_max)
