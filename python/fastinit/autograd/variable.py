"""What the tape knows of a tensor: its memory, its version, its gradient, and the node that made it."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias

import numpy as np

from .. import _core
from ..dtypes import as_dtype
from ..hooks import RemovableHandle
from ..meta import as_array
from ..size import Size
from .graph import AccumulateGrad, Array, Edge, Hooks, Node, add_hook, node_class

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["Variable", "View", "wrap"]

_STALE_NO_GRAD_VIEW = (
    "A view was created in no_grad mode and its base or another view of its base has been modified inplace "
    "with grad mode enabled. Given that this use case is ambiguous and error-prone, it is forbidden. You can "
    "clarify your code by moving both the view and the inplace either both inside the no_grad block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


#: Where the dimensions of a former shape are in a new one; None for those of length 1 that it has not.
Places: TypeAlias = tuple[int | None, ...]


class _Wrap(Protocol):
    def __call__(self, array: Any, /) -> Tensor:
        """Returns a tensor over `array` itself, or over the scalar that NumPy gives in place of a 0-d one."""


wrap: _Wrap = _core.wrap


class View:
    """How a tensor looks into another's memory.

    Attributes:
        base: the tensor that owns the memory, itself no view.
        version: the version at which the view's `grad_fn` was right; a later one means that the memory was
            written to, and that the gradient's way leads through the base's newest node.
        output: its number, if the operation returned several views: while operations are recorded, such a
            view may not be written to. None if it is the only one.
        refusal: why else the view may not be written to while operations are recorded, or None.
        tracked: whether operations were recorded when the view was made; if not, it stays out of the graph.
    """

    __slots__ = ("_path", "_reshaped", "base", "output", "refusal", "tracked", "version")

    def __init__(
        self,
        base: Variable,
        replay: Callable[[Array], Array],
        version: int,
        output: int | None,
        tracked: bool,
        refusal: str | None = None,
    ) -> None:
        self.base = base
        self.replay = replay
        self.version = version
        self.output = output
        self.refusal = refusal
        self.tracked = tracked

    @property
    def replay(self) -> Callable[[Array], Array]:
        """Gives the same view of any array of the base's shape and layout."""
        path, reshaped = self._path, self.base._reshaped[self._reshaped :]
        if not reshaped:
            return path

        def replay(array: Array) -> Array:
            # The path starts at the shape that the base had when the view was made.
            for places in reversed(reshaped):
                array = former_shape(array, places)
            return path(array)

        return replay

    @replay.setter
    def replay(self, path: Callable[[Array], Array]) -> None:
        self._path, self._reshaped = path, len(self.base._reshaped)
        if self._reshaped:
            self.base._observed = self._reshaped


