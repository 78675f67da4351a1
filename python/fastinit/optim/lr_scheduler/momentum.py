"""The momentum that moves against the rate: `momentum`, or the first of Adam's betas."""

from typing import Any

from ..optimizer import Optimizer

__all__ = ["check_momentum", "set_momentum", "start_momentum"]


def check_momentum(optimizer: Optimizer) -> bool:
    """Returns whether the optimiser's momentum is its first beta.

    Raises:
        ValueError: it has none.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    return "betas" in optimizer.defaults


def set_momentum(group: dict[str, Any], momentum: Any, is_beta: bool) -> None:
    """Gives a group its momentum."""
    if is_beta:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def start_momentum(optimizer: Optimizer, highest: list[Any], lowest: list[Any]) -> None:
    """Gives each group its highest momentum, and notes there between which two it will move."""
    is_beta = "betas" in optimizer.defaults
    for group, high, low in zip(optimizer.param_groups, highest, lowest, strict=True):
        set_momentum(group, high, is_beta)
        group["max_momentum"] = high
        group["base_momentum"] = low
