"""Rates by functions of the epoch that the user gives."""

import types
from collections.abc import Callable
from typing import Any, TypeAlias

from ..optimizer import Optimizer
from .scheduler import LRScheduler, rates

__all__ = ["LambdaLR", "MultiplicativeLR"]

Factor: TypeAlias = Callable[[int], float]


class LambdaLR(LRScheduler):
    """Multiplies the first rates by a function of the epoch.

    Args:
        optimizer: whose rates are scheduled.
        lr_lambda: gives the factor in an epoch; a list has one function for each group.
        last_epoch: see `LRScheduler`.

    Raises:
        ValueError: the list has another length than the groups.

    Source: torch.optim.lr_scheduler.LambdaLR.
    """

    lr_lambdas: list[Factor]

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, list | tuple):
            self.lr_lambdas = [lr_lambda] * groups
        elif len(lr_lambda) == groups:
            self.lr_lambdas = list(lr_lambda)
        else:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        self._check_functions()
        super().__init__(optimizer, last_epoch)

    def _check_functions(self) -> None:
        """Refuses what a subclass cannot call."""

    def state_dict(self) -> dict[str, Any]:
        """Returns what the schedule is made of: of callable objects their attributes."""
        state = super().state_dict()
        del state["lr_lambdas"]
        state["lr_lambdas"] = [
            None if isinstance(each, types.FunctionType) else each.__dict__.copy() for each in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned; the functions stay those of this schedule."""
        self.__dict__.update({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=False):
            if attributes is not None:
                function.__dict__.update(attributes)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        return [
            rate * factor(self.last_epoch)
            for factor, rate in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(LambdaLR):
    """Multiplies the rates, epoch by epoch, by a function of the epoch.

    Args:
        optimizer: whose rates are scheduled.
        lr_lambda: gives the factor in an epoch; a list has one function for each group.
        last_epoch: see `LRScheduler`.

    Raises:
        TypeError: what is given is no function.
        ValueError: the list has another length than the groups.

    Source: torch.optim.lr_scheduler.MultiplicativeLR.
    """

    def _check_functions(self) -> None:
        for each in self.lr_lambdas:
            if not callable(each):
                raise TypeError(f"lr_lambda should be a function, but got {type(each).__name__}")

    def get_lr(self) -> list[Any]:
        """Computes the rates of the epoch `last_epoch`; for `step` to call."""
        self._warn_if_asked()
        if self._is_initial:
            return rates(self.optimizer)
        return [
            group["lr"] * factor(self.last_epoch)
            for factor, group in zip(self.lr_lambdas, self.optimizer.param_groups, strict=True)
        ]
