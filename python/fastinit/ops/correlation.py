"""Covariances and correlations."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from .product import matmul
from .selection import clip

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["corrcoef", "cov"]


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """Returns the covariances of variables, the rows of a matrix (torch.cov).

    Args:
        input: (variables, observations), or one variable's observations.
        correction: what is taken from the number of observations.
        fweights: how often each observation was made.
        aweights: the importance of each observation.

    Returns:
        (variables, variables); for one variable, its variance.

    Raises:
        RuntimeError: a shape, a dtype or a weight is none of these.
    """
    ndim = input._array.ndim
    if ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {ndim} dimensions"
        )
    if input._array.dtype == np.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = input.reshape(1, -1) if ndim < 2 else input
    count = rows._array.shape[1]
    weights = _weights(fweights, aweights, count)
    if weights is None:
        mean = rows.sum(1) / count
        observations: float = count - correction
    else:
        total = weights.sum()
        if count and not total._array:
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        mean = (rows * weights).sum(1) / total
        share = 1 if aweights is None else ((weights * aweights).sum() / total).item()
        observations = total.item() - correction * share
    if observations <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
            "observations.",
            UserWarning,
            stacklevel=2,
        )
        observations = 0
    centred = rows - mean.unsqueeze(1)
    return (matmul(centred, (centred if weights is None else centred * weights).t()) / observations).squeeze()


def _weights(fweights: Tensor | None, aweights: Tensor | None, count: int) -> Tensor | None:
    for name, each, integral in (("fweights", fweights, True), ("aweights", aweights, False)):
        if each is None:
            continue
        array = each._array
        if array.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {array.ndim} "
                "dimensions"
            )
        if each.is_floating_point() is integral:
            kind = "integral" if integral else "floating point"
            raise RuntimeError(
                f"cov(): expected {name} to have {kind} dtype but got {name} with {each.dtype.type_name} "
                "dtype"
            )
        if array.size != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but "
                f"got {array.size} != {count}"
            )
        if count and array.min() < 0:
            raise RuntimeError(f"cov(): {name} cannot be negative")
    if fweights is None:
        return aweights
    return fweights if aweights is None else fweights * aweights


def corrcoef(input: Tensor) -> Tensor:
    """Returns the correlations of variables, the rows of a matrix (torch.corrcoef).

    Args:
        input: as that of `cov`.

    Raises:
        RuntimeError: it has more than 2 dimensions.
    """
    ndim = input._array.ndim
    if ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {ndim} "
            "dimensions"
        )
    covariances = cov(input)
    if covariances._array.ndim == 0:
        return covariances / covariances
    deviations = covariances.diagonal().sqrt()
    return clip(covariances / deviations.unsqueeze(1) / deviations.unsqueeze(0), -1, 1)
