"""What is asked of the tensor that is to be parametrized."""

from ....tensor import Tensor
from ...module import Module

__all__ = ["tensor_of"]


def tensor_of(module: Module, name: str) -> Tensor:
    """Returns a parameter or buffer.

    Raises:
        ValueError: the module has none of that name.
    """
    tensor = getattr(module, name, None)
    if not isinstance(tensor, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return tensor
