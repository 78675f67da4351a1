"""Dropout."""

import numpy as np

from ... import random
from ...autograd.record import record
from ...autograd.variable import wrap
from ...dtypes import as_dtype
from ...ops.operands import Array, compute, in_place, lift, lower
from ...tensor import Tensor
from .operands import array_of

__all__ = ["dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each element with probability p and scales the others by 1 / (1 - p), so that the mean stays.

    Args:
        input: any shape, floating point.
        p: the probability of a zero, in [0, 1].
        training: False returns the input itself; so does p = 0.
        inplace: write the result over the input, and return the input.

    Returns:
        The input's shape and dtype.

    Raises:
        RuntimeError: the input is not floating point, and p is not 1, or the tape forbids writing over it.
        ValueError: p is outside [0, 1].

    Draws: one word per element from the default generator, unless p is 0 or 1.

    Source: Hinton et al. 2012, arXiv:1207.0580; torch.nn.functional.dropout.
    """
    x = array_of(input, "dropout")
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    dtype = as_dtype(x.dtype)
    if not dtype.is_floating_point and p < 1:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {dtype.type_name}")
    if inplace:
        return in_place(dropout)(input, p)
    # float32 holds the mask of a 16-bit input: 1 / (1 - p) is rounded once, with the product.
    return masked(input, p, np.empty_like(x, lift(x[:0] if x.ndim else x).dtype, order="C"))


def masked(input: Tensor, p: float, mask: Array) -> Tensor:
    """Returns the product with a mask, which is filled first: 0 with probability `p`, else 1 / (1 - p)."""
    if p == 1:
        mask.fill(0)
    else:
        random.bernoulli(mask, 1 - p)
        mask *= 1 / (1 - p)

    def backward(grad: Array) -> tuple[Array]:
        return (lower(lift(grad) * mask, grad.dtype),)

    # A product, so that the NaN of an element shows even where the mask is 0.
    x = input._array
    result = lower(compute(np.multiply, lift(x), mask), x.dtype)
    return record(result, "MulBackward0", (input,), backward, (wrap(mask),))
