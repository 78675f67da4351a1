"""Losses as layers. The formulas stand at the functions in `nn.functional`.

Every loss takes `reduction`: `'mean'` (default), `'sum'` or `'none'`. `size_average` and `reduce` are
PyTorch's old names for it: they still work and warn.
"""

from ..tensor import Tensor
from . import functional as F
from .functional.reduction import resolve_reduction
from .module import Module


class _Loss(Module):
    """A loss with a reduction."""

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = resolve_reduction(reduction, size_average, reduce)


class _WeightedLoss(_Loss):
    """A loss with a weight per class or element, held as a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """The mean absolute difference of input and target.

    Source: torch.nn.L1Loss.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.l1_loss`."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """The mean squared difference of input and target.

    Source: torch.nn.MSELoss.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.mse_loss`."""
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Squared where the difference is under `beta`, absolute beyond.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.
        beta: where the square becomes a line; 0 gives L1Loss.

    Source: Girshick 2015, arXiv:1504.08083; torch.nn.SmoothL1Loss.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.smooth_l1_loss`."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class NLLLoss(_WeightedLoss):
    """The negative log-probability of each target class.

    Args:
        weight: a weight per class.
        size_average: deprecated.
        ignore_index: targets of this value contribute nothing.
        reduce: deprecated.
        reduction: `'mean'` (over the targets' weights), `'sum'` or `'none'`.

    Source: torch.nn.NLLLoss.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.nll_loss`."""
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class CrossEntropyLoss(_WeightedLoss):
    """The cross entropy between logits and target classes, or class probabilities.

    Args:
        weight: a weight per class.
        size_average: deprecated.
        ignore_index: targets of this class contribute nothing.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.
        label_smoothing: share of the target spread evenly over the classes, in [0, 1].

    Source: torch.nn.CrossEntropyLoss; label smoothing: Szegedy et al. 2015, arXiv:1512.00567.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.cross_entropy`."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(_WeightedLoss):
    """The binary cross entropy between probabilities and targets in [0, 1].

    Args:
        weight: a weight per element, broadcast to the input.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Source: torch.nn.BCELoss.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """The binary cross entropy between logits and targets in [0, 1], stable for every logit.

    Args:
        weight: a weight per element, broadcast to the input.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.
        pos_weight: a weight for the positive targets, broadcast to the input.

    Source: torch.nn.BCEWithLogitsLoss.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.binary_cross_entropy_with_logits`."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )
