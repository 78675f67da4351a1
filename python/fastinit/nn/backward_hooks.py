"""Hooks that see, and may replace, the gradients of a module's inputs and outputs."""

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from ..autograd import Variable
from ..autograd.custom import REFUSAL
from ..autograd.engine import check_replacement
from ..autograd.grad_mode import is_grad_enabled
from ..autograd.graph import Array
from ..autograd.record import record, record_view
from ..autograd.variable import View, wrap
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module

__all__ = ["BackwardHooks"]

#: The gradients of several tensors, None where there is none.
Gradients: TypeAlias = Sequence[Array | None]

_NODE: Final = "BackwardHookFunctionBackward"


class BackwardHooks:
    """One call of a module whose gradients are watched.

    Nodes are put around the call: one before the inputs, one behind the outputs.

    Args:
        module: the module.
        hooks: called as `hook(module, grad_input, grad_output)`.
        pre_hooks: called as `hook(module, grad_output)`.
    """

    def __init__(
        self,
        module: "Module",
        hooks: list[Callable[..., Any]],
        pre_hooks: list[Callable[..., Any]],
    ) -> None:
        self._module = module
        self._hooks = hooks
        self._pre_hooks = pre_hooks
        self._input_count = 0
        self._inputs_watched = False
        # From when the gradients of the outputs are known until those of the inputs are.
        self._grad_output: tuple[Any, ...] | None = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the arguments, the tensors among them in a form that tells their gradients."""
        self._input_count = len(args)
        watched = _watch(args, self._receive_inputs, zeros_first=True)
        self._inputs_watched = watched is not None
        return args if watched is None else tuple(watched)

    def outputs(self, result: Any) -> Any:
        """Returns what the module returned, the tensors in a form that tells their gradients."""
        if not isinstance(result, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                f"received {type(result)}",
                UserWarning,
                stacklevel=5,
            )
        values = result if isinstance(result, tuple) else (result,)
        watched = _watch(values, self._receive_outputs, zeros_first=False)
        if watched is None:
            return result
        if not isinstance(result, tuple):
            return watched[0]
        return tuple(watched) if type(result) is tuple else type(result)(*watched)

    def _receive_outputs(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self._pre_hooks:
            changed = hook(self._module, grads)
            if changed is None:
                continue
            if len(changed) != len(grads):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(changed)}, but expected {len(grads)}"
                )
            grads = changed
        if self._inputs_watched:
            self._grad_output = grads
        else:
            self._call_without_inputs(grads)
        return grads

    def _call_without_inputs(self, grad_output: tuple[Any, ...]) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since "
            "no inputs require gradients. See "
            "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            UserWarning,
            stacklevel=2,
        )
        for hook in self._hooks:
            changed = hook(self._module, (None,) * self._input_count, grad_output)
            if changed is not None and not (
                isinstance(changed, tuple) and all(each is None for each in changed)
            ):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or "
                    "None for all gradients."
                )

    def _receive_inputs(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        grad_output, self._grad_output = self._grad_output, None
        if grad_output is None:  # The gradient came by another way than through the outputs.
            return grads
        for hook in self._hooks:
            changed = hook(self._module, grads, grad_output)
            if changed is None:
                continue
            if len(changed) != len(grads):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(changed)}, but expected {len(grads)}"
                )
            grads = changed
        return grads


def _watch(
    values: Sequence[Any], receive: Callable[[tuple[Any, ...]], tuple[Any, ...]], *, zeros_first: bool
) -> list[Any] | None:
    """Returns the values, with aliases in the place of the tensors that require grad.

    Args:
        values: tensors and others.
        receive: is given the gradients of all values at once, None for what is no tensor, and returns those
            that flow on.
        zeros_first: whether a gradient that did not come is zeros for `receive` already; else it is None
            there, and zeros afterwards.

    Returns:
        The values; None if no gradient will come.
    """
    positions = [position for position, value in enumerate(values) if isinstance(value, Tensor)]
    tensors = [values[position] for position in positions]
    if not (is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)):
        return None
    kinds = [(tensor._array.shape, tensor._array.dtype) for tensor in tensors]

    def materialized(grads: Gradients) -> list[Array]:
        return [np.zeros(*kind) if grad is None else grad for grad, kind in zip(grads, kinds, strict=True)]

    def hand_over(grads: Gradients) -> tuple[Array | None, ...]:
        packed: list[Any] = [None] * len(values)
        for position, grad in zip(positions, materialized(grads) if zeros_first else grads, strict=True):
            packed[position] = None if grad is None else wrap(grad)
        changed = receive(tuple(packed))
        flowing = [_checked(changed[position], kind) for position, kind in zip(positions, kinds, strict=True)]
        return tuple(flowing if zeros_first else materialized(flowing))

    watched = list(values)
    for position, alias in zip(positions, _aliases(tensors, hand_over), strict=True):
        watched[position] = alias
    return watched


def _checked(grad: Any, kind: tuple[tuple[int, ...], np.dtype[Any]]) -> Array | None:
    if grad is None:
        return None
    if not isinstance(grad, Variable):
        raise TypeError(f"expected Variable, but hook returned '{type(grad).__name__}'")
    check_replacement("hook", grad._array, *kind)
    return grad._array


def _aliases(
    tensors: list[Tensor], hand_over: Callable[[Gradients], tuple[Array | None, ...]]
) -> list[Tensor]:
    """Returns tensors over the same memory, whose gradients `hand_over` gets together."""
    if len(tensors) == 1:
        return [
            record_view(
                tensors[0],
                tensors[0]._array,
                _NODE,
                _itself,
                lambda grad: hand_over((grad,)),
                refusal=REFUSAL,
            )
        ]
    # A node has one output. Each alias so has a node of its own, which keeps the gradient that comes, and
    # wakes the one that they lead to: being older than all of them, that runs when they have run.
    arrived: list[Array | None] = [None] * len(tensors)

    def meet(_: Array) -> tuple[Array | None, ...]:
        grads = tuple(arrived)
        arrived[:] = [None] * len(arrived)
        return hand_over(grads)

    meeting = record(np.zeros(()), _NODE, tuple(tensors), meet)
    return [
        _alias(tensor, meeting, arrived, position) if tensor.requires_grad else tensor
        for position, tensor in enumerate(tensors)
    ]


def _alias(tensor: Tensor, meeting: Tensor, arrived: list[Array | None], position: int) -> Tensor:
    def arrive(grad: Array) -> tuple[Array]:
        arrived[position] = grad
        return (np.zeros(()),)

    alias = record(tensor._array, _NODE, (meeting,), arrive)
    outer = tensor._view
    counter = alias._counter = tensor.version_counter()
    base, replay = (tensor, _itself) if outer is None else (outer.base, outer.replay)
    alias._view = View(base, replay, counter[0], None, True, REFUSAL)
    return alias


def _itself(array: Array) -> Array:
    return array
