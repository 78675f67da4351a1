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
    """`|input - target|`, reduced.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input and target `(*)`, alike; output `()`, with `'none'` `(*)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast, or the mean is of integers.
        ValueError: in `forward`, reduction is none of the three.

    Source: torch.nn.L1Loss.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.l1_loss`."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """(input - target)^2, reduced.

    Args:
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input and target `(*)`, alike, floating point; output `()`, with `'none'` `(*)`.

    Raises:
        NotImplementedError: in `forward`, both are integers.
        RuntimeError: in `forward`, the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the three.

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

    Shape:
        input and target `(*)`, alike, floating point; output `()`, with `'none'` `(*)`.

    Raises:
        NotImplementedError: in `forward`, both are integers.
        RuntimeError: in `forward`, beta is negative, or the shapes do not broadcast.
        ValueError: in `forward`, reduction is none of the three.

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
        weight: `(C,)`, of the input's dtype: a weight per class; held as a buffer.
        size_average: deprecated.
        ignore_index: targets of this value contribute nothing.
        reduce: deprecated.
        reduction: `'mean'` (over the targets' weights), `'sum'` or `'none'`.

    Shape:
        input log-probabilities, `(C)`, `(N, C)` or `(N, C, d1, ...)`; target classes, int64 or uint8, without
        the dimension C; output `()`, with `'none'` of the target's shape.

    Raises:
        IndexError: in `forward`, a target is outside [0, C).
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, target's dtype or a shape does not fit.
        TypeError: weight is no tensor.
        ValueError: in `forward`, the batch sizes differ, or reduction is none of the three.

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
        weight: `(C,)`, of the input's dtype: a weight per class; held as a buffer.
        size_average: deprecated.
        ignore_index: targets of this class contribute nothing.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.
        label_smoothing: share of the target spread evenly over the classes, in [0, 1].

    Shape:
        input logits, `(C)`, `(N, C)` or `(N, C, d1, ...)`; target classes, int64 or uint8, without the
        dimension C, or probabilities of the input's shape; output `()`, with `'none'` the input's shape
        without C.

    Raises:
        IndexError: in `forward`, a target is outside [0, C).
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, a dtype or a shape does not fit, or label_smoothing is above 1.
        TypeError: weight is no tensor.
        ValueError: in `forward`, the batch sizes differ, or reduction is none of the three.

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
        weight: a weight per element, of a shape that broadcasts to the input's; held as a buffer.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.

    Shape:
        input and target `(*)`, of one floating-point dtype; output `()`, with `'none'` `(*)`.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, a value is outside [0, 1], the dtypes differ, or weight does not
            broadcast.
        TypeError: weight is no tensor.
        ValueError: in `forward`, the shapes differ, or reduction is none of the three.

    Source: torch.nn.BCELoss.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Returns the loss; see `nn.functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """The binary cross entropy between logits and targets in [0, 1], stable for every logit.

    Args:
        weight: a weight per element, of a shape that broadcasts to the input's; held as a buffer.
        size_average: deprecated.
        reduce: deprecated.
        reduction: `'mean'`, `'sum'` or `'none'`.
        pos_weight: a weight for the positive targets, broadcast to the input; held as a buffer.

    Shape:
        input and target `(*)`, floating point; output `()`, with `'none'` `(*)`.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, a weight does not broadcast, or the target is not floating point.
        TypeError: a weight is no tensor.
        ValueError: in `forward`, the shapes differ, or reduction is none of the three.

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
