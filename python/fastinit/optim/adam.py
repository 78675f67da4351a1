"""Adam, and AdamW: steps scaled by running means of the gradient and of its square."""

import math
from typing import Any

import numpy as np

from .. import _core
from ..autograd.variable import wrap
from ..tensor import Tensor
from .optimizer import Array, Group, Optimizer, check_implementation, check_one_element

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """p -= lr * m / (sqrt(v) + eps), m and v the running means of the gradient and of its square, unbiased.

    Args:
        params: tensors, (name, tensor) pairs, or dicts that each have such under "params".
        lr: the learning rate.
        betas: how much of the running means of the gradient and of its square is kept at each step.
        eps: keeps the denominator away from zero.
        weight_decay: adds this multiple of the parameter to its gradient.
        amsgrad: divides by the largest mean of squares so far (Reddi et al., ICLR 2018).
        foreach: accepted and kept, without effect; so are `capturable` and `fused`.
        maximize: climbs instead.
        capturable: see `foreach`.
        differentiable: no step can be differentiated: only False is accepted.
        fused: see `foreach`.
        decoupled_weight_decay: shrinks the parameter itself, as `AdamW`.

    Raises:
        NotImplementedError: a step is to be differentiable.
        RuntimeError: it is to be both fused and by `foreach`.
        TypeError: `params` is a tensor, or has something that is none.
        ValueError: a rate is negative, a beta is not in [0, 1), there are no parameters, one is no leaf, or
            one is in two groups.

    Source: Kingma and Ba 2014, arXiv:1412.6980, algorithm 1; torch.optim.Adam.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_one_element(lr, "lr")
        if not lr >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for index in range(2):
            if not 0.0 <= betas[index] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")
        if not weight_decay >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        betas = _numbers(betas, foreach=bool(foreach and not capturable))
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_implementation(fused=fused, foreach=foreach, differentiable=differentiable)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # What the states of former versions lack, or have as a number.
        for group in self.param_groups:
            group.setdefault("amsgrad", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("capturable", False)
            group.setdefault("differentiable", False)
            group.setdefault("decoupled_weight_decay", False)
            group.setdefault("fused", None)
            for parameter in group["params"]:
                kept = self.state.get(parameter)
                if kept and not isinstance(kept["step"], Tensor):
                    kept["step"] = wrap(np.asarray(kept["step"], np.float32))

    def _step(self, group: Group) -> None:
        """Moves all parameters in one compiled pass, but for those whose layout or dtype it does not take."""
        parameters: list[Tensor] = []
        values: list[Array] = []
        grads: list[Array] = []
        means: list[Array] = []
        squares: list[Array] = []
        largest: list[Array] | None = [] if group["amsgrad"] else None
        steps: list[Array] = []
        for parameter in group["params"]:
            grad = parameter._grad
            if grad is None:
                continue
            (parameter._counter or parameter.version_counter())[0] += 1
            state = self.state[parameter] or self._begin(parameter, group)
            parameters.append(parameter)
            values.append(parameter._array)
            grads.append(grad._array)
            means.append(state["exp_avg"]._array)
            squares.append(state["exp_avg_sq"]._array)
            if largest is not None:
                largest.append(state["max_exp_avg_sq"]._array)
            steps.append(state["step"]._array)
        beta1, beta2 = group["betas"]
        left = _core.adam_step(
            values,
            grads,
            means,
            squares,
            largest,
            steps,
            group["lr"],
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            group["decoupled_weight_decay"],
            group["maximize"],
        )
        for position in left:
            self._update(parameters[position], grads[position], group)

    def _begin(self, parameter: Tensor, group: Group) -> dict[str, Tensor]:
        """Makes the state of a parameter that is to move for the first time."""
        value, state = parameter._array, self.state[parameter]
        state["step"] = wrap(np.zeros((), np.float32))
        state["exp_avg"] = wrap(np.zeros_like(value, subok=False))
        state["exp_avg_sq"] = wrap(np.zeros_like(value, subok=False))
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = wrap(np.zeros_like(value, subok=False))
        return state

    def _update(self, parameter: Tensor, grad: Array, group: Group) -> None:
        value, work, state = parameter._array, self._buffer(parameter), self.state[parameter]
        state["step"]._array += 1
        step = state["step"].item()
        mean, square = state["exp_avg"]._array, state["exp_avg_sq"]._array
        lr, (beta1, beta2) = float(group["lr"]), map(float, group["betas"])

        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            if group["decoupled_weight_decay"]:
                value *= 1 - lr * group["weight_decay"]
            else:
                grad = grad + value * float(group["weight_decay"])

        # mean = beta1 mean + (1 - beta1) grad, from whichever is nearer; with a beta1 of 0 it is the gradient
        # itself. square = beta2 square + (1 - beta2) grad^2.
        np.subtract(grad, mean, out=work)
        if 1 - beta1 < 0.5:
            work *= 1 - beta1
            mean += work
        else:
            work *= beta1
            np.subtract(grad, work, out=mean)
        square *= beta2
        np.multiply(grad, 1 - beta2, out=work)
        work *= grad
        square += work

        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"]._array
            square = np.maximum(largest, square, out=largest)
        # lr (mean / bias1) / (sqrt(square / bias2) + eps), with the root of bias2 taken out.
        root = math.sqrt(1 - beta2**step)
        denominator = np.sqrt(square)
        denominator += float(group["eps"]) * root
        np.multiply(mean, lr / (1 - beta1**step) * root, out=work)
        work /= denominator
        value -= work


class AdamW(Adam):
    """Adam with the decay of weights apart from the gradient: p -= lr * weight_decay * p at each step.

    Args:
        params: tensors, (name, tensor) pairs, or dicts that each have such under "params".
        lr: the learning rate.
        betas: how much of the running means of the gradient and of its square is kept at each step.
        eps: keeps the denominator away from zero.
        weight_decay: shrinks the parameter by `lr` times this multiple of it.
        amsgrad: divides by the largest mean of squares so far (Reddi et al., ICLR 2018).
        maximize: climbs instead.
        foreach: accepted and kept, without effect; so are `capturable` and `fused`.
        capturable: see `foreach`.
        differentiable: no step can be differentiated: only False is accepted.
        fused: see `foreach`.

    Raises:
        NotImplementedError: a step is to be differentiable.
        RuntimeError: it is to be both fused and by `foreach`.
        TypeError: `params` is a tensor, or has something that is none.
        ValueError: a rate is negative, a beta is not in [0, 1), there are no parameters, one is no leaf, or
            one is in two groups.

    Source: Loshchilov and Hutter 2017, arXiv:1711.05101; torch.optim.AdamW.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # Also where the state is Adam's.
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


def _numbers(betas: Any, foreach: bool) -> tuple[Any, ...]:
    """Returns Adam's betas, those that are tensors without their dimensions.

    Raises:
        ValueError: one is a tensor, the other not, or tensors are not supported, or have several elements.
    """
    if not (
        all(isinstance(beta, float) for beta in betas[:2])
        or all(isinstance(beta, Tensor) for beta in betas[:2])
    ):
        raise ValueError("betas must be either both floats or both Tensors")
    for index, beta in enumerate(betas[:2]):
        if isinstance(beta, Tensor) and foreach:
            raise ValueError(
                f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_one_element(beta, f"betas[{index}]")
    return tuple(beta.squeeze() if isinstance(beta, Tensor) and beta.ndim else beta for beta in betas)
