"""Whether operations are recorded: one switch per thread."""

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast, overload

from .. import _core

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

P = ParamSpec("P")
R = TypeVar("R")


#: Its attribute `enabled` is the state of the calling thread.
mode = _core.GradMode()


def is_grad_enabled() -> bool:
    """Tells whether operations of this thread are recorded (torch.is_grad_enabled).

    Returns:
        True unless `no_grad` or the like says otherwise.
    """
    return mode.enabled


class _Inference(threading.local):
    """Whether the calling thread is within `inference_mode`."""

    enabled = False


_inference = _Inference()


def is_inference_mode_enabled() -> bool:
    """Tells whether this thread is within `inference_mode` (torch.is_inference_mode_enabled).

    Returns:
        A Python bool.
    """
    return _inference.enabled


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

    def clone(self) -> Self:
        """Returns another one that sets the same."""
        return type(self)()  # type: ignore[call-arg]  # those that take an argument say how

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorates a function, or a function that makes generators: their code runs in this mode."""
        if inspect.isgeneratorfunction(function):
            return cast("Callable[P, R]", _around_generator(self.clone, function))
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only "
                "decorate functions or methods. To preserve the current behavior of class decoration, you "
                "can directly decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
        return _around(self.clone, function)


def _around(switch: Callable[[], _Switch], function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function, updated=() if inspect.isclass(function) else ("__dict__",))
    def decorated(*args: P.args, **kwargs: P.kwargs) -> R:
        with switch():
            return function(*args, **kwargs)

    return decorated


def _around_generator(
    switch: Callable[[], _Switch], function: Callable[P, Generator[Any, Any, Any]]
) -> Callable[P, Generator[Any, Any, Any]]:
    """A generator stops at each `yield`: only what runs between two of them runs in the mode."""

    @functools.wraps(function)
    def decorated(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        try:
            with switch():
                given = next(generator)
            while True:
                try:
                    sent = yield given
                except GeneratorExit:
                    with switch():
                        generator.close()
                    raise
                except BaseException as error:
                    with switch():
                        given = generator.throw(error)
                else:
                    with switch():
                        given = generator.send(sent)
        except StopIteration as end:
            return end.value

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
    """Operations inside are not recorded; as a context manager or a decorator (torch.no_grad).

    Args:
        function: what is decorated, of `@no_grad`; nothing in `with no_grad():` and in `@no_grad()`.

    Warns:
        FutureWarning: a class is decorated.
    """


class inference_mode(_Switch):  # noqa: N801 - PyTorch's name
    """Operations inside are not recorded, as within `no_grad` (torch.inference_mode).

    This library keeps no bookkeeping that could be dropped beyond it.

    Args:
        mode: False records operations again, also within another `inference_mode`; or what is decorated, of
            `@inference_mode`.

    Warns:
        FutureWarning: a class is decorated.
    """

    @overload
    def __new__(cls, mode: bool = True) -> "inference_mode": ...
    @overload
    def __new__(cls, mode: Callable[P, R]) -> Callable[P, R]: ...  # type: ignore[misc]  # no instance
    def __new__(cls, mode: Any = True) -> Any:
        """Decorates what stands in the place of the mode, if it is a function."""
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)
        self.mode = mode
        self._was_inference: list[bool] = []

    def __enter__(self) -> None:
        super().__enter__()
        self._was_inference.append(_inference.enabled)
        _inference.enabled = self.mode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _inference.enabled = self._was_inference.pop()
        super().__exit__(kind, error, trace)

    def clone(self) -> Self:
        """Returns another one that sets the same."""
        return type(self)(self.mode)


class enable_grad(_DecoratorOrContext):  # noqa: N801 - PyTorch's name
    """Operations inside are recorded, also within `no_grad` (torch.enable_grad).

    Args:
        function: what is decorated, of `@enable_grad`; nothing in `with enable_grad():` and in
            `@enable_grad()`.

    Warns:
        FutureWarning: a class is decorated.
    """

    _mode = True


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Sets the mode at once; as a context manager, restores it at the end (torch.set_grad_enabled).

    Args:
        mode: whether operations are to be recorded.

    Raises:
        TypeError: `mode` is not a bool.
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}"
            )
        super().__init__(mode)
        self.mode = mode
        self._at_call = is_grad_enabled()
        _set(mode)

    def __enter__(self) -> None:
        self._previous.append(self._at_call)
        _set(self._enabled)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorates `function`, and takes back the change that making the decorator made."""
        _set(self._at_call)
        return super().__call__(function)

    def clone(self) -> Self:
        """Returns another one that sets the same."""
        return type(self)(self.mode)

    def __repr__(self) -> str:
        return f"fastinit.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


def _set(enabled: bool) -> None:
    mode.enabled = enabled
