"""Convolutions: products of a weight with the windows of the input."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ...autograd.record import record
from ...dtypes import as_dtype
from ...ops.operands import Array, compute, lift, lower
from ...tensor import Tensor
from .operands import C_NAMES, array_of
from .windows import add_windows, span, windows

__all__ = ["Sizes", "conv1d", "conv2d", "conv3d", "same_padding"]

#: One number for all dimensions, or one for each.
Sizes: TypeAlias = int | Sequence[int]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: str | Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Returns the cross-correlation of the input with the weight over one dimension, plus the bias.

    Args:
        input: `(N, C, L)` or `(C, L)`.
        weight: `(out, C / groups, kernel)`, of the input's dtype.
        bias: `(out)` or None.
        stride: between two windows.
        padding: zeros at both ends; `'valid'` for none; `'same'` for as many as keep the length.
        dilation: between two elements of a window.
        groups: how many groups of channels have weights of their own.

    Returns:
        `(N, out, L_out)` or `(out, L_out)`,
        `L_out = (L + 2 padding - dilation (kernel - 1) - 1) // stride + 1`.

    Raises:
        RuntimeError: a shape, a dtype or a number does not fit.
        TypeError: an argument is not a tensor.

    Source: torch.nn.functional.conv1d.
    """
    return _convolution(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: str | Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Returns the cross-correlation of the input with the weight over two dimensions, plus the bias.

    Args:
        input: `(N, C, H, W)` or `(C, H, W)`.
        weight: `(out, C / groups, kernel_H, kernel_W)`, of the input's dtype.
        bias: `(out)` or None.
        stride: between two windows, a number or a pair, as all sizes here.
        padding: zeros at both ends; `'valid'` for none; `'same'` for as many as keep height and width.
        dilation: between two elements of a window.
        groups: how many groups of channels have weights of their own.

    Returns:
        `(N, out, H_out, W_out)` or `(out, H_out, W_out)`, each as `L_out` of `conv1d`.

    Raises:
        RuntimeError: a shape, a dtype or a number does not fit.
        TypeError: an argument is not a tensor.

    Source: LeCun et al. 1998, doi:10.1109/5.726791; torch.nn.functional.conv2d.
    """
    return _convolution(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: str | Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Returns the cross-correlation of the input with the weight over three dimensions, plus the bias.

    Args:
        input: `(N, C, D, H, W)` or `(C, D, H, W)`.
        weight: `(out, C / groups, kernel_D, kernel_H, kernel_W)`, of the input's dtype.
        bias: `(out)` or None.
        stride: between two windows, a number or a triple, as all sizes here.
        padding: zeros at both ends; `'valid'` for none; `'same'` for as many as keep the sizes.
        dilation: between two elements of a window.
        groups: how many groups of channels have weights of their own.

    Returns:
        `(N, out, D_out, H_out, W_out)` or `(out, D_out, H_out, W_out)`, each as `L_out` of `conv1d`.

    Raises:
        RuntimeError: a shape, a dtype or a number does not fit.
        TypeError: an argument is not a tensor.

    Source: torch.nn.functional.conv3d.
    """
    return _convolution(3, input, weight, bias, stride, padding, dilation, groups)


def same_padding(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Returns for each dimension how much padding, in front and behind, keeps the length."""
    totals = [span(size, spread) - 1 for size, spread in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _convolution(
    dims: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: str | Sizes,
    dilation: Sizes,
    groups: int,
) -> Tensor:
    function = f"conv{dims}d"
    x, w = array_of(input, function), array_of(weight, function, "weight", 2)
    if bias is not None:
        array_of(bias, function, "bias", 3)
    if x.ndim not in {dims + 1, dims + 2}:
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {function}, but got input "
            f"of size: {list(x.shape)}"
        )
    if x.ndim == dims + 1:
        batch = input.unsqueeze(0)
        return _convolution(dims, batch, weight, bias, stride, padding, dilation, groups).squeeze(0)
    _check_dtypes(x, w, None if bias is None else bias._array)
    steps = _expanded("stride", stride, dims, w.ndim - 2)
    ends = _ends(w.shape[2:], padding, steps, dilation, dims)
    spreads = _expanded("dilation", dilation, dims, w.ndim - 2)
    _check_numbers(ends, steps, spreads, groups)
    _check_shapes(x, w, bias, ends, spreads, groups)
    return _product(input, weight, bias, steps, ends, spreads, groups)


def _product(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
) -> Tensor:
    """The convolution as one product per group: rows are the windows' positions, columns their elements."""
    x, w = input._array, weight._array
    out, kernel, batch = w.shape[0], w.shape[2:], x.shape[0]
    dims = len(kernel)
    inner = tuple(slice(left, left + size) for (left, _), size in zip(padding, x.shape[2:], strict=True))

    def seen() -> Array:
        return windows(np.pad(lift(x), ((0, 0), (0, 0), *padding)), kernel, stride, dilation)

    positions = seen().shape[2 : 2 + dims]
    rows, columns = batch * int(np.prod(positions)), w.shape[1] * int(np.prod(kernel))

    def unrolled() -> Array:
        # (N, channels, positions, kernel) -> (groups, N positions, channels kernel)
        grouped = seen().reshape(batch, groups, w.shape[1], *positions, *kernel)
        order = (1, 0, *range(3, 3 + dims), 2, *range(3 + dims, 3 + 2 * dims))
        return grouped.transpose(order).reshape(groups, rows, columns)

    def forward() -> Array:
        products = unrolled() @ lift(w).reshape(groups, out // groups, columns).transpose(0, 2, 1)
        spread = products.reshape(groups, batch, *positions, out // groups)
        result = np.moveaxis(spread, (0, -1), (1, 2)).reshape(batch, out, *positions)
        return result if bias is None else result + lift(bias._array).reshape(out, *[1] * dims)

    wants_input, wants_weight = input.requires_grad, weight.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        wide = lift(grad)
        grouped = wide.reshape(batch, groups, out // groups, *positions)
        by_row = np.moveaxis(grouped, (1, 2), (0, -1)).reshape(groups, rows, out // groups)
        of_input = of_weight = None
        if wants_input:
            parts = by_row @ lift(w).reshape(groups, out // groups, columns)
            parts = parts.reshape(groups, batch, *positions, w.shape[1], *kernel)
            parts = np.moveaxis(parts, (0, 2 + dims), (1, 2))
            total = np.zeros(
                (batch, x.shape[1], *(n + sum(ends) for n, ends in zip(x.shape[2:], padding, strict=True))),
                wide.dtype,
            )
            add_windows(total, parts.reshape(batch, x.shape[1], *positions, *kernel), stride, dilation)
            of_input = lower(total[:, :, *inner], x.dtype)
        if wants_weight:
            of_weight = lower((by_row.transpose(0, 2, 1) @ unrolled()).reshape(w.shape), w.dtype)
        if bias is None:
            return of_input, of_weight
        return of_input, of_weight, lower(wide.sum((0, *range(2, 2 + dims))), x.dtype)

    inputs = (input, weight) if bias is None else (input, weight, bias)
    result = lower(np.ascontiguousarray(compute(forward)), x.dtype)
    return record(result, "ConvolutionBackward0", inputs, backward, (input, weight))


def _expanded(name: str, value: Sizes, own: int, dims: int) -> tuple[int, ...]:
    """Returns a number for each of the weight's `dims`; one number alone stands for the function's `own`."""
    sizes = (value,) * own if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        return sizes * dims
    if len(sizes) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the "
            f"convolution dimensions, but got {name}={list(sizes)}"
        )
    return sizes


def _ends(
    kernel: tuple[int, ...], padding: str | Sizes, stride: tuple[int, ...], dilation: Sizes, own: int
) -> tuple[tuple[int, int], ...]:
    if not isinstance(padding, str):
        return tuple((each, each) for each in _expanded("padding", padding, own, len(kernel)))
    if padding == "same":
        if any(step != 1 for step in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        return same_padding(kernel, _expanded("dilation", dilation, own, len(kernel)))
    if padding != "valid":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    return ((0, 0),) * len(kernel)


def _check_dtypes(x: Array, w: Array, b: Array | None) -> None:
    for name, other in (("bias", b), ("weight", w)):
        if other is not None and other.dtype != x.dtype:
            given, found = C_NAMES[as_dtype(x.dtype)], C_NAMES[as_dtype(other.dtype)]
            raise RuntimeError(f"Input type ({given}) and {name} type ({found}) should be the same")


def _check_numbers(
    padding: Sequence[tuple[int, int]], stride: Sequence[int], dilation: Sequence[int], groups: int
) -> None:
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if any(left < 0 for left, _ in padding):
        raise RuntimeError("negative padding is not supported")
    if any(step <= 0 for step in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(spread < 0 for spread in dilation):
        raise RuntimeError("dilation should be greater than zero")
    if 0 in dilation:
        raise RuntimeError("non-positive dilation is not supported")


def _check_shapes(
    x: Array,
    w: Array,
    bias: Tensor | None,
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
) -> None:
    if x.ndim != w.ndim:
        raise RuntimeError(
            f"Expected {w.ndim}-dimensional input for {w.ndim}-dimensional weight {list(w.shape)}, but got "
            f"{x.ndim}-dimensional input of size {list(x.shape)} instead"
        )
    if w.shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight "
            f"of size {list(w.shape)} instead"
        )
    if w.shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got "
            f"weight of size [{list(w.shape)}] instead"
        )
    if x.shape[1] != w.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w.shape)}, expected input{list(x.shape)} to have "
            f"{w.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
        )
    if bias is not None and bias._array.shape != w.shape[:1]:
        raise RuntimeError(
            f"Given weight of size {list(w.shape)}, expected bias to be 1-dimensional with {w.shape[0]} "
            f"elements, but got bias of size {list(bias._array.shape)} instead"
        )
    padded = [size + sum(ends) for size, ends in zip(x.shape[2:], padding, strict=True)]
    reach = [span(size, spread) for size, spread in zip(w.shape[2:], dilation, strict=True)]
    if any(size < least for size, least in zip(padded, reach, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size"
        )
    if 0 in x.shape[2:]:
        raise RuntimeError(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x.shape)}"
        )
    if 0 in w.shape[2:]:
        raise RuntimeError(f"Kernel size must be positive, but got weight of size {list(w.shape)}")
