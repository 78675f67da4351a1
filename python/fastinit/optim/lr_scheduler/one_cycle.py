"""One rise and fall of the rates over a whole run (Smith and Topin, arXiv:1708.07120)."""

import math
from typing import Any, Literal

from ..optimizer import Optimizer
from .momentum import check_momentum, set_momentum, start_momentum
from .scheduler import LRScheduler, check_optimizer, per_group

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """Raises the rates to `max_lr`, then lowers them far below where they began; momentum moves against them.

    Args:
        optimizer: whose rates are scheduled.
        max_lr: the highest rate; a list has one for each group.
        total_steps: how often `step` will be called; or `epochs` times `steps_per_epoch`.
        epochs: the number of epochs.
        steps_per_epoch: the number of steps in each.
        pct_start: the part of the run in which the rates rise.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether momentum, or the first of Adam's betas, moves from `max_momentum` to
            `base_momentum` and back.
        base_momentum: the lowest momentum; a list has one for each group.
        max_momentum: the highest momentum; a list has one for each group.
        div_factor: the first rate is `max_lr / div_factor`.
        final_div_factor: the last rate is the first one divided by this.
        three_phase: whether the rates fall to the first one as they rose, and only then below it.
        last_epoch: see `LRScheduler`.

    Raises:
        TypeError: `optimizer` is no Optimizer.
        ValueError: an argument is out of its range, a list has another length than the groups, or the
            optimiser has no momentum to cycle.

    Source: torch.optim.lr_scheduler.OneCycleLR.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in {"cos", "linear"}:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        highest = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = check_momentum(optimizer)
            highest = per_group("max_momentum", optimizer, max_momentum)
            lowest = per_group("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                start_momentum(optimizer, highest, lowest)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Computes the rates of the step `last_epoch`, and sets the momentum; for `step` to call."""
        self._warn_if_asked()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {self.total_steps}"
            )
        begin: float = 0.0
        for phase in self._schedule_phases[:-1]:
            if step <= phase["end_step"]:
                break
            begin = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        part = (step - begin) / (phase["end_step"] - begin)
        values = []
        for group in self.optimizer.param_groups:
            values.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                start, end = group[phase["start_momentum"]], group[phase["end_momentum"]]
                set_momentum(group, self._between(start, end, part), self.use_beta1)
        return values

    def _between(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        if total_steps <= 0 or not isinstance(total_steps, int):
            raise ValueError(f"Expected positive integer total_steps, but got {total_steps}")
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    if not isinstance(epochs, int) or epochs <= 0:
        raise ValueError(f"Expected positive integer epochs, but got {epochs}")
    if not isinstance(steps_per_epoch, int) or steps_per_epoch <= 0:
        raise ValueError(f"Expected positive integer steps_per_epoch, but got {steps_per_epoch}")
    return epochs * steps_per_epoch


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """The phases: the step at which each ends, and the options of a group between which it moves."""

    def phase(end_step: float, start: tuple[str, str], end: tuple[str, str]) -> dict[str, Any]:
        return {
            "end_step": end_step,
            "start_lr": start[0],
            "end_lr": end[0],
            "start_momentum": start[1],
            "end_momentum": end[1],
        }

    first, top = ("initial_lr", "max_momentum"), ("max_lr", "base_momentum")
    last = ("min_lr", "max_momentum")
    rise = phase(float(pct_start * total_steps) - 1, first, top)
    if not three_phase:
        return [rise, phase(total_steps - 1, top, last)]
    fall = phase(float(2 * pct_start * total_steps) - 2, top, first)
    return [rise, fall, phase(total_steps - 1, first, last)]
