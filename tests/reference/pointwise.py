"""The activations and their derivatives by their definitions, in extended precision."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Extended = np.longdouble
Function = Callable[..., np.ndarray]

SELU_ALPHA = Extended("1.6732632423543772848170429916717")
SELU_SCALE = Extended("1.0507009873554804934193349852946")
PI = Extended("3.14159265358979323846264338327950288")


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def normal_density(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / np.sqrt(2 * PI)


def normal_cdf(x: np.ndarray) -> np.ndarray:
    """The library's erfc of the rounded argument, and its derivative times what rounding took away."""
    argument = -x / np.sqrt(Extended(2))
    rounded = argument.astype(np.float64)
    erfc = np.vectorize(math.erfc, otypes=[np.float64])(rounded).astype(Extended)
    square = rounded.astype(Extended) ** 2
    return (erfc - 2 / np.sqrt(PI) * np.exp(-square) * (argument - rounded)) / 2


def tanh_argument(x: np.ndarray) -> np.ndarray:
    return np.sqrt(2 / PI) * (x + Extended("0.044715") * x**3)


def gelu_tanh_derivative(x: np.ndarray) -> np.ndarray:
    s = sigmoid(2 * tanh_argument(x))
    return s + x * s * (1 - s) * 2 * np.sqrt(2 / PI) * (1 + 3 * Extended("0.044715") * x * x)


def expm1_below_zero(x: np.ndarray) -> np.ndarray:
    return np.expm1(np.minimum(x, 0))


FORWARD: dict[str, Function] = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "gelu": lambda x: x * normal_cdf(x),
    "gelu_tanh": lambda x: x * sigmoid(2 * tanh_argument(x)),
    "silu": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x, beta, threshold: np.where(
        x * beta > threshold, x, (np.maximum(x * beta, 0) + np.log1p(np.exp(-np.abs(x * beta)))) / beta
    ),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * expm1_below_zero(x)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * expm1_below_zero(x)),
}

# Derivatives at what backward is given: the result for relu, sigmoid and tanh, else the input.
DERIVATIVE: dict[str, Function] = {
    "relu": lambda result: np.where(result > 0, Extended(1), 0),
    "leaky_relu": lambda x, slope: np.where(x > 0, Extended(1), slope),
    "gelu": lambda x: normal_cdf(x) + x * normal_density(x),
    "gelu_tanh": gelu_tanh_derivative,
    "silu": lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    "sigmoid": lambda result: result * (1 - result),
    "tanh": lambda result: 1 - result * result,
    "softplus": lambda x, beta, threshold: np.where(x * beta > threshold, Extended(1), sigmoid(x * beta)),
    "elu": lambda x, alpha: np.where(x > 0, Extended(1), alpha * np.exp(np.minimum(x, 0))),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, Extended(1), SELU_ALPHA * np.exp(np.minimum(x, 0))),
}

READS_RESULT = {"relu", "sigmoid", "tanh"}


def forward(name: str, x: np.ndarray, *parameters: float) -> np.ndarray:
    return FORWARD[name](x.astype(Extended), *(Extended(parameter) for parameter in parameters))


def derivative(name: str, saved: np.ndarray, *parameters: float) -> np.ndarray:
    return DERIVATIVE[name](saved.astype(Extended), *(Extended(parameter) for parameter in parameters))


def log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x.astype(Extended) - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(x))


def softmax_backward(grad: np.ndarray, result: np.ndarray) -> np.ndarray:
    grad, result = grad.astype(Extended), result.astype(Extended)
    return (grad - (grad * result).sum(axis=-1, keepdims=True)) * result


def log_softmax_backward(grad: np.ndarray, result: np.ndarray) -> np.ndarray:
    grad, result = grad.astype(Extended), result.astype(Extended)
    return grad - np.exp(result) * grad.sum(axis=-1, keepdims=True)
