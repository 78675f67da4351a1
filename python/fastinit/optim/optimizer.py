"""What all optimisers share: groups of parameters with their options, and the state kept for each."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from ..autograd import bump, enable_grad, no_grad
from ..tensor import Tensor

__all__ = ["Optimizer"]

Array = np.ndarray[Any, np.dtype[Any]]
Group = dict[str, Any]


class Optimizer:
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
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got fastinit.{params.dtype.type_name}Tensor"
            )
        self.defaults = defaults
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
            param_group: has the parameters under "params", and options beside them.

        Raises:
            KeyError: it has no "params".
            TypeError: it is no dict, or has something that is no tensor.
            ValueError: a parameter is no leaf, or in another group already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of "
                "tensors in sets will change between runs. Please use a list instead."
            )
        entries = [params] if isinstance(params, Tensor) else list(params)
        group = {"params": entries}
        if entries and all(isinstance(entry, tuple) for entry in entries):
            group = {
                "params": [tensor for _, tensor in entries],
                "param_names": [name for name, _ in entries],
            }
        for tensor in group["params"]:
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(tensor).__name__}"
                )
            if not tensor.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        if len(set(group["params"])) < len(group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters", UserWarning, stacklevel=3
            )
        if not set(self._parameters()).isdisjoint(group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
        options = {name: value for name, value in param_group.items() if name != "params"}
        self.param_groups.append({**group, **self.defaults, **options})

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
                    with no_grad():
                        parameter._grad.detach_().zero_()

    def state_dict(self) -> dict[str, Any]:
        """Returns the state and the options, with parameters as numbers, in the order of the groups."""
        position = {id(parameter): index for index, parameter in enumerate(dict.fromkeys(self._parameters()))}
        groups = []
        for group in self.param_groups:
            options = {name: value for name, value in group.items() if name != "params"}
            groups.append({**options, "params": [position[id(parameter)] for parameter in group["params"]]})
        state = {position[id(parameter)]: kept for parameter, kept in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Takes over a copy of what `state_dict` returned; parameters correspond by their order.

        Raises:
            ValueError: the groups differ in number or in size.
        """
        saved_groups = state_dict["param_groups"]
        if len(saved_groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, saved_groups, strict=True))
        if any(len(own["params"]) != len(saved["params"]) for own, saved in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group "
                "that doesn't match the size of optimizer's group"
            )
        parameters: dict[int, Tensor] = {}
        groups = []
        for own, saved in pairs:
            parameters.update(zip(saved["params"], own["params"], strict=True))
            groups.append(
                {"params": own["params"], **{k: deepcopy(v) for k, v in saved.items() if k != "params"}}
            )
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for position, kept in state_dict["state"].items():
            parameter = parameters[position]
            state[parameter] = {name: _fitted(name, value, parameter) for name, value in kept.items()}
        self.param_groups = groups
        self.state = state

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _scratch={})

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for index, group in enumerate(self.param_groups):
            options = "".join(f"    {name}: {group[name]}\n" for name in sorted(group) if name != "params")
            text += f"\nParameter Group {index}\n{options}"
        return text + ")"


def _fitted(name: str, value: Any, parameter: Tensor) -> Any:
    """A copy of a kept value, in the parameter's dtype if it is of its kind (a count of steps is not)."""
    if isinstance(value, Tensor) and name != "step" and parameter.is_floating_point():
        return value.detach().to(parameter.dtype, copy=True)
    return deepcopy(value)
