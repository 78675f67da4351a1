"""Activations without a corner, beyond the common ones, as layers; the formulas stand in `nn.functional`."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .module import Module
from .piecewise import Inplace

__all__ = [
    "CELU",
    "GLU",
    "LogSigmoid",
    "Mish",
    "Softmin",
    "Softsign",
    "Tanhshrink",
]


class Mish(Inplace):
    """x * tanh(log(1 + exp(x))).

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: Misra 2019, arXiv:1908.08681; torch.nn.Mish.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.mish(input, self.inplace)

    def extra_repr(self) -> str:
        """`inplace=True`, where it is."""
        return "inplace=True" if self.inplace else ""


class LogSigmoid(Module):
    """log(1 / (1 + exp(-x))), without overflow.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.

    Source: torch.nn.LogSigmoid.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.logsigmoid(input)


class Softsign(Module):
    """`x / (1 + |x|)`.

    Shape:
        input and output: any shape, any dtype but bool; of integers comes the default dtype.

    Raises:
        NotImplementedError: in `forward`, the input is bool.

    Source: torch.nn.Softsign.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x).

    Shape:
        input and output: any shape, any dtype but bool; of integers comes the default dtype.

    Raises:
        RuntimeError: in `forward`, the input is bool.

    Source: torch.nn.Tanhshrink.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.tanhshrink(input)


class Softmin(Module):
    """The softmax of -x.

    Args:
        dim: what the result sums to 1 along; None chooses one and warns, as PyTorch does.

    Shape:
        input and output: any shape, floating point.

    Raises:
        IndexError: in `forward`, the input has no such dimension.
        NotImplementedError: in `forward`, the input is of integers.
        RuntimeError: in `forward`, the input is bool.

    Source: torch.nn.Softmin.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.softmin(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class CELU(Module):
    """x where x > 0, else alpha * (exp(x / alpha) - 1).

    Args:
        alpha: minus the limit on the left; not 0.
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, alpha is 0, or the tape forbids writing over the input.

    Source: Barron 2017, arXiv:1704.07483; torch.nn.CELU.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the activated input."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The limit, and `inplace=True` where it is."""
        return f"alpha={self.alpha}{', inplace=True' if self.inplace else ''}"


class GLU(Module):
    """a * sigmoid(b) of the two halves of a dimension.

    Args:
        dim: the dimension, of even length.

    Shape:
        input `(*, 2 H, *)`, floating point; output `(*, H, *)`.

    Raises:
        IndexError: in `forward`, the input has no such dimension.
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the dimension is odd, or the input has none.

    Source: Dauphin et al. 2016, arXiv:1612.08083; torch.nn.GLU.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Returns the gated half."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"
