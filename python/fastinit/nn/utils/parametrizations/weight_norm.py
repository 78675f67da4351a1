"""A weight as a direction and a length (Salimans and Kingma, arXiv:1602.07868)."""

from typing import Any

import numpy as np

from ....autograd.record import record
from ....autograd.variable import wrap
from ....ops.operands import Array, compute, lift, lower
from ....tensor import Tensor
from ...module import Module
from ..parametrize import register_parametrization

__all__ = ["weight_norm"]


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Computes a tensor of a module as g v / ||v||, where g and v are trained in its place.

    Args:
        module: the module.
        name: the tensor's name.
        dim: the dimension along which each slice has a length of its own; None or -1 for one length of all.

    Returns:
        The module, whose `parametrizations.<name>` has g as `original0` and v as `original1`.

    Raises:
        ValueError: the module has no such tensor.

    Source: torch.nn.utils.parametrizations.weight_norm.

    Example:
        >>> layer = weight_norm(nn.Linear(3, 2))
        >>> [(name, tuple(p.shape)) for name, p in layer.parametrizations.named_parameters()]
        [('weight.original0', (2, 1)), ('weight.original1', (2, 3))]
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: dict[str, Any], prefix: str, *_: object) -> None:
        # What PyTorch's first weight_norm called g and v.
        former = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in former):
            for index, key in enumerate(former):
                state_dict[f"{prefix}parametrizations.{name}.original{index}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return _scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        norm = compute(_norm, lift(weight._array), _axes(weight.ndim, self.dim))
        return wrap(lower(norm, weight._array.dtype)), weight


def _axes(ndim: int, dim: int) -> tuple[int, ...] | None:
    """The dimensions over which one length is taken; None for all, without keeping them."""
    if dim == -1:
        return None
    if not -ndim <= dim < ndim:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})"
        )
    return tuple(axis for axis in range(ndim) if axis != dim % ndim)


def _norm(array: Array, axes: tuple[int, ...] | None) -> Array:
    return np.asarray(np.sqrt(np.sum(np.square(array), axis=axes, keepdims=axes is not None)))


def _scaled(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """Returns g v / ||v||, in one pass each way."""
    direction, length = lift(v._array), lift(g._array)
    axes = _axes(direction.ndim, dim)

    def forward() -> tuple[Array, Array]:
        norm = _norm(direction, axes)
        return norm, direction * (length / norm)

    norm, value = compute(forward)

    def backward(grad: Array) -> tuple[Array, Array]:
        return compute(pull, lift(grad))

    def pull(grad: Array) -> tuple[Array, Array]:
        along = np.sum(grad * direction, axis=axes, keepdims=axes is not None)
        grad_v = length / norm * (grad - direction * (along / np.square(norm)))
        return lower(grad_v, v._array.dtype), lower(np.asarray(along / norm), g._array.dtype)

    fused = dim in {0, v.ndim - 1} and v._array.itemsize > 2
    name = "WeightNormInterfaceBackward0" if fused else "MulBackward0"
    return record(lower(value, v._array.dtype), name, (v, g), backward, (v, g))
