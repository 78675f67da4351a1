"""Holds what `backward` computes against differences of the function itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import engine
from .graph import Array
from .variable import Variable, wrap

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["gradcheck"]


def gradcheck(
    func: Callable[..., Tensor | Sequence[Tensor]],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Compares analytical gradients with central differences, entry by entry (torch.autograd.gradcheck).

    Args:
        func: takes `inputs`, returns a tensor or several, of any shapes.
        inputs: its arguments; those that are tensors which require grad are perturbed, and should be float64.
        eps: the perturbation.
        atol: the absolute tolerance.
        rtol: the relative tolerance.
        raise_exception: raise where they differ, instead of returning False.

    Returns:
        Whether all entries agree.

    Raises:
        RuntimeError: two entries differ, and `raise_exception` is true.
        ValueError: no input requires grad.
    """
    arguments = (inputs,) if isinstance(inputs, Variable) else tuple(inputs)
    checked = [each for each in arguments if isinstance(each, Variable) and each.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them do."
        )
    outputs = _outputs(func(*arguments))
    for output_index, output in enumerate(outputs):
        if not output.requires_grad:
            continue
        analytical = [_analytical(output, each) for each in checked]
        for index, variable in enumerate(checked):
            numerical = _numerical(func, arguments, output_index, variable, eps)
            if not np.allclose(analytical[index], numerical, rtol=rtol, atol=atol):
                if not raise_exception:
                    return False
                raise RuntimeError(
                    f"Jacobian mismatch for output {output_index} with respect to input {index},\n"
                    f"numerical:{numerical}\nanalytical:{analytical[index]}\n"
                )
    return True


def _outputs(result: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    return (result,) if isinstance(result, Variable) else tuple(result)


def _analytical(output: Tensor, variable: Variable) -> Array:
    """Returns the Jacobian, a row per element of the input, by a backward pass per element of the output."""
    jacobian = np.zeros((variable._array.size, output._array.size))
    for column in range(output._array.size):
        seed = np.zeros_like(output._array)
        seed.flat[column] = 1
        gradients = engine.grad(output, (variable,), wrap(seed), retain_graph=True, allow_unused=True)
        if gradients[0] is not None:
            jacobian[:, column] = gradients[0]._array.reshape(-1)
    return jacobian


def _numerical(
    func: Callable[..., Tensor | Sequence[Tensor]],
    arguments: Sequence[Any],
    output_index: int,
    variable: Variable,
    eps: float,
) -> Array:
    array = variable._array
    rows = []
    for index in np.ndindex(array.shape):
        value = array[index]
        ends = []
        for shifted in (value + eps, value - eps):
            array[index] = shifted
            ends.append(_outputs(func(*arguments))[output_index]._array.astype(np.float64).reshape(-1))
        array[index] = value
        rows.append((ends[0] - ends[1]) / (2 * eps))
    return np.array(rows).reshape(array.size, -1)
