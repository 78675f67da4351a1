"""Losses that are likelihoods or divergences of distributions: Kullback-Leibler, Poisson, Gauss."""

import math
import warnings

import numpy as np

from ...autograd import no_grad
from ...ops.bivariate import xlogy
from ...tensor import Tensor
from .ranking import reduce_tensor
from .reduction import check_reduction, resolve_reduction

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Returns `target (log target - input)`, reduced.

    Args:
        input: logarithms of probabilities, any shape.
        target: probabilities, of the same shape.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum', 'mean', or 'batchmean', the sum divided by the length of the first
            dimension.
        log_target: whether the target is of logarithms, too.

    Raises:
        ValueError: reduction is none of the four.

    Source: torch.nn.functional.kl_div.
    """
    if size_average is not None or reduce is not None:
        reduction = resolve_reduction(reduction, size_average, reduce)
    elif reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support "
            "size.'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    by_batch = reduction == "batchmean"
    if not by_batch:
        check_reduction(reduction)
    losses = target.exp() * (target - input) if log_target else xlogy(target, target) - target * input
    result = reduce_tensor(losses, "sum" if by_batch else reduction)
    return result / input._array.shape[0] if by_batch and input._array.ndim else result


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-08,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `exp(input) - target input`, reduced: minus the log-likelihood of counts, but for a constant.

    Args:
        input: logarithms of the expected counts, any shape; the counts themselves if not `log_input`.
        target: the counts, of the same shape.
        log_input: whether the input is of logarithms.
        full: add Stirling's approximation of what is left out.
        size_average: deprecated.
        eps: added to counts before their logarithm is taken.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        ValueError: reduction is none of the three.

    Source: torch.nn.functional.poisson_nll_loss.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return reduce_tensor(losses, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-06,
    reduction: str = "mean",
) -> Tensor:
    """Returns `(log(var) + (input - target)^2 / var) / 2`, reduced.

    Args:
        input: the means, any shape.
        target: the values, of the same shape.
        var: the variances, of the same shape, or of one that lacks the last dimension, or has it with length
            1; or one for all.
        full: add the constant, log(2 pi) / 2.
        eps: what variances are at least taken to be; the gradient knows nothing of it.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        ValueError: a variance is negative or of another shape, or reduction is none of the three.

    Source: Nix and Weigend 1994; torch.nn.functional.gaussian_nll_loss.
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = input.detach().new_full(input._array.shape, var)
    elif np.any(var._array < 0):
        raise ValueError("var has negative entry/entries")
    shape, own = input._array.shape, var._array.shape
    if own != shape:
        if shape[:-1] == own:
            var = var.unsqueeze(-1)
        elif len(shape) != len(own) or sum(n for m, n in zip(shape, own, strict=True) if m != n) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in {"none", "mean", "sum"}:
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduce_tensor(losses, reduction)
