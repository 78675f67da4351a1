"""Activations without a corner that have no compiled kernel."""

import warnings
from typing import Any

import numpy as np

from ...autograd.record import record
from ...dtypes import dtype as element_type
from ...ops.dims import wrap_dim
from ...ops.operands import Array, compute, lift, lower
from ...tensor import Tensor
from .activation import softmax
from .operands import array_of, refuse_integers
from .piecewise import applied

__all__ = [
    "celu",
    "celu_",
    "glu",
    "logsigmoid",
    "mish",
    "softmin",
    "softsign",
    "tanhshrink",
]


def logsigmoid(input: Tensor) -> Tensor:
    """Returns log(1 / (1 + exp(-x))), without overflow.

    Args:
        input: any shape, floating point.

    Raises:
        NotImplementedError: the input is not floating point.

    Source: torch.nn.functional.logsigmoid.
    """
    refuse_integers(array_of(input, "logsigmoid").dtype, "log_sigmoid_cpu")
    return applied(
        input,
        False,
        "LogSigmoidBackward0",
        lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
        lambda x: 1 / (1 + np.exp(x)),
    )


def softsign(input: Tensor) -> Tensor:
    """Returns `x / (1 + |x|)`.

    Args:
        input: any shape, any dtype but bool; of integers comes the default dtype.

    Raises:
        NotImplementedError: the input is bool.

    Source: torch.nn.functional.softsign.
    """
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """Returns x - tanh(x).

    Args:
        input: any shape, any dtype but bool; of integers comes the default dtype.

    Raises:
        RuntimeError: the input is bool.

    Source: torch.nn.functional.tanhshrink.
    """
    return input - input.tanh()


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Returns x where x > 0, else alpha * (exp(x / alpha) - 1).

    Args:
        input: any shape, floating point.
        alpha: minus the limit on the left; not 0.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: alpha is 0, or the tape forbids writing over the input.

    Source: Barron 2017, arXiv:1704.07483; torch.nn.functional.celu.
    """
    refuse_integers(array_of(input, "celu").dtype, "elu_cpu")
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return applied(
        input,
        inplace,
        f"CeluBackward{int(inplace)}",
        lambda x: np.where(x > 0, x, alpha * np.expm1(x / alpha)).astype(x.dtype),
        lambda x: np.where(x > 0, 1, np.exp(x / alpha)).astype(x.dtype),
    )


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Returns x * tanh(log(1 + exp(x))).

    Args:
        input: any shape, floating point.
        inplace: write the result over the input, and return the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: the tape forbids writing over the input.

    Source: Misra 2019, arXiv:1908.08681; torch.nn.functional.mish.
    """
    refuse_integers(array_of(input, "mish").dtype, "mish_cpu")

    def slope(x: Array) -> Any:
        inner = np.tanh(np.logaddexp(0, x))
        return inner + x * (1 - inner * inner) / (1 + np.exp(-x))

    return applied(input, inplace, "MishBackward0", lambda x: x * np.tanh(np.logaddexp(0, x)), slope)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """Returns a * sigmoid(b) of the two halves of a dimension.

    Args:
        input: floating point, with at least one dimension.
        dim: the dimension, of even length.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: it has no dimensions, or the dimension is odd.

    Source: Dauphin et al. 2016, arXiv:1612.08083; torch.nn.functional.glu.
    """
    x = array_of(input, "glu")
    if x.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = wrap_dim(dim, x.ndim)
    if x.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {x.shape[axis]}")
    refuse_integers(x.dtype, "glu_cpu")
    first, second = np.split(lift(x), 2, axis)
    gate = compute(lambda: 1 / (1 + np.exp(-second)))

    def backward(grad: Array) -> tuple[Array]:
        into = lift(grad) * gate
        return (lower(np.concatenate([into, into * (1 - gate) * first], axis), x.dtype),)

    return record(lower(first * gate, x.dtype), "GluBackward0", (input,), backward, (input,))


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: element_type | None = None
) -> Tensor:
    """Returns the `softmax` of -x.

    Args:
        input: any shape, floating point (after dtype).
        dim: the dimension along which the result sums to 1; None chooses one and warns, as PyTorch does.
        _stacklevel: of that warning.
        dtype: what the input is converted to first.

    Raises:
        IndexError: the input has no such dimension.
        NotImplementedError: the input is of integers.
        RuntimeError: the input is bool.

    Source: torch.nn.functional.softmin.
    """
    if dim is None:
        warnings.warn(
            "Implicit dimension choice for softmin has been deprecated. Change the call to include dim=X as "
            "an argument.",
            stacklevel=_stacklevel,
        )
        dim = 0 if input._array.ndim in {0, 1, 3} else 1
    return softmax(-input, dim, dtype=dtype)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Replaces x by alpha * (exp(x / alpha) - 1), in place, where x <= 0.

    Args:
        input: any shape, floating point.
        alpha: minus the limit on the left; not 0.

    Returns:
        The input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: alpha is 0, or the tape forbids writing over the input.

    Source: Barron 2017, arXiv:1704.07483; `torch.nn.functional.celu_`.
    """
    return celu(input, alpha, inplace=True)
