"""Gradients made smaller: by the norm of all of them, or value by value."""

import types
import warnings
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from ...autograd import no_grad
from ...autograd.record import bump, check_writable
from ...conversion import tensor
from ...ops.joining import stack
from ...ops.norms import norm
from ...ops.operands import Array, compute, lift
from ...ops.selection import clamp
from ...tensor import Tensor

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]

Tensors: TypeAlias = Tensor | Iterable[Tensor]


@no_grad()
def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Returns the norm of all tensors, taken as one vector.

    Args:
        tensors: a tensor, or several, of any shapes; 0 if there are none.
        norm_type: the order of the norm; `inf` for the largest absolute value.
        error_if_nonfinite: whether an infinite or undefined norm is an error.
        foreach: accepted, without effect: there is one implementation.

    Raises:
        RuntimeError: the norm is not finite, and this is to be an error.

    Source: torch.nn.utils.get_total_norm.

    Example:
        >>> get_total_norm([fastinit.tensor([3.0]), fastinit.tensor([[4.0]])])
        tensor(5.)
    """
    norm_type = float(norm_type)
    norms = [norm(each, norm_type) for each in _several(tensors)]
    if not norms:
        return tensor(0.0)
    total = norm(stack(norms), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite norm anyway, "
            "set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scales the gradients of all parameters by max_norm / (total_norm + 1e-6) if that is below 1.

    Args:
        parameters: a parameter, or several, of any shapes; those without a gradient are passed over.
        max_norm: the norm that the gradients shall not exceed.
        total_norm: the norm that they have, as `get_total_norm` gave it.
        foreach: accepted, without effect.

    Raises:
        RuntimeError: elements of a gradient share memory.
        ValueError: `max_norm` is no number.

    Source: `torch.nn.utils.clip_grads_with_norm_`.
    """
    max_norm = float(max_norm)
    grads = _grads(parameters)
    if not grads:
        return
    # No question whether it is below 1: a factor of NaN must reach the gradients.
    factor = clamp(max_norm / (total_norm + 1e-6), max=1.0).item()
    for grad in grads:
        check_writable(grad)
        if factor != 1:
            compute(_scale, grad._array, factor)
        bump(grad)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scales the gradients of all parameters, in place, so that their norm is `max_norm` at most.

    Args:
        parameters: a parameter, or several, of any shapes; those without a gradient are passed over.
        max_norm: the norm that the gradients shall not exceed.
        norm_type: the order of the norm; `inf` for the largest absolute value.
        error_if_nonfinite: whether an infinite or undefined norm is an error.
        foreach: accepted, without effect: there is one implementation.

    Returns:
        The norm before the gradients were scaled, a scalar.

    Raises:
        RuntimeError: the norm is not finite, and this is to be an error; or elements of a gradient share
            memory.
        ValueError: a number is none.

    Source: Pascanu et al. 2013, arXiv:1211.5063; `torch.nn.utils.clip_grad_norm_`.

    Example:
        >>> weight = Parameter(fastinit.zeros(2))
        >>> weight.grad = fastinit.tensor([30.0, 40.0])
        >>> clip_grad_norm_([weight], max_norm=5)
        tensor(50.)
        >>> weight.grad
        tensor([3.0000, 4.0000])
    """
    is_generator = isinstance(parameters, types.GeneratorType)
    parameters = _several(parameters)
    if is_generator and not parameters:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=2
        )
    total = get_total_norm(_grads(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The former name of `clip_grad_norm_`: warns, and does the same.

    Args:
        parameters: a parameter, or several, of any shapes; those without a gradient are passed over.
        max_norm: the norm that the gradients shall not exceed.
        norm_type: the order of the norm; `inf` for the largest absolute value.
        error_if_nonfinite: whether an infinite or undefined norm is an error.
        foreach: accepted, without effect: there is one implementation.

    Returns:
        The norm before the gradients were scaled, a scalar.

    Raises:
        RuntimeError: the norm is not finite, and this is to be an error; or elements of a gradient share
            memory.
        ValueError: a number is none.

    Warns:
        FutureWarning: always.

    Source: torch.nn.utils.clip_grad_norm.
    """
    warnings.warn(
        "`fastinit.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`fastinit.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Moves every element of the gradients into [-clip_value, clip_value], in place.

    Args:
        parameters: a parameter, or several, of any shapes; those without a gradient are passed over.
        clip_value: the largest absolute value that is left.
        foreach: accepted, without effect: there is one implementation.

    Raises:
        RuntimeError: elements of a gradient share memory.
        ValueError: `clip_value` is no number.

    Source: `torch.nn.utils.clip_grad_value_`.

    Example:
        >>> weight = Parameter(fastinit.zeros(3))
        >>> weight.grad = fastinit.tensor([-2.0, 0.5, 7.0])
        >>> clip_grad_value_(weight, 1)
        >>> weight.grad
        tensor([-1.0000,  0.5000,  1.0000])
    """
    clip_value = float(clip_value)
    for grad in _grads(parameters):
        check_writable(grad)
        compute(_clip, grad._array, clip_value)
        bump(grad)


def _scale(array: Array, factor: float) -> None:
    wide = lift(array)
    np.multiply(wide, wide.dtype.type(factor), out=wide)
    if wide is not array:
        array[...] = wide


def _clip(array: Array, bound: float) -> None:
    largest = array.dtype.type(bound)
    np.maximum(array, -largest, out=array)
    np.minimum(array, largest, out=array)


def _several(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _grads(parameters: Tensors) -> list[Tensor]:
    return [parameter.grad for parameter in _several(parameters) if parameter.grad is not None]