class Variable(_core.VariableBase):
    """An array and its place in the graph: the base of `Tensor`, by which `isinstance` knows a tensor.

    Source: torch.autograd.Variable.
    """

    _array: Array
    _requires_grad: bool
    _node: Node | None
    _grad: Tensor | None
    _view: View | None
    # One number, shared by a tensor, its views and what `detach` gave: in-place operations count it up.
    _counter: list[int] | None
    _hooks: Hooks | None
    _post_hooks: Hooks | None
    _accumulator: weakref.ref[AccumulateGrad] | None
    # The changes of the shape in place that views must know of, and how many the latest view has seen.
    _reshaped: tuple[Places | None, ...] = ()
    _observed: int = 0

    # Memory and version

    def version_counter(self) -> list[int]:
        """Returns the counter that this tensor shares with its views, made at the first call."""
        counter = self._counter
        if counter is None:
            counter = self._counter = [0]
        return counter

    @property
    def _version(self) -> int:
        return 0 if self._counter is None else self._counter[0]

    @property
    def _base(self) -> Variable | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def data(self) -> Tensor:
        """The same memory without history: writing to it is seen by no version counter and no graph."""
        return wrap(self._array)

    @data.setter
    def data(self, value: Variable) -> None:
        if not isinstance(value, Variable):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.requires_grad and not as_dtype(value._array.dtype).is_floating_point:
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype"
            )
        self._array = value._array

    def detach(self) -> Tensor:
        """Returns a tensor of the same memory and version that requires no grad."""
        alias = wrap(self._array)
        alias._counter = self.version_counter()
        return alias

    def detach_(self) -> Self:
        """Cuts this tensor off the graph that made it.

        Raises:
            RuntimeError: it is a view.
        """
        if self._view is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel "
                "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
                "buckets, and hence detach_() cannot be called on these gradients. To fix this error, please "
                "refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
            )
        self._node = None
        self._requires_grad = False
        return self

    # Place in the graph

    def _edge(self) -> Edge:
        """Returns where this tensor's gradient goes.

        Raises:
            RuntimeError: a view was made while nothing was recorded, and its memory was written to since.
        """
        view = self._view
        if view is None:
            node = self._node
        else:
            if not view.tracked and view.version != self._version and view.base._edge() is not None:
                raise RuntimeError(_STALE_NO_GRAD_VIEW)
            node = self.grad_fn
        if node is not None:
            return node
        return self if self._requires_grad else None

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this tensor; None for a leaf."""
        view = self._view
        if view is None or not view.tracked or self._counter is None or view.version == self._counter[0]:
            return self._node
        edge = view.base._edge()
        if edge is None:
            return self._node
        # The memory was written to since: what the view holds now, the base's newest node knows.
        former = self._node
        node = node_class("AsStridedBackward0")((edge,), scatter(view.base._array, view.replay), ())
        if former is not None and former.retainer is not None:
            node.retainer, former.retainer = former.retainer, None
        self._node = node
        view.version = self._counter[0]
        return self._node

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user, or requires no grad."""
        return self.grad_fn is None

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded; may be set on leaves of a floating-point dtype."""
        return (
            self._requires_grad
            or self._node is not None
            or (self._view is not None and self._view.base.requires_grad)
        )

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if value and self.grad_fn is None and not as_dtype(self._array.dtype).is_floating_point:
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Sets whether operations on this leaf are recorded, and returns it.

        Raises:
            RuntimeError: this is no leaf, or its dtype is not a floating-point one.
        """
        if self.grad_fn is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a "
                    "computed variable in a subgraph that doesn't require differentiation use var_no_grad = "
                    "var.detach()."
                )
            return self
        if requires_grad and not as_dtype(self._array.dtype).is_floating_point:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self._requires_grad = bool(requires_grad)
        return self

    def accumulator(self) -> AccumulateGrad:
        """Returns the node that stands for this leaf in `next_functions`."""
        accumulator = None if self._accumulator is None else self._accumulator()
        if accumulator is None:
            accumulator = AccumulateGrad(self)
            self._accumulator = weakref.ref(accumulator)
        return accumulator

    # Gradient

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` added up here; None before, and after `zero_grad`."""
        if self._grad is None and self._node is not None and self._node.retainer is None:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
                "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
                "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
                "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is None:
            self._grad = None
            return
        if not isinstance(value, Variable):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value._array.dtype != self._array.dtype:
            given, own = as_dtype(value._array.dtype), as_dtype(self._array.dtype)
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{given.type_name.lower()}' to a tensor with "
                f"grad_dtype '{own.type_name}'. The gradient must match the tensor's dtype."
            )
        if value._array.shape != self._array.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value._array.shape)}' to a tensor of size "
                f"'{list(self._array.shape)}'. Please ensure that the gradient and the tensor are the same "
                "size"
            )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def retain_grad(self) -> None:
        """Has `backward` fill `.grad` of this tensor too, which is no leaf.

        Raises:
            RuntimeError: it requires no grad.
        """
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        node = self.grad_fn
        if node is None or node.retainer is not None:
            return
        reference = weakref.ref(self)

        def retain(grad: Array) -> None:
            tensor = reference()
            if tensor is not None:
                add_grad(tensor, grad)

        node.retainer = retain

    @property
    def retains_grad(self) -> bool:
        """Whether this is no leaf and `retain_grad` was called on it."""
        node = self._node
        return node is not None and node.retainer is not None

    # Hooks

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Calls `hook(grad)` whenever the gradient of this tensor is known; what it returns replaces it.

        Returns:
            A handle whose `remove()` takes the hook off.

        Raises:
            RuntimeError: the tensor requires no grad.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = self.grad_fn
        if node is not None:
            return node.add_hook(hook)
        if self._hooks is None:
            self._hooks = {}
        return add_hook(self._hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Calls `hook(this tensor)` whenever a backward has added to `.grad` of this leaf.

        Raises:
            RuntimeError: the tensor requires no grad, or is no leaf.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self.grad_fn is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if self._post_hooks is None:
            self._post_hooks = {}
        return add_hook(self._post_hooks, hook)


def former_shape(array: Array, places: Places | None) -> Array:
    """Returns a view of an array of a tensor's new shape under the former one.

    Raises:
        RuntimeError: the tensor has other elements than it had.
    """
    if places is None:
        raise RuntimeError(
            "a view was made before its base was resized: its gradient has no place in the base"
        )
    kept = [place for place in places if place is not None]
    dropped = [axis for axis in range(array.ndim) if axis not in kept]
    first: Any = (..., *(0,) * len(dropped))
    added: Any = tuple(None if place is None else slice(None) for place in places)
    return as_array(array.transpose(*kept, *dropped)[first][added])


def add_grad(tensor: Variable, grad: Array) -> None:
    """Adds `grad` to `tensor.grad` in place, or starts one with a copy laid out as the tensor is.

    A gradient that the user assigned and that cannot be written to is replaced by the sum.
    """
    held = tensor._grad
    try:
        if held is not None and held._array.flags.writeable and not repeats_elements(held._array):
            np.add(held._array, grad, held._array)
            held.version_counter()[0] += 1
            return
        buffer = np.empty_like(tensor._array, subok=False)
        if held is None:
            buffer[...] = grad
        else:
            np.add(held._array, grad, buffer)
    except ValueError:
        raise RuntimeError(
            f"a gradient of shape {list(grad.shape)} arrived at a leaf whose shape was changed to "
            f"{list(tensor._array.shape)} in place after the operation was recorded"
        ) from None
    tensor._grad = wrap(buffer)


def repeats_elements(array: Array) -> bool:
    """Tells whether several elements are one number in memory, as those of an expanded array."""
    if 0 not in array.strides or array.size == 0:
        return False
    return any(stride == 0 and length > 1 for length, stride in zip(array.shape, array.strides, strict=True))


def scatter(base: Array, replay: Callable[[Array], Array]) -> Callable[[Array], tuple[Array]]:
    """Returns the backward of a view: the gradient in its place among zeros of the base's layout."""

    def backward(grad: Array) -> tuple[Array]:
        total = np.zeros_like(base, subok=False)
        window = replay(total)
        # Elements that an expanded view repeats receive the sum.
        repeated = tuple(
            axis
            for axis, (length, stride) in enumerate(zip(window.shape, window.strides, strict=True))
            if stride == 0 and length > 1
        )
        if repeated:
            grad = grad.sum(axis=repeated, keepdims=True)
            window = window[
                tuple(slice(1) if axis in repeated else slice(None) for axis in range(window.ndim))
            ]
        if _overlaps(window):
            # Windows that slide: elements receive the sum of all that see them.
            number = np.empty_like(total, np.int64)
            number[...] = np.arange(total.size).reshape(total.shape)
            total[...] = np.bincount(replay(number).ravel(), grad.ravel(), total.size).reshape(total.shape)
        else:
            window[...] = grad
        return (total,)

    return backward


def _overlaps(array: Array) -> bool:
    """Tells whether two elements may be one in memory: a step is shorter than what smaller steps reach."""
    reach = array.itemsize
    for stride, length in sorted(zip(map(abs, array.strides), array.shape, strict=True)):
        if length > 1:
            if stride < reach:
                return array.size > 0
            reach += (length - 1) * stride
    return False


def size_of(array: Array) -> Size:
    """Returns the shape of `array`."""
    return tuple.__new__(Size, array.shape)
