"""Hooks of all modules: called before each module's own, or when something is registered with one."""

from collections.abc import Callable
from typing import Any

from ..hooks import RemovableHandle
from .module_hooks import EVERYWHERE, Hooks, add_hook
from .module_members import REGISTRATION_HOOKS

__all__ = [
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, args)` before every `forward` of every module; see `Module`'s method."""
    Hooks._hooked = True
    return add_hook(EVERYWHERE._forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Calls `hook(module, args, output)` after every `forward` of every module; see `Module`'s method."""
    Hooks._hooked = True
    remarks = [
        (EVERYWHERE._forward_hooks_with_kwargs, with_kwargs),
        (EVERYWHERE._forward_hooks_always_called, always_call),
    ]
    return add_hook(EVERYWHERE._forward_hooks, hook, remarks=remarks)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, grad_input, grad_output)` in the backward pass of every module."""
    Hooks._hooked = True
    return add_hook(EVERYWHERE._backward_hooks, hook)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, grad_output)` in the backward pass of every module."""
    Hooks._hooked = True
    return add_hook(EVERYWHERE._backward_pre_hooks, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, name, parameter)` when a module is given a parameter; what it returns is taken."""
    return add_hook(REGISTRATION_HOOKS["parameter"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, name, buffer)` when a module is given a buffer; what it returns is taken."""
    return add_hook(REGISTRATION_HOOKS["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls `hook(module, name, submodule)` when a module is given a child; what it returns is taken."""
    return add_hook(REGISTRATION_HOOKS["module"], hook)
