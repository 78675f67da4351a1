"""Stochastic gradient descent, with momentum."""

from typing import Any

import numpy as np

from .. import _core
from ..autograd.variable import wrap
from ..tensor import Tensor
from .optimizer import Array, Group, Optimizer, check_implementation, check_one_element

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent: p -= lr * g, or with momentum b = momentum * b + (1 - dampening) * g and p -= lr * b.

    Args:
        params: tensors, (name, tensor) pairs, or dicts that each have such under "params".
        lr: the learning rate.
        momentum: how much of the last step's direction is kept.
        dampening: how much of the new gradient is left out of the direction, from the second step on.
        weight_decay: adds this multiple of the parameter to its gradient.
        nesterov: looks ahead along the new direction (Sutskever et al., ICML 2013).
        maximize: climbs instead.
        foreach: accepted and kept, without effect; so is `fused`.
        differentiable: no step can be differentiated: only False is accepted.
        fused: see `foreach`.

    Raises:
        NotImplementedError: a step is to be differentiable.
        RuntimeError: it is to be both fused and by `foreach`.
        TypeError: `params` is a tensor, or has something that is none.
        ValueError: a rate is negative, `nesterov` comes without momentum or with dampening, there are no
            parameters, one is no leaf, or one is in two groups.

    Source: Robbins and Monro 1951, doi:10.1214/aoms/1177729586; torch.optim.SGD.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_one_element(lr, "lr")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_implementation(fused=fused, foreach=foreach, differentiable=differentiable)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # What the states of former versions lack.
        for group in self.param_groups:
            group.setdefault("nesterov", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("differentiable", False)
            group.setdefault("fused", False)

    def _step(self, group: Group) -> None:
        """Moves all parameters in one compiled pass, but for those whose layout or dtype it does not take."""
        momentum, state = group["momentum"], self.state
        parameters: list[Tensor] = []
        values: list[Array] = []
        grads: list[Array] = []
        momenta: list[Array] | None = [] if momentum else None
        for parameter in group["params"]:
            grad = parameter._grad
            if grad is None:
                continue
            (parameter._counter or parameter.version_counter())[0] += 1
            if momenta is not None:
                kept = state[parameter].get("momentum_buffer")
                if kept is None:
                    self._update(parameter, grad._array, group)
                    continue
                momenta.append(kept._array)
            parameters.append(parameter)
            values.append(parameter._array)
            grads.append(grad._array)
        left = _core.sgd_step(
            values,
            grads,
            momenta,
            group["lr"],
            momentum,
            group["dampening"],
            group["weight_decay"],
            group["nesterov"],
            group["maximize"],
        )
        for position in left:
            self._update(parameters[position], grads[position], group)

    def _update(self, parameter: Tensor, grad: Array, group: Group) -> None:
        value, work = parameter._array, self._buffer(parameter)
        momentum = float(group["momentum"])
        direction = grad
        if group["maximize"]:
            direction = np.negative(grad, out=work)
        if group["weight_decay"]:
            decay = value * float(group["weight_decay"])
            direction = np.add(direction, decay, out=work)
        if momentum:
            state = self.state[parameter]
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = wrap(direction.copy())
                kept = state["momentum_buffer"]._array
            else:
                kept = state["momentum_buffer"]._array
                kept *= momentum
                kept += direction * (1 - float(group["dampening"])) if group["dampening"] else direction
            direction = np.add(direction, kept * momentum, out=work) if group["nesterov"] else kept
        np.multiply(direction, float(group["lr"]), out=work)
        value -= work
