"""Channels as pixels, and pixels as channels, as layers."""

from ..tensor import Tensor
from . import functional as F
from .module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Images of r times the height and width, from r * r times the channels.

    Args:
        upscale_factor: r.

    Shape:
        input `(*, C * r * r, H, W)`, output `(*, C, H * r, W * r)`.

    Raises:
        RuntimeError: in `forward`, r is not positive, there are fewer than 3 dimensions, or the channels
            cannot be divided so.

    Source: Shi et al. 2016, arXiv:1609.05158; torch.nn.PixelShuffle.
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Returns the larger images."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """R * r times the channels, from images of r times the height and width.

    Args:
        downscale_factor: r.

    Shape:
        input `(*, C, H * r, W * r)`, output `(*, C * r * r, H, W)`.

    Raises:
        RuntimeError: in `forward`, r is not positive, there are fewer than 3 dimensions, or height or width
            cannot be divided so.

    Source: Shi et al. 2016, arXiv:1609.05158; torch.nn.PixelUnshuffle.
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Returns the smaller images."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"
