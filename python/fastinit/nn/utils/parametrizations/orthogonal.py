"""A weight with orthonormal rows or columns (Lezcano-Casado and Martínez-Rubio, ICML 2019)."""

from enum import Enum, auto

import numpy as np

from .... import creation, sampling
from ....autograd import no_grad
from ....autograd.variable import wrap
from ....ops.arithmetic import add
from ....ops.diagonals import tril
from ....ops.joining import cat
from ....ops.linalg import householder_product, matrix_exp, solve
from ....ops.operands import Array, lift, lower
from ....tensor import Tensor
from ...module import Module
from ..parametrize import register_parametrization
from .checks import tensor_of

__all__ = ["orthogonal"]


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Computes a tensor of a module as a matrix Q, or matrices, with Q Q^T = 1 or Q^T Q = 1.

    Args:
        module: the module.
        name: the tensor's name; its last two dimensions are those of the matrices.
        orthogonal_map: how Q is computed from the original X: "matrix_exp", exp(A) of the skew-symmetric A
            that lies below the diagonal of X; "cayley", (1 - A/2)^-1 (1 + A/2); "householder", a product of
            reflections, quickest for matrices far from square. If None, the first for square ones, else the
            last.
        use_trivialization: multiplies by a fixed orthogonal matrix, the buffer `base`, so that any orthogonal
            matrix can be assigned; without it, only "householder" takes one.

    Returns:
        The module. The tensor has become the nearest orthogonal matrix that its columns' order gives
        (Gram-Schmidt).

    Raises:
        ValueError: the module has no such tensor, it is no matrix, or the map is unknown.

    Draws: with a trivialization, standard normal values that complete a matrix to a square one, from the
    default generator.

    Source: torch.nn.utils.parametrizations.orthogonal.

    Example:
        >>> layer = orthogonal(nn.Linear(2, 4))
        >>> fastinit.allclose(layer.weight.T @ layer.weight, fastinit.eye(2), atol=1e-6)
        True
    """
    weight = tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in _OrthMaps.__members__:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    parametrization = _Orthogonal(weight, _OrthMaps[orthogonal_map], use_trivialization=use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


class _Orthogonal(Module):
    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
        is_wide = X.shape[-2] < X.shape[-1]
        tall = X.mT if is_wide else X
        result = _reflected(tall) if self.orthogonal_map is _OrthMaps.householder else self._rotated(tall)
        if hasattr(self, "base"):
            result = self.base @ result
        return result.mT if is_wide else result

    def _rotated(self, tall: Tensor) -> Tensor:
        """The first columns of a rotation, of the skew-symmetric matrix that lies below the diagonal."""
        rows, columns = tall.shape[-2:]
        below = tril(tall)
        if rows != columns:
            rest = below.new_zeros(rows, rows - columns).expand(*below.shape[:-2], -1, -1)
            below = cat([below, rest], dim=-1)
        skew = below - below.mT
        if self.orthogonal_map is _OrthMaps.matrix_exp:
            rotation = matrix_exp(skew)
        else:
            one = creation.eye(rows, dtype=skew.dtype)
            rotation = solve(add(one, skew, alpha=-0.5), add(one, skew, alpha=0.5))
        return rotation if rows == columns else rotation[..., :columns]

    def right_inverse(self, Q: Tensor) -> Tensor:  # noqa: N803 - PyTorch's name
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. "
                f"Got a tensor of shape {Q.shape}."
            )
        with no_grad():
            if hasattr(self, "base"):
                return self._rebased(Q)
            if self.orthogonal_map is not _OrthMaps.householder:
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations "
                    "when use_trivialization=False."
                )
            is_wide = Q.shape[-2] < Q.shape[-1]
            reflections = _reflections(Q._array.swapaxes(-2, -1) if is_wide else Q._array)
            return wrap(reflections.swapaxes(-2, -1) if is_wide else reflections)

    def _rebased(self, value: Tensor) -> Tensor:
        """Moves the base to a matrix; the original becomes what stands for no rotation at all."""
        tall = value.mT if value.shape[-2] < value.shape[-1] else value
        rows, columns = tall.shape[-2:]
        if rows != columns:
            rest = sampling.randn(*tall.shape[:-2], rows, rows - columns, dtype=tall.dtype)
            tall = cat([tall, rest], dim=-1)
        is_orthogonal = rows == columns and _is_orthogonal(lift(tall._array))
        self.base = tall.clone() if is_orthogonal else wrap(_orthogonalised(tall._array))
        # The diagonal holds the signs of the reflections: -1 gives, with zeros below, the matrix 1.
        return wrap(-np.eye(*value.shape[-2:], dtype=value._array.dtype) + np.zeros_like(value._array))


def _reflected(tall: Tensor) -> Tensor:
    """The first columns of a product of reflections, whose vectors lie below the diagonal."""
    vectors = tril(tall, -1)
    scales = 2.0 / (1.0 + (vectors * vectors).sum(dim=-2))
    # The signs on the diagonal are no numbers to be learned: as integers they have no gradient.
    signs = tall.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
    return householder_product(vectors, scales) * signs


def _reflections(matrix: Array) -> Array:
    """The reflections whose product, times the signs on the diagonal, is a matrix of orthonormal columns."""
    transposed, scales = np.linalg.qr(lift(matrix), mode="raw")
    packed = transposed.swapaxes(-2, -1).copy()
    index = np.arange(packed.shape[-1])
    # A column that needs no reflection has none, and keeps its sign.
    packed[..., index, index] = np.sign(packed[..., index, index]) * np.where(scales == 0, -1, 1)
    return np.asarray(lower(packed, matrix.dtype))


def _is_orthogonal(matrix: Array) -> bool:
    bound = 10.0 * matrix.shape[-2] * np.finfo(matrix.dtype).eps
    product = matrix.swapaxes(-2, -1) @ matrix
    return bool(np.allclose(product, np.eye(matrix.shape[-1]), rtol=1e-5, atol=bound))


def _orthogonalised(matrix: Array) -> Array:
    """The matrix with orthonormal columns of which the first k span what the given first k do."""
    columns, triangle = np.linalg.qr(lift(matrix))
    columns *= np.sign(np.diagonal(triangle, axis1=-2, axis2=-1))[..., None, :]
    return np.asarray(lower(columns, matrix.dtype))
