"""Distances and similarities as layers."""

from ..tensor import Tensor
from . import functional as F
from .module import Module


class CosineSimilarity(Module):
    """`x1 . x2 / (max(|x1|, eps) max(|x2|, eps))` along one dimension.

    Args:
        dim: the dimension of the vectors.
        eps: the least length that a vector is divided by; at least 0.

    Shape:
        x1 and x2 broadcast together; the output is without `dim`.

    Raises:
        IndexError: in `forward`, the inputs have no such dimension.
        RuntimeError: in `forward`, the shapes do not broadcast, no dtype is floating point, or eps is
            negative.

    Source: torch.nn.CosineSimilarity.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Returns the cosines of the angles between the vectors."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last dimension.

    Args:
        p: the order of the norm.
        eps: added to every difference.
        keepdim: keep the last dimension, with length 1.

    Shape:
        x1 and x2 `(N, D)` or `(D)`, output `(N)` or `()`; with keepdim `(N, 1)` or `(1)`.

    Raises:
        RuntimeError: in `forward`, the shapes do not broadcast.
        TypeError: in `forward`, an input is not a tensor.

    Source: torch.nn.PairwiseDistance.
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Returns the distances of the vectors."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
