"""Square brackets: integers, slices, None and Ellipsis give views; index arrays and masks give copies."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from ..arguments import class_name
from ..autograd import Variable
from ..autograd.record import bump, check_writable, rebase, record, record_view
from ..autograd.variable import wrap
from ..meta import check_index, has_no_memory
from ..sequences import to_array
from .broadcasting import expand
from .copying import copy_, fill_
from .dims import numpy_names, wrap_dim
from .operands import Array, Number, Operand, compute, lift, lower, reduce_to, scalar, target

if TYPE_CHECKING:
    from ..tensor import Tensor

Index: TypeAlias = Any

#: The dtypes of the tensors that may stand in square brackets.
_INDEX_DTYPES: Final = tuple(map(np.dtype, (np.int64, np.int32, np.uint8, np.bool_)))


def getitem(input: Tensor, index: Index) -> Tensor:
    """Returns input[index].

    Raises:
        IndexError: an index is out of range, of a wrong kind, or one too many.
        ValueError: a slice's step is not positive.
    """
    if type(index) is int:
        if input._array.ndim == 0:
            raise _no_dimension(index)
        return _selected(input, 0, index)
    if isinstance(index, slice):
        if input._array.ndim == 0:
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        return _sliced(input, 0, index, always=True)
    window, chosen = _window(input, index)
    if chosen is None:
        return alias(input) if window is input else window
    return _gather_items(window, chosen)


def _no_dimension(index: int) -> IndexError:
    if index != 0:
        return IndexError(f"index {index} is out of bounds for dimension 0 with size 0")
    return IndexError(
        "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
        "convert a 0-dim tensor to a number"
    )


def setitem(input: Tensor, index: Index, value: Operand) -> None:
    """Writes `value`, broadcast, to input[index].

    Raises:
        RuntimeError: the shapes do not fit, autograd forbids the write, or the dtype cannot hold a number.
        IndexError: as `getitem`.
        TypeError: `value` is neither tensor nor number.
        ValueError: `value` is an integer beyond int64.
    """
    if not isinstance(value, Variable):
        _check_number(input, value)
    if type(index) is int and input._array.ndim == 0:
        raise _no_dimension(index)
    window, chosen = _window(input, index)
    if chosen is not None:
        _scatter_items(window, chosen, value)
    elif isinstance(value, Variable) and (value._array.ndim or not window._array.ndim):
        if value._array.shape != window._array.shape:
            value = _without_leading_ones(value)
            expand(value, window._array.shape)  # raises if it cannot
        copy_(window, value)
    else:
        fill_(window, value if isinstance(value, Variable) else wrap(_assigned(value, window._array.dtype)))


def _assigned(value: Number, dtype: np.dtype[Any]) -> Array:
    """Returns a number as an array of no dimension: beyond a 16-bit dtype, unlike in a fill, an infinity."""
    if dtype.itemsize > 2 or dtype.kind in "biu":
        return scalar(value, dtype)
    return np.asarray(lower(compute(scalar(value, np.dtype(np.float64)).astype, np.float32), dtype))


def _check_number(input: Tensor, value: object) -> None:
    if not isinstance(value, int | float | complex | np.integer):
        raise TypeError(f"can't assign a {class_name(value)} to a {input.type()}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")


def _without_leading_ones(source: Tensor) -> Tensor:
    """Drops leading dimensions of length 1: what is assigned may have more of them than its place."""
    shape = source._array.shape
    first = next((dim for dim, length in enumerate(shape) if length != 1), len(shape))
    return source.reshape(shape[first:]) if first else source


def alias(input: Tensor) -> Tensor:
    """Returns another tensor over the same memory: what x[...] and x[:] are."""
    return record_view(input, input._array, "AliasBackward0", lambda base: base, lambda grad: (grad,))


def _window(input: Tensor, index: Index) -> tuple[Tensor, tuple[Any, ...] | None]:
    """Applies the indices that give views, one by one as PyTorch does.

    Returns:
        The view, and what is left for NumPy to do on it: None, or an index per dimension.
    """
    items = index if isinstance(index, tuple) else _items(index)
    used = sum(_dims_used(item) for item in items)
    ndim = input._array.ndim
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    window, dim, integers = input, 0, 0
    chosen: list[Any] = []
    for item in items:
        if item is Ellipsis:
            skipped = ndim - used
            chosen += [slice(None)] * skipped
            dim += skipped
        elif item is None:
            window = window.unsqueeze(dim)
            chosen.append(slice(None))
            dim += 1
        elif isinstance(item, slice):
            window = _sliced(window, dim, item)
            chosen.append(slice(None))
            dim += 1
        elif _is_integer(item):
            window = _selected(window, dim, int(item), named=dim + integers)
            integers += 1
        elif isinstance(item, bool):
            window = window.unsqueeze(dim)
            chosen.append(np.array([item]))
            dim += 1
        else:
            array = _index_array(item)
            check_index(window._array, array)
            _check_mask(array, window._array.shape, dim)
            chosen.append(array)
            dim += array.ndim if array.dtype == np.bool_ else 1
    if all(isinstance(item, slice) for item in chosen):
        return window, None
    return window, tuple(chosen)


def _items(index: Index) -> tuple[Any, ...]:
    """Returns the indices of the dimensions, of an index that is no tuple.

    A list of numbers is one of them; a short one of other things is taken for a tuple, as in NumPy once.
    """
    short = isinstance(index, Sequence) and len(index) < 32
    if not short or not any(
        item is None or item is Ellipsis or isinstance(item, slice | Variable | Sequence | np.ndarray)
        for item in index
    ):
        return (index,)
    warnings.warn(
        "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in "
        "pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor "
        "index, x[fastinit.tensor(seq)], which will result either in an error or a different result",
        UserWarning,
        stacklevel=4,
    )
    return tuple(index)


def _dims_used(item: Any) -> int:
    """Returns how many dimensions an index consumes: a mask as many as it has, None and Ellipsis none."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, Variable | np.ndarray):
        array = item._array if isinstance(item, Variable) else item
        if array.dtype.char in "?B":
            return array.ndim
    return 1


