"""How operations enter the graph: results, views, and writes in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from .. import _core
from ..dtypes import as_dtype, can_cast
from ..floating_point import compute
from .grad_mode import mode
from .graph import Array, Backward, Node, node_class
from .variable import Places, Variable, View, repeats_elements, scatter, wrap

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = [
    "before_write",
    "bump",
    "check_history",
    "check_writable",
    "rebase",
    "record",
    "record_view",
    "take_shape",
    "write",
]

V = TypeVar("V", bound=Variable)

_LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
_VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation."
_NO_GRAD_VIEW = "A view was created in no_grad mode"
_NO_GRAD_VIEW_OF_VIEW = "a view of a view which was created in no_grad mode"
_MODIFIED = "and is being modified inplace"
_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by "
    "moving both the view and the inplace either both inside the no_grad block (if you don't want the "
    "inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
_ONE_OF_SEVERAL = (
    "This view is the output of a function that returns multiple views. Such functions do not allow the "
    "output views to be modified inplace. You should replace the inplace operation by an out-of-place one."
)
_OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory "
    "location. Please clone() the tensor before performing the operation."
)


class _Record(Protocol):
    def __call__(
        self,
        array: Any,
        name: str,
        inputs: tuple[object, ...],
        backward: Backward,
        saved: tuple[Variable, ...] = (),
        *,
        saves_result: bool = False,
    ) -> Tensor:
        """Returns `array` as a tensor, and records the operation if the mode and an input ask for it.

        Args:
            array: the result, an ndarray or NumPy scalar.
            name: what PyTorch calls the node, as `MulBackward0`.
            inputs: the operation's inputs, tensors or numbers.
            backward: maps the gradient of the result, an ndarray of its shape and dtype, to a tuple of those
                of the inputs, each of the input's shape and dtype, or None where there is none or nobody
                asked (`requires_grad` false). It keeps no array alive unless `saved` or `saves_result` says
                so.
            saved: the tensors whose values `backward` reads. Their versions are checked when it runs, and
                after it ran, without `retain_graph`, the values are freed.
            saves_result: whether `backward` reads the result.
        """


record: _Record = _core.record


def record_view(
    input: Variable,
    array: Array,
    name: str,
    replay: Callable[[Array], Array],
    backward: Backward | None = None,
    *,
    output: int | None = None,
    refusal: str | None = None,
) -> Tensor:
    """Returns `array`, which looks into the memory of `input`, as a tensor that shares its version.

    Args:
        input: the tensor that is looked into.
        array: the view.
        name: what PyTorch calls the node.
        replay: gives the same view of any array of the input's shape and layout.
        backward: as in `record`; by default puts the gradient in its place among zeros.
        output: the number of this view among several that the operation returns; None if it returns one.
        refusal: why else the view may not be written to while operations are recorded, or None.
    """
    tensor = record(array, name, (input,), backward or scatter(input._array, replay))
    outer = input._view
    if outer is None:
        base, path, tracked = input, replay, True
    else:
        base, path, tracked = outer.base, _compose(outer.replay, replay), outer.tracked
        if output is None and outer.output is not None:
            output = 0
        refusal = refusal or outer.refusal
    counter = tensor._counter = base.version_counter()
    tensor._view = View(base, path, counter[0], output, tracked and mode.enabled, refusal)
    return tensor


def _compose(first: Callable[[Array], Array], second: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda array: second(first(array))


def check_writable(tensor: Variable, others: Iterable[object] = ()) -> None:
    """Refuses an in-place operation that the graph or the memory does not allow.

    Args:
        tensor: what is to be written to.
        others: what else the operation takes.

    Raises:
        RuntimeError: operations are recorded and `tensor` is a leaf that requires grad, a view of one, or a
            view that may not be written to; or elements of it share memory.
    """
    if mode.enabled:
        check_history(tensor, others)
    if repeats_elements(tensor._array):
        raise RuntimeError(_OVERLAP)


def check_history(tensor: Variable, others: Iterable[object] = ()) -> None:
    """Refuses an in-place operation that is recorded and that the graph does not allow.

    Raises:
        RuntimeError: as `check_writable`, but for what the memory does not allow.
    """
    view = tensor._view
    if view is None:
        if tensor._requires_grad:
            raise RuntimeError(_LEAF)
    elif tensor.requires_grad or _any_requires_grad(others):
        _check_writable_view(tensor, view)


def _check_writable_view(tensor: Variable, view: View) -> None:
    node = tensor.grad_fn
    made = "" if node is None else f"Output {view.output or 0} of {_operation(node)} is"
    in_grad_mode = f"{_MODIFIED} with grad mode enabled."
    if not view.tracked:
        what = f"{made} {_NO_GRAD_VIEW_OF_VIEW}" if made else _NO_GRAD_VIEW
        raise RuntimeError(f"{what} {in_grad_mode} {_AMBIGUOUS}")
    if view.refusal is not None and made:
        raise RuntimeError(f"{made} a view {_MODIFIED}. {view.refusal}")
    if view.output is not None:
        what = f"{made} a view {_MODIFIED}." if made else f"{_NO_GRAD_VIEW} {in_grad_mode}"
        raise RuntimeError(f"{what} {_ONE_OF_SEVERAL}")
    if tensor.requires_grad and view.base.is_leaf:
        raise RuntimeError(_VIEW_OF_LEAF)


def _operation(node: Node) -> str:
    """The name of the operation that the node records, as `Split`."""
    return node.name().rstrip("0123456789").removesuffix("Backward")


def _any_requires_grad(operands: Iterable[object]) -> bool:
    return any(isinstance(each, Variable) and each.requires_grad for each in operands)


def before_write(tensor: Variable, others: Iterable[object]) -> Variable:
    """Returns what an in-place operation is to differentiate at: the values that it will overwrite.

    That is a copy with the tensor's place in the graph if the operation will be recorded, else the tensor.
    """
    if not mode.enabled or not (tensor.requires_grad or _any_requires_grad(others)):
        return tensor
    former = wrap(tensor._array.copy())
    former._node = tensor.grad_fn
    return former


def write(tensor: V, result: Variable) -> V:
    """Overwrites `tensor` with `result`, which takes over its place in the graph too.

    Args:
        tensor: passed by `check_writable`.
        result: an operation's result, its first input the tensor as `before_write` gave it.

    Raises:
        RuntimeError: the result has another shape, or a dtype of a higher category.
    """
    target, value = tensor._array, result._array
    if value.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(value.shape)}"
        )
    if value.dtype != target.dtype:
        given, own = as_dtype(value.dtype), as_dtype(target.dtype)
        if not can_cast(given, own):
            raise RuntimeError(
                f"result type {given.type_name} can't be cast to the desired output type {own.type_name}"
            )
    compute(np.copyto, target, value, casting="unsafe")
    bump(tensor)
    if result._node is not None:
        rebase(tensor, result._node)
    return tensor


def bump(tensor: Variable) -> None:
    """Counts a change of the tensor's values."""
    tensor.version_counter()[0] += 1


