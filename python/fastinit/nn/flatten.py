"""Layers that only change the shape: Flatten and Unflatten."""

from ..tensor import Tensor
from .module import Module


class Flatten(Module):
    """Joins the dimensions `start_dim` to `end_dim`, both included, into one.

    Args:
        start_dim: first dimension to join; the default keeps the batch.
        end_dim: last dimension to join.

    Shape:
        input `(*, S_start, ..., S_end, *)`, output `(*, S_start * ... * S_end, *)`.

    Raises:
        IndexError: in `forward`, the input has no such dimension.
        RuntimeError: in `forward`, `start_dim` comes after `end_dim`.

    Source: torch.nn.Flatten.
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Returns the flattened input: itself, a view or, where the strides need it, a copy."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The two ends."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits dimension `dim` into `unflattened_size`.

    Args:
        dim: the dimension to split.
        unflattened_size: the sizes it becomes; one of them may be -1.

    Shape:
        input `(*, S, *)`, output `(*, *unflattened_size, *)`, whose product is S.

    Raises:
        IndexError: in `forward`, the input has no such dimension.
        RuntimeError: in `forward`, the sizes do not multiply up to the dimension's.
        TypeError: unflattened_size is not a tuple or list of ints.

    Source: torch.nn.Unflatten.
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...] | list[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, tuple | list):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}"
            )
        for position, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, "
                    f"but found element of type {type(size).__name__} at pos {position}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """Returns a view of the input with the dimension split."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The dimension and its new sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
