"""Elementwise activations on the compiled kernels, for tensors' methods and for nn.functional alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _core
from ..autograd import record
from ..dtypes import get_default_dtype
from .operands import Array, in_place, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["activate", "as_floating"]


def activate(
    input: Tensor,
    kernel: str,
    name: str,
    first: float = 0.0,
    second: float = 0.0,
    *,
    of_result: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Applies a compiled kernel to a floating-point tensor.

    Args:
        input: what to apply it to.
        kernel: its name in the compiled module.
        name: of the node.
        first: the kernel's first parameter.
        second: its second.
        of_result: its gradient is computed from the result, not from the input.
        inplace: write the result over the input.
    """
    if inplace:
        return _overwrite(input, kernel, name, first, second, of_result=of_result)
    x = input._array
    y = lower(_core.activation(kernel, lift(x), first, second), x.dtype)
    kept = y if of_result else x

    def backward(grad: Array) -> tuple[Array]:
        slope = _core.activation_backward(kernel, lift(grad), lift(kept), first, second)
        return (lower(slope, grad.dtype),)

    return record(y, name, (input,), backward, () if of_result else (input,), saves_result=of_result)


_overwrite = in_place(activate)


def as_floating(input: Tensor) -> Tensor:
    """Returns integers and booleans in the default dtype; other tensors as they are."""
    return input.to(get_default_dtype()) if input._array.dtype.kind in "biu" else input
