"""Operations of a user's own: a forward pass, and the backward pass that goes with it."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeVar

from . import custom
from .custom import FunctionNode, Kept
from .grad_mode import no_grad

__all__ = ["Function", "FunctionCtx", "once_differentiable"]

R = TypeVar("R")


class FunctionCtx:
    """What a forward pass leaves to its backward: saved tensors, marks, and attributes of any name.

    Attributes:
        needs_input_grad: for each input of the forward pass, whether its gradient is asked for.
    """

    needs_input_grad: tuple[bool, ...]
    to_save: tuple[Any, ...] | None = None
    dirty_tensors: tuple[Any, ...] = ()
    non_differentiable: tuple[Any, ...] = ()
    materialize_grads: bool = True
    _kept: weakref.ref[Kept] | None = None
    _made: weakref.ref[FunctionNode] | None = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps tensors, or None, for `saved_tensors`; the last call counts.

        What is saved here is freed after the backward pass, and is checked for later writes in place.
        """
        self.to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given.

        Raises:
            RuntimeError: a tensor was written to since, or a backward pass has freed them.
        """
        return () if self._kept is None else custom.unpack(self._kept(), self._made)

    def mark_dirty(self, *args: Any) -> None:
        """Says which inputs the forward pass has written to; they must be among what it returns."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Says which outputs have no gradient; the backward pass gets zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Sets whether the backward pass gets zeros, or None, for outputs that no gradient arrived at."""
        self.materialize_grads = value


class FunctionMeta(type):
    """Gives each function the class of its contexts, which bears its name, and that of its nodes."""

    _backward_cls: type[FunctionCtx]
    _node_cls: type[FunctionNode]

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:
        cls._backward_cls = type(f"{name}Backward", (FunctionCtx,), {"_forward_cls": cls})
        cls._node_cls = type(f"{name}Backward", (FunctionNode,), {"__slots__": (), "__module__": __name__})
        super().__init__(name, bases, attrs)


class _Static(metaclass=FunctionMeta):
    """What a function overrides."""

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Computes the outputs; as `forward(ctx, *inputs)`, or without `ctx` beside a `setup_context`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Fills the context after a `forward` that does not take it."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Maps the gradients of the outputs to those of the inputs, None for what has none."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use "
            "it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Never called: there is no forward mode."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )


class Function(_Static):
    """An operation with a backward pass of its own.

    A subclass has the static methods `forward` and `backward`, which work on tensors; nothing that they do is
    recorded. `apply` calls it.

    Args:
        *args: ignored: `apply` is a method of the class, and no instance is needed.
        **kwargs: ignored.

    Raises:
        NotImplementedError: in `apply` or the backward pass, the subclass does not define `forward` or
            `backward`.
        RuntimeError: an instance is called; in `apply`, both `backward` and `vjp` are defined.

    Warns:
        DeprecationWarning: an instance is made.

    Source: torch.autograd.Function.

    Examples:
        >>> class Cube(fastinit.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         ctx.save_for_backward(x)
        ...         return x ** 3
        ...     @staticmethod
        ...     def backward(ctx, grad):
        ...         (x,) = ctx.saved_tensors
        ...         return 3 * x ** 2 * grad
        >>> x = fastinit.tensor(2.0, requires_grad=True)
        >>> y = Cube.apply(x)
        >>> y
        tensor(8., grad_fn=<CubeBackward>)
        >>> y.backward()
        >>> x.grad
        tensor(12.)
    """

    generate_vmap_rule: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so "
            "you should invoke them on the class itself. Instantiating an autograd function will raise an "
            "error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuses: a function is called by `apply`."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style "
            "autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Calls `forward`, and records the operation if an input requires grad.

        Args:
            *args: tensors, whose gradients are asked for where they require grad, and anything else.
            **kwargs: further arguments.

        Returns:
            What `forward` returned.

        Raises:
            RuntimeError: an input that was marked dirty may not be written to, or is not returned.
            TypeError: what is saved is no tensor.
        """
        setup = None if cls.setup_context == _Static.setup_context else cls.setup_context
        if setup is not None:
            import inspect

            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        return custom.apply(cls, setup, args, kwargs)

    @classmethod
    def _backward_function(cls) -> Callable[..., Any]:
        if cls.backward is not _Static.backward and cls.vjp is not _Static.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should "
                "only implement one of them."
            )
        return cls.backward if cls.vjp is _Static.vjp else cls.vjp


class InplaceFunction(Function):
    """As `Function`, kept for programs that derive from it."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def once_differentiable(fn: Callable[..., R]) -> Callable[..., R]:
    """Decorates a `backward` that cannot be differentiated itself: here none is (torch.autograd.function)."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any, **kwargs: Any) -> R:
        with no_grad():
            return fn(ctx, *args, **kwargs)

    return wrapper
