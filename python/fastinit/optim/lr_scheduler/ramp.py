"""Rates that move to another level within so many epochs, and stay there."""

from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, rates

__all__ = ["ConstantLR", "LinearLR", "PolynomialLR"]


class ConstantLR(LRScheduler):
    """Multiplies the rates by `factor` until `total_iters` epochs have passed.

    Args:
        optimizer: whose rates are scheduled.
        factor: the factor, in [0, 1].
        total_iters: the number of epochs for which it holds.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: the factor is not in [0, 1].

    Source: torch.optim.lr_scheduler.ConstantLR.
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self.last_epoch == 0:
            return [group["lr"] * self.factor for group in self.optimizer.param_groups]
        if self.last_epoch != self.total_iters:
            return rates(self.optimizer)
        return [group["lr"] * (1.0 / self.factor) for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        ended = self.last_epoch >= self.total_iters
        return [rate * (self.factor + ended * (1 - self.factor)) for rate in self.base_lrs]


class LinearLR(LRScheduler):
    """Moves the factor of the rates from `start_factor` to `end_factor` in equal steps.

    Args:
        optimizer: whose rates are scheduled.
        start_factor: the factor in the first epoch, in (0, 1].
        end_factor: the factor in the end, in [0, 1].
        total_iters: the number of epochs that this takes.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: a factor is out of its range.

    Source: torch.optim.lr_scheduler.LinearLR.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1."
            )
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self.last_epoch == 0:
            return [group["lr"] * self.start_factor for group in self.optimizer.param_groups]
        if self._is_initial or self.last_epoch > self.total_iters:
            return rates(self.optimizer)
        rise = self.end_factor - self.start_factor
        former = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return [group["lr"] * (1.0 + rise / former) for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        rise = self.end_factor - self.start_factor
        passed = min(self.total_iters, self.last_epoch)
        return [rate * (self.start_factor + rise * passed / self.total_iters) for rate in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Lowers the rates to 0, as (1 - epoch / total_iters) ** power.

    Args:
        optimizer: whose rates are scheduled.
        total_iters: the number of epochs that this takes.
        power: the exponent.
        last_epoch: see `LRScheduler`.

    Raises:
        KeyError: a run is resumed, and a group has no "initial_lr".
        TypeError: `optimizer` is no Optimizer.

    Source: torch.optim.lr_scheduler.PolynomialLR.
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self._is_initial or self.last_epoch > self.total_iters:
            return rates(self.optimizer)
        left = 1.0 - self.last_epoch / self.total_iters
        left_before = 1.0 - (self.last_epoch - 1) / self.total_iters
        factor = (left / left_before) ** self.power
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [rate * left**self.power for rate in self.base_lrs]
