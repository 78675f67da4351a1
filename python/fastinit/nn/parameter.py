"""Tensors that a module counts among its parameters, or its buffers."""

from typing import Any, Self

from ..tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that, assigned as an attribute of a `Module`, becomes one of its parameters.

    Args:
        data: the tensor whose memory and version the parameter shares; empty if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        RuntimeError: it is to get a gradient, and its dtype is not floating point.
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        """Shares the memory of `data`."""
        shared = (Tensor() if data is None else data).detach()
        if requires_grad and not shared.is_floating_point():
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        self = super().__new__(cls, shared)
        self._requires_grad = bool(requires_grad)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # One copy for all who share the parameter; neither gradient nor hooks come along.
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        copy: Self = memo[id(self)]
        return copy

    def __getstate__(self) -> dict[str, Any]:
        # What the user hung on the parameter comes along when it is pickled; its gradient does not.
        return {name: value for name, value in super().__getstate__().items() if name != "_grad"}

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class _BufferType(type):
    """A buffer is any tensor that `Buffer` has marked: its class stays Tensor."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferType):
    """A tensor that, assigned as an attribute of a `Module`, becomes one of its buffers.

    Args:
        data: the tensor whose memory and version the buffer shares; empty if not given.
        persistent: whether the module's `state_dict` has it.
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        """Shares the memory of `data`."""
        source = Tensor() if data is None else data
        buffer: Any = source.detach().requires_grad_(source.requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer  # type: ignore[no-any-return]
