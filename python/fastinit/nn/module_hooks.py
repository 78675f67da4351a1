"""Functions that are called when a module is: hooks, of one module or of all, and the call that runs them."""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ..hooks import RemovableHandle
from .backward_hooks import BackwardHooks

if TYPE_CHECKING:
    from .module import Module

__all__ = ["EVERYWHERE", "CallHooks", "HookTable", "Hooks", "add_hook", "call_hook_tables"]

#: Functions by the id of their handle, in the order in which they are called.
HookTable: TypeAlias = dict[int, Callable[..., Any]]


class CallHooks:
    """The hooks that run when a module is called, or its gradients computed.

    Those that are called in another way than the others have their ids in tables of their own.
    """

    _forward_pre_hooks: HookTable
    _forward_pre_hooks_with_kwargs: dict[int, bool]
    _forward_hooks: HookTable
    _forward_hooks_with_kwargs: dict[int, bool]
    _forward_hooks_always_called: dict[int, bool]
    _backward_pre_hooks: HookTable
    _backward_hooks: HookTable

    def _any_hooks(self) -> bool:
        """Tells whether there is one."""
        return bool(
            self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        )


def call_hook_tables() -> dict[str, dict[int, Any]]:
    """Returns the tables of `CallHooks`, empty."""
    return {name: {} for name in CallHooks.__annotations__}


class _Everywhere(CallHooks):
    """The hooks that run for every module, before the module's own."""

    def __init__(self) -> None:
        self.__dict__.update(call_hook_tables())


EVERYWHERE = _Everywhere()


