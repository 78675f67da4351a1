"""Activations: elementwise ones, and the softmax along a dimension, on the compiled kernels."""

import warnings
from collections.abc import Callable

from ... import _core, dtypes
from ...ops import activation, pointwise
from ...ops.activation import activate
from ...ops.operands import Array
from ...tensor import Tensor
from .operands import array_of, refuse_integers

__all__ = [
    "elu",
    "elu_",
    "gelu",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "log_softmax_rows",
    "relu",
    "relu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns max(0, x).

    Args:
        input: any shape; any dtype but bool.
        inplace: write the result over the input, and return the input.

    Raises:
        RuntimeError: the input is bool, or the tape forbids writing over it.

    Source: torch.nn.functional.relu.
    """
    x = array_of(input, "relu")
    if x.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    if x.dtype.kind in "iu":
        return input.clamp_(min=0) if inplace else input.clamp(min=0)
    return activate(input, "relu", "ReluBackward0", of_result=True, inplace=inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Returns x where x > 0, else negative_slope * x.

    Args:
        input: any shape, floating point.
        negative_slope: the slope left of zero.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: torch.nn.functional.leaky_relu.
    """
    refuse_integers(array_of(input, "leaky_relu").dtype, "leaky_relu_cpu")
    name = "LeakyReluBackward1" if inplace else "LeakyReluBackward0"
    return activate(input, "leaky_relu", name, float(negative_slope), inplace=inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Returns x where x > 0, else alpha * (exp(x) - 1).

    Args:
        input: any shape, floating point.
        alpha: minus the limit on the left.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Clevert et al. 2015, arXiv:1511.07289; torch.nn.functional.elu.
    """
    refuse_integers(array_of(input, "elu").dtype, "elu_cpu")
    name = "EluBackward1" if inplace else "EluBackward0"
    return activate(input, "elu", name, float(alpha), inplace=inplace)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns scale * elu(x, alpha), with the constants that keep mean 0 and variance 1 from layer to layer.

    Args:
        input: any shape, floating point.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Klambauer et al. 2017, arXiv:1706.02515; torch.nn.functional.selu.
    """
    refuse_integers(array_of(input, "selu").dtype, "elu_cpu")
    return activate(input, "selu", "EluBackward1" if inplace else "EluBackward0", inplace=inplace)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """Returns x * Phi(x), Phi the standard normal distribution function.

    Args:
        input: any shape, floating point.
        approximate: `'none'`, or `'tanh'` for 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: approximate is neither.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415; torch.nn.functional.gelu.
    """
    x = array_of(input, "gelu")
    if approximate not in {"none", "tanh"}:
        raise RuntimeError("approximate argument must be either none or tanh.")
    refuse_integers(x.dtype, "GeluKernelImpl")
    return activate(input, "gelu" if approximate == "none" else "gelu_tanh", "GeluBackward0")


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns x * sigmoid(x).

    Args:
        input: any shape, floating point.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Elfwing et al. 2017, arXiv:1702.03118; torch.nn.functional.silu.
    """
    refuse_integers(array_of(input, "silu").dtype, "silu_cpu")
    return activate(input, "silu", "SiluBackward0", inplace=inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Returns log(1 + exp(beta x)) / beta, or x itself where beta x > threshold.

    Args:
        input: any shape, floating point.
        beta: the sharpness of the bend.
        threshold: where the linear form takes over.

    Raises:
        NotImplementedError: the input is not floating point.

    Source: torch.nn.functional.softplus.
    """
    refuse_integers(array_of(input, "softplus").dtype, "softplus_cpu")
    return activate(input, "softplus", "SoftplusBackward0", float(beta), float(threshold))


def sigmoid(input: Tensor) -> Tensor:
    """Returns 1 / (1 + exp(-x)).

    Args:
        input: any shape; integers and bool are taken as the default dtype.

    Raises:
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.sigmoid.
    """
    array_of(input, "sigmoid")
    return pointwise.sigmoid(input)


def tanh(input: Tensor) -> Tensor:
    """Returns the hyperbolic tangent.

    Args:
        input: any shape; integers and bool are taken as the default dtype.

    Raises:
        TypeError: the input is not a tensor.

    Source: torch.nn.functional.tanh.
    """
    array_of(input, "tanh")
    return pointwise.tanh(input)


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns exp(x) / sum(exp(x)) along one dimension, computed from x - max(x).

    Args:
        input: any shape, floating point (after dtype).
        dim: the dimension along which the result sums to 1; None chooses one and warns, as PyTorch does.
        _stacklevel: of that warning.
        dtype: what the input is converted to first.

    Raises:
        IndexError: the input has no such dimension.
        NotImplementedError: the input is not floating point.

    Source: torch.nn.functional.softmax.
    """
    return _along(input, activation.softmax, dim, _stacklevel, dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtypes.dtype | None = None
) -> Tensor:
    """Returns log(softmax(x)) along one dimension, computed without the quotient.

    Args:
        input: any shape, floating point (after dtype).
        dim: the dimension along which the exponentials sum to 1; None chooses one and warns, as PyTorch does.
        _stacklevel: of that warning.
        dtype: what the input is converted to first.

    Raises:
        IndexError: the input has no such dimension.
        NotImplementedError: the input is not floating point.

    Source: torch.nn.functional.log_softmax.
    """
    return _along(input, activation.log_softmax, dim, _stacklevel, dtype)


def relu_(input: Tensor) -> Tensor:
    """Replaces x by max(0, x), in place.

    Args:
        input: any shape; any dtype but bool.

    Returns:
        The input.

    Raises:
        RuntimeError: the input is bool, or the tape forbids writing over it.

    Source: `torch.nn.functional.relu_`.
    """
    return relu(input, True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Replaces x by negative_slope * x, in place, where x <= 0.

    Args:
        input: any shape, floating point.
        negative_slope: the slope left of zero.

    Returns:
        The input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: `torch.nn.functional.leaky_relu_`.
    """
    return leaky_relu(input, negative_slope, True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Replaces x by alpha * (exp(x) - 1), in place, where x <= 0.

    Args:
        input: any shape, floating point.
        alpha: minus the limit on the left.

    Returns:
        The input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Clevert et al. 2015, arXiv:1511.07289; `torch.nn.functional.elu_`.
    """
    return elu(input, alpha, True)


def selu_(input: Tensor) -> Tensor:
    """Replaces x by scale * elu(x, alpha), in place, with the constants of `selu`.

    Args:
        input: any shape, floating point.

    Returns:
        The input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Klambauer et al. 2017, arXiv:1706.02515; `torch.nn.functional.selu_`.
    """
    return selu(input, True)


def log_softmax_rows(rows: Array) -> Array:
    """Returns the log-softmax of each row of a float32 or float64 matrix."""
    return _core.activation("log_softmax", rows)


def _along(
    input: Tensor,
    along: Callable[[Tensor, int, dtypes.dtype | None], Tensor],
    dim: int | None,
    stacklevel: int,
    dtype: dtypes.dtype | None,
) -> Tensor:
    """Applies a function of rows along a dimension, by default the one that PyTorch once chose."""
    array_of(input, along.__name__)
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {along.__name__} has been deprecated. "
            "Change the call to include dim=X as an argument.",
            stacklevel=stacklevel,
        )
        dim = 0 if input._array.ndim in {0, 1, 3} else 1
    return along(input, dim, dtype)
