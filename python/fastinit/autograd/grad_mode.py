"""Whether operations are recorded: one switch per thread."""

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from .. import _core

__all__ = ["enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled"]

P = ParamSpec("P")
R = TypeVar("R")


#: Its attribute `enabled` is the state of the calling thread.
mode = _core.GradMode()


def is_grad_enabled() -> bool:
    """Tells whether operations of this thread are recorded."""
    return mode.enabled


class _Switch:
    """Sets the mode for a `with` block or for each call of a decorated function, then restores it."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(mode.enabled)
        mode.enabled = self._enabled

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        mode.enabled = self._previous.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        enabled = self._enabled

        @functools.wraps(function)
        def decorated(*args: P.args, **kwargs: P.kwargs) -> R:
            with _Switch(enabled):
                return function(*args, **kwargs)

        return decorated


class _DecoratorOrContext(_Switch):
    """Lets `@no_grad` and `@no_grad()` decorate alike."""

    _mode = False

    @overload
    def __new__(cls, function: None = None) -> "_DecoratorOrContext": ...
    @overload
    def __new__(cls, function: Callable[P, R]) -> Callable[P, R]: ...  # type: ignore[misc]
    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        self = super().__new__(cls)
        if function is None:
            return self
        self.__init__()  # type: ignore[misc]  # what __new__ returns is the decorated function
        return self(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self._mode)


class no_grad(_DecoratorOrContext):  # noqa: N801 - PyTorch's name
    """Operations inside are not recorded; as a context manager or a decorator (torch.no_grad)."""


class inference_mode(_DecoratorOrContext):  # noqa: N801 - PyTorch's name
    """As `no_grad`: this library keeps no bookkeeping that could be dropped beyond it."""


class enable_grad(_DecoratorOrContext):  # noqa: N801 - PyTorch's name
    """Operations inside are recorded, also within `no_grad` (torch.enable_grad)."""

    _mode = True


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Sets the mode at once; as a context manager, restores it at the end (torch.set_grad_enabled).

    Args:
        mode: whether operations are to be recorded.
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self._at_call = is_grad_enabled()
        _set(mode)

    def __enter__(self) -> None:
        self._previous.append(self._at_call)
        _set(self._enabled)

    def __repr__(self) -> str:
        return f"fastinit.autograd.grad_mode.set_grad_enabled(mode={self._enabled})"

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorates `function`, and takes back the change that making the decorator made."""
        _set(self._at_call)
        return cast("Callable[P, R]", super().__call__(function))


def _set(enabled: bool) -> None:
    mode.enabled = enabled
