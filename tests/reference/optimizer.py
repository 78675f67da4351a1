"""One step of the optimisers, in the order of rounded operations that the kernels keep.

The order is that of the formulas in PyTorch's documentation; each operation is rounded to the arrays' dtype,
and what does not depend on the element is computed in float64 and rounded once.
"""

from __future__ import annotations

import math

import numpy as np


def sgd(
    value: np.ndarray,
    grad: np.ndarray,
    kept: np.ndarray | None,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The value and the momentum after the step."""
    direction = -grad if maximize else grad
    if weight_decay:
        direction = direction + value * weight_decay
    if kept is not None:
        kept = kept * momentum + direction * (1 - dampening)
        direction = direction + kept * momentum if nesterov else kept
    return value - direction * lr, kept


def adam(
    value: np.ndarray,
    grad: np.ndarray,
    mean: np.ndarray,
    square: np.ndarray,
    largest: np.ndarray | None,
    step: float,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """The value and the state after the step, whose number, from 1, is `step`."""
    if maximize:
        grad = -grad
    if weight_decay:
        if decoupled:
            value = value * (1 - lr * weight_decay)
        else:
            grad = grad + value * weight_decay
    change = grad - mean
    mean = mean + change * (1 - beta1) if 1 - beta1 < 0.5 else grad - change * beta1
    square = square * beta2 + grad * (1 - beta2) * grad
    if largest is not None:
        largest = np.maximum(largest, square)
    # lr (mean / bias1) / (sqrt(most / bias2) + eps), with the root of bias2 taken out.
    root = math.sqrt(1 - beta2**step)
    denominator = np.sqrt(square if largest is None else largest) + eps * root
    return value - mean * (lr / (1 - beta1**step) * root) / denominator, mean, square, largest
