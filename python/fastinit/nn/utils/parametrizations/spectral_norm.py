"""A weight whose largest singular value is 1 (Miyato et al., ICLR 2018)."""

import numpy as np

from ....autograd import no_grad
from ....autograd.record import bump
from ....ops.operands import Array, compute, lift
from ....tensor import Tensor
from ...init import normal_
from ...module import Module
from ..parametrize import register_parametrization
from .checks import tensor_of

__all__ = ["spectral_norm"]

# How often the vectors are improved when they are made; more often than at each reading.
_FIRST_ITERATIONS = 15


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Computes a tensor of a module as the original divided by its largest singular value.

    The value is estimated by the power method, whose vectors are buffers; each reading in training improves
    them. A vector is divided by its length.

    Args:
        module: the module.
        name: the tensor's name.
        n_power_iterations: how often a reading improves the estimate; `eval()` leaves it as it is.
        eps: the least length by which a vector is divided.
        dim: the dimension that counts as the matrix' rows, the others as its columns; 0 if None.

    Returns:
        The module.

    Raises:
        IndexError: the tensor has no such dimension.
        ValueError: the module has no such tensor, or the number of iterations is not positive.

    Draws: a standard normal value for each row and each column, from the default generator.

    Source: torch.nn.utils.parametrizations.spectral_norm.

    Example:
        >>> layer = spectral_norm(nn.Linear(3, 2)).eval()
        >>> [(name, tuple(b.shape)) for name, b in layer.named_buffers()]
        [('parametrizations.weight.0._u', (2,)), ('parametrizations.weight.0._v', (3,))]
    """
    weight = tensor_of(module, name)
    parametrization = _SpectralNorm(weight, n_power_iterations, 0 if dim is None else dim, eps)
    return register_parametrization(module, name, parametrization)


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if dim >= ndim or dim < -ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = self._as_matrix(weight)
            rows, columns = matrix.shape
            for name, length in (("_u", rows), ("_v", columns)):
                vector = normal_(matrix.new_empty(length))
                vector._array[...] = self._normalised(lift(vector._array))
                self.register_buffer(name, vector)
            self._improve(matrix, _FIRST_ITERATIONS)

    def _as_matrix(self, weight: Tensor) -> Tensor:
        if self.dim != 0:
            weight = weight.permute(self.dim, *(d for d in range(weight.ndim) if d != self.dim))
        return weight.flatten(1)

    def _normalised(self, vector: Array) -> Array:
        length = np.sqrt(np.sum(np.square(vector)))
        normalised: Array = vector / max(length, vector.dtype.type(self.eps))
        return normalised

    def _improve(self, matrix: Tensor, iterations: int) -> None:
        """Brings the vectors nearer to the first singular ones, in their memory."""
        wide, u, v = lift(matrix._array), self._u._array, self._v._array

        def iterate() -> None:
            for _ in range(iterations):
                u[...] = self._normalised(wide @ lift(v))
                v[...] = self._normalised(wide.T @ lift(u))

        compute(iterate)
        bump(self._u)
        bump(self._v)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return weight / weight.norm(2, 0, keepdim=True).clamp_min(self.eps).expand_as(weight)
        matrix = self._as_matrix(weight)
        if self.training:
            self._improve(matrix, self.n_power_iterations)
        # Copies: a backward may come after another reading has changed the vectors.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.dot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value
