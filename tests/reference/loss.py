"""Losses and their gradients in float64, written for reading."""

from __future__ import annotations

import numpy as np


def cross_entropy(logits: np.ndarray, target: np.ndarray, ignored: int) -> np.ndarray:
    """-log(softmax(row)[class]) of each row, 0 for those of the class `ignored`."""
    x = logits.astype(np.float64)
    shifted = x - x.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    kept = target != ignored
    return np.where(kept, -log_p[np.arange(len(x)), np.where(kept, target, 0)], 0)


def cross_entropy_gradient(
    logits: np.ndarray, target: np.ndarray, ignored: int, grad: np.ndarray
) -> np.ndarray:
    """The gradient of the logits, from that of each row's loss."""
    x = logits.astype(np.float64)
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    kept = target != ignored
    p[np.arange(len(x)), np.where(kept, target, 0)] -= 1
    return p * np.where(kept, grad, 0)[:, None]
