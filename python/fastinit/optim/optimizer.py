"""What all optimisers share: groups of parameters with their options, and the state kept for each."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from ..autograd import enable_grad, no_grad
from ..autograd.record import bump
from ..nn.module_members import type_name
from ..tensor import Tensor
from .hooks import (
    Hooks,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

Array = np.ndarray[Any, np.dtype[Any]]
Group = dict[str, Any]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


#: As a default, says that every group must have the option itself.
required = _Required()


class Optimizer(Hooks):
    """The base class of optimisers; a subclass says in `_update` how one parameter moves.

    Args:
        params: tensors, (name, tensor) pairs, or dicts that each have such under "params" and options of
            their own beside it.
        defaults: the options of groups that do not say otherwise.

    Attributes:
        param_groups: the groups: dicts of "params" and the options.
        state: what is kept for each parameter from step to step.

    Raises:
        TypeError: `params` is a tensor, or has something that is none.
        ValueError: there are no parameters, one is no leaf, or one is in two groups.

    Source: torch.optim.Optimizer.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type_name(params)}"
            )
        self.defaults = defaults
        self._make_hook_tables()
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._scratch: dict[np.dtype[Any], Array] = {}
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Adds parameters with options of their own: layers that are thawed later, say.

        Args:
            param_group: has the parameters under "params", as tensors or as (name, tensor) pairs, and options
                beside them. It becomes the group itself, with the options that it lacks.

        Raises:
            KeyError: it has no "params".
            TypeError: it is no dict, or has something that is no tensor.
            ValueError: a parameter is no leaf, or in another group already; an option is required and is
                missing; some parameters have names and others none.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        _unpack(param_group)
        params = param_group["params"]
        differentiable = self.defaults.get("differentiable")
        for tensor in params:
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type_name(tensor)}"
                )
            if not (differentiable or tensor.is_leaf or tensor.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        if len(set(params)) < len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause "
                "an error; see github.com/pytorch/pytorch/issues/40967 for more information",
                UserWarning,
                stacklevel=3,
            )
        named = "param_names" in param_group
        if any(named != ("param_names" in group) for group in self.param_groups):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if named else 'without'} names to the optimizer"
            )
        if not set(self._parameters()).isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def _parameters(self) -> Iterable[Tensor]:
        return chain.from_iterable(group["params"] for group in self.param_groups)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Moves every parameter that has a gradient.

        Args:
            closure: clears the gradients, computes the loss and its gradients, and returns the loss.

        Returns:
            What `closure` returned; None without one.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step(group)
        return loss

    def _step(self, group: Group) -> None:
        """Moves the parameters of a group that have a gradient."""
        if type(self)._update is Optimizer._update:
            raise NotImplementedError
        for parameter in group["params"]:
            if parameter._grad is not None:
                self._update(parameter, parameter._grad._array, group)
                bump(parameter)

    def _update(self, parameter: Tensor, grad: Array, group: Group) -> None:
        """Moves one parameter, in its own memory, by the options of its group."""
        raise NotImplementedError

    def _buffer(self, parameter: Tensor) -> Array:
        """Memory of a parameter's shape and dtype, the same for all: what is in it lasts for one update."""
        array = parameter._array
        scratch = self._scratch.get(array.dtype)
        if scratch is None or scratch.size < array.size:
            largest = max(each._array.size for each in self._parameters() if each._array.dtype == array.dtype)
            scratch = self._scratch[array.dtype] = np.empty(largest, array.dtype)
        return scratch[: array.size].reshape(array.shape)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients; `set_to_none=False` keeps their memory and fills it with zeros."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter._grad = None
                elif parameter._grad is not None:
                    if parameter._grad.grad_fn is None:
                        parameter._grad.requires_grad_(False)
                    else:
                        parameter._grad.detach_()
                    with no_grad():
                        parameter._grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """Returns the state and the options, with parameters as numbers, in the order of the groups.

        The tensors in it are those of the optimiser, not copies.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        position: dict[int, int] = {}
        groups: list[Group] = []
        start = 0
        for group in self.param_groups:
            # Of a parameter that a group has twice, the last place counts.
            places = enumerate(group["params"], start)
            position |= {id(parameter): place for place, parameter in places if id(parameter) not in position}
            start += len(group["params"])
            options = {name: value for name, value in group.items() if name != "params"}
            groups.append({**options, "params": [position[id(parameter)] for parameter in group["params"]]})
        kept = {
            position[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()
        }
        state_dict: dict[str, Any] = {"state": kept, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        return state_dict

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over a copy of what `state_dict` returned; parameters correspond by their order.

        Raises:
            ValueError: the groups differ in number or in size.
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(saved_groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, saved_groups, strict=True))
        if any(len(own["params"]) != len(saved["params"]) for own, saved in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group "
                "that doesn't match the size of optimizer's group"
            )
        parameters: dict[Any, Tensor] = {}
        for own, saved in pairs:
            parameters.update(zip(saved["params"], own["params"], strict=True))
            saved["params"] = own["params"]
            if "param_names" in own:
                saved.setdefault("param_names", own["param_names"])
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, kept in state_dict["state"].items():
            if key in parameters:
                state[parameters[key]] = _fitted(kept, parameters[key])
            else:
                state[key] = kept
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _scratch={})
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._make_hook_tables()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for index, group in enumerate(self.param_groups):
            options = "".join(f"    {name}: {group[name]}\n" for name in sorted(group) if name != "params")
            text += f"\nParameter Group {index}\n{options}"
        return text + ")"


def check_implementation(*, fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """Refuses what an optimiser cannot be asked for.

    Raises:
        NotImplementedError: a step is to be differentiable.
        RuntimeError: it is to be fused and something else.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError("`differentiable`: the steps of an optimizer are not recorded")


def check_one_element(value: Any, name: str) -> None:
    """Refuses a tensor of several elements in the place of a number.

    Raises:
        ValueError: it is one.
    """
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"Tensor {name} must be 1-element")


def _unpack(group: Group) -> None:
    """Makes a list of a group's parameters, and one of their names, if they have such.

    Raises:
        TypeError: the parameters are a set, which has no order.
        ValueError: some have names and others none.
    """
    params = group["params"]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of "
            "tensors in sets will change between runs. Please use a list instead."
        )
    entries = [params] if isinstance(params, Tensor) else list(params)
    names = [entry[0] for entry in entries if isinstance(entry, tuple)]
    group["params"] = [entry[1] if isinstance(entry, tuple) else entry for entry in entries]
    if len(names) not in {0, len(entries)}:
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    if names:
        group["param_names"] = names


def _fitted(value: Any, parameter: Tensor, name: Any = None) -> Any:
    """A copy of what is kept for a parameter, in its dtype if it is a tensor, but for a count of steps."""
    if isinstance(value, Tensor) and name != "step" and parameter.is_floating_point():
        return value.detach().to(parameter.dtype, copy=True)
    if isinstance(value, dict):
        return {key: _fitted(kept, parameter, key) for key, kept in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(_fitted(kept, parameter) for kept in value)
    return deepcopy(value)
