"""Normalisation of each channel, over a batch or over a sample."""

import numpy as np

from ...autograd.record import record
from ...ops.operands import Array, compute, lift, lower
from ...tensor import Tensor
from .normalization import check_mixture, check_values_per_channel, mean_over
from .operands import array_of, refuse_gradient, refuse_integers

__all__ = ["batch_norm", "instance_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Returns `(x - mean) / sqrt(var + eps) * weight + bias`, mean and var of each channel.

    In training they are those of the batch, and the running ones, where given, move towards them in place;
    else they are the running ones.

    Args:
        input: `(N, C, *)`, floating point.
        running_mean: `(C,)`; None only in training.
        running_var: `(C,)`; None only in training. It is an average of unbiased variances.
        weight: `(C,)`, or None for 1.
        bias: `(C,)`, or None for 0.
        training: normalise by the batch's mean and its biased variance.
        momentum: the share of the batch in the new running mean and variance.
        eps: added to the variance.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a shape or a dtype does not fit, or there are no running statistics to normalise by.
        ValueError: eps is negative, or 0 in training; a channel has but one value in training; one of the
            running statistics is missing.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.functional.batch_norm.
    """
    x = array_of(input, "batch_norm")
    _check_eps(input, training, eps)
    _check_statistics(running_mean, running_var, training)
    given = [each for each in (weight, bias) if each is not None]
    if x.size == 0:
        return _of_nothing(input, weight, bias)
    channels = x.shape[1] if x.ndim > 1 else 0
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    _check_sizes(channels, named)
    refuse_gradient(running_mean, "native_batch_norm", "running_mean")
    refuse_gradient(running_var, "native_batch_norm", "running_var")
    refuse_integers(x.dtype, "batch_norm")
    others = [each for each in (weight, bias, running_mean, running_var) if each is not None]
    check_mixture(x.dtype, [each._array.dtype for each in others])
    axes = (0, *range(2, x.ndim))
    per_channel = (channels,) + (1,) * (x.ndim - 2)
    w, b, mean, var = (
        None if each is None else lift(each._array).reshape(per_channel)
        for each in (weight, bias, running_mean, running_var)
    )

    def forward() -> tuple[Array, Array, Array]:
        wide = lift(x)
        if training:
            normed = wide - (center := mean_over(wide, axes))
            spread = mean_over(np.square(normed), axes)
            if running_mean is not None and running_var is not None:
                count = x.size // channels
                _move(running_mean, center, momentum)
                _move(running_var, spread * (count / (count - 1)), momentum)
        else:
            assert mean is not None
            assert var is not None
            normed, spread = wide - mean, var
        scale = 1 / np.sqrt(spread + wide.dtype.type(eps))
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
            if training:
                slope = slope - mean_over(slope, axes) - normed * mean_over(slope * normed, axes)
            grads[0] = lower(slope * scale, x.dtype)
        if weight is not None:
            grads.append(lower((wide * normed).sum(axes).reshape(weight.shape), weight._array.dtype))
        if bias is not None:
            grads.append(lower(wide.sum(axes).reshape(bias.shape), bias._array.dtype))
        return tuple(grads)

    statistics = () if training else (running_mean, running_var)
    saved = tuple(each for each in (input, weight, *statistics) if each is not None)
    return record(lower(y, x.dtype), "NativeBatchNormBackward0", (input, *given), backward, saved)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Returns `(x - mean) / sqrt(var + eps) * weight + bias`, mean and var of each channel of each sample.

    Args:
        input: `(N, C, *)`, floating point.
        running_mean: `(C,)` or None; moves, in place, towards the mean over the samples.
        running_var: `(C,)` or None; moves, in place, towards the mean of the samples' unbiased variances.
        weight: `(C,)`, or None for 1.
        bias: `(C,)`, or None for 0.
        use_input_stats: normalise by the samples' statistics, not by the running ones.
        momentum: the share of the samples in the new running mean and variance.
        eps: added to the variance.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a shape or a dtype does not fit, or there are no running statistics to normalise by.
        ValueError: a channel of a sample has but one value; one of the running statistics is missing.

    Source: Ulyanov et al. 2016, arXiv:1607.08022; torch.nn.functional.instance_norm.
    """
    size = array_of(input, "instance_norm").shape
    if use_input_stats and np.prod(size[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    samples, channels = size[:2]
    # Every channel of every sample counts as a channel of one large sample.
    mean, var, w, b = (
        None if each is None else each.repeat(samples) for each in (running_mean, running_var, weight, bias)
    )
    rows = input.contiguous().view(1, samples * channels, *size[2:])
    result = batch_norm(rows, mean, var, w, b, use_input_stats, momentum, eps)
    for own, moved in ((running_mean, mean), (running_var, var)):
        if own is not None and moved is not None and use_input_stats:
            own.detach().copy_(moved.view(samples, channels).mean(0))
    return result.view(size)


def _move(running: Tensor, towards: Array, momentum: float) -> None:
    # No change of version: PyTorch counts none, since nobody differentiates through the average.
    former = lift(running._array)
    moved = former * (1 - momentum) + towards.reshape(former.shape) * momentum
    running._array[...] = moved


def _check_eps(input: Tensor, training: bool, eps: float) -> None:
    if training:
        check_values_per_channel(input.shape)
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")


def _check_sizes(channels: int, named: dict[str, Tensor | None]) -> None:
    for name, each in named.items():
        if each is not None and each._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {each._array.size}")


def _check_statistics(running_mean: Tensor | None, running_var: Tensor | None, training: bool) -> None:
    for name, each in (("running_mean", running_mean), ("running_var", running_var)):
        if each is None and not training:
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")


def _of_nothing(input: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """A batch without samples: no statistics, and gradients of zeros."""
    result = input.clone()
    if weight is not None:
        result = result * weight[0]
    return result if bias is None else result + bias[0]
