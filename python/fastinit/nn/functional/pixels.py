"""Channels as pixels, and pixels as channels."""

from ...autograd.record import record
from ...ops.operands import Array
from ...tensor import Tensor
from .operands import array_of

__all__ = ["pixel_shuffle", "pixel_unshuffle"]


def _shuffled(x: Array, factor: int) -> Array:
    *batch, channels, height, width = x.shape
    count = channels // factor**2
    parts = x.reshape(*batch, count, factor, factor, height, width)
    lead = len(batch)
    order = (*range(lead + 1), lead + 3, lead + 1, lead + 4, lead + 2)
    return parts.transpose(order).copy().reshape(*batch, count, height * factor, width * factor)


def _unshuffled(x: Array, factor: int) -> Array:
    *batch, channels, height, width = x.shape
    parts = x.reshape(*batch, channels, height // factor, factor, width // factor, factor)
    lead = len(batch)
    order = (*range(lead + 1), lead + 2, lead + 4, lead + 1, lead + 3)
    shape = (*batch, channels * factor**2, height // factor, width // factor)
    return parts.transpose(order).copy().reshape(shape)


def _check(x: Array, name: str, word: str, factor: int) -> None:
    if x.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {x.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {word}, but got {factor}")


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Returns images of r times the height and width, from r * r times the channels.

    Args:
        input: `(*, C * r * r, H, W)`.
        upscale_factor: r.

    Returns:
        `(*, C, H * r, W * r)`.

    Raises:
        RuntimeError: there are fewer than 3 dimensions, or the channels cannot be divided so.

    Source: Shi et al. 2016, arXiv:1609.05158; torch.nn.functional.pixel_shuffle.
    """
    x, factor = array_of(input, "pixel_shuffle"), upscale_factor
    _check(x, "pixel_shuffle", "upscale_factor", factor)
    if x.shape[-3] % factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
            f"upscale_factor, but input.size(-3)={x.shape[-3]} is not divisible by {factor**2}"
        )
    return record(
        _shuffled(x, factor), "PixelShuffleBackward0", (input,), lambda grad: (_unshuffled(grad, factor),)
    )


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Returns r * r times the channels, from images of r times the height and width.

    Args:
        input: `(*, C, H * r, W * r)`.
        downscale_factor: r.

    Returns:
        `(*, C * r * r, H, W)`.

    Raises:
        RuntimeError: there are fewer than 3 dimensions, or height or width cannot be divided so.

    Source: torch.nn.functional.pixel_unshuffle.
    """
    x, factor = array_of(input, "pixel_unshuffle"), downscale_factor
    _check(x, "pixel_unshuffle", "downscale_factor", factor)
    for word, place in (("height", -2), ("width", -1)):
        if x.shape[place] % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {word} to be divisible by downscale_factor, but "
                f"input.size({place})={x.shape[place]} is not divisible by {factor}"
            )
    return record(
        _unshuffled(x, factor), "PixelUnshuffleBackward0", (input,), lambda grad: (_shuffled(grad, factor),)
    )
