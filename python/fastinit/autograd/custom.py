"""How an operation of a user's own enters the graph: what `Function.apply` does."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from ..dtypes import as_dtype
from .grad_mode import mode, no_grad
from .graph import Array, Backward, Edge, Node, Saved
from .record import bump, rebase
from .variable import Variable, View, wrap

if TYPE_CHECKING:
    from .function import Function, FunctionCtx

__all__ = ["REFUSAL", "FunctionNode", "Kept", "apply", "unpack"]

#: Why what a function returned may not be written to where it is a view.
REFUSAL: Final = (
    "This view was created inside a custom Function (or because an input was returned as-is) and the "
    "autograd logic to handle view+inplace would override the custom backward associated with the custom "
    "Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the "
    "output of the custom Function."
)
_LEAF = "a leaf Variable that requires grad has been used in an in-place operation."
_NOT_RETURNED = (
    "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
    "are modified inplace must all be outputs of the Function."
)
_ONE_OF_SEVERAL = (
    "A custom Function that writes to a view in place must return only this one tensor: the gradient of what "
    "the view looks into would otherwise be that of several outputs."
)

# A saved value that is never found changed: the engine frees what belongs to a node that has any.
_TOKEN: tuple[Saved, ...] = (([0], 0, np.empty(0), type(None)),)


class FunctionNode(Node):
    """The node of an output. What it does not have itself, it has of the context."""

    __slots__ = ("ctx",)

    ctx: FunctionCtx

    def __getattr__(self, name: str) -> Any:
        if name == "ctx":
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        kind = type(self)
        return f"<{kind.__module__}.{kind.__qualname__} object at {id(self):#x}>"


class _Entry(NamedTuple):
    """A tensor that was saved: itself, or the array of an output, which the graph would keep alive."""

    tensor: Variable | None
    counter: list[int]
    version: int
    array: Array
    maker: type[Node] | type[None]


class Kept:
    """What a context has saved. The backward pass holds it; so it is gone when that is freed."""

    __slots__ = ("__weakref__", "entries")

    def __init__(self, entries: list[_Entry | None]) -> None:
        self.entries = entries


def apply(
    function: type[Function], setup: Callable[..., Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Does what `Function.apply` promises.

    Args:
        function: the function.
        setup: its `setup_context`, if it has one.
        args: the inputs by position.
        kwargs: the inputs by name.
    """
    inputs = (*args, *kwargs.values())
    ctx = function._backward_cls()
    ctx.needs_input_grad = tuple(isinstance(each, Variable) and each.requires_grad for each in inputs)
    recorded = mode.enabled and any(ctx.needs_input_grad)
    edges = [each._edge() if isinstance(each, Variable) else None for each in inputs] if recorded else []
    with no_grad():
        if setup is None:
            output = function.forward(ctx, *args, **kwargs)
        else:
            output = function.forward(*args, **kwargs)
            setup(ctx, inputs, output)
        outputs = output if isinstance(output, tuple) else (output,)
        _check_marks(ctx, outputs)
    nodes: list[FunctionNode | None] = [None] * len(outputs)
    if recorded:
        kept = Kept([])
        call = _Backward(function, ctx, inputs, edges, outputs, kept)
        nodes = call.nodes(edges, [each if _is_dirty_view(ctx, each) else None for each in inputs])
    results = tuple(_placed(ctx, inputs, *each) for each in zip(outputs, nodes, strict=True))
    if recorded and ctx.to_save:
        _save(ctx, inputs, results, nodes, kept)
    return results if isinstance(output, tuple) else results[0]


def _check_marks(ctx: FunctionCtx, outputs: tuple[Any, ...]) -> None:
    for each in ctx.non_differentiable:
        if not isinstance(each, Variable):
            raise RuntimeError(
                f"mark_non_differentiable only accepts variable arguments, but got {type(each).__name__}"
            )
    for index, each in enumerate(ctx.dirty_tensors):
        if not isinstance(each, Variable):
            raise RuntimeError(
                f"mark_dirty can only accept variables, but argument {index} is of type {type(each).__name__}"
            )
        bump(each)
    if any(all(each is not output for output in outputs) for each in ctx.dirty_tensors):
        raise RuntimeError(_NOT_RETURNED)