def _is_integer(item: Any) -> bool:
    if isinstance(item, bool):
        return False
    if isinstance(item, Variable):
        return item._array.ndim == 0 and item._array.dtype.kind in "iu" and item._array.dtype != np.uint8
    return isinstance(item, int | np.integer)


def _index_array(item: Any) -> Array:
    if isinstance(item, Variable):
        array = item._array
        if array.dtype not in _INDEX_DTYPES:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    elif isinstance(item, np.ndarray | Sequence):
        array = to_array(item)
        if array.dtype not in (np.uint8, np.bool_):
            array = array.astype(np.int64)
    else:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
            f"indices (got {class_name(item)})"
        )
    if array.dtype == np.uint8:
        if array.ndim:
            warnings.warn(
                "indexing with dtype fastinit.uint8 is now deprecated, please use a dtype fastinit.bool "
                "instead.",
                UserWarning,
                stacklevel=4,
            )
        array = array.astype(np.bool_)
    return array


def _check_mask(array: Array, shape: tuple[int, ...], dim: int) -> None:
    if array.dtype == np.bool_:
        for axis, length in enumerate(array.shape):
            if shape[dim + axis] != length:
                raise IndexError(
                    f"The shape of the mask {list(array.shape)} at index {axis} does not match the shape of "
                    f"the indexed tensor {list(shape)} at index {dim + axis}"
                )


def _selected(input: Tensor, dim: int, index: int, *, named: int | None = None) -> Tensor:
    """Returns the view at one index; an error names the dimension as the user counts them."""
    length = input._array.shape[dim]
    if not -length <= index < length:
        number = dim if named is None else named
        raise IndexError(f"index {index} is out of bounds for dimension {number} with size {length}")
    key: Any = (slice(None),) * dim + (index, ...)
    return record_view(input, input._array[key], "SelectBackward0", lambda base: base[key])


def _sliced(input: Tensor, dim: int, item: slice, *, always: bool = False) -> Tensor:
    if item.step is not None and item.step <= 0:
        raise ValueError("step must be greater than zero" if item.step else "slice step cannot be zero")
    start, stop, step = item.indices(input._array.shape[dim])
    if start == 0 and stop == input._array.shape[dim] and step == 1 and not always:
        return input
    key = (slice(None),) * dim + (slice(start, max(start, stop), step),)
    return record_view(input, input._array[key], "SliceBackward0", lambda base: base[key])


