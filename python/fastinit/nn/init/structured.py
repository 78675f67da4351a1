"""Initialisers that place ones and zeros: identities of linear and convolutional layers, sparse columns."""

import math
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ... import _core, random
from ...floating_point import rounding_to_nearest
from ...memory import adopt, filled
from ...meta import has_no_memory
from ...random import Generator
from ...random.fills import check_normal, take
from ...shard import Shard
from .gain import global_shape

__all__ = ["dirac_", "eye_", "sparse_"]

T = TypeVar("T")
Array = npt.NDArray[Any]

_KEY_DRAW = 2  # the normals have draws 0 and 1 of the same elements
_KEYS_AT_ONCE = 1 << 18  # 2 MiB, which stay in the cache


def eye_(tensor: T, shard: Shard | None = None) -> T:
    """Fills `tensor` with the identity matrix; of a rectangular one the longer side is cut.

    Args:
        tensor: any dtype of numbers or bool, 2 dimensions, any strides; filled in place.
        shard: which box of which tensor `tensor` is; the whole if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 2 dimensions.

    Source:
        torch.nn.init.eye_.

    Examples:
        >>> eye_(fastinit.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    array = adopt(tensor)
    shape = global_shape(array, shard)
    if len(shape) != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    random.constant(array, 0.0)
    diagonal = np.arange(min(shape))
    _put_ones(array, (diagonal, diagonal), shard)
    return filled(tensor)


def dirac_(tensor: T, groups: int = 1, shard: Shard | None = None) -> T:
    """Fills `tensor` so that a convolution with it passes its input on, as many channels as it can.

    Args:
        tensor: any dtype of numbers or bool, (out, in, *kernel) with 1 to 3 kernel dimensions, any strides;
            filled in place.
        groups: the groups of output channels, each of which passes on its own input from channel 0.
        shard: which box of which tensor `tensor` is; the whole if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 3, 4 or 5 dimensions, or `groups` does not divide `out`.

    Source:
        torch.nn.init.dirac_.

    Examples:
        >>> dirac_(fastinit.empty(2, 2, 3))
        tensor([[[0., 1., 0.],
                 [0., 0., 0.]],
        <BLANKLINE>
                [[0., 0., 0.],
                 [0., 1., 0.]]])
    """
    array = adopt(tensor)
    shape = global_shape(array, shard)
    if len(shape) not in {3, 4, 5}:
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if groups < 1:
        raise ValueError(f"dirac_ expects groups to be at least 1, but found groups {groups}")
    out_channels, in_channels, *kernel = shape
    if out_channels % groups:
        raise ValueError("dim 0 must be divisible by groups")
    random.constant(array, 0.0)
    if 0 in shape:
        return filled(tensor)
    channel = np.arange(min(out_channels // groups, in_channels))
    out = (np.arange(groups)[:, None] * (out_channels // groups) + channel).reshape(-1)
    centre = tuple(np.full_like(out, size // 2) for size in kernel)
    _put_ones(array, (out, np.tile(channel, groups), *centre), shard)
    return filled(tensor)


def sparse_(
    tensor: T,
    sparsity: float,
    std: float = 0.01,
    generator: Generator | None = None,
    shard: Shard | None = None,
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

    Returns:
        The same object.

    Raises:
        ValueError: the tensor does not have 2 dimensions, or `sparsity` is not in [0, 1].
        RuntimeError: `std` is negative or NaN.

    Draws:
        Two words of its own per element beside those of `normal_`; the generator moves by the number of
        elements of the whole tensor, rounded up to 4.

    Source:
        Martens 2010, *Deep learning via Hessian-free optimization*; torch.nn.init.sparse_.

    Examples:
        >>> sparse_(fastinit.empty(4, 3), 0.5, generator=Generator(seed=0))
        tensor([[0.0000, 0.0000, 0.0000],
                [0.0000, 0.0015, 0.0018],
                [0.0083, 0.0020, 0.0119],
                [0.0254, 0.0000, 0.0000]])
    """
    array = adopt(tensor)
    shape = global_shape(array, shard)
    if len(shape) != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_ expects sparsity to be in [0, 1], but found sparsity {sparsity}")
    mean, std = check_normal(array, 0.0, std)
    place = take("sparse_", array, generator, shard)
    _core.fill_normal(array, mean, std, *place)
    if has_no_memory(array):
        return filled(tensor)
    rows = shape[0]
    count = _zeros_of_each_column(sparsity, rows)
    first_row, first_column = shard.start if shard else (0, 0)
    if count == 0:
        return filled(tensor)
    width = max(4, _KEYS_AT_ONCE // rows)  # a block of the stream has 4 words
    for column in range(0, array.shape[1], width):
        block = array[:, column : column + width]
        keys = np.empty((rows, block.shape[1]), np.uint64)
        _core.random_words(keys, *place[:3], shape, (0, first_column + column), draw=_KEY_DRAW)
        _core.zero_least(block, keys, count, first_row)
    return filled(tensor)


@rounding_to_nearest
def _zeros_of_each_column(sparsity: float, rows: int) -> int:
    return math.ceil(sparsity * rows)


def _put_ones(array: Array, index: tuple[npt.NDArray[np.int64], ...], shard: Shard | None) -> None:
    """Writes 1 at each global index that lies in the array's box."""
    if shard is not None:
        index = tuple(each - start for each, start in zip(index, shard.start, strict=True))
        inside = np.logical_and.reduce(
            [(each >= 0) & (each < size) for each, size in zip(index, shard.shape, strict=True)]
        )
        index = tuple(each[inside] for each in index)
    array[index] = 1
