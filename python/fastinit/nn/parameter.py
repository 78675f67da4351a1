"""A tensor that a module counts among its parameters."""

from typing import Any, Self

from ..tensor import Tensor

__all__ = ["Parameter"]


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
        self._requires_grad = requires_grad
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # One copy for all who share the parameter; neither gradient nor hooks come along.
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        copy: Self = memo[id(self)]
        return copy

    def __reduce_ex__(self, protocol: Any) -> Any:
        # What the user hung on the parameter comes along; its gradient does not.
        own = {name: value for name, value in self.__dict__.items() if name not in Tensor.__annotations__}
        return type(self), (self.data, self.requires_grad), own

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
