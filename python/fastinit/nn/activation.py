"""Activations as layers. The formulas stand at the functions of the same names in `nn.functional`."""

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .module import Module


class ReLU(Module):
    """max(0, x), elementwise.

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape; any dtype but bool.

    Raises:
        RuntimeError: in `forward`, the input is bool, or the tape forbids writing over it.

    Source: Nair and Hinton, ICML 2010; torch.nn.ReLU.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the rectified input."""
        return F.relu(input, self.inplace)

    def extra_repr(self) -> str:
        """`inplace=True`, where it is."""
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """x where x > 0, else negative_slope * x.

    Args:
        negative_slope: the slope left of zero.
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: Maas et al., ICML 2013; torch.nn.LeakyReLU.
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the leaky rectified input."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The slope, and `inplace=True` where it is."""
        return f"negative_slope={self.negative_slope}{', inplace=True' if self.inplace else ''}"


class ELU(Module):
    """x where x > 0, else alpha * (exp(x) - 1).

    Args:
        alpha: minus the limit on the left.
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: Clevert et al. 2015, arXiv:1511.07289; torch.nn.ELU.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the exponential linear unit of the input."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Alpha, and `inplace=True` where it is."""
        return f"alpha={self.alpha}{', inplace=True' if self.inplace else ''}"


class SELU(Module):
    """scale * ELU(x, alpha), with the two constants that keep mean 0 and variance 1 from layer to layer.

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: Klambauer et al. 2017, arXiv:1706.02515; torch.nn.SELU.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the scaled exponential linear unit of the input."""
        return F.selu(input, self.inplace)

    def extra_repr(self) -> str:
        """`inplace=True`, where it is."""
        return "inplace=True" if self.inplace else ""


class GELU(Module):
    """x * Phi(x), Phi the standard normal distribution function.

    Args:
        approximate: `'none'`, or `'tanh'` for 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, approximate is neither.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415; torch.nn.GELU.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Returns the Gaussian error linear unit of the input."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Which form."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """x * sigmoid(x).

    Args:
        inplace: write the result over the input.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, the tape forbids writing over the input.

    Source: Elfwing et al. 2017, arXiv:1702.03118; torch.nn.SiLU.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Returns the sigmoid linear unit of the input."""
        return F.silu(input, self.inplace)

    def extra_repr(self) -> str:
        """`inplace=True`, where it is."""
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """1 / (1 + exp(-x)).

    Args:
        *args: none are taken; a subclass with `call_super_init` hands them on.
        **kwargs: likewise.

    Shape:
        input and output: any shape; integers and bool are taken as the default dtype.

    Raises:
        TypeError: an argument is given; in `forward`, the input is not a tensor.

    Source: torch.nn.Sigmoid.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the logistic function of the input."""
        return F.sigmoid(input)


class Tanh(Module):
    """tanh(x).

    Args:
        *args: none are taken; a subclass with `call_super_init` hands them on.
        **kwargs: likewise.

    Shape:
        input and output: any shape; integers and bool are taken as the default dtype.

    Raises:
        TypeError: an argument is given; in `forward`, the input is not a tensor.

    Source: torch.nn.Tanh.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the hyperbolic tangent of the input."""
        return F.tanh(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, a smooth ReLU; x itself where beta x > threshold.

    Args:
        beta: the sharpness of the bend.
        threshold: where the linear form takes over.

    Shape:
        input and output: any shape, floating point.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.

    Source: Dugas et al., NIPS 2000; torch.nn.Softplus.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Returns the softplus of the input."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Both numbers."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """exp(x) / sum(exp(x)) along one dimension.

    Args:
        dim: the dimension along which the values sum to 1. None chooses one and warns, as PyTorch does.

    Shape:
        input and output: any shape, floating point.

    Raises:
        IndexError: in `forward`, the input has no such dimension.
        NotImplementedError: in `forward`, the input is not floating point.

    Source: torch.nn.Softmax.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Returns values in [0, 1] that sum to 1 along `dim`."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """The logarithm of softmax, computed without the quotient.

    Args:
        dim: the dimension along which the exponentials sum to 1. None chooses one and warns, as PyTorch does.

    Shape:
        input and output: any shape, floating point.

    Raises:
        IndexError: in `forward`, the input has no such dimension.
        NotImplementedError: in `forward`, the input is not floating point.

    Source: torch.nn.LogSoftmax.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Returns log-probabilities along `dim`."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"
