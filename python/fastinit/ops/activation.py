"""Elementwise activations on the compiled kernels, for tensors' methods and for nn.functional alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import _core
from ..autograd.record import record
from ..dtypes import dtype, get_default_dtype
from ..meta import has_no_memory
from .dims import numpy_names, wrap_dim
from .operands import Array, in_place, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["activate", "as_floating", "log_softmax", "softmax"]


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
    y = x.copy() if has_no_memory(x) else lower(_core.activation(kernel, lift(x), first, second), x.dtype)
    kept = y if of_result else x

    def backward(grad: Array) -> tuple[Array]:
        slope = _core.activation_backward(kernel, lift(grad), lift(kept), first, second)
        return (lower(slope, grad.dtype),)

    return record(y, name, (input,), backward, () if of_result else (input,), saves_result=of_result)


_overwrite = in_place(activate)


@numpy_names
def softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """Returns exp(x) / sum(exp(x)) along `dim`, computed from x - max(x) (torch.softmax).

    Args:
        input: any shape, floating point (after dtype).
        dim: the dimension along which the result sums to 1.
        dtype: what the input is converted to first.

    Raises:
        IndexError: the input has no such dimension.
        NotImplementedError: the input is not floating point.
    """
    return _along(input, "softmax", "SoftmaxBackward0", dim, dtype)


@numpy_names
def log_softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """Returns log(softmax(x)) along `dim`, computed without the quotient (torch.log_softmax).

    Args:
        input: any shape, floating point (after dtype).
        dim: the dimension along which the exponentials sum to 1.
        dtype: what the input is converted to first.

    Raises:
        IndexError: the input has no such dimension.
        NotImplementedError: the input is not floating point.
    """
    return _along(input, "log_softmax", "LogSoftmaxBackward0", dim, dtype)


def _along(input: Tensor, kernel: str, name: str, dim: int, dtype: dtype | None) -> Tensor:
    """Applies a compiled kernel of rows along a dimension."""
    if dtype is not None:
        input = input.to(dtype)
    x = input._array
    dim = wrap_dim(dim, x.ndim)
    is_last = dim >= x.ndim - 1
    if x.dtype.kind in "biu":
        function = f"{kernel}_lastdim_kernel_impl" if is_last else f"{kernel}_kernel_impl"
        raise NotImplementedError(f"\"{function}\" not implemented for '{input.dtype.type_name}'")

    def rows(array: Array) -> Array:
        # The kernels work along the last dimension; a swap of two is its own inverse.
        return array if is_last else np.swapaxes(array, dim, -1)

    if has_no_memory(x):
        y = x.copy()
    else:
        y = rows(_core.activation(kernel, rows(lift(x))))
        y = lower(y if is_last else np.ascontiguousarray(y), x.dtype)

    def backward(grad: Array) -> tuple[Array]:
        slope = rows(_core.activation_backward(kernel, rows(lift(grad)), rows(lift(y))))
        return (lower(slope, grad.dtype),)

    return record(y, name, (input,), backward, saves_result=True)


def as_floating(input: Tensor) -> Tensor:
    """Returns integers and booleans in the default dtype; other tensors as they are."""
    return input.to(get_default_dtype()) if input._array.dtype.kind in "biu" else input
