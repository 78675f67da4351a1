"""Orthogonal matrices, uniform over all of them, with the same bits on every machine."""

import math
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ... import _core
from ...floating_point import rounding_to_nearest
from ...memory import adopt, filled
from ...random import Generator
from ...random.bounds import FloatingLimits, as_real, check_finite, check_floating
from ...shard import Shard
from .layout import Layout
from .matrices import Matrices, Part

__all__ = ["delta_orthogonal_", "orthogonal_"]

T = TypeVar("T")
Array = npt.NDArray[Any]


def orthogonal_(
    tensor: T,
    gain: float = 1,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with a random (semi-)orthogonal matrix :math:`Q`, scaled by `gain`.

    A tensor of more than 2 dimensions is taken as a matrix of its first dimension by the rest. The rows of a
    wide matrix, or the columns of a tall one, are orthonormal; :math:`Q` is uniform over all such matrices
    (Haar). It is a product of random Householder reflectors, each sum of which runs in one order: another CPU
    or another number of threads does not change a bit. float16 and bfloat16 are computed in float32 and
    rounded. Interrupted, it leaves the tensor, or with a layout the matrix that it was at, as it was.

    A tall m x n matrix takes 2 n^2 (m - n / 3) operations, and so does a wide n x m one; in temporary memory
    lie the result, n (m - n / 2) values of reflectors, and 64 m values per thread, but never more than three
    times the matrix in float32 (or float64).

    Args:
        tensor: float16, bfloat16, float32 or float64, at least 2 dimensions, any strides; filled in place.
        gain: a factor, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None. The whole length of the vectors that
            the box has a part of is computed, and the reflectors of those before them.
        layout: which matrices the tensor holds; each is filled as if it lay alone. It is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, `gain` is not finite, or the layout does not fit.

    Draws:
        As `normal_`; with a layout, of one matrix after the other.

    Source:
        Saxe et al. 2013, arXiv:1312.6120; Stewart, SIAM J. Numer. Anal. 17, 1980;
        `torch.nn.init.orthogonal_`.

    Examples:
        >>> q = orthogonal_(fastinit.empty(2, 3), generator=Generator(seed=0))
        >>> q
        tensor([[-0.6208, -0.6654, -0.4146],
                [-0.7468,  0.3409,  0.5710]])
        >>> fastinit.allclose(q @ q.T, fastinit.eye(2), atol=1e-6)
        True
    """
    array, shard = adopt(tensor, shard)
    matrices = Matrices(array, shard, layout)
    if len(matrices.shapes[0]) < 2:  # a layout leaves as many
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    limits = check_floating(array, "normal_kernel_cpu")
    gain = _check_gain(gain, "orthogonal_", limits)
    first = matrices.take("orthogonal_", generator)
    for part in matrices:
        _fill_orthogonal(part, gain, part.place(first))
    return filled(tensor)


def delta_orthogonal_(
    tensor: T,
    gain: float = 1,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with zeros, and the kernel's centre with a random matrix of orthonormal columns.

    A convolution with it keeps the norm of its input, as `orthogonal_` does in a linear layer. The centre of
    an even kernel size k is (k - 1) // 2, where padding "same" is aligned.

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)` with 1 to 3 kernel dimensions and
            out >= in, any strides; filled in place.
        gain: a factor, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None. What is computed is as in
            `orthogonal_`, of the matrix of the centre.
        layout: which matrices the tensor holds; each is filled as if it lay alone. It is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 3, 4 or 5 dimensions, `in` is above `out`, `gain` is not finite,
            or the layout does not fit.

    Draws:
        As `normal_` for the elements of the centre; the generator moves by the number of elements of the
        whole tensor, rounded up to 4; with a layout, of one matrix after the other.

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
    array, shard = adopt(tensor, shard)
    matrices = Matrices(array, shard, layout)
    matrices.require_dimensions({3, 4, 5}, "Only tensors with 3, 4, or 5 dimensions are supported")
    for out_channels, in_channels, *_ in matrices.shapes:
        if in_channels > out_channels:
            raise ValueError(
                f"delta_orthogonal_ expects in <= out, but found in={in_channels} > out={out_channels}"
            )
    limits = check_floating(array, "normal_kernel_cpu")
    gain = _check_gain(gain, "delta_orthogonal_", limits)
    first = matrices.take("delta_orthogonal_", generator)
    for part in matrices:
        _fill_centre(part, gain, part.place(first))
    return filled(tensor)


def _fill_orthogonal(part: Part, gain: float, place: tuple[int, int, int]) -> None:
    rows, columns, *kernel = part.box()
    sizes = part.whole[2:]
    # Of the dimensions after the second one, all that is beside the box is made too.
    inner = math.prod(sizes)
    columns = slice(columns.start * inner, columns.stop * inner)
    shape = (part.whole[0], part.whole[1] * inner)
    matrix = _random_orthogonal(shape, (rows, columns), part.array.dtype, gain, place)
    part.array[...] = matrix.reshape(matrix.shape[0], -1, *sizes)[:, :, *kernel]


def _fill_centre(part: Part, gain: float, place: tuple[int, int, int]) -> None:
    part.array[...] = 0
    kernel = part.whole[2:]
    centre = tuple((size - 1) // 2 for size in kernel)
    local = tuple(at - start for at, start in zip(centre, part.start[2:], strict=True))
    if not all(0 <= at < size for at, size in zip(local, part.array.shape[2:], strict=True)):
        return
    tap = int(np.ravel_multi_index(centre, kernel))
    taps = math.prod(kernel)
    matrix = _random_orthogonal(part.whole[:2], part.box()[:2], part.array.dtype, gain, place, taps, tap)
    centre_tap: tuple[slice | int, ...] = (slice(None), slice(None), *local)
    part.array[centre_tap] = matrix


@rounding_to_nearest
def _random_orthogonal(
    shape: tuple[int, ...],
    box: tuple[slice, ...],
    dtype: np.dtype[Any],
    gain: float,
    place: tuple[int, int, int],
    taps: int = 1,
    tap: int = 0,
) -> Array:
    """Returns a box of `gain` times a random matrix of orthonormal columns, or of rows if it is wide.

    Args:
        shape: the whole matrix's, (rows, columns).
        box: which of its rows and columns are returned, at least one of each.
        dtype: float64 is computed in float64, the others in float32.
        gain: a factor.
        place: the seed, the stream and the position of a tensor of the matrix's shape by `taps`.
        taps: as above.
        tap: which matrix of that tensor this one is.
    """
    start = tuple(each.start for each in box)
    size = [each.stop - each.start for each in box]
    matrix: Array = np.empty(size, np.float64 if dtype == np.float64 else np.float32)
    seed, stream, position = place
    _core.fill_orthogonal(matrix, gain, seed, stream, position, shape, start, taps, tap)
    return matrix.astype(dtype, copy=False)


def _check_gain(gain: float, function: str, limits: FloatingLimits) -> float:
    gain = as_real(gain, function, "gain", 2)
    check_finite(gain, function, "gain", limits)
    return gain
