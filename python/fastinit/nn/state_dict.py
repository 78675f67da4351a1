"""A module's values by name: given out, and taken in."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ..hooks import RemovableHandle
from ..tensor import Tensor
from . import loading
from .module_hooks import HookTable, add_hook
from .module_members import Members

if TYPE_CHECKING:
    from .module import Module

__all__ = ["State", "state_hook_tables"]


def state_hook_tables() -> dict[str, dict[int, Any]]:
    """Returns the tables of the hooks of `State`, empty."""
    return {name: {} for name in State.__annotations__}


class State(Members):
    """The part of `Module` that saves and loads its parameters and persistent buffers."""

    _version = 1

    _state_dict_pre_hooks: HookTable
    _state_dict_hooks: HookTable
    _state_dict_hooks_in_place: dict[int, bool]
    _load_state_dict_pre_hooks: HookTable
    _load_state_dict_post_hooks: HookTable

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> "OrderedDict[str, Any]":
        """Returns the parameters and persistent buffers by dotted name; a shared one under each of its names.

        Args:
            *args: the other arguments, in their order; deprecated.
            destination: a mapping to add to, instead of a new one.
            prefix: stands before every name.
            keep_vars: gives the parameters themselves, instead of tensors that share their memory and have no
                graph.

        Raises:
            RuntimeError: a hook of `register_state_dict_post_hook` returned something.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for "
                "details.",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given.get("destination", destination)
            prefix = given.get("prefix", prefix)
            keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for pre_hook in tuple(self._state_dict_pre_hooks.values()):
            pre_hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for key, hook in tuple(self._state_dict_hooks.items()):
            changed = hook(self, destination, prefix, metadata)
            if changed is not None:
                if key in self._state_dict_hooks_in_place:
                    raise RuntimeError("state_dict post-hook must return None")
                destination = changed
        return destination  # type: ignore[no-any-return]

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Adds this module's own tensors, without its children's; subclasses may do it their way."""
        for name, tensor in {**self._parameters, **self._persistent_buffers()}.items():
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not State.get_extra_state:
            destination[prefix + loading.EXTRA_STATE] = self.get_extra_state()

    def register_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, prefix, keep_vars)` before this module's part of `state_dict` is made.

        Returns:
            The handle that removes it.
        """
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, state_dict, prefix, local_metadata)` when `state_dict` has this module's part.

        Args:
            hook: may change `state_dict`, in place, and returns None.

        Returns:
            The handle that removes it.
        """
        return add_hook(self._state_dict_hooks, hook, remarks=[(self._state_dict_hooks_in_place, True)])

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As `register_state_dict_post_hook`; what a hook of the outermost module returns is the result."""
        if any(self._state_dict_hooks.get(key) is hook for key in self._state_dict_hooks_in_place):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook` before this module's own values are loaded.

        Args:
            hook: called as `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
                unexpected_keys, error_msgs)`, all of which it may change in place; `state_dict` is a copy.

        Returns:
            The handle that removes it.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., None], with_module: bool = False
    ) -> RemovableHandle:
        """As `register_load_state_dict_pre_hook`, for a hook that is not given the module."""
        return add_hook(self._load_state_dict_pre_hooks, partial(hook, self) if with_module else hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Calls `hook(module, incompatible_keys)` when the values of this module and those below are loaded.

        Args:
            hook: may change the lists `missing_keys` and `unexpected_keys` in place, and with them what
                `load_state_dict` raises; returns None.

        Returns:
            The handle that removes it.
        """
        return add_hook(self._load_state_dict_post_hooks, hook)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> loading.IncompatibleKeys:
        """Copies values into the parameters and persistent buffers of the same names.

        Args:
            state_dict: names to tensors.
            strict: whether a name that is only on one side is an error.
            assign: puts the given tensors themselves in the place of the module's.

        Returns:
            The names only on one side: `missing_keys`, `unexpected_keys`.

        Raises:
            AssertionError: a hook of `register_load_state_dict_post_hook` returned something.
            RuntimeError: names or shapes do not agree. All that is wrong is told; what fits has been copied.
            TypeError: `state_dict` is not a mapping.
        """
        return loading.load(cast("Module", self), state_dict, strict, assign)

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Copies this module's own tensors, without its children's; subclasses may do it their way."""
        messages = loading.Messages(missing_keys, unexpected_keys, error_msgs)
        for hook in tuple(self._load_state_dict_pre_hooks.values()):
            hook(state_dict, prefix, local_metadata, strict, *messages)
        assign = local_metadata.get("assign_to_params_buffers", False)
        loading.load_own(cast("Module", self), state_dict, prefix, assign, strict, messages)

    def get_extra_state(self) -> Any:
        """Returns what `state_dict` is to hold besides tensors; a subclass that has such state says what."""
        raise RuntimeError("get_extra_state is for subclasses to define, together with set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Takes back what `get_extra_state` gave; a subclass that has such state says how."""
        raise RuntimeError("set_extra_state is for subclasses to define, together with get_extra_state")

    def _takes_extra_state(self) -> bool:
        return type(self).set_extra_state is not State.set_extra_state

    def _persistent_buffers(self) -> dict[str, Tensor | None]:
        return {
            name: buffer
            for name, buffer in self._buffers.items()
            if name not in self._non_persistent_buffers_set
        }
