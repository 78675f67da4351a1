"""The backward pass: gradients flow from the outputs, latest node first, until the leaves have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .. import _core
from ..dtypes import as_dtype
from ..meta import has_no_memory
from ..size import Size
from .grad_mode import mode
from .graph import Array, Edge, Hooks, Node
from .variable import Variable, add_grad, repeats_elements, wrap

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["accumulation_buffer", "backward", "check_replacement", "grad"]


Tensors: TypeAlias = "Variable | Sequence[Variable]"
Gradients: TypeAlias = "Variable | Sequence[Variable | None] | None"


def accumulation_buffer(tensor: Variable) -> tuple[Array, bool] | None:
    """Returns the memory of a leaf's `.grad`, so that a compiled backward can add to it without a temporary.

    Args:
        tensor: an input of the node that runs.

    Returns:
        The buffer, and whether to add to what it holds; if not, it is fresh, and must be overwritten. None
        where the node is to return the gradient instead: the tensor is no leaf that requires grad, has hooks
        that want to see the gradient, the pass does not add to `.grad` (`autograd.grad`), or what the user
        assigned to `.grad` cannot be written to.
    """
    if (
        not _core.is_accumulating()
        or not tensor._requires_grad
        or tensor._node is not None
        or tensor._hooks
        or tensor._post_hooks
    ):
        return None
    held = tensor._grad
    if held is not None:
        if not held._array.flags.writeable or repeats_elements(held._array):
            return None
        held.version_counter()[0] += 1
        return held._array, True
    buffer = np.empty_like(tensor._array, subok=False)
    tensor._grad = wrap(buffer)
    return buffer, False


def call_hooks(hooks: Hooks, grad: Array) -> Array:
    for hook in list(hooks.values()):
        replacement = hook(wrap(grad))
        if replacement is not None:
            if not isinstance(replacement, Variable):
                raise TypeError(f"expected Variable, but hook returned '{type(replacement).__name__}'")
            name = getattr(hook, "__name__", str(hook))
            check_replacement(name, replacement._array, grad.shape, grad.dtype)
            grad = replacement._array
    return grad


def check_replacement(name: str, given: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Checks what the hook of this name returned in the place of a gradient of this shape and dtype.

    Raises:
        RuntimeError: it has another dtype or another shape.
    """
    if given.dtype != dtype:
        former, changed = as_dtype(dtype).type_name, as_dtype(given.dtype).type_name
        raise RuntimeError(
            f"hook '{name}' has changed the type of value "
            f"(was fastinit.{former}Tensor got fastinit.{changed}Tensor)"
        )
    if given.shape != shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")


