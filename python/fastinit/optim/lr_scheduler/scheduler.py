"""What all schedules share: when a rate changes, where it is kept, and how it is saved."""

import functools
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]

_EPOCH_IS_DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
    "Please use `scheduler.step()` to step the scheduler. During the deprecation, if epoch is different "
    "from None, the closed form is used instead of the new chainable form, where available. Please open an "
    "issue if you are unable to replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)
_STEP_REPLACED = (
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, "
    "make sure to call `optimizer.step()` before `lr_scheduler.step()`. See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)
_STEPPED_BEFORE_OPTIMIZER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you "
    "should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do "
    "this will result in PyTorch skipping the first value of the learning rate schedule. See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)


class LRScheduler:
    """The base class of schedules; a subclass says in `get_lr` what the rates of the next epoch are.

    Args:
        optimizer: whose groups have their "lr" changed.
        last_epoch: the epoch that was the last before; -1 for a new run, which also notes each group's rate
            as its "initial_lr".

    Attributes:
        base_lrs: the rates that the groups had at first.
        last_epoch: how often `step` was called.

    Raises:
        KeyError: a run is resumed, and a group has no "initial_lr".
        TypeError: `optimizer` is no Optimizer.

    Source: torch.optim.lr_scheduler.LRScheduler.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    optimizer: Optimizer
    base_lrs: list[Any]
    last_epoch: int
    _step_count: int
    _last_lr: list[Any]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{index}] when resuming scheduler "
                    "with last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume "
                    "training from a checkpoint but haven't properly loaded the optimizer state\n2. You're "
                    "using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch_steps(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        with _flag(self, "_is_initial"):
            self.step()

    def state_dict(self) -> dict[str, Any]:
        """Returns all that the schedule is made of, but for the optimiser."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Returns the rate of each group, as the last step set it."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Computes the rate of each group in the epoch `last_epoch`; for `step` to call."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Sets the rates of the next epoch; to be called after the optimiser's `step`.

        Args:
            epoch: deprecated; the epoch to go to.
        """
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(_STEP_REPLACED, UserWarning, stacklevel=2)
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(_STEPPED_BEFORE_OPTIMIZER, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        with computing(self):
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            closed_form = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            values = self.get_lr() if closed_form is None else closed_form()
        set_rates(self.optimizer, values)
        self._last_lr = rates(self.optimizer)

    def _warn_if_asked(self) -> None:
        """Warns where `get_lr` was called by the user, to whom it would give the rates after these."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class _LRScheduler(LRScheduler):
    """The name from which schedules were derived before the base class had its present one."""


def check_optimizer(optimizer: object) -> None:
    """Refuses what is no optimiser.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def warn_of_epoch() -> None:
    """Warns the caller of `step` that its argument is deprecated."""
    warnings.warn(_EPOCH_IS_DEPRECATED, UserWarning, stacklevel=3)


def copied(value: Any) -> Any:
    """Returns a number as it is, a tensor as a copy: nobody else is to change it."""
    return value.clone() if isinstance(value, Tensor) else value


def rates(optimizer: Optimizer, name: str = "lr") -> list[Any]:
    """Returns an option of each group."""
    return [copied(group[name]) for group in optimizer.param_groups]


def set_rates(optimizer: Optimizer, values: list[Any]) -> None:
    """Gives each group its rate, in place where that is a tensor."""
    for group, value in zip(optimizer.param_groups, values, strict=True):
        set_rate(group, value)


def set_rate(group: dict[str, Any], value: Any) -> None:
    """Gives one group its rate."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(value.squeeze() if isinstance(value, Tensor) else value)
    else:
        group["lr"] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Returns an argument's value for each group.

    Raises:
        ValueError: it is a list of another length.
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [copied(value) for _ in range(groups)]
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {groups}."
        )
    return [copied(each) for each in value]


@contextmanager
def _flag(scheduler: LRScheduler, name: str) -> Iterator[None]:
    setattr(scheduler, name, True)
    try:
        yield
    finally:
        setattr(scheduler, name, False)


def computing(scheduler: LRScheduler) -> Any:
    """Says to `get_lr`, within the block, that it is `step` that calls."""
    return _flag(scheduler, "_get_lr_called_within_step")


def _watch_steps(optimizer: Optimizer) -> None:
    """Has the optimiser note that its `step` was called, which a schedule wants to see first."""
    bound: Any = optimizer.step
    if hasattr(bound, "_wrapped_by_lr_sched"):
        return
    # The optimiser must not hold itself, or its memory would wait for the garbage collector.
    function, reference = bound.__func__, weakref.ref(optimizer)

    @functools.wraps(function)
    def step(*args: Any, **kwargs: Any) -> Any:
        owner: Any = reference()
        owner._opt_called = True
        return function(owner, *args, **kwargs)

    step._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = step  # type: ignore[method-assign]
