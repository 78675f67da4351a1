"""Reading a module's state from a mapping of names to tensors, with PyTorch's rules and messages."""

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..autograd import no_grad
from ..tensor import Tensor
from .parameter import Parameter, is_lazy

if TYPE_CHECKING:
    from .module import Module

__all__ = ["EXTRA_STATE", "IncompatibleKeys", "Messages", "load", "load_own"]

EXTRA_STATE = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """The names that the module has and the mapping has not, and the reverse."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Messages(NamedTuple):
    """What does not fit, collected while values are loaded."""

    missing: list[str]
    unexpected: list[str]
    errors: list[str]


def load(module: "Module", state_dict: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """Copies the values of `state_dict` into the module; what `Module.load_state_dict` says.

    Every mistake is collected before one exception tells them all; what fits has been copied by then.
    """
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    missing, unexpected, errors = messages = Messages([], [], [])
    metadata = getattr(state_dict, "_metadata", {})

    def load_tree(module: "Module", entries: Mapping[str, Any], prefix: str) -> None:
        own_metadata = dict(metadata.get(prefix[:-1], {}))
        if assign:
            own_metadata["assign_to_params_buffers"] = True
        module._load_from_state_dict(entries, prefix, own_metadata, True, *messages)
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                load_tree(child, {key: entries[key] for key in entries if key.startswith(below)}, below)
        for hook in tuple(module._load_state_dict_post_hooks.values()):
            if hook(module, IncompatibleKeys(missing, unexpected)) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return "
                    "new values, if incompatible_keys need to be modified, it should be done inplace."
                )

    # A copy, which hooks may change.
    entries = OrderedDict(state_dict)
    if hasattr(state_dict, "_metadata"):
        entries._metadata = metadata  # type: ignore[attr-defined]
    load_tree(module, entries, "")
    if strict:
        for kind, keys in (("Unexpected", unexpected), ("Missing", missing)):
            if keys:
                quoted = ", ".join(f'"{key}"' for key in keys)
                errors.insert(0, f"{kind} key(s) in state_dict: {quoted}. ")
    if errors:
        listed = "\n\t".join(errors)
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{listed}")
    return IncompatibleKeys(missing, unexpected)


def load_own(
    module: "Module",
    state_dict: Mapping[str, Any],
    prefix: str,
    assign: bool,
    strict: bool,
    messages: Messages,
) -> None:
    """Copies into the module's own parameters and buffers, not its children's, what stands under `prefix`."""
    missing, unexpected, errors = messages if strict else Messages([], [], messages.errors)
    tensors = {**module._parameters, **module._persistent_buffers()}
    for name, tensor in tensors.items():
        if tensor is None:
            continue
        key = prefix + name
        if key not in state_dict:
            missing.append(key)
            continue
        error = _load_tensor(module, name, key, tensor, state_dict[key], assign)
        if error is not None:
            errors.append(error)

    extra_key = prefix + EXTRA_STATE
    if module._takes_extra_state():
        if extra_key in state_dict:
            module.set_extra_state(state_dict[extra_key])
        else:
            missing.append(extra_key)
    elif extra_key in state_dict:
        unexpected.append(extra_key)

    for key in state_dict:
        if key.startswith(prefix) and key != extra_key:
            name, _, below = key.removeprefix(prefix).partition(".")
            if name not in module._modules if below else tensors.get(name) is None:
                unexpected.append(key)


def _load_tensor(
    module: "Module", name: str, key: str, tensor: Tensor, value: Any, assign: bool
) -> str | None:
    """Copies (or assigns) one value; returns what was wrong with it, if anything was."""
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected fastinit.Tensor or Tensor-like object '
            f"from checkpoint but received {type(value)}"
        )
    if not is_lazy(tensor) and tensor.ndim == 0 and value.shape == (1,):
        value = value[0]  # Scalars were once saved with one dimension.
    if not is_lazy(tensor) and value.shape != tensor.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
            f"the shape in current model is {tensor.shape}."
        )
    if tensor.is_meta and not value.is_meta and not assign:
        warnings.warn(
            f"for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter in the "
            "current model, which is a no-op. (Did you mean to pass `assign=True` to assign items in the "
            "state dictionary to their corresponding key in the module instead of copying them in place?)",
            UserWarning,
            stacklevel=2,
        )
    try:
        if assign:
            if isinstance(tensor, Parameter) and not isinstance(value, Parameter):
                value = Parameter(value, requires_grad=tensor.requires_grad)
            elif isinstance(tensor, Parameter):
                value.requires_grad_(tensor.requires_grad)
            setattr(module, name, value)
        else:
            with no_grad():
                tensor.copy_(value)
    except Exception as exception:  # told with the others, at the end
        return (
            f'While copying the parameter named "{key}", whose dimensions in the model are {tensor.shape} '
            f"and whose dimensions in the checkpoint are {value.shape}, "
            f"an exception occurred : {exception.args}."
        )
    return None
