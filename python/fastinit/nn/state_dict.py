"""A module's values by name: given out, and taken in."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ..tensor import Tensor
from . import loading
from .module_members import Members

if TYPE_CHECKING:
    from .module import Module

__all__ = ["State"]


class State(Members):
    """The part of `Module` that saves and loads its parameters and persistent buffers."""

    _version = 1

    def state_dict(
        self, *, destination: "OrderedDict[str, Any] | None" = None, prefix: str = "", keep_vars: bool = False
    ) -> "OrderedDict[str, Any]":
        """Returns the parameters and persistent buffers by dotted name; a shared one under each of its names.

        Args:
            destination: a mapping to add to, instead of a new one.
            prefix: stands before every name.
            keep_vars: gives the parameters themselves, instead of tensors that share their memory and have no
                graph.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = {"version": self._version}
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Adds this module's own tensors, without its children's; subclasses may do it their way."""
        for name, tensor in {**self._parameters, **self._persistent_buffers()}.items():
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._has_extra_state():
            destination[prefix + loading.EXTRA_STATE] = self.get_extra_state()

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
        assign = local_metadata.get("assign_to_params_buffers", False)
        loading.load_own(
            cast("Module", self), state_dict, prefix, assign, missing_keys, unexpected_keys, error_msgs
        )

    def get_extra_state(self) -> Any:
        """Returns what `state_dict` is to hold besides tensors; a subclass that has such state says what."""
        raise RuntimeError("get_extra_state is for subclasses to define, together with set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Takes back what `get_extra_state` gave; a subclass that has such state says how."""
        raise RuntimeError("set_extra_state is for subclasses to define, together with get_extra_state")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not State.get_extra_state

    def _persistent_buffers(self) -> dict[str, Tensor | None]:
        return {
            name: buffer for name, buffer in self._buffers.items() if name not in self._non_persistent_buffers
        }