@numpy_names
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Returns the view at one index of a dimension, without that dimension (torch.select).

    Args:
        input: any shape but ().
        dim: the dimension.
        index: counted from the end if negative.

    Raises:
        IndexError: the dimension or the index is out of range, or there is no dimension.
    """
    shape = input._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, len(shape))
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim}"
        )
    return _selected(input, dim, index)


@numpy_names
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """Returns the view of `length` indices of a dimension, from `start` on (torch.narrow).

    Args:
        input: any shape but ().
        dim: the dimension.
        start: the first index, counted from the end if negative.
        length: how many, at least 0.

    Raises:
        IndexError: the dimension or `start` is out of range.
        RuntimeError: start + length is, `length` is negative, or there is no dimension.
    """
    shape = input._array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, len(shape))
    size = shape[dim]
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    if start < 0:
        start += size
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    key = (slice(None),) * dim + (slice(start, start + length),)
    return record_view(input, input._array[key], "SliceBackward0", lambda base: base[key])


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Returns the view of a diagonal, as the last dimension (torch.diagonal).

    Args:
        input: at least 2 dimensions.
        offset: which diagonal: above the main one if positive.
        dim1: the first of its dimensions.
        dim2: the second.

    Raises:
        IndexError: a dimension is out of range.
        ValueError: both are the same dimension.
    """
    ndim = input._array.ndim
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)

    def replay(base: Array) -> Array:
        view = base.diagonal(offset, first, second)
        view.flags.writeable = base.flags.writeable
        return view

    return record_view(input, replay(input._array), "DiagonalBackward0", replay)


def _gather_items(window: Tensor, chosen: tuple[Any, ...]) -> Tensor:
    x = window._array
    try:
        taken = x[chosen]
        array = taken if has_no_memory(taken) else np.ascontiguousarray(taken)
    except IndexError as error:
        raise _out_of_bounds(error, chosen) from None

    def backward(grad: Array) -> tuple[Array]:
        return (added_at(x.shape, chosen, grad),)

    return record(array, "IndexBackward0", (window,), backward)


def _out_of_bounds(error: IndexError, chosen: tuple[Any, ...]) -> IndexError:
    """Returns NumPy's error in PyTorch's words."""
    text = str(error)
    if text.endswith("with size 0"):
        return IndexError("index is out of bounds for dimension with size 0")
    if not text.startswith("shape mismatch"):
        return IndexError(text.replace("axis", "dimension"))
    shapes: list[list[int]] = []
    for each in chosen:
        if isinstance(each, np.ndarray):
            is_mask = each.dtype == np.bool_
            shapes += [[int(np.count_nonzero(each))]] * each.ndim if is_mask else [list(each.shape)]
    return IndexError(
        "shape mismatch: indexing tensors could not be broadcast together with shapes "
        + ", ".join(map(str, shapes))
    )


def added_at(shape: tuple[int, ...], index: tuple[Any, ...], grad: Array) -> Array:
    """Returns zeros with `grad` added at `index`, which may name an element more than once."""
    part = lift(grad)
    total = np.zeros(shape, part.dtype)
    np.add.at(total, index, part)
    return np.asarray(lower(total, grad.dtype))


def _scatter_items(window: Tensor, chosen: tuple[Any, ...], value: Operand) -> None:
    check_writable(window, (value,))
    x = window._array
    source = value._array if isinstance(value, Variable) else _assigned(value, x.dtype)
    if source.dtype != x.dtype and source.ndim:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{window.dtype.type_name} for the destination and {value.dtype.type_name} for the source."  # type: ignore[union-attr]
        )
    to = target(value)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rest = grad.copy()
        rest[chosen] = 0
        return rest, to and reduce_to(grad[chosen], to)

    node = record(x, "IndexPutBackward0", (window, value), backward)._node
    try:
        x[chosen] = source
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(source.shape)} cannot be broadcast to indexing "
            f"result of shape {list(x[chosen].shape)}"
        ) from None
    except IndexError as error:
        raise _out_of_bounds(error, chosen) from None
    bump(window)
    if node is not None:
        rebase(window, node)
