"""Rates that rise and fall again and again (Smith, arXiv:1506.01186)."""

import math
import types
from collections.abc import Callable
from typing import Any, Literal

from ..optimizer import Optimizer
from .momentum import check_momentum, set_momentum, start_momentum
from .scheduler import LRScheduler, check_optimizer, per_group, set_rates

__all__ = ["CyclicLR"]


class CyclicLR(LRScheduler):
    """Moves the rates between `base_lr` and `max_lr` in straight lines; momentum moves against them.

    Args:
        optimizer: whose rates are scheduled.
        base_lr: the lowest rate; a list has one for each group.
        max_lr: the highest rate of the first cycle; a list has one for each group.
        step_size_up: the number of steps of the rise.
        step_size_down: the number of steps of the fall; that of the rise if None.
        mode: "triangular" for cycles of one height, "triangular2" for each of half the height of the one
            before, "exp_range" for a height of gamma ** step.
        gamma: see `mode`.
        scale_fn: gives the height in place of `mode`.
        scale_mode: whether `scale_fn` is a function of the "cycle", counted from 1, or of the "iterations".
        cycle_momentum: whether momentum, or the first of Adam's betas, moves from `max_momentum` to
            `base_momentum` and back.
        base_momentum: the lowest momentum; a list has one for each group.
        max_momentum: the highest momentum; a list has one for each group.
        last_epoch: see `LRScheduler`.

    Raises:
        TypeError: `optimizer` is no Optimizer.
        ValueError: the mode is unknown, a list has another length than the groups, or the optimiser has no
            momentum to cycle.

    Source: torch.optim.lr_scheduler.CyclicLR.
    """

    _scale_fn_custom: Any

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        lowest = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            set_rates(optimizer, lowest)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if scale_fn is None and mode not in {"triangular", "triangular2", "exp_range"}:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = check_momentum(optimizer)
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                start_momentum(optimizer, self.max_momentums, self.base_momentums)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> Any:
        """Returns the height of a cycle, or at a step, as a part of that of the first."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 1 / (2.0 ** (x - 1))
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        """Computes the rates of the step `last_epoch`, and sets the momentum; for `step` to call."""
        self._warn_if_asked()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        part = 1.0 + self.last_epoch / self.total_size - cycle
        height = part / self.step_ratio if part <= self.step_ratio else (part - 1) / (self.step_ratio - 1)

        def scaled(low: Any, high: Any) -> Any:
            return (
                (high - low)
                * height
                * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
            )

        if self.cycle_momentum:
            momentums = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, momentums, strict=True):
                set_momentum(group, high - scaled(low, high), self.use_beta1)
        return [low + scaled(low, high) for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Returns what the schedule is made of: of a callable object its attributes."""
        state = super().state_dict()
        function = state.pop("_scale_fn_custom")
        is_object = function is not None and not isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = function.__dict__.copy() if is_object else None
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned; the function stays that of this schedule."""
        function = self._scale_fn_custom
        super().load_state_dict(state_dict)
        self._scale_fn_custom = function
        if function is not None and state_dict["_scale_fn_custom"] is not None:
            function.__dict__.update(state_dict["_scale_fn_custom"])