def rebase(tensor: Variable, node: Node) -> None:
    """Makes `node`, whose first edge leads to the tensor's former values, the maker of what it holds now."""
    view = tensor._view
    if view is not None:
        tensor, node = view.base, _copy_slices(view.base, view.replay, node)
    _succeed(tensor, node)


def _succeed(tensor: Variable, node: Node) -> None:
    """Makes `node` the maker of what the tensor is now; what is retained is its gradient from now on."""
    former = tensor._node
    if former is not None and former.retainer is not None:
        node.retainer, former.retainer = former.retainer, None
    tensor._node = node


def take_shape(tensor: V, changed: Variable, name: str, places: Places) -> V:
    """Gives `tensor` the shape of a view of it, and its place in the graph.

    Args:
        tensor: passed by `check_history`, if operations are recorded.
        changed: what the operation that views the whole tensor under another shape returned.
        name: what PyTorch calls the node.
        places: where the dimensions of the former shape are now; None for those of length 1 that are gone.
    """
    view, path, node = tensor._view, changed._view, changed._node
    assert path is not None
    former = tensor._array.shape
    tensor._array = changed._array
    if view is None:
        tensor._reshaped = _followed(tensor, places)
    else:
        view.replay = path.replay
    bump(tensor)
    if node is not None:
        assert node.backward is not None
        _succeed(tensor, node_class(name)(node.edges, node.backward, ()))
        if view is not None:
            view.version = tensor._version
    elif tensor._node is not None and former != tensor._array.shape:
        _succeed(tensor, _shape_guard(tensor._node, former))
    return tensor


def _followed(tensor: Variable, places: Places) -> tuple[Places | None, ...]:
    """Returns the changes of the tensor's shape, with another one after them."""
    former = tensor._reshaped
    if former and tensor._observed < len(former):
        last = former[-1]
        if last is not None:
            # No view was made in between: two changes are one.
            return (*former[:-1], tuple(None if place is None else places[place] for place in last))
    return (*former, places)


def _shape_guard(node: Node, shape: tuple[int, ...]) -> Node:
    """Returns a node for the tensor that `node` made, whose shape was changed while nothing was recorded."""

    def backward(grad: Array) -> tuple[Array]:
        if grad.shape[grad.ndim - len(shape) :] != shape:
            raise RuntimeError(
                f"{node.name()} got an invalid gradient of shape {list(grad.shape)}, but expected shape "
                f"compatible with {list(shape)}: the shape of its result was changed in place under no_grad"
            )
        return (grad.reshape(shape),)

    return node_class(node.name())((node,), backward, ())


def _copy_slices(base: Variable, replay: Callable[[Array], Array], node: Node) -> Node:
    """Returns the node of `base` after `node` made new values for the part of it that `replay` shows."""
    inner, layout = node.backward, base._array

    def backward(grad: Array) -> tuple[Array | None, ...]:
        total = np.empty_like(layout, subok=False)
        total[...] = grad
        window = replay(total)
        assert inner is not None
        through, *others = inner(window.copy())
        window[...] = 0 if through is None else through
        return (total, *others)

    return node_class("CopySlices")((base._edge(), *node.edges[1:]), backward, node.saved)
