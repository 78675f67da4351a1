"""Dropout of whole channels."""

import warnings

import numpy as np

from ...ops.operands import in_place, lift
from ...tensor import Tensor
from .dropout import masked
from .operands import array_of

__all__ = ["dropout1d", "dropout2d", "dropout3d"]


def _channels(input: Tensor, p: float, training: bool) -> Tensor:
    """Zeroes each channel with probability p and scales the others by 1 / (1 - p)."""
    x = array_of(input, "feature_dropout")
    if not training or p == 0 or not x.size:
        return input
    if x.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return masked(input, p, np.empty((*x.shape[:2], *(1,) * (x.ndim - 2)), lift(x[:0]).dtype))


_channels_in_place = in_place(_channels)


def _dropped(input: Tensor, p: float, training: bool, inplace: bool, *, batched: bool) -> Tensor:
    if not batched:
        input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    if inplace and training and p:
        result = _channels_in_place(input, p, training)
    else:
        result = _channels(input, p, training)
    if batched:
        return result
    return result.squeeze_(0) if inplace else result.squeeze(0)


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _warn(ndim: int, spatial: int) -> None:
    least = spatial + 1
    if ndim not in {least, least + 1}:
        dimensions = f"{spatial} spatial dimensions"
        warnings.warn(
            f"dropout{spatial}d: Received a {ndim}-D input to dropout{spatial}d, which is deprecated and "
            "will result in an error in a future release. To retain the behavior and silence this warning, "
            f"please use dropout instead. Note that dropout{spatial}d exists to provide channel-wise dropout "
            f"on inputs with {dimensions}, a channel dimension, and an optional batch dimension (i.e. "
            f"{least}D or {least + 1}D inputs).",
            stacklevel=3,
        )


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel with probability p and scales the others by 1 / (1 - p).

    Args:
        input: `(N, C, L)` or `(C, L)`, floating point.
        p: the probability of a zero, in [0, 1].
        training: False returns the input.
        inplace: write the result over the input.

    Returns:
        The input's shape and dtype.

    Raises:
        RuntimeError: the input has another number of dimensions, or the tape forbids writing over it.
        ValueError: p is outside [0, 1].

    Draws: one word per channel from the default generator, unless p is 0 or 1.

    Source: Tompson et al. 2015, arXiv:1411.4280; torch.nn.functional.dropout1d.
    """
    _check(p)
    ndim = input._array.ndim
    if ndim not in {2, 3}:
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists "
            "to provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an "
            "optional batch dimension (i.e. 2D or 3D inputs)."
        )
    return _dropped(input, p, training, inplace, batched=ndim == 3)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel with probability p and scales the others by 1 / (1 - p).

    Args:
        input: `(N, C, H, W)`, floating point; three dimensions are taken as `(N, C, L)`, as in PyTorch.
        p: the probability of a zero, in [0, 1].
        training: False returns the input.
        inplace: write the result over the input.

    Returns:
        The input's shape and dtype.

    Raises:
        RuntimeError: the input has fewer than 2 dimensions, or the tape forbids writing over it.
        ValueError: p is outside [0, 1].

    Warns:
        UserWarning: the input has not 4 dimensions.

    Draws: one word per channel from the default generator, unless p is 0 or 1.

    Source: Tompson et al. 2015, arXiv:1411.4280; torch.nn.functional.dropout2d.
    """
    _check(p)
    ndim = input._array.ndim
    _warn(ndim, 2)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior "
            "is desired - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior "
            "will change in a future release to interpret the input as one without a batch dimension, i.e. "
            "shape (C, H, W). To maintain the 1D channel-wise dropout behavior, please switch to using "
            "dropout1d instead.",
            stacklevel=2,
        )
    return _dropped(input, p, training, inplace, batched=True)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each channel with probability p and scales the others by 1 / (1 - p).

    Args:
        input: `(N, C, D, H, W)` or `(C, D, H, W)`, floating point.
        p: the probability of a zero, in [0, 1].
        training: False returns the input.
        inplace: write the result over the input.

    Returns:
        The input's shape and dtype.

    Raises:
        RuntimeError: the input is a scalar, or the tape forbids writing over it.
        ValueError: p is outside [0, 1].

    Warns:
        UserWarning: the input has neither 4 nor 5 dimensions.

    Draws: one word per channel from the default generator, unless p is 0 or 1.

    Source: Tompson et al. 2015, arXiv:1411.4280; torch.nn.functional.dropout3d.
    """
    _check(p)
    ndim = input._array.ndim
    _warn(ndim, 3)
    return _dropped(input, p, training, inplace, batched=ndim == 5)
