"""Elements that are brought together where an index says: sums, products, means and extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..autograd.record import record
from ..meta import check_index
from .dims import wrap_dim
from .gathering import along
from .operands import Array, compute, in_place, lift, lower

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["index_reduce", "index_reduce_", "scatter_reduce", "scatter_reduce_"]

_UFUNCS: Final = {
    "sum": np.add,
    "mean": np.add,
    "prod": np.multiply,
    "amax": np.maximum,
    "amin": np.minimum,
}


def _start(dtype: np.dtype[Any], reduce: str) -> Any:
    """Returns what a reduction of nothing gives."""
    if reduce in {"sum", "mean"}:
        return 0
    if reduce == "prod":
        return 1
    if dtype.kind == "f":
        return -np.inf if reduce == "amax" else np.inf
    if dtype.kind == "b":
        return reduce == "amin"
    return np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max


def _reduced(x: Array, key: Any, values: Array, reduce: str, include_self: bool) -> Array:
    result = x.copy()
    if not include_self:
        result[key] = _start(x.dtype, reduce)
    _UFUNCS[reduce].at(result, key, values)
    if reduce == "mean":
        count = _counts(x, key, values, include_self)
        result = result / count if x.dtype.kind == "f" else result // count
    return result.astype(x.dtype, copy=False)


def _counts(x: Array, key: Any, values: Array, include_self: bool) -> Array:
    count = np.ones(x.shape, np.int64)
    if not include_self:
        count[key] = 0
    np.add.at(count, key, 1)
    return np.maximum(count, 1)


class _Pull:
    """The backward of such a reduction, as PyTorch has it."""

    def __init__(
        self, x: Array, key: Any, values: Array, result: Array, reduce: str, include_self: bool
    ) -> None:
        self.x, self.key, self.values = x, key, values
        self.result, self.reduce, self.include_self = result, reduce, include_self

    def __call__(self, grad: Array) -> tuple[Array, Array]:
        of_self, of_values = getattr(self, f"_{self.reduce}")(grad)
        if not self.include_self:
            of_self = of_self.copy()
            of_self[self.key] = 0
        return of_self, of_values

    def _sum(self, grad: Array) -> tuple[Array, Array]:
        return grad, grad[self.key]

    def _mean(self, grad: Array) -> tuple[Array, Array]:
        count = _counts(self.x, self.key, self.values, self.include_self)
        share = (grad / count).astype(grad.dtype)
        return share, share[self.key]

    def _prod(self, grad: Array) -> tuple[Array, Array]:
        x, key, values = self.x, self.key, self.values

        def product(x: Array, values: Array) -> Array:
            return _reduced(x, key, values, "prod", self.include_self)

        without = np.where(x == 0, x.dtype.type(1), x)
        of_self = grad * product(without, values) / without
        # Where one factor alone is 0, it has the product of the others for a slope.
        is_zero = values == 0
        zeros = np.zeros(x.shape, np.int64)
        np.add.at(zeros, key, is_zero)
        single = is_zero & (zeros[key] == 1)
        others = product(x, np.where(single, values.dtype.type(1), values))
        plain = (grad * self.result)[key] / np.where(is_zero, values.dtype.type(1), values)
        return of_self, np.where(single, (grad * others)[key], plain)

    def _amax(self, grad: Array) -> tuple[Array, Array]:
        # Those that reach the extreme share the gradient.
        own, given = self.x == self.result, self.values == self.result[self.key]
        count = own.astype(np.int64)
        np.add.at(count, self.key, given)
        share = (grad / np.maximum(count, 1)).astype(grad.dtype)
        return own * share, given * share[self.key]

    _amin = _amax


def _recorded(
    input: Tensor,
    source: Tensor,
    key: Any,
    values: Array,
    spread: Callable[[Array], Array],
    name: str,
    reduce: str,
    include_self: bool,
    index: Tensor,
) -> Tensor:
    x = lift(input._array)
    values = lift(values)
    result = compute(_reduced, x, key, values, reduce, include_self)
    pull = _Pull(x, key, values, result, reduce, include_self)

    def backward(grad: Array) -> tuple[Array, Array]:
        of_self, of_values = compute(pull, lift(grad))
        return lower(of_self, grad.dtype), spread(lower(of_values, grad.dtype))

    return record(lower(result, input._array.dtype), name, (input, source), backward, (input, index, source))


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Returns `input` with elements of `src` brought in where `index` says (torch.scatter_reduce).

    Args:
        input: any shape.
        dim: the dimension.
        index: the places, of as many dimensions.
        src: the values, of the same dtype.
        reduce: "sum", "prod", "mean", "amax" or "amin".
        include_self: whether what is there counts, too.

    Raises:
        RuntimeError: an index is out of range, dtypes or dimensions do not fit, or the word is another.
    """
    if reduce not in _UFUNCS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    where = index._array
    if where.dtype not in (np.int64, np.int32):
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    if src._array.dtype != input._array.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if where.ndim != input._array.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    key = along("scatter_reduce", input._array.shape, where, wrap_dim(dim, input._array.ndim))
    own = tuple(slice(length) for length in where.shape)
    shape = src._array.shape

    def spread(part: Array) -> Array:
        whole = np.zeros(shape, part.dtype)
        whole[own] = part
        return whole

    return _recorded(
        input, src, key, src._array[own], spread, "ScatterReduceBackward0", reduce, include_self, index
    )


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Returns `input` with the entries of `source` brought in at `index` along `dim` (torch.index_reduce).

    Args:
        input: any shape.
        dim: the dimension.
        index: a vector of places.
        source: the values, of the shape of `input` but for that dimension.
        reduce: "prod", "mean", "amax" or "amin".
        include_self: whether what is there counts, too.

    Raises:
        RuntimeError: an index is out of range, dtypes or shapes do not fit, or the word is another.
    """
    if reduce not in {"prod", "mean", "amax", "amin"}:
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    x = input._array
    if source._array.dtype != x.dtype:
        raise RuntimeError(
            f"index_reduce(): self and source expected to have the same dtype, but got (self) {input.dtype} "
            f"and (source) {source.dtype}"
        )
    check_index(x, index._array)
    axis = wrap_dim(dim, x.ndim)
    if source._array.shape != (*x.shape[:axis], index._array.size, *x.shape[axis + 1 :]):
        raise RuntimeError(
            f"index_reduce(): the source has the shape {list(source._array.shape)}, which does not fit "
            f"{list(x.shape)} and {index._array.size} indices along dimension {axis}"
        )
    key: Any = (slice(None),) * axis + (index._array,)
    return _recorded(
        input,
        source,
        key,
        source._array,
        lambda part: part,
        "IndexReduceBackward0",
        reduce,
        include_self,
        index,
    )


scatter_reduce_ = in_place(scatter_reduce)
index_reduce_ = in_place(index_reduce)
