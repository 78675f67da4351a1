"""Losses of pairs and triples, of divergences and likelihoods, as layers; see `nn.functional`.

`size_average` and `reduce` are PyTorch's old names for `reduction`: they still work and warn.
"""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .loss import _Loss

__all__ = [
    "CosineEmbeddingLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "MarginRankingLoss",
    "PoissonNLLLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
]


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence of the target from the input, which is of logarithms.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'`, `'batchmean'` (the sum by the length of the first dimension) or
            `'none'`.
        log_target: whether the target is of logarithms, too.

    Shape:
        input and target `(*)`, alike; output `()`, with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the four.

    Warns:
        UserWarning: in `forward`, reduction is `'mean'`, which is no divergence.

    Source: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; torch.nn.KLDivLoss.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.kl_div`."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class HuberLoss(_Loss):
    """Squared where the difference is at most delta, a line beyond.

    Args:
        reduction: `'mean'`, `'sum'` or `'none'`.
        delta: where the square becomes a line; above 0.

    Shape:
        input and target `(*)`, alike, floating point; output `()`, with `'none'` `(*)`.

    Raises:
        NotImplementedError: in `forward`, both are integers.
        RuntimeError: in `forward`, delta is not above 0, or the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the three.

    Source: Huber 1964, doi:10.1214/aoms/1177703732; torch.nn.HuberLoss.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.huber_loss`."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class SoftMarginLoss(_Loss):
    """log(1 + exp(-target * input)) of targets that are 1 or -1, reduced.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input and target `(*)`, alike; output `()`, with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the three.

    Source: torch.nn.SoftMarginLoss.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.soft_margin_loss`."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class _MarginLoss(_Loss):
    """A loss with a margin."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class CosineEmbeddingLoss(_MarginLoss):
    """One minus the cosine of what is alike, and the cosine beyond a margin of what is not.

    Args:
        margin: how large the cosine of what is unlike may be.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input1 and input2 `(N, D)` or `(D)`; target `(N)` or `()`, 1 (alike) or -1; output `()`, with `'none'`
        of the target's shape.

    Raises:
        RuntimeError: in `forward`, the shapes do not fit.
        ValueError: in `forward`, reduction is none of the three.

    Source: torch.nn.CosineEmbeddingLoss.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.cosine_embedding_loss`."""
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(_MarginLoss):
    """How far the larger of two is from being larger by a margin.

    Args:
        margin: by how much one should be larger.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input1, input2 and target `(*)`, alike, target 1 where input1 should be larger, else -1; output `()`,
        with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not fit.
        ValueError: in `forward`, reduction is none of the three.

    Source: torch.nn.MarginRankingLoss.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.margin_ranking_loss`."""
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(_MarginLoss):
    """The distance of what is alike, and what the distance of what is not lacks to a margin.

    Args:
        margin: how far what is unlike should be apart.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input distances, `(*)`; target likewise, 1 (alike) or -1; output `()`, with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the three.

    Source: torch.nn.HingeEmbeddingLoss.
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.hinge_embedding_loss`."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """How far what is unlike is from being farther than what is alike, by a margin.

    Args:
        margin: by how much; above 0.
        p: of the norm.
        eps: added to differences.
        swap: take the distance of positive and negative, where it is the smaller one.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        anchor, positive and negative `(N, D)` or `(D)`; output `()`, with `'none'` `(N)` or `()`.

    Raises:
        RuntimeError: in `forward`, the shapes do not fit.
        ValueError: margin is not above 0; in `forward`, reduction is none of the three.

    Source: Balntas et al., BMVC 2016, doi:10.5244/C.30.119; torch.nn.TripletMarginLoss.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-06,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.triplet_margin_loss`."""
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class PoissonNLLLoss(_Loss):
    """The negative log-likelihood of counts, but for a constant.

    Args:
        log_input: whether the input is of logarithms.
        full: add Stirling's approximation of what is left out.
        size_average: deprecated.
        eps: added to counts before their logarithm is taken.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input and target `(*)`, alike; output `()`, with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the three.

    Source: torch.nn.PoissonNLLLoss.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-08,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.poisson_nll_loss`."""
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(_Loss):
    """The negative log-likelihood of values of known means and variances.

    Args:
        full: add the constant, log(2 pi) / 2.
        eps: what variances are at least taken to be.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input, the means, and target `(*)`, alike; var of the same shape, without the last dimension or with
        length 1 there, or one number; output `()`, with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast.
        ValueError: in `forward`, a variance is negative or of another shape, or reduction is none of the
            three.

    Source: Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138; torch.nn.GaussianNLLLoss.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-06, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Returns the loss; see `nn.functional.gaussian_nll_loss`."""
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
