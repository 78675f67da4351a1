"""Normalisation of each sample: over its last dimensions, or over groups of its channels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.record import record
from ...dtypes import as_dtype
from ...meta import as_array
from ...ops.operands import Array, compute, lift, lower
from ...tensor import Tensor
from .operands import array_of, refuse_integers

__all__ = ["check_mixture", "check_values_per_channel", "group_norm", "layer_norm", "mean_over", "rms_norm"]


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Returns `(x - mean) / sqrt(var + eps) * weight + bias`, mean and var over the last dimensions.

    Args:
        input: `(*, *normalized_shape)`, floating point.
        normalized_shape: the sizes of the dimensions normalised over.
        weight: `normalized_shape`, or None for 1.
        bias: `normalized_shape`, or None for 0.
        eps: added to the variance, which is the biased one.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a shape or a dtype does not fit.

    Source: Ba et al. 2016, arXiv:1607.06450; torch.nn.functional.layer_norm.
    """
    x = array_of(input, "layer_norm")
    shape = _checked_shape("layer_norm", normalized_shape)
    _check_parameters(shape, weight=weight, bias=bias)
    _check_input(x, shape, "*, ")
    check_mixture(x.dtype, [each._array.dtype for each in (weight, bias) if each is not None])
    refuse_integers(x.dtype, "LayerNormKernelImpl")
    w = None if weight is None else lift(weight._array)
    b = None if bias is None else lift(bias._array)
    axes, leading = _axes(x, shape)

    def forward() -> tuple[Array, Array, Array]:
        wide = lift(x)
        normed = wide - mean_over(wide, axes)
        scale = 1 / np.sqrt(mean_over(np.square(normed), axes) + wide.dtype.type(eps))
        normed *= scale
        y = normed if w is None else normed * w
        return (y if b is None else y + b), normed, scale

    y, normed, scale = compute(forward)
    wants_input = input.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        wide = lift(grad)
        grads: list[Array | None] = [None]
        if wants_input:
            slope = wide if w is None else wide * w
            inner = slope - mean_over(slope, axes) - normed * mean_over(slope * normed, axes)
            grads[0] = lower(inner * scale, x.dtype)
        if weight is not None:
            grads.append(lower((wide * normed).sum(leading), weight._array.dtype))
        if bias is not None:
            grads.append(lower(wide.sum(leading), bias._array.dtype))
        return tuple(grads)

    inputs = (input, *(each for each in (weight, bias) if each is not None))
    return record(lower(y, x.dtype), "NativeLayerNormBackward0", inputs, backward, inputs[:2])


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Returns `x / sqrt(mean(x^2) + eps) * weight`, the mean over the last dimensions.

    Args:
        input: `(*, *normalized_shape)`, floating point.
        normalized_shape: the sizes of the dimensions normalised over.
        weight: `normalized_shape`, or None for 1.
        eps: added to the mean square; None: the machine epsilon of the precision computed in.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a shape does not fit.
        ValueError: the input has fewer dimensions than normalized_shape.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467; torch.nn.functional.rms_norm.
    """
    x = array_of(input, "rms_norm")
    shape = _checked_shape("rms_norm", normalized_shape)
    _check_parameters(shape, weight=weight)
    if x.ndim < len(shape):
        raise ValueError(f"Input tensor must have at least {len(shape)} dimensions, but got {x.ndim}")
    _check_input(x, shape, "*")
    refuse_integers(x.dtype, "rms_norm")
    w = None if weight is None else lift(weight._array)
    axes, leading = _axes(x, shape)

    def forward() -> tuple[Array, Array, Array]:
        wide = lift(x)
        added = np.finfo(wide.dtype).eps if eps is None else wide.dtype.type(eps)
        scale = 1 / np.sqrt(mean_over(np.square(wide), axes) + added)
        normed = wide * scale
        return (normed if w is None else normed * w), normed, scale

    y, normed, scale = compute(forward)
    wants_input = input.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        wide = lift(grad)
        grad_x = None
        if wants_input:
            slope = wide if w is None else wide * w
            grad_x = lower((slope - normed * mean_over(slope * normed, axes)) * scale, x.dtype)
        if weight is None:
            return (grad_x,)
        return grad_x, lower((wide * normed).sum(leading), weight._array.dtype)

    inputs = (input,) if weight is None else (input, weight)
    rounded = y.dtype != x.dtype
    return record(
        lower(y, x.dtype), "ToCopyBackward0" if rounded else "MulBackward0", inputs, backward, inputs
    )


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Returns `(x - mean) / sqrt(var + eps) * weight + bias`, mean and var of a sample's group of channels.

    Args:
        input: `(N, C, *)`, floating point.
        num_groups: how many groups of C / num_groups channels there are.
        weight: `(C,)`, or None for 1.
        bias: `(C,)`, or None for 0.
        eps: added to the variance, which is the biased one.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a shape or a dtype does not fit.
        ValueError: there is but one value to normalise.

    Source: Wu and He 2018, arXiv:1803.08494; torch.nn.functional.group_norm.
    """
    x = array_of(input, "group_norm")
    _check_groups(x.shape, num_groups)
    given = [each for each in (weight, bias) if each is not None]
    check_mixture(x.dtype, [each._array.dtype for each in given])
    channels = x.shape[1]
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._array.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got "
                f"{name} of shape {list(each._array.shape)} and input of shape {list(x.shape)}"
            )
    refuse_integers(x.dtype, "GroupNormKernelImpl")
    # Samples, groups, the channels of a group, and all that is left as one.
    grouped = (x.shape[0], num_groups, channels // num_groups, math.prod(x.shape[2:]))
    per_channel = (*grouped[1:3], 1)
    w = None if weight is None else lift(weight._array).reshape(per_channel)
    b = None if bias is None else lift(bias._array).reshape(per_channel)

    def forward() -> tuple[Array, Array, Array]:
        wide = lift(x).reshape(grouped)
        normed = wide - mean_over(wide, (2, 3))
        scale = 1 / np.sqrt(mean_over(np.square(normed), (2, 3)) + wide.dtype.type(eps))
        normed *= scale
        y = normed if w is None else normed * w
        return (y if b is None else y + b), normed, scale

    y, normed, scale = compute(forward)
    wants_input = input.requires_grad

    def backward(grad: Array) -> tuple[Array | None, ...]:
        wide = lift(grad).reshape(grouped)
        grads: list[Array | None] = [None]
        if wants_input:
            slope = wide if w is None else wide * w
            inner = slope - mean_over(slope, (2, 3)) - normed * mean_over(slope * normed, (2, 3))
            grads[0] = lower((inner * scale).reshape(x.shape), x.dtype)
        if weight is not None:
            grads.append(lower((wide * normed).sum((0, 3)).reshape(channels), weight._array.dtype))
        if bias is not None:
            grads.append(lower(wide.sum((0, 3)).reshape(channels), bias._array.dtype))
        return tuple(grads)

    saved = (input,) if weight is None else (input, weight)
    result = lower(y.reshape(x.shape), x.dtype)
    return record(result, "NativeGroupNormBackward0", (input, *given), backward, saved)


def _check_groups(shape: tuple[int, ...], num_groups: int) -> None:
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    check_values_per_channel([shape[0] * shape[1] // num_groups, num_groups, *shape[2:]])
    if shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={num_groups}"
        )


def check_values_per_channel(size: Sequence[int]) -> None:
    """Refuses what has one value per channel: its variance says nothing.

    Args:
        size: samples, channels, and what is left.

    Raises:
        ValueError: all but the channels is 1.
    """
    if math.prod(size[:1]) * math.prod(size[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def _axes(x: Array, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the dimensions normalised over, and those before them."""
    split = x.ndim - len(shape)
    return tuple(range(split, x.ndim)), tuple(range(split))


def mean_over(values: Array, axes: tuple[int, ...]) -> Array:
    """Returns the mean over `axes`, which stay, as dimensions of length 1."""
    # Not ndarray.mean, which warns where there is nothing to average.
    count = math.prod(values.shape[axis] for axis in axes)
    return as_array(values.sum(axes, keepdims=True) / values.dtype.type(count))


def _checked_shape(function: str, normalized_shape: Sequence[int]) -> tuple[int, ...]:
    if isinstance(normalized_shape, int):
        raise TypeError(
            f"{function}(): argument 'normalized_shape' (position 2) must be tuple of ints, not int"
        )
    if not normalized_shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got normalized_shape = []"
        )
    return tuple(normalized_shape)


def _check_parameters(shape: tuple[int, ...], **parameters: Tensor | None) -> None:
    for name, parameter in parameters.items():
        if parameter is not None and parameter._array.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(parameter._array.shape)} and normalized_shape = {list(shape)}"
            )


def _check_input(x: Array, shape: tuple[int, ...], star: str) -> None:
    if x.shape[x.ndim - len(shape) :] != shape or x.ndim < len(shape):
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"[{star}{', '.join(map(str, shape))}], but got input of size{list(x.shape)}"
        )


def check_mixture(given: np.dtype[Any], of_parameters: list[np.dtype[Any]]) -> None:
    """Lets through parameters of the input's dtype, and float32 ones beside a 16-bit input."""
    if of_parameters[:1] != [given] and of_parameters:
        if any(each != np.float32 for each in of_parameters):
            raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
        if given.itemsize > 2:
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
        return
    for each in of_parameters:
        if each != given:
            expected, found = as_dtype(given).type_name, as_dtype(each).type_name
            raise RuntimeError(f"expected scalar type {expected} but found {found}")
