"""The compiled kernels of fastinit: fills, dense products, pointwise functions."""

from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]

__version__: str

def isa() -> str: ...
def built_isas() -> list[str]: ...
def usable_isas() -> list[str]: ...
def get_num_threads() -> int: ...
def set_num_threads(count: int) -> None: ...
def calls() -> dict[str, int]: ...
def reset_calls() -> None: ...

# Dense products and activations: float32 and float64, computed with the GIL released.

def linear(
    x: FloatArray, weight: FloatArray, bias: FloatArray | None = None, activation: str = "none", /
) -> FloatArray:
    """activation(x @ weight.T + bias) as a new array: x (..., in), weight (out, in), bias (out)."""

def linear_backward(
    grad_output: FloatArray,
    x: FloatArray,
    weight: FloatArray,
    grad_x: FloatArray | None,
    grad_weight: FloatArray | None,
    grad_bias: FloatArray | None,
    accumulate_weight: bool = False,
    accumulate_bias: bool = False,
    activation: str = "none",
    output: FloatArray | None = None,
    /,
) -> None:
    """The gradients of `linear`, written into the arrays given, or added to what they hold.

    With an activation (relu, sigmoid or tanh), `output` is what `linear` returned.
    """

def matmul(a: FloatArray, b: FloatArray, /) -> FloatArray:
    """A @ b for matrices (..., m, k) and (..., k, n) of one dtype; leading dimensions broadcast."""

def activation(name: str, x: FloatArray, first: float = 0.0, second: float = 0.0, /) -> FloatArray:
    """The activation of that name, as a new array.

    Elementwise: relu, leaky_relu (first: the negative slope), gelu, gelu_tanh, silu, sigmoid, tanh, softplus
    (first: beta, second: threshold), elu (first: alpha), selu. Along the last axis: softmax, log_softmax.
    """

def activation_backward(
    name: str, grad: FloatArray, saved: FloatArray, first: float = 0.0, second: float = 0.0, /
) -> FloatArray:
    """The gradient of `activation`.

    saved is its result for relu, sigmoid, tanh, softmax and log_softmax, else its input.
    """

def blas() -> str:
    """The configuration of the OpenBLAS that large products go to, loaded if it was not; else ""."""

def use_blas(use: str, /) -> None:
    """Which road products take: "auto" by their size, "none" our own kernel, "openblas" always the BLAS."""
