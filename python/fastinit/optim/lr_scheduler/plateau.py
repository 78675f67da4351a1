"""Rates that fall when what is measured no longer gets better."""

import math
from typing import Any, Literal, SupportsFloat

from ..optimizer import Optimizer
from .scheduler import LRScheduler, check_optimizer, rates, set_rate, warn_of_epoch

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the rates by `factor` when a measure has not become better for `patience` epochs.

    Args:
        optimizer: whose rates are scheduled.
        mode: "min" if a smaller measure is better, "max" if a larger one.
        factor: the factor, below 1.
        patience: the number of epochs without a better measure that are suffered.
        threshold: how much better a measure must be.
        threshold_mode: "rel" if `threshold` is a part of the best measure, "abs" if a difference from it.
        cooldown: the number of epochs after a change in which none are counted.
        min_lr: the lowest rate; a list has one for each group.
        eps: changes no larger than this are not made.

    Raises:
        TypeError: `optimizer` is no Optimizer.
        ValueError: the factor is not below 1, a mode is unknown, or a list does not fit the groups.

    Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
    """

    default_min_lr: Any
    min_lrs: list[Any]

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        self.factor = factor
        check_optimizer(optimizer)
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if isinstance(min_lr, list | tuple):
            if len(min_lr) != groups:
                raise ValueError(f"expected {groups} min_lrs, got {len(min_lr)}")
            self.default_min_lr = None
            self.min_lrs = list(min_lr)
        else:
            self.default_min_lr = min_lr
            self.min_lrs = [min_lr] * groups
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = rates(optimizer)
        if mode not in {"min", "max"}:
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in {"rel", "abs"}:
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Takes note of an epoch's measure, and lowers the rates if it is time.

        Args:
            metrics: the measure: a number, or a tensor of one element.
            epoch: deprecated; the number of the epoch.
        """
        current = float(metrics)
        if epoch is None:
            epoch = self.last_epoch + 1
        else:
            warn_of_epoch()
        self.last_epoch = epoch
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = rates(self.optimizer)

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from when "
                    f"`ReduceLROnPlateau` was initialized ({len(self.min_lrs)}), usually due to a new param "
                    "group being added to the optimizer. Please modify the `min_lrs` field to match the "
                    "length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, lowest)
            if old - new > self.eps:
                set_rate(group, new)

    @property
    def in_cooldown(self) -> bool:
        """Whether the rates have just been lowered, and epochs are not yet counted again."""
        return self.cooldown_counter > 0

    def _is_better(self, measure: float, best: float) -> bool:
        if self.mode == "min":
            relative = self.threshold_mode == "rel"
            return measure < (best * (1.0 - self.threshold) if relative else best - self.threshold)
        relative = self.threshold_mode == "rel"
        return measure > (best * (self.threshold + 1.0) if relative else best + self.threshold)
