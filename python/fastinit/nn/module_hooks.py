"""Functions that are called when a module is: hooks, and the call that runs them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from ..hooks import RemovableHandle

__all__ = ["Hook", "Hooks"]


class Hook(NamedTuple):
    """A function, and how it is to be called."""

    call: Callable[..., Any]
    with_kwargs: bool
    always_call: bool = False


class Hooks:
    """The part of `Module` that registers hooks and calls them around `forward`."""

    forward: Callable[..., Any]

    _forward_pre_hooks: OrderedDict[int, Hook]
    _forward_hooks: OrderedDict[int, Hook]

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        try:
            for pre_hook in tuple(self._forward_pre_hooks.values()):
                if pre_hook.with_kwargs:
                    changed = pre_hook.call(self, args, kwargs)
                    if changed is None:
                        continue
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise RuntimeError(
                            "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                            f"but got {changed}."
                        )
                    args, kwargs = changed
                else:
                    changed = pre_hook.call(self, args)
                    if changed is not None:
                        args = changed if isinstance(changed, tuple) else (changed,)
            result = self.forward(*args, **kwargs)
            for key, hook in tuple(self._forward_hooks.items()):
                called.add(key)
                changed = (
                    hook.call(self, args, kwargs, result)
                    if hook.with_kwargs
                    else hook.call(self, args, result)
                )
                if changed is not None:
                    result = changed
        except Exception:
            for key, hook in tuple(self._forward_hooks.items()):
                if hook.always_call and key not in called:
                    hook.call(self, args, kwargs, None) if hook.with_kwargs else hook.call(self, args, None)
            raise
        return result

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
        return _add_hook(self._forward_pre_hooks, Hook(hook, with_kwargs), prepend)

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
            always_call: calls it, with the output None, also when `forward` raises.

        Returns:
            The handle that removes it.
        """
        return _add_hook(self._forward_hooks, Hook(hook, with_kwargs, always_call), prepend)


def _add_hook(hooks: OrderedDict[int, Hook], hook: Hook, prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