def backward(
    tensors: Tensors,
    grad_tensors: Gradients = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Adds the gradients of `tensors` to `.grad` of the leaves they were made from (torch.autograd.backward).

    Args:
        tensors: a tensor, or several, of any shapes, that require grad.
        grad_tensors: the gradient of each, of its shape; None, for a scalar, stands for one.
        retain_graph: keep the saved values, so that a second backward can follow.
        create_graph: not supported.
        inputs: the tensors whose `.grad` is to be added to, instead of all leaves.

    Raises:
        RuntimeError: a tensor requires no grad, or is no scalar and has no gradient given; a gradient has
            another shape; a saved value was freed or changed in place.
        NotImplementedError: `create_graph` is true.
    """
    roots = _roots(tensors, grad_tensors, create_graph)
    if inputs is None:
        _run(roots, bool(retain_graph), None, None)
        return
    targets = _tuple(inputs)
    if not targets:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for target in targets:
        if isinstance(target, Variable) and not target.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    for target, gradient in zip(targets, _gradients(roots, targets, bool(retain_graph)), strict=True):
        if gradient is not None:
            add_grad(target, gradient)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Gradients = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Returns the gradients of `outputs` with respect to `inputs`, leaving `.grad` (torch.autograd.grad).

    Args:
        outputs: a tensor, or several, of any shapes, that require grad.
        inputs: the tensors, leaves or not, that the gradients are wanted of.
        grad_outputs: the gradient of each output, of its shape; None, for a scalar, stands for one.
        retain_graph: keep the saved values, so that a second pass can follow.
        create_graph: not supported.
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        materialize_grads: give zeros instead of None.

    Returns:
        A gradient for each input, of its shape and dtype.

    Raises:
        RuntimeError: as `backward`; also no input, or one that is no tensor, requires no grad, or is not
            used and may not be.
        ValueError: `allow_unused` is False, and `materialize_grads` true.
        NotImplementedError: `create_graph` is true.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, "
            f"but got: allow_unused={allow_unused}."
        )
    targets = _tuple(inputs)
    for target in targets:
        if not isinstance(target, Variable):
            raise RuntimeError(
                f"all inputs have to be Tensors or GradientEdges, but got {type(target).__name__}"
            )
    roots = _roots(outputs, grad_outputs, create_graph)
    if not targets:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    gradients = _gradients(roots, targets, bool(retain_graph))
    results: list[Tensor | None] = []
    for index, (target, gradient) in enumerate(zip(targets, gradients, strict=True)):
        if gradient is not None:
            results.append(wrap(gradient))
        elif materialize_grads:
            results.append(wrap(np.zeros_like(target._array)))
        elif allow_unused:
            results.append(None)
        else:
            raise RuntimeError(
                f"The differentiated Tensor at index {index} appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior."
            )
    return tuple(results)


def _gradients(
    roots: list[tuple[Edge, Array]], targets: tuple[Variable, ...], retain_graph: bool
) -> list[Array | None]:
    """Returns the gradient at each target, or None where none arrives."""
    edges = []
    for target in targets:
        edge = target._edge()
        if edge is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        edges.append(edge)
    wanted: dict[int, Array | None] = {id(edge): None for edge in edges}
    _run(roots, retain_graph, wanted, _on_the_way(roots, wanted))
    return [wanted[id(edge)] for edge in edges]


def _run(
    roots: list[tuple[Edge, Array]],
    retain_graph: bool,
    wanted: dict[int, Array | None] | None,
    on_the_way: set[Node] | None,
) -> None:
    """Runs the compiled pass; what hooks compute is not recorded."""
    enabled = mode.enabled
    mode.enabled = False
    try:
        _core.run_backward(roots, retain_graph, wanted, on_the_way)
    finally:
        mode.enabled = enabled


def _on_the_way(roots: list[tuple[Edge, Array]], wanted: dict[int, Array | None]) -> set[Node]:
    """Returns the nodes from which an edge of `wanted` can be reached."""
    found: set[Node] = set()
    stack = [edge for edge, _ in roots if isinstance(edge, Node)]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(edge for edge in node.edges if isinstance(edge, Node))
    needed: set[Node] = set()
    for node in sorted(found, key=lambda each: -each.order):
        if any(id(edge) in wanted or (isinstance(edge, Node) and edge in needed) for edge in node.edges):
            needed.add(node)
    return needed


def _tuple(tensors: Tensors) -> tuple[Variable, ...]:
    return (tensors,) if isinstance(tensors, Variable) else tuple(tensors)


def _roots(tensors: Tensors, gradients: Gradients, create_graph: bool) -> list[tuple[Edge, Array]]:
    if create_graph:
        raise NotImplementedError(
            "create_graph=True is not supported: gradients are computed on arrays, and leave no graph of "
            "their own"
        )
    if isinstance(tensors, Variable):
        if gradients is None or isinstance(gradients, Variable):
            return [_root(0, tensors, gradients)]
        tensors = (tensors,)
    if gradients is None:
        gradients = (None,) * len(tensors)
    elif isinstance(gradients, Variable):
        gradients = (gradients,)
    for gradient in gradients:
        if not (gradient is None or isinstance(gradient, Variable)):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if len(gradients) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(gradients)} gradients")
    return [_root(index, *pair) for index, pair in enumerate(zip(tensors, gradients, strict=True))]


def _root(index: int, tensor: Variable, gradient: Variable | None) -> tuple[Edge, Array]:
    array = tensor._array
    edge = tensor._edge()
    if has_no_memory(array):
        raise NotImplementedError("backward is not implemented for meta tensors: they have no values")
    if gradient is None:
        if edge is not None and array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        start: Array = np.ones(array.shape, array.dtype) if array.ndim else np.array(1, array.dtype)
    else:
        if gradient._array.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{index}] has a shape of {Size(gradient._array.shape)} and "
                f"output[{index}] has a shape of {Size(array.shape)}."
            )
        start = gradient._array.astype(array.dtype, copy=False)
    if edge is None:
        raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
    return edge, start
