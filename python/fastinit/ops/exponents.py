"""Numbers as mantissas and exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..autograd.record import record
from ..autograd.variable import wrap
from ..meta import as_array
from .operands import Array, compute, lift, lower
from .returned import shown

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["frexp_of"]


class frexp(NamedTuple):  # noqa: N801 - PyTorch's name
    """Mantissas in (-1, -1/2] and [1/2, 1), and exponents of 2."""

    mantissa: Tensor
    exponent: Tensor

    def __repr__(self) -> str:
        return shown(self)


def frexp_of(input: Tensor) -> frexp:
    """Returns mantissas and exponents, for which input = mantissa * 2**exponent (torch.frexp).

    Args:
        input: any shape, floating point.

    Returns:
        mantissa, in the input's dtype, its size in [1/2, 1) but for 0; exponent, int32; both of the input's
        shape.

    Raises:
        RuntimeError: the dtype is no floating-point one.
    """
    if not input.is_floating_point():
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    x = input._array
    mantissa, exponent = compute(np.frexp, lift(x))

    def backward(grad: Array) -> tuple[Array]:
        return (lower(compute(np.ldexp, lift(grad), -exponent), x.dtype),)

    return frexp(
        record(lower(as_array(mantissa), x.dtype), "FrexpBackward0", (input,), backward),
        wrap(as_array(exponent).astype(np.int32)),
    )
