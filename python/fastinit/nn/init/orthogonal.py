"""Orthogonal matrices, uniform over all of them, with the same bits on every machine."""

import math
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ... import _core
from ...memory import adopt, filled
from ...random import Generator
from ...random.bounds import as_real, check_floating
from ...random.fills import Place, take
from ...shard import Shard
from .gain import global_shape

__all__ = ["delta_orthogonal_", "orthogonal_"]

T = TypeVar("T")
Array = npt.NDArray[Any]


def orthogonal_(
    tensor: T, gain: float = 1, generator: Generator | None = None, shard: Shard | None = None
) -> T:
    r"""Fills `tensor` with a random (semi-)orthogonal matrix :math:`Q`, scaled by `gain`.

    A tensor of more than 2 dimensions is taken as a matrix of its first dimension by the rest. The rows of a
    wide matrix, or the columns of a tall one, are orthonormal; :math:`Q` is uniform over all such matrices
    (Haar). It is a product of random Householder reflectors, each sum of which runs in one order: another CPU
    or another number of threads does not change a bit. float16 and bfloat16 are computed in float32 and
    rounded.

    Args:
        tensor: float16, bfloat16, float32 or float64, at least 2 dimensions, any strides; filled in place.
        gain: a factor, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None. The whole matrix is computed, in
            temporary memory of twice its size, and the box is kept.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, or `gain` is not finite.

    Draws:
        As `normal_`.

    Source:
        Saxe et al. 2013, arXiv:1312.6120; Stewart, SIAM J. Numer. Anal. 17, 1980; torch.nn.init.orthogonal_.

    Examples:
        >>> q = orthogonal_(fastinit.empty(2, 3), generator=Generator(seed=0))
        >>> q
        tensor([[-0.6208, -0.6654, -0.4146],
                [-0.7468,  0.3409,  0.5710]])
        >>> fastinit.allclose(q @ q.T, fastinit.eye(2), atol=1e-6)
        True
    """
    array = adopt(tensor)
    shape = global_shape(array, shard)
    if len(shape) < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    check_floating(array, "normal_kernel_cpu")
    gain = _finite(gain, "orthogonal_")
    place = take("orthogonal_", array, generator, shard)
    if array.size == 0:
        return filled(tensor)
    whole = place[:3]  # not the place of the box
    matrix = _random_orthogonal(shape[0], math.prod(shape[1:]), array.dtype, gain, whole).reshape(shape)
    array[...] = matrix if shard is None else matrix[shard.index]
    return filled(tensor)


def delta_orthogonal_(
    tensor: T, gain: float = 1, generator: Generator | None = None, shard: Shard | None = None
) -> T:
    r"""Fills `tensor` with zeros, and the kernel's centre with a random matrix of orthonormal columns.

    A convolution with it keeps the norm of its input, as `orthogonal_` does in a linear layer. The centre of
    an even kernel size k is (k - 1) // 2, where padding "same" is aligned.

    Args:
        tensor: float16, bfloat16, float32 or float64, (out, in, *kernel) with 1 to 3 kernel dimensions and
            out >= in, any strides; filled in place.
        gain: a factor, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None. The whole matrix of the centre is
            computed, and the box is kept.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 3, 4 or 5 dimensions, `in` is above `out`, or `gain` is not
            finite.

    Draws:
        As `normal_` for the elements of the centre; the generator moves by the number of elements of the
        whole tensor, rounded up to 4.

    Source:
        Xiao et al. 2018, arXiv:1806.05393; jax.nn.initializers.delta_orthogonal.

    Examples:
        >>> delta_orthogonal_(fastinit.empty(2, 2, 3), generator=Generator(seed=0))
        tensor([[[ 0.0000, -0.9807,  0.0000],
                 [ 0.0000,  0.1954,  0.0000]],
        <BLANKLINE>
                [[ 0.0000,  0.1954,  0.0000],
                 [ 0.0000,  0.9807,  0.0000]]])
    """
    array = adopt(tensor)
    shape = global_shape(array, shard)
    if len(shape) not in {3, 4, 5}:
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels, *kernel = shape
    if in_channels > out_channels:
        raise ValueError(
            f"delta_orthogonal_ expects in <= out, but found in={in_channels} > out={out_channels}"
        )
    check_floating(array, "normal_kernel_cpu")
    gain = _finite(gain, "delta_orthogonal_")
    place = take("delta_orthogonal_", array, generator, shard)
    if array.size == 0:
        return filled(tensor)
    centre = tuple((size - 1) // 2 for size in kernel)
    taps = (*place[:3], shape, (0, 0, *centre))
    matrix = _random_orthogonal(out_channels, in_channels, array.dtype, gain, taps, kernel_dims=len(kernel))
    box = shard or Shard(shape, (slice(None),) * len(shape))
    array[...] = 0
    local = tuple(at - start for at, start in zip(centre, box.start[2:], strict=True))
    if all(0 <= at < size for at, size in zip(local, box.shape[2:], strict=True)):
        centre_tap: tuple[slice | int, ...] = (slice(None), slice(None), *local)
        array[centre_tap] = matrix[box.index[:2]]
    return filled(tensor)


def _random_orthogonal(
    rows: int, columns: int, dtype: np.dtype[Any], gain: float, place: Place, kernel_dims: int = 0
) -> Array:
    """Returns `gain` times a random matrix of orthonormal columns, or of orthonormal rows if it is wide.

    Args:
        rows: its height.
        columns: its width.
        dtype: float64 is computed in float64, the others in float32.
        gain: a factor.
        place: where the words lie, of a matrix followed by `kernel_dims` dimensions of size 1.
        kernel_dims: as `place` needs it.
    """
    working = np.dtype(np.float64 if dtype == np.float64 else np.float32)
    tall = rows >= columns
    # One reflector's vector per row: a tall matrix has them in its columns.
    vectors = np.empty((columns, rows) if tall else (rows, columns), working)
    normals = vectors.T if tall else vectors
    _core.fill_normal(normals[:, :, *(None,) * kernel_dims], 0.0, 1.0, *place)
    orthonormal: Array = _core.orthonormal_columns(vectors)
    orthonormal *= working.type(gain)
    return orthonormal if tall else orthonormal.T


def _finite(gain: float, function: str) -> float:
    gain = as_real(gain, function, "gain", 2)
    if not math.isfinite(gain):
        raise ValueError(f"{function} expects gain to be finite, but found gain {gain:g}")
    return gain
