"""Dropout as a layer."""

from ..tensor import Tensor
from . import functional as F
from .module import Module


class Dropout(Module):
    """While training, zeroes each element with probability p and scales the others by 1 / (1 - p).

    Args:
        p: the probability of a zero, in [0, 1].
        inplace: write the result over the input.

    Raises:
        ValueError: p is outside [0, 1].

    Draws:
        One word per element from the default generator, while training with 0 < p < 1.

    Source: Hinton et al. 2012, arXiv:1207.0580; torch.nn.Dropout.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; in evaluation mode the input itself."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The probability and the mode."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """While training, zeroes each channel of `(N, C, L)` with probability p, and scales the others.

    Args:
        p: the probability of a zero, in [0, 1].
        inplace: write the result over the input.

    Raises:
        ValueError: p is outside [0, 1].

    Draws:
        One word per channel from the default generator, while training with 0 < p < 1.

    Source: torch.nn.Dropout1d.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; see `nn.functional.dropout1d`."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """The same, of `(N, C, H, W)` (torch.nn.Dropout2d)."""

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; see `nn.functional.dropout2d`."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(Dropout):
    """The same, of `(N, C, D, H, W)` (torch.nn.Dropout3d)."""

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; see `nn.functional.dropout3d`."""
        return F.dropout3d(input, self.p, self.training, self.inplace)