def _placed(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any, node: Node | None) -> Any:
    """Returns an output with its place in the graph."""
    if not isinstance(output, Variable):
        return output
    dirty = _is_among(output, ctx.dirty_tensors)
    if node is None:
        if dirty or not _is_among(output, inputs):
            return output
        return output.detach() if output.requires_grad else _alias(output, None)
    if dirty:
        if output._requires_grad and output._node is None and output._view is None:
            raise RuntimeError(_LEAF)
        rebase(output, node)
        return output
    if _is_among(output, inputs):
        return _alias(output, node)
    output._node = node
    view = output._view
    if view is not None:
        output._view = View(view.base, view.replay, output._version, None, True, REFUSAL)
    return output


class _Backward:
    """The backward pass of one call. It keeps no tensor alive but what was saved."""

    def __init__(
        self,
        function: type[Function],
        ctx: FunctionCtx,
        inputs: tuple[Any, ...],
        edges: list[Edge],
        outputs: tuple[Any, ...],
        kept: Kept,
    ) -> None:
        self.function = function
        self.ctx = ctx
        self.kept = kept
        self.inputs = list(map(_form, inputs))
        self.outputs = list(map(_form, outputs))
        self.wanted = [edge is not None for edge in edges]
        self.differentiable = [
            index
            for index, each in enumerate(outputs)
            if isinstance(each, Variable)
            and as_dtype(each._array.dtype).is_floating_point
            and not _is_among(each, ctx.non_differentiable)
        ]
        # The inputs that are tensors: those of the node.
        self.order = [index for index, form in enumerate(self.inputs) if form is not None]

    def nodes(self, edges: list[Edge], views: list[Variable | None]) -> list[FunctionNode | None]:
        """Returns the node of each output; None for those without a gradient.

        Args:
            edges: where the gradient of each input goes.
            views: the inputs that are views and were written to, None in the place of others.

        Raises:
            RuntimeError: a view was written to, and there are several outputs.
        """
        if any(each is not None for each in views):
            if len(self.differentiable) > 1:
                raise RuntimeError(_ONE_OF_SEVERAL)
            # What is written to comes first in a node that stands for a write.
            self.order.sort(key=lambda index: views[index] is None)
        ways = tuple(edges[index] for index in self.order)
        saved = _TOKEN if self.ctx.to_save else ()
        count = len(self.outputs)
        made: list[FunctionNode | None] = [None] * count
        if len(self.differentiable) == 1:
            (only,) = self.differentiable

            def backward(grad: Array) -> tuple[Array | None, ...]:
                return self.gradients([grad if index == only else None for index in range(count)])

            made[only] = self._node(ways, backward, saved)
            return made

        # A node has one output. Each output so has a node of its own, which keeps the gradient that comes,
        # and hands zero to the one in which all of them meet.
        arrived: list[Array | None] = [None] * count

        def meet(_: Array) -> tuple[Array | None, ...]:
            gradients = arrived.copy()
            arrived[:] = [None] * count
            return self.gradients(gradients)

        meeting = self._node(ways, meet, saved)
        for index in self.differentiable:
            made[index] = self._node((meeting,), _arrival(arrived, index), ())
        return made

    def _node(self, edges: tuple[Edge, ...], backward: Backward, saved: tuple[Saved, ...]) -> FunctionNode:
        node = self.function._node_cls(edges, backward, saved)
        node.ctx = self.ctx
        return node

    def gradients(self, arrived: list[Array | None]) -> tuple[Array | None, ...]:
        """Returns the gradients of the inputs that are tensors, from those of all outputs."""
        gradients = [
            wrap(grad)
            if grad is not None
            else wrap(np.zeros(*form))
            if form is not None and self.ctx.materialize_grads
            else None
            for grad, form in zip(arrived, self.outputs, strict=True)
        ]
        with no_grad():
            returned = self.function._backward_function()(self.ctx, *gradients)
        results = self._checked(returned if isinstance(returned, tuple) else (returned,))
        return tuple(
            self._fitting(place, index, results[index]) if self.wanted[index] else None
            for place, index in enumerate(self.order)
        )

    def _checked(self, results: tuple[Any, ...]) -> tuple[Any, ...]:
        count, name = len(self.inputs), type(self.ctx).__name__
        if len(results) > count and all(each is None for each in results[count:]):
            results = results[:count]
        if len(results) != count:
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {count}, got "
                f"{len(results)})"
            )
        for index, (result, form) in enumerate(zip(results, self.inputs, strict=True)):
            if result is not None and form is None:
                raise RuntimeError(
                    f"function {name} returned a gradient different than None at position {index + 1}, but "
                    "the corresponding forward input was not a Variable"
                )
            if result is not None and not isinstance(result, Variable):
                raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        return results

    def _fitting(self, place: int, index: int, result: Variable | None) -> Array | None:
        """Returns a gradient in the shape and the dtype of its input."""
        form = self.inputs[index]
        if result is None or form is None:
            return None
        grad, (shape, dtype) = result._array, form
        if grad.shape != shape:
            extra = grad.ndim - len(shape)
            if extra < 0 or any(own not in (1, n) for own, n in zip(shape, grad.shape[extra:], strict=True)):
                raise RuntimeError(
                    f"Function {type(self.ctx).__name__} returned an invalid gradient at index {place} - got "
                    f"{list(grad.shape)} but expected shape compatible with {list(shape)}"
                )
            repeated = (extra + axis for axis, own in enumerate(shape) if own == 1)
            grad = grad.sum((*range(extra), *repeated), keepdims=True).reshape(shape)
        return grad.astype(dtype, copy=False)


