"""Dropout as a layer."""

from ..tensor import Tensor
from . import functional as F
from .module import Module


class Dropout(Module):
    """While training, zeroes each element with probability p and scales the others by 1 / (1 - p).

    Args:
        p: the probability of a zero, in [0, 1].
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        RuntimeError: in `forward`, the input is not floating point, or the tape forbids writing over it.
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
    """While training, zeroes each channel with probability p and scales the others by 1 / (1 - p).

    Args:
        p: the probability of a zero, in [0, 1].
        inplace: write the result over the input.

    Shape:
        input and output `(N, C, L)` or `(C, L)`, floating point.

    Raises:
        RuntimeError: in `forward`, the input has another number of dimensions, or the tape forbids writing
            over it.
        ValueError: p is outside [0, 1].

    Draws:
        One word per channel from the default generator, while training with 0 < p < 1.

    Source: Tompson et al. 2015, arXiv:1411.4280; torch.nn.Dropout1d.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; see `nn.functional.dropout1d`."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """While training, zeroes each channel with probability p and scales the others by 1 / (1 - p).

    Args:
        p: the probability of a zero, in [0, 1].
        inplace: write the result over the input.

    Shape:
        input and output `(N, C, H, W)`, floating point; three dimensions are taken as `(N, C, L)`.

    Raises:
        RuntimeError: in `forward`, the input has fewer than 2 dimensions, or the tape forbids writing over
            it.
        ValueError: p is outside [0, 1].

    Warns:
        UserWarning: in `forward`, the input has not 4 dimensions.

    Draws:
        One word per channel from the default generator, while training with 0 < p < 1.

    Source: Tompson et al. 2015, arXiv:1411.4280; torch.nn.Dropout2d.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; see `nn.functional.dropout2d`."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(Dropout):
    """While training, zeroes each channel with probability p and scales the others by 1 / (1 - p).

    Args:
        p: the probability of a zero, in [0, 1].
        inplace: write the result over the input.

    Shape:
        input and output `(N, C, D, H, W)` or `(C, D, H, W)`, floating point.

    Raises:
        RuntimeError: in `forward`, the input is a scalar, or the tape forbids writing over it.
        ValueError: p is outside [0, 1].

    Warns:
        UserWarning: in `forward`, the input has neither 4 nor 5 dimensions.

    Draws:
        One word per channel from the default generator, while training with 0 < p < 1.

    Source: Tompson et al. 2015, arXiv:1411.4280; torch.nn.Dropout3d.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the thinned input; see `nn.functional.dropout3d`."""
        return F.dropout3d(input, self.p, self.training, self.inplace)
