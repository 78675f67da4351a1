"""How alike or how far apart vectors are."""

import numpy as np

from ...autograd.record import record
from ...dtypes import as_dtype
from ...ops import arithmetic, norms
from ...ops.operands import Array, lift, lower, mismatch, pair, reduce_to, target
from ...tensor import Tensor
from .operands import array_of, wrapped_dim

__all__ = ["cosine_similarity", "normalize", "pairwise_distance"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Returns `x1 . x2 / (max(|x1|, eps) max(|x2|, eps))` along one dimension.

    Args:
        x1: any shape.
        x2: what broadcasts with x1.
        dim: the dimension of the vectors, in the common shape.
        eps: the least length that a vector is divided by.

    Returns:
        the common shape without `dim`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the shapes cannot be broadcast together, no dtype is floating point, or eps
            is negative.

    Source: torch.nn.functional.cosine_similarity.
    """
    first, second = array_of(x1, "cosine_similarity", "x1"), array_of(x2, "cosine_similarity", "x2", 2)
    a, b, dtype = pair(x1, x2)
    if not as_dtype(dtype).is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {as_dtype(dtype).type_name}"
        )
    if eps < 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps:g}")
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError:
        raise mismatch(first.shape, second.shape) from None
    axis = (wrapped_dim(dim, a.ndim),) if a.ndim else ()

    def lengths(vectors: Array) -> tuple[Array, Array]:
        length = np.sqrt(np.square(vectors).sum(axis, keepdims=True))
        return length, np.maximum(length, vectors.dtype.type(eps))

    (length_a, divisor_a), (length_b, divisor_b) = lengths(a), lengths(b)
    unit_a, unit_b = a / divisor_a, b / divisor_b
    cosine = (unit_a * unit_b).sum(axis, keepdims=True)
    to_a, to_b = target(x1), target(x2)

    def slope(wide: Array, own: Array, other: Array, length: Array, divisor: Array) -> Array:
        # The length of a vector of zeros has no direction to grow in. As in PyTorch, the gradient goes
        # through the length also where eps stands in for it.
        direction = own * divisor / np.where(length == 0, 1, length)
        result: Array = wide * (other - cosine * direction) / divisor
        return result

    def backward(grad: Array) -> tuple[Array | None, ...]:
        wide = lift(grad).reshape(cosine.shape)
        return (
            to_a and reduce_to(slope(wide, unit_a, unit_b, length_a, divisor_a), to_a),
            to_b and reduce_to(slope(wide, unit_b, unit_a, length_b, divisor_b), to_b),
        )

    return record(lower(cosine.squeeze(axis), dtype), "SumBackward1", (x1, x2), backward, (x1, x2))


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Returns the p-norm of `x1 - x2 + eps` along the last dimension.

    Args:
        x1: `(*, D)`.
        x2: what broadcasts with x1.
        p: the order of the norm.
        eps: added to every difference, so that a distance of 0 has a gradient.
        keepdim: keep the last dimension, with length 1.

    Raises:
        RuntimeError: the shapes cannot be broadcast together.

    Source: torch.nn.functional.pairwise_distance.
    """
    array_of(x1, "pairwise_distance", "x1")
    array_of(x2, "pairwise_distance", "x2", 2)
    difference = arithmetic.add(arithmetic.sub(x1, x2), eps)
    return norms.norm(difference, p, -1, keepdim)


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """Returns the vectors along a dimension, divided by their norms.

    Args:
        input: any shape, floating point.
        p: of the norm.
        dim: the dimension.
        eps: what norms are at least taken to be.
        out: where to write the result, of the input's shape; it is returned.

    Raises:
        IndexError: the input has no such dimension.
        RuntimeError: the input is not floating point, or `out` is of another shape or may not be written to.

    Source: torch.nn.functional.normalize.
    """
    result = input / input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return result if out is None else out.copy_(result)