def _form(value: object) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    return (value._array.shape, value._array.dtype) if isinstance(value, Variable) else None


def _arrival(arrived: list[Array | None], index: int) -> Backward:
    def arrive(grad: Array) -> tuple[Array]:
        arrived[index] = grad
        return (np.zeros(()),)

    return arrive


def _save(
    ctx: FunctionCtx,
    inputs: tuple[Any, ...],
    results: tuple[Any, ...],
    nodes: list[FunctionNode | None],
    kept: Kept,
) -> None:
    for index, each in enumerate(ctx.to_save or ()):
        if each is None:
            kept.entries.append(None)
            continue
        if not isinstance(each, Variable):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {index} is of type "
                f"{type(each).__name__}"
            )
        own = _is_among(each, results) and not _is_among(each, inputs)
        counter = each.version_counter()
        kept.entries.append(_Entry(None if own else each, counter, counter[0], each._array, type(each._node)))
    ctx.to_save = None
    ctx._kept = weakref.ref(kept)
    made = next((node for node in nodes if node is not None), None)
    ctx._made = None if made is None else weakref.ref(made)


def unpack(kept: Kept | None, made: weakref.ref[FunctionNode] | None) -> tuple[Any, ...]:
    """Returns the tensors that a context saved.

    Raises:
        RuntimeError: they were freed, or changed in place.
    """
    node = None if made is None else made()
    if kept is None:
        raise Node.freed(node)  # type: ignore[arg-type]  # which asks nothing of it
    tensors: list[Any] = []
    for entry in kept.entries:
        if entry is None:
            tensors.append(None)
            continue
        tensor, counter, version, array, maker = entry
        if counter[0] != version and node is not None:
            raise node.modified((counter, version, array, maker))
        if tensor is None:
            output = wrap(array)
            output._counter, output._node = counter, node
            tensors.append(output)
        else:
            tensors.append(tensor)
    return tuple(tensors)


def _is_dirty_view(ctx: FunctionCtx, each: object) -> bool:
    return isinstance(each, Variable) and each._view is not None and _is_among(each, ctx.dirty_tensors)


def _is_among(tensor: object, others: tuple[Any, ...]) -> bool:
    return any(tensor is other for other in others)


def _alias(tensor: Variable, node: Node | None) -> Variable:
    """Returns another tensor over the same memory, which `node` made."""
    alias = wrap(tensor._array)
    outer = tensor._view
    counter = alias._counter = tensor.version_counter()
    base, replay = (tensor, _itself) if outer is None else (outer.base, outer.replay)
    alias._view = View(base, replay, counter[0], None, True, REFUSAL if node is not None else None)
    alias._node = node
    return alias


def _itself(array: Array) -> Array:
    return array
