"""Rates that fall along half a cosine (Loshchilov and Hutter, ICLR 2017)."""

import math
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, computing, rates, set_rates

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


class CosineAnnealingLR(LRScheduler):
    """Lowers the rates to `eta_min` in `T_max` epochs, and raises them again in as many.

    Args:
        optimizer: whose rates are scheduled.
        T_max: the number of epochs of half a period; not 0.
        eta_min: the lowest rate.
        last_epoch: see `LRScheduler`.

    Raises:
        KeyError: a run is resumed, and a group has no "initial_lr".
        TypeError: `optimizer` is no Optimizer.
        ZeroDivisionError: in `step`, `T_max` is 0.

    Source: Loshchilov and Hutter 2016, arXiv:1608.03983; torch.optim.lr_scheduler.CosineAnnealingLR.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self._is_initial:
            return rates(self.optimizer)
        epoch, half, low = self.last_epoch, self.T_max, self.eta_min
        groups = self.optimizer.param_groups
        if self._step_count == 1 and epoch > 0:
            return [low + (rate - low) * (1 + math.cos(epoch * math.pi / half)) / 2 for rate in self.base_lrs]
        if (epoch - 1 - half) % (2 * half) == 0:
            # The rate before was the lowest: no ratio leads away from it.
            return [
                group["lr"] + (rate - low) * (1 - math.cos(math.pi / half)) / 2
                for rate, group in zip(self.base_lrs, groups, strict=True)
            ]
        now, before = (1 + math.cos(math.pi * each / half) for each in (epoch, epoch - 1))
        return [now / before * (group["lr"] - low) + low for group in groups]

    def _get_closed_form_lr(self) -> list[Any]:
        height = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (rate - self.eta_min) * height / 2 for rate in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Lowers the rates to `eta_min`, and starts again from the first, in cycles that may grow.

    Args:
        optimizer: whose rates are scheduled.
        T_0: the number of epochs of the first cycle.
        T_mult: how many times as long as the one before each further cycle is.
        eta_min: the lowest rate.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: `T_0` or `T_mult` is no positive integer, or `eta_min` no number.

    Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.
    """

    T_cur: float

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803 - PyTorch's name
        T_mult: int = 1,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, float | int):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        height = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (rate - self.eta_min) * height / 2 for rate in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Sets the rates of the next epoch.

        Args:
            epoch: the epoch to go to, also a part of one: `i + batch / batches`.

        Raises:
            ValueError: the epoch is negative.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        with computing(self):
            set_rates(self.optimizer, self.get_lr())
        self._last_lr = rates(self.optimizer)

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        if epoch < self.T_0:
            self.T_i = self.T_0
            self.T_cur = epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            growth = self.T_mult - 1
            cycle = int(math.log(epoch / self.T_0 * growth + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**cycle - 1) / growth
            self.T_i = self.T_0 * self.T_mult**cycle
