"""Rates that fall by a factor: every few epochs, at milestones, or always."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, rates

__all__ = ["ExponentialLR", "MultiStepLR", "StepLR"]


class StepLR(LRScheduler):
    """Multiplies the rates by `gamma` every `step_size` epochs.

    Args:
        optimizer: whose rates are scheduled.
        step_size: the number of epochs from one change to the next; not 0.
        gamma: the factor.
        last_epoch: see `LRScheduler`.

    Raises:
        KeyError: a run is resumed, and a group has no "initial_lr".
        TypeError: `optimizer` is no Optimizer.
        ZeroDivisionError: in `step`, `step_size` is 0.

    Source: torch.optim.lr_scheduler.StepLR.
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return rates(self.optimizer)
        return [group["lr"] * self.gamma for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        return [rate * self.gamma ** (self.last_epoch // self.step_size) for rate in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiplies the rates by `gamma` at each milestone.

    Args:
        optimizer: whose rates are scheduled.
        milestones: the epochs at which they change; one that occurs twice counts twice.
        gamma: the factor.
        last_epoch: see `LRScheduler`.

    Raises:
        KeyError: a run is resumed, and a group has no "initial_lr".
        TypeError: `optimizer` is no Optimizer, or `milestones` no iterable.

    Source: torch.optim.lr_scheduler.MultiStepLR.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self.last_epoch not in self.milestones:
            return rates(self.optimizer)
        factor = self.gamma ** self.milestones[self.last_epoch]
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        reached = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [rate * self.gamma**reached for rate in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiplies the rates by `gamma` every epoch.

    Args:
        optimizer: whose rates are scheduled.
        gamma: the factor.
        last_epoch: see `LRScheduler`.

    Raises:
        KeyError: a run is resumed, and a group has no "initial_lr".
        TypeError: `optimizer` is no Optimizer.

    Source: torch.optim.lr_scheduler.ExponentialLR.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self._is_initial:
            return rates(self.optimizer)
        return [group["lr"] * self.gamma for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        return [rate * self.gamma**self.last_epoch for rate in self.base_lrs]
