"""The mode through which a context sees what PyTorch is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode, _get_current_function_mode, _pop_mode, _push_mode

from .calls import CALLS, call_of_init
from .filling import REFUSALS
from .opened import current
from .waiting import LOOKS_AT_ANY, LOOKS_AT_NO_VALUE, waiting_here

__all__ = ["enter_mode", "leave_mode"]


class _FillMode(TorchFunctionMode):
    """Fills where PyTorch is asked for one of `CALLS` and a context is open here, and else lets it be.

    It has no state of its own, so that of several on a thread's stack it does not matter which is taken off:
    tasks that take turns leave their contexts in any order.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        call = CALLS.get(func)
        if call is None and kwargs and "tensor" in kwargs:
            call = call_of_init(func)
        if call is not None and not torch.compiler.is_compiling():
            opened = current()
            if opened is not None:
                try:
                    return call(opened, *args, **(kwargs or {}))
                except REFUSALS:  # of whatever is wrong, PyTorch's own word is wanted
                    pass
        waiting = waiting_here()
        if waiting and not _looks_at_no_value(func):
            if func in LOOKS_AT_ANY:
                waiting.make_all()
            else:
                waiting.make((args, kwargs))
        return func(*args, **kwargs) if kwargs else func(*args)


def _looks_at_no_value(func: Any) -> bool:
    return func in LOOKS_AT_NO_VALUE or getattr(func, "__name__", "") in {"__get__", "__set__"}


_MODE = _FillMode()


def enter_mode() -> None:
    """Puts the mode on top of this thread's stack."""
    _push_mode(_MODE)


def leave_mode() -> None:
    """Takes the topmost one off this thread's stack, from below what others have put on it since."""
    above = []
    while (mode := _get_current_function_mode()) is not None:
        _pop_mode()
        if mode is _MODE:
            break
        above.append(mode)
    for mode in reversed(above):
        _push_mode(mode)
