"""All parameters as one vector, and back."""

from collections.abc import Iterable

from ...ops.joining import cat
from ...tensor import Tensor
from ..module_members import type_name

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Joins the elements of all parameters into one vector, through which gradients flow back.

    Args:
        parameters: tensors of any shapes, at least one.

    Returns:
        A new vector of as many elements as all parameters together, in their order.

    Raises:
        RuntimeError: there are no parameters, or the memory of one cannot be viewed as a vector.

    Source: torch.nn.utils.parameters_to_vector.

    Example:
        >>> parameters_to_vector([fastinit.tensor([[1.0, 2.0]]), fastinit.tensor(3.0)])
        tensor([1., 2., 3.])
    """
    return cat([parameter.view(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Gives each parameter its part of a vector: they share the vector's memory from then on.

    Args:
        vec: `(N,)`, as `parameters_to_vector` made it; elements beyond the last parameter's are ignored.
        parameters: what receives the parts, in order, of any shapes.

    Raises:
        RuntimeError: the vector is too short.
        TypeError: `vec` is no tensor.

    Source: torch.nn.utils.vector_to_parameters.

    Example:
        >>> layer = Linear(2, 1)
        >>> vector_to_parameters(fastinit.tensor([1.0, 2.0, 3.0]), layer.parameters())
        >>> layer(fastinit.ones(2)).item()
        6.0
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected fastinit.Tensor, but got: {type_name(vec)}")
    start = 0
    for parameter in parameters:
        stop = start + parameter.numel()
        parameter.data = vec[start:stop].view_as(parameter).data
        start = stop
