"""Functions that are called around an optimiser's step, or where its state is saved or loaded."""

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from ..hooks import RemovableHandle

__all__ = ["Hooks", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

HookTable: TypeAlias = OrderedDict[int, Callable[..., Any]]
Step = TypeVar("Step", bound=Callable[..., Any])

_pre_hooks_of_all: HookTable = OrderedDict()
_post_hooks_of_all: HookTable = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(optimizer, args, kwargs)` before every step of every optimiser.

    Returns:
        The handle that removes it.
    """
    return _add(_pre_hooks_of_all, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(optimizer, args, kwargs)` after every step of every optimiser.

    Returns:
        The handle that removes it.
    """
    return _add(_post_hooks_of_all, hook)


def _add(table: HookTable, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(table)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def _hooked(step: Step) -> Step:
    """Returns the `step` of a class of optimisers with the hooks around it."""

    @functools.wraps(step)
    def around(self: "Hooks", *args: Any, **kwargs: Any) -> Any:
        if not (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _pre_hooks_of_all
            or _post_hooks_of_all
        ):
            return step(self, *args, **kwargs)
        if type(self).step is not around:
            # The step of a derived class, which calls this one, has called them.
            return step(self, *args, **kwargs)
        given: tuple[Any, ...] = (self, *args)
        for hook in (*_pre_hooks_of_all.values(), *self._optimizer_step_pre_hooks.values()):
            changed = hook(self, given, kwargs)
            if changed is None:
                continue
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise RuntimeError(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                )
            given, kwargs = changed
        result = step(*given, **kwargs)
        for hook in (*self._optimizer_step_post_hooks.values(), *_post_hooks_of_all.values()):
            hook(self, given, kwargs)
        return result

    around.hooked = True  # type: ignore[attr-defined]
    return around  # type: ignore[return-value]


class Hooks:
    """The part of `Optimizer` that keeps hooks; a derived class' `step` calls them, too."""

    step: Callable[..., Any]

    _optimizer_step_pre_hooks: HookTable
    _optimizer_step_post_hooks: HookTable
    _optimizer_state_dict_pre_hooks: HookTable
    _optimizer_state_dict_post_hooks: HookTable
    _optimizer_load_state_dict_pre_hooks: HookTable
    _optimizer_load_state_dict_post_hooks: HookTable

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # The step may come from a class among the bases that is no optimiser itself.
        if not getattr(cls.step, "hooked", False):
            cls.step = _hooked(cls.step)

    def _make_hook_tables(self) -> None:
        for name in Hooks.__annotations__:
            if name != "step":
                setattr(self, name, OrderedDict())

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(optimizer, args, kwargs)` before every step.

        Args:
            hook: may return other arguments, `(args, kwargs)`; `args` has the optimiser first.

        Returns:
            The handle that removes it.
        """
        return _add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(optimizer, args, kwargs)` after every step.

        Returns:
            The handle that removes it.
        """
        return _add(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., None], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer)` before `state_dict`; with `prepend`, before the hooks that are there.

        Returns:
            The handle that removes it.
        """
        return _add(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer, state_dict)` after `state_dict`.

        Args:
            hook: what it returns, if not None, is the result.
            prepend: puts it before the hooks that are there.

        Returns:
            The handle that removes it.
        """
        return _add(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer, state_dict)` before a state is loaded.

        Args:
            hook: gets a shallow copy of the state; what it returns, if not None, is loaded instead.
            prepend: puts it before the hooks that are there.

        Returns:
            The handle that removes it.
        """
        return _add(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., None], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer)` after a state was loaded; with `prepend`, before the hooks that are there.

        Returns:
            The handle that removes it.
        """
        return _add(self._optimizer_load_state_dict_post_hooks, hook, prepend)
