"""The graph: one node per recorded operation, with an edge to the maker of each of its inputs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from .. import _core
from ..dtypes import as_dtype
from ..hooks import RemovableHandle

if TYPE_CHECKING:
    from .variable import Variable

__all__ = [
    "AccumulateGrad",
    "Array",
    "Backward",
    "Edge",
    "Hooks",
    "Node",
    "Saved",
    "add_hook",
    "node_class",
]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Backward: TypeAlias = Callable[[Array], tuple[Array | None, ...]]

#: Where a gradient goes: the node that made the input, the input itself if it is a leaf that requires grad,
#: or nowhere. A leaf stands for itself, so that neither it nor the graph needs the other to be freed.
Edge: TypeAlias = "Node | Variable | None"

#: A value that a node's backward will read: its version counter, the version then, the array, and the class
#: of
#: the node that made it.
Saved: TypeAlias = tuple[list[int], int, Array, "type[Node] | type[None]"]

#: Functions by the id of their handle, in the order in which they were registered.
Hooks: TypeAlias = dict[int, Callable[..., Any]]


def add_hook(hooks: Hooks, hook: Callable[..., Any]) -> RemovableHandle:
    """Adds `hook` to `hooks`, and returns the handle that takes it off."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


class Node(_core.NodeBase):
    """One recorded operation. Each operation's nodes are a subclass that bears its name (`MulBackward0`).

    Attributes:
        edges: where the gradient of each input goes.
        backward: maps the gradient of the output to a tuple of those of the inputs; None once its values were
            freed.
        saved: the values that `backward` reads, to be checked for later changes.
        order: smaller in nodes recorded later. An edge always leads from a later node to an earlier one: in
            this order, a node's turn comes when all that feeds it has run.
        hooks: functions that see, and may replace, the gradient of the output.
        retainer: writes the gradient of the output where `retain_grad` asked for it.
    """

    __slots__ = ()

    edges: tuple[Edge, ...]
    backward: Backward | None
    saved: tuple[Saved, ...]
    order: int
    hooks: Hooks | None
    retainer: Callable[[Array], None] | None

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    def name(self) -> str:
        """Returns the operation's name, as `AddBackward0`."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Node | AccumulateGrad | None, int], ...]:
        """The nodes that the gradients go to, each with the number of the output there (always 0)."""
        return tuple(
            (edge if edge is None or isinstance(edge, Node) else edge.accumulator(), 0) for edge in self.edges
        )

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook((gradient of the output,))` before `backward`; a tuple that it returns replaces it.

        Returns:
            A handle whose `remove()` takes the hook off.
        """

        def of_gradient(grad: Variable) -> Variable | None:
            replacement = hook((grad,))
            if replacement is None:
                return None
            (only,) = replacement if isinstance(replacement, tuple) else (replacement,)
            return cast("Variable | None", only)

        return self.add_hook(of_gradient)

    def add_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(gradient of the output)` before `backward`; what it returns replaces it."""
        if self.hooks is None:
            self.hooks = {}
        return add_hook(self.hooks, hook)

    def modified(self, saved: Saved) -> RuntimeError:
        """Returns the error that tells of a saved value that was changed in place."""
        counter, version, array, maker = saved
        kind = as_dtype(array.dtype).type_name
        origin = maker.__name__.rstrip("0123456789").removesuffix("Backward")
        made = f", which is output 0 of {origin}," if issubclass(maker, Node) else ""
        return RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[fastinit.{kind}Tensor {list(array.shape)}]{made} is at version {counter[0]}; expected version "
            f"{version} instead. Hint: the operation that changed it came after {self.name()} had saved it; "
            "use its out-of-place form, or change a clone."
        )

    def freed(self) -> RuntimeError:
        """Returns the error that tells of a second backward."""
        return RuntimeError(_FREED)


_FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
    "if you need to access saved tensors after calling backward."
)


@functools.cache
def node_class(name: str) -> type[Node]:
    """Returns the class of the nodes called `name`."""
    return type(name, (Node,), {"__slots__": (), "__module__": __name__})


class AccumulateGrad:
    """What the graph shows in the place of a leaf: the end of an edge, where gradients add up in `.grad`."""

    __slots__ = ("__weakref__", "variable")

    next_functions: tuple[()] = ()

    def __init__(self, variable: Variable) -> None:
        self.variable = variable

    def name(self) -> str:
        """Returns `AccumulateGrad`."""
        return "AccumulateGrad"