class Hooks(CallHooks):
    """The part of `Module` that registers hooks and calls them around `forward`."""

    forward: Callable[..., Any]

    #: Whether a call has to look for hooks: set, for one module or in the class, once there is one, and taken
    #: back by the first call that finds none. A call without hooks so reads one attribute.
    _hooked = False

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, args)` before every `forward`.

        Args:
            hook: may return new arguments: one value, or a tuple; with `with_kwargs` it is called as
                `hook(module, args, kwargs)` and may return `(args, kwargs)`.
            prepend: puts it before the hooks that are there.
            with_kwargs: whether it sees the keyword arguments.

        Returns:
            The handle that removes it.
        """
        self._hooked = True
        remarks = [(self._forward_pre_hooks_with_kwargs, with_kwargs)]
        return add_hook(self._forward_pre_hooks, hook, prepend, remarks)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Calls `hook(module, args, output)` after every `forward`.

        Args:
            hook: may return another output; with `with_kwargs` it is called as
                `hook(module, args, kwargs, output)`.
            prepend: puts it before the hooks that are there.
            with_kwargs: whether it sees the keyword arguments.
            always_call: calls it also when `forward` or another hook raises, with the output as far as there
                is one. What it then raises itself becomes a warning.

        Returns:
            The handle that removes it.
        """
        self._hooked = True
        remarks = [
            (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
        ]
        return add_hook(self._forward_hooks, hook, prepend, remarks)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Calls `hook(module, grad_input, grad_output)` when the gradients of the module's inputs are known.

        Both are tuples: the gradients of the positional arguments and of the outputs, None for what is no
        tensor. The module has to return a tensor, or a tuple. If none of its inputs requires grad, the hook
        is called, with a warning, once the gradients of the outputs are known.

        Args:
            hook: may return another `grad_input`, but not change the one that it is given.
            prepend: puts it before the hooks that are there.

        Returns:
            The handle that removes it.
        """
        self._hooked = True
        return add_hook(self._backward_hooks, hook, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, grad_output)` when the gradients of the module's outputs are known.

        Args:
            hook: may return another `grad_output`, but not change the one that it is given.
            prepend: puts it before the hooks that are there.

        Returns:
            The handle that removes it.
        """
        self._hooked = True
        return add_hook(self._backward_pre_hooks, hook, prepend)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not (self._any_hooks() or EVERYWHERE._any_hooks()):
            self.__dict__.pop("_hooked", None)
            Hooks._hooked = False
            return self.forward(*args, **kwargs)
        call = _HookedCall(cast("Module", self), args, kwargs)
        try:
            return call.run()
        except Exception:
            call.run_what_is_always_called()
            raise


class _HookedCall:
    """One call of a module, with the hooks of all modules and its own."""

    def __init__(self, module: "Module", args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._module = module
        self._args = args
        self._kwargs = kwargs
        self._result: Any = None
        self._called: set[int] = set()

    def run(self) -> Any:
        module = self._module
        for key, hook in _both(module, "_forward_pre_hooks"):
            self._call_pre_hook(key, hook)
        backward_hooks = [hook for _, hook in _both(module, "_backward_hooks")]
        backward_pre_hooks = [hook for _, hook in _both(module, "_backward_pre_hooks")]
        watch = None
        if backward_hooks or backward_pre_hooks:
            watch = BackwardHooks(module, backward_hooks, backward_pre_hooks)
            self._args = watch.inputs(self._args)
        self._result = module.forward(*self._args, **self._kwargs)
        for key, hook in _both(module, "_forward_hooks"):
            self._called.add(key)
            self._call_hook(key, hook)
        return self._result if watch is None else watch.outputs(self._result)

    def _call_pre_hook(self, key: int, hook: Callable[..., Any]) -> None:
        if key not in self._module._forward_pre_hooks_with_kwargs:
            changed = hook(self._module, self._args)
            if changed is not None:
                self._args = changed if isinstance(changed, tuple) else (changed,)
            return
        changed = hook(self._module, self._args, self._kwargs)
        if changed is not None:
            if not isinstance(changed, tuple) or len(changed) != 2:
                raise RuntimeError(
                    "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                    f"but got {changed}."
                )
            self._args, self._kwargs = changed

    def _call_hook(self, key: int, hook: Callable[..., Any]) -> None:
        if any(key in each._forward_hooks_with_kwargs for each in (EVERYWHERE, self._module)):
            changed = hook(self._module, self._args, self._kwargs, self._result)
        else:
            changed = hook(self._module, self._args, self._result)
        if changed is not None:
            self._result = changed

    def run_what_is_always_called(self) -> None:
        """After an error, runs the hooks that are always called and have not been."""
        for holder, owner in ((EVERYWHERE, "global module"), (self._module, "module")):
            for key, hook in list(holder._forward_hooks.items()):
                if key not in holder._forward_hooks_always_called or key in self._called:
                    continue
                try:
                    self._call_hook(key, hook)
                except Exception as error:
                    warnings.warn(
                        f"{owner} forward hook with ``always_call=True`` raised an exception "
                        f"that was silenced as another error was raised in forward: {error}",
                        UserWarning,
                        stacklevel=4,
                    )


def _both(module: CallHooks, table: str) -> list[tuple[int, Callable[..., Any]]]:
    """The hooks of all modules, then the module's own; a copy, since a hook may take itself off."""
    return [*getattr(EVERYWHERE, table).items(), *getattr(module, table).items()]


def add_hook(
    hooks: HookTable,
    hook: Callable[..., Any],
    prepend: bool = False,
    remarks: list[tuple[dict[int, bool], bool]] | None = None,
) -> RemovableHandle:
    """Adds a hook, and its id to those tables of `remarks` that are to have it.

    Args:
        hooks: the table that the hook goes into.
        hook: the function.
        prepend: puts it before the hooks that are there.
        remarks: tables, each with whether the hook's id goes into it.

    Returns:
        The handle that removes it.
    """
    tables = [table for table, is_so in remarks or () if is_so]
    handle = RemovableHandle(hooks, tables)
    former = dict(hooks) if prepend else {}
    for key in former:
        del hooks[key]
    hooks[handle.id] = hook
    hooks.update(former)
    for table in tables:
        table[handle.id] = True
    return handle
