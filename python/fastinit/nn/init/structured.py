"""Initialisers that place ones and zeros: identities of linear and convolutional layers, sparse columns."""

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ... import _core, random
from ...floating_point import rounding_to_nearest
from ...memory import adopt, filled
from ...random import Generator
from ...random.bounds import check_floating
from ...random.fills import check_normal
from ...shard import Shard
from .layout import Layout
from .matrices import Matrices, Part

__all__ = ["dirac_", "eye_", "sparse_"]

T = TypeVar("T")

_KEY_DRAW = 2  # the normals have draws 0 and 1 of the same elements
_KEYS_AT_ONCE = 1 << 18  # 2 MiB, which stay in the cache


def eye_(tensor: T, shard: Shard | None = None, layout: Layout | None = None) -> T:
    """Fills `tensor` with the identity matrix; of a rectangular one the longer side is cut.

    Args:
        tensor: any dtype of numbers or bool, 2 dimensions, any strides; filled in place.
        shard: which box of which tensor `tensor` is; the whole if None.
        layout: which matrices the tensor holds; each is filled as if it lay alone. It is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 2 dimensions, or the layout does not fit.

    Source:
        `torch.nn.init.eye_`.

    Examples:
        >>> eye_(fastinit.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    array, shard = adopt(tensor, shard)
    matrices = Matrices(array, shard, layout)
    matrices.require_dimensions({2}, "Only tensors with 2 dimensions are supported")
    random.constant(array, 0.0)
    for part in matrices:
        diagonal = np.arange(min(part.whole))
        _put_ones(part, (diagonal, diagonal))
    return filled(tensor)


def dirac_(tensor: T, groups: int = 1, shard: Shard | None = None, layout: Layout | None = None) -> T:
    """Fills `tensor` so that a convolution with it passes its input on, as many channels as it can.

    Args:
        tensor: any dtype of numbers or bool, `(out, in, *kernel)` with 1 to 3 kernel dimensions, any strides;
            filled in place.
        groups: the groups of output channels, each of which passes on its own input from channel 0.
        shard: which box of which tensor `tensor` is; the whole if None.
        layout: which matrices the tensor holds; each is filled as if it lay alone. It is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 3, 4 or 5 dimensions, `groups` does not divide `out`, or the
            layout does not fit.

    Source:
        `torch.nn.init.dirac_`.

    Examples:
        >>> dirac_(fastinit.empty(2, 2, 3))
        tensor([[[0., 1., 0.],
                 [0., 0., 0.]],
        <BLANKLINE>
                [[0., 0., 0.],
                 [0., 1., 0.]]])
    """
    array, shard = adopt(tensor, shard)
    matrices = Matrices(array, shard, layout)
    matrices.require_dimensions({3, 4, 5}, "Only tensors with 3, 4, or 5 dimensions are supported")
    if groups < 1:
        raise ValueError(f"dirac_ expects groups to be at least 1, but found groups {groups}")
    if any(shape[0] % groups for shape in matrices.shapes):
        raise ValueError("dim 0 must be divisible by groups")
    random.constant(array, 0.0)
    for part in matrices:
        out_channels, in_channels, *kernel = part.whole
        channel = np.arange(min(out_channels // groups, in_channels))
        out = (np.arange(groups)[:, None] * (out_channels // groups) + channel).reshape(-1)
        centre = tuple(np.full_like(out, size // 2) for size in kernel)
        _put_ones(part, (out, np.tile(channel, groups), *centre))
    return filled(tensor)


def sparse_(
    tensor: T,
    sparsity: float,
    std: float = 0.01,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{N}(0, \text{std}^2)`, a part of every column with 0.

    In each column the :math:`\lceil \text{sparsity} \times \text{rows} \rceil` rows with the least random
    64-bit keys are zero (of equal keys, those of the lower rows): every subset of that size is equally
    likely. The keys of some columns at a time, and what is compared of them, take 4 MiB, or 64 bytes per row
    if that is more.

    Args:
        tensor: float16, bfloat16, float32 or float64, 2 dimensions, any strides; filled in place.
        sparsity: the part of each column that is zero, in [0, 1].
        std: the standard deviation of the other values, at least 0.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is; the whole if None. The keys of whole columns are
            compared, so a shard of some rows costs the time of all rows of its columns.
        layout: which matrices the tensor holds; each is filled as if it lay alone. It is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 2 dimensions, `sparsity` is not in [0, 1], or the layout does not
            fit.
        RuntimeError: `std` is negative or NaN.

    Draws:
        Two words of its own per element beside those of `normal_`; the generator moves by the number of
        elements of the whole tensor, rounded up to 4; with a layout, of one matrix after the other.

    Source:
        Martens 2010, *Deep learning via Hessian-free optimization*; `torch.nn.init.sparse_`.

    Examples:
        >>> sparse_(fastinit.empty(4, 3), 0.5, generator=Generator(seed=0))
        tensor([[0.0000, 0.0000, 0.0000],
                [0.0000, 0.0015, 0.0018],
                [0.0083, 0.0020, 0.0119],
                [0.0254, 0.0000, 0.0000]])
    """
    array, shard = adopt(tensor, shard)
    matrices = Matrices(array, shard, layout)
    matrices.require_dimensions({2}, "Only tensors with 2 dimensions are supported")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_ expects sparsity to be in [0, 1], but found sparsity {sparsity}")
    _, std = check_normal(check_floating(array, "normal_kernel_cpu"), 0.0, std)
    first = matrices.take("sparse_", generator)
    for part in matrices:
        _fill_sparse(part, sparsity, std, part.place(first))
    return filled(tensor)


def _fill_sparse(part: Part, sparsity: float, std: float, place: tuple[int, int, int]) -> None:
    array = part.array
    _core.fill_normal(array, 0.0, std, *place, part.whole, part.start)
    rows = part.whole[0]
    count = _zeros_of_each_column(sparsity, rows)
    if count == 0:
        return
    first_row, first_column = part.start
    width = max(4, _KEYS_AT_ONCE // rows)  # a block of the stream has 4 words
    for column in range(0, array.shape[1], width):
        block = array[:, column : column + width]
        keys = np.empty((rows, block.shape[1]), np.uint64)
        start = (0, first_column + column)
        _core.random_words(keys, *place, part.whole, start, draw=_KEY_DRAW)
        _core.zero_least(block, keys, count, first_row)


@rounding_to_nearest
def _zeros_of_each_column(sparsity: float, rows: int) -> int:
    return math.ceil(sparsity * rows)


def _put_ones(part: Part, index: tuple[npt.NDArray[np.int64], ...]) -> None:
    """Writes 1 at each index into the matrix that lies in the part."""
    shape = part.array.shape
    if shape != part.whole:
        index = tuple(each - start for each, start in zip(index, part.start, strict=True))
        inside = np.logical_and.reduce(
            [(each >= 0) & (each < size) for each, size in zip(index, shape, strict=True)]
        )
        index = tuple(each[inside] for each in index)
    part.array[index] = 1
